#include "proxy/read_rows.h"

#include "schema/primary_key.h"

namespace elanus::proxy {

absl::StatusOr<expr::PlanPtr> KeysFilter(const meta::Collection& collection,
                                         const schema::ColumnView& keys) {
  expr::TemplateValue::List list;
  list.reserve(keys.num_rows);
  for (int64_t row = 0; row < keys.num_rows; ++row) {
    const auto key = schema::PrimaryKeyView::Of(keys, row);
    expr::TemplateValue& value = list.emplace_back();
    if (key.is_string()) {
      value.value = std::string(key.as_string());
    } else {
      value.value = key.as_int();
    }
  }
  expr::TemplateValues values;
  values["keys"].value = std::move(list);
  const std::string text = collection.schema.primary_key().name + " in {keys}";
  return expr::Compile(text, collection.schema, values);
}

absl::StatusOr<schema::RowBatch> ReadByKeys(ProxyContext& proxy,
                                            const meta::CollectionPtr& collection,
                                            const schema::ColumnView& keys,
                                            std::vector<FieldId> fields,
                                            const Cancellation& cancellation) {
  roles::QueryRequest query;
  query.scope.collection = collection;
  ELANUS_ASSIGN_OR_RETURN(query.scope.filter, KeysFilter(*collection, keys));
  query.scope.guarantee = proxy.coordinator->AllocateTimestamp();
  query.scope.output_fields = std::move(fields);
  ELANUS_ASSIGN_OR_RETURN(roles::QueryResult result, proxy.query_node->Query(query, cancellation));
  return std::move(result.rows);
}

}  // namespace elanus::proxy
