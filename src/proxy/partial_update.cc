#include "proxy/partial_update.h"

#include <algorithm>
#include <functional>

#include "absl/container/flat_hash_map.h"
#include "proxy/dynamic_keys.h"
#include "proxy/read_rows.h"
#include "schema/array_value.h"
#include "schema/primary_key.h"

namespace elanus::proxy {
namespace {

using schema::Column;
using schema::ColumnView;
using schema::DataType;
using schema::PrimaryKeyView;

constexpr int64_t kNotStored = -1;

// For each row of the request its row among the stored ones.
std::vector<int64_t> MatchRows(const ColumnView& keys, const ColumnView& stored_keys) {
  absl::flat_hash_map<PrimaryKeyView, int64_t> by_key;
  by_key.reserve(stored_keys.num_rows);
  for (int64_t row = 0; row < stored_keys.num_rows; ++row) {
    by_key.emplace(PrimaryKeyView::Of(stored_keys, row), row);
  }
  std::vector<int64_t> matches(keys.num_rows, kNotStored);
  for (int64_t row = 0; row < keys.num_rows; ++row) {
    const auto found = by_key.find(PrimaryKeyView::Of(keys, row));
    if (found != by_key.end()) matches[row] = found->second;
  }
  return matches;
}

// A column that was not sent: stored values, and defaults for new rows.
absl::StatusOr<Column> StoredColumn(const schema::FieldSchema& field, const Column* stored,
                                    const std::vector<int64_t>& matches) {
  const bool may_miss = field.nullable || field.has_default() || field.is_dynamic;
  const Column missing = may_miss ? schema::DefaultColumn(field, 1) : Column(field.column_type());
  Column out(field.column_type());
  out.Reserve(static_cast<int64_t>(matches.size()));
  for (const int64_t match : matches) {
    if (match != kNotStored && stored != nullptr) {
      out.AppendRow(stored->View(), match);
    } else if (may_miss) {
      out.AppendRow(missing.View(), 0);
    } else {
      return UserError(ErrorCode::kParameterInvalid,
                       "fieldSchema({}) has no corresponding fieldData pass in, and the row does "
                       "not exist yet",
                       field.name);
    }
  }
  return out;
}

// Combines what was sent with what is stored, where both have a value.
using Combine =
    std::function<absl::StatusOr<std::string>(std::string_view stored, std::string_view sent)>;

absl::StatusOr<Column> CombinedColumn(const Column& sent, const Column& stored,
                                      const std::vector<int64_t>& matches, const Combine& combine) {
  const ColumnView from = sent.View();
  const ColumnView before = stored.View();
  Column out(sent.type());
  for (int64_t row = 0; row < from.num_rows; ++row) {
    const int64_t match = matches[row];
    if (match == kNotStored || !from.IsValid(row) || !before.IsValid(match)) {
      out.AppendRow(from, row);
      continue;
    }
    ELANUS_ASSIGN_OR_RETURN(const std::string value, combine(before.Bytes(match), from.Bytes(row)));
    out.AppendRaw(value);
  }
  return out;
}

absl::StatusOr<std::string> AppendElements(const schema::FieldSchema& field,
                                           std::string_view stored, std::string_view sent) {
  const schema::ArrayView first(field.element_type, stored);
  const schema::ArrayView second(field.element_type, sent);
  if (field.max_capacity() > 0 && first.size() + second.size() > field.max_capacity()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "array length exceeds max capacity, field: {}, length: {}, max capacity: {}",
                     field.name, first.size() + second.size(), field.max_capacity());
  }
  schema::ArrayBuilder builder(field.element_type);
  for (int64_t i = 0; i < first.size(); ++i) builder.AppendRaw(first.Raw(i));
  for (int64_t i = 0; i < second.size(); ++i) builder.AppendRaw(second.Raw(i));
  return builder.Finish();
}

absl::StatusOr<std::string> RemoveElements(const schema::FieldSchema& field,
                                           std::string_view stored, std::string_view sent) {
  const schema::ArrayView first(field.element_type, stored);
  const schema::ArrayView second(field.element_type, sent);
  schema::ArrayBuilder builder(field.element_type);
  for (int64_t i = 0; i < first.size(); ++i) {
    bool removed = false;
    for (int64_t j = 0; j < second.size() && !removed; ++j) removed = first.Raw(i) == second.Raw(j);
    if (!removed) builder.AppendRaw(first.Raw(i));
  }
  return builder.Finish();
}

absl::StatusOr<Combine> CombineOf(const schema::FieldSchema& field, const ArrayOps& ops) {
  if (field.is_dynamic) {
    return Combine([](std::string_view stored, std::string_view sent) {
      return absl::StatusOr<std::string>(MergeObjects(stored, sent));
    });
  }
  for (const auto& [name, op] : ops) {
    if (name != field.name || op == ArrayOp::kReplace) continue;
    if (field.type != DataType::kArray) {
      return UserError(ErrorCode::kParameterInvalid,
                       "array operations of a partial update need an array field: {}", name);
    }
    const auto combine = op == ArrayOp::kAppend ? &AppendElements : &RemoveElements;
    return Combine([&field, combine](std::string_view stored, std::string_view sent) {
      return combine(field, stored, sent);
    });
  }
  return Combine();
}

absl::Status CheckOps(const schema::CollectionSchema& schema, const ArrayOps& ops,
                      const schema::RowBatch& rows) {
  for (const auto& [name, op] : ops) {
    const schema::FieldSchema* field = schema.Find(name);
    if (field == nullptr || rows.Find(field->id) == nullptr) {
      return UserError(ErrorCode::kParameterInvalid,
                       "field_ops names a field that was not sent: {}", name);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FillFromStoredRows(ProxyContext& proxy, const meta::CollectionPtr& collection,
                                const ArrayOps& ops, const Cancellation& cancellation,
                                schema::RowBatch& rows) {
  const schema::CollectionSchema& schema = collection->schema;
  const FieldId key = schema.primary_key().id;
  ELANUS_RETURN_IF_ERROR(CheckOps(schema, ops, rows));
  std::vector<FieldId> fields;
  for (const schema::FieldSchema& field : schema.fields) {
    if (field.id != key) fields.push_back(field.id);
  }
  ELANUS_ASSIGN_OR_RETURN(
      const schema::RowBatch stored,
      ReadByKeys(proxy, collection, rows.Find(key)->View(), std::move(fields), cancellation));
  const Column* stored_keys = stored.Find(key);
  const std::vector<int64_t> matches =
      MatchRows(rows.Find(key)->View(), stored_keys != nullptr
                                            ? stored_keys->View()
                                            : Column(schema.primary_key().column_type()).View());
  for (const schema::FieldSchema& field : schema.fields) {
    if (field.id == key) continue;
    const Column* before = stored.Find(field.id);
    const auto sent = std::find_if(rows.columns.begin(), rows.columns.end(),
                                   [&field](const auto& entry) { return entry.first == field.id; });
    if (sent == rows.columns.end()) {
      ELANUS_ASSIGN_OR_RETURN(Column column, StoredColumn(field, before, matches));
      rows.columns.emplace_back(field.id, std::move(column));
      continue;
    }
    ELANUS_ASSIGN_OR_RETURN(const Combine combine, CombineOf(field, ops));
    if (!combine || before == nullptr) continue;
    ELANUS_ASSIGN_OR_RETURN(sent->second, CombinedColumn(sent->second, *before, matches, combine));
  }
  return absl::OkStatus();
}

}  // namespace elanus::proxy
