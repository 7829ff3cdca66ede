#include "proxy/search_by_keys.h"

#include "absl/container/flat_hash_set.h"
#include "proxy/insert_rows.h"
#include "proxy/read_rows.h"
#include "schema.pb.h"
#include "schema/primary_key.h"

namespace elanus::proxy {
namespace {

using schema::PrimaryKeyView;

absl::StatusOr<schema::Column> KeysOf(const schema_pb::IDs& ids,
                                      const schema::FieldSchema& primary_key) {
  const bool wants_text = primary_key.type != schema::DataType::kInt64;
  if (wants_text ? !ids.has_str_id() : !ids.has_int_id()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the type of ids does not match the primary key field {} of type {}",
                     primary_key.name, schema::DataTypeName(primary_key.type));
  }
  schema::Column keys(primary_key.column_type());
  for (const int64_t id : ids.int_id().data()) keys.Append(id);
  for (const std::string& id : ids.str_id().data()) keys.AppendRaw(id);
  return keys;
}

std::string Missing(const schema::ColumnView& wanted, const schema::ColumnView& found) {
  absl::flat_hash_set<PrimaryKeyView> known;
  for (int64_t row = 0; row < found.num_rows; ++row) known.insert(PrimaryKeyView::Of(found, row));
  std::string list;
  for (int64_t row = 0; row < wanted.num_rows && list.size() < 1000; ++row) {
    const PrimaryKeyView key = PrimaryKeyView::Of(wanted, row);
    if (known.contains(key)) continue;
    if (!list.empty()) list += ", ";
    list += key.is_string() ? std::string(key.as_string()) : std::to_string(key.as_int());
  }
  return list;
}

}  // namespace

absl::StatusOr<QueryVectors> VectorsOfRows(ProxyContext& proxy,
                                           const meta::CollectionPtr& collection,
                                           const schema::FieldSchema& field,
                                           const schema_pb::IDs& ids, int64_t nq_max,
                                           const Cancellation& cancellation) {
  if (field.type == schema::DataType::kArrayOfVector) {
    return UserError(ErrorCode::kParameterInvalid,
                     "search by primary keys is not supported for vector array (embedding list) "
                     "fields, fieldName: {}",
                     field.name);
  }
  const schema::FieldSchema& primary_key = collection->schema.primary_key();
  ELANUS_ASSIGN_OR_RETURN(const schema::Column keys, KeysOf(ids, primary_key));
  if (keys.num_rows() < 1 || keys.num_rows() > nq_max) {
    return UserError(ErrorCode::kParameterInvalid,
                     "nq (number of search vector per search request) should be in range [1, {}], "
                     "but got {}",
                     nq_max, keys.num_rows());
  }
  if (!CheckDistinctKeys(keys).ok()) {
    return UserError(ErrorCode::kParameterInvalid, "duplicate ids in search by primary keys");
  }
  ELANUS_ASSIGN_OR_RETURN(const schema::RowBatch rows,
                          ReadByKeys(proxy, collection, keys.View(), {field.id}, cancellation));
  const schema::Column* found = rows.Find(primary_key.id);
  if (found == nullptr || found->num_rows() != keys.num_rows()) {
    const schema::Column none(primary_key.column_type());
    return UserError(ErrorCode::kParameterInvalid, "some of the ids to search by are not found: {}",
                     Missing(keys.View(), found != nullptr ? found->View() : none.View()));
  }
  QueryVectors out;
  const schema::Column* vectors = rows.Find(field.id);
  if (vectors == nullptr) return out;  // The field was added after these rows: all null.
  const schema::ColumnView view = vectors->View();
  for (int64_t row = 0; row < view.num_rows; ++row) {
    if (!view.IsValid(row)) continue;
    out.bytes.append(view.Raw(row));
    ++out.num_queries;
  }
  return out;
}

}  // namespace elanus::proxy
