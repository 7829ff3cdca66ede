#include "proxy/search_answer.h"

#include <cmath>
#include <vector>

#include "proxy/convert_column_out.h"
#include "proxy/convert_struct.h"
#include "proxy/group_by.h"
#include "schema.pb.h"

namespace elanus::proxy {
namespace {

// The hits query by query; also fills topks.
std::vector<RowRange> KeptHits(const roles::SearchResult& result,
                               schema_pb::SearchResultData* out) {
  std::vector<RowRange> kept;
  kept.reserve(result.hits_per_query.size());
  int64_t first = 0;
  for (const int64_t hits : result.hits_per_query) {
    kept.push_back({first, hits});
    out->add_topks(hits);
    first += hits;
  }
  return kept;
}

void ScoresToWire(const roles::SearchResult& result, const std::vector<RowRange>& kept,
                  int64_t round_decimal, google::protobuf::RepeatedField<float>* out) {
  for (const RowRange& range : kept) {
    for (int64_t row = range.begin; row < range.begin + range.count; ++row) {
      out->Add(RoundScore(result.scores[row], round_decimal));
    }
  }
}

}  // namespace

float RoundScore(float score, int64_t digits) {
  if (digits < 0) return score;
  const double scale = std::pow(10.0, static_cast<double>(digits));
  return static_cast<float>(std::floor(static_cast<double>(score) * scale + 0.5) / scale);
}

void SearchAnswerToWire(const roles::SearchResult& result, const meta::Collection& collection,
                        const OutputFields& output, const AnswerOptions& options,
                        schema_pb::SearchResultData* out) {
  const schema::CollectionSchema& schema = collection.schema;
  const schema::FieldSchema& key = schema.primary_key();
  out->set_num_queries(static_cast<int64_t>(result.hits_per_query.size()));
  out->set_top_k(options.topk);
  out->set_primary_field_name(key.name);
  out->set_all_search_count(result.rows_searched);
  const std::vector<RowRange> kept = KeptHits(result, out);
  ScoresToWire(result, kept, options.round_decimal, out->mutable_scores());
  for (const int64_t element : result.elements) out->mutable_element_indices()->add_data(element);
  // Set also without hits: strict clients look at the kind of ids first.
  NoKeysToWire(key, out->mutable_ids());
  const int64_t num_hits = static_cast<int64_t>(result.scores.size());
  if (num_hits > 0) KeysToWire(result.keys.View(), kept, out->mutable_ids());

  ColumnOutOptions columns;
  columns.rows = kept;
  columns.zone = options.zone;
  columns.time_parts = options.time_parts;
  schema::Column missing;  // Keeps alive what column_of() had to make up.
  const auto column_of = [&](const schema::FieldSchema& field) {
    if (const schema::Column* column = result.fields.Find(field.id)) return column->View();
    missing = schema::DefaultColumn(field, num_hits);
    return missing.View();
  };
  for (const schema::FieldSchema* field : output.fields) {
    ColumnToWire(column_of(*field), *field, columns, out->add_fields_data());
  }
  for (const OutputStruct& owner : output.structs) {
    StructToWire(*owner.owner, owner.fields, column_of, columns, out->add_fields_data());
  }
  if (output.dynamic) {
    const schema::FieldSchema& field = *schema.dynamic_field();
    DynamicColumnToWire(column_of(field), field, output.dynamic_keys, columns,
                        out->add_fields_data());
  }
  if (options.grouping != nullptr) {
    const schema::Column none({.type = schema::DataType::kInt64});
    for (size_t i = 0; i < options.grouping->fields.size(); ++i) {
      const schema::Column& values = i < result.groups.size() ? result.groups[i] : none;
      const schema::FieldSchema field =
          GroupField(options.grouping->fields[i], schema, values.type());
      ColumnToWire(values.View(), field, columns,
                   options.group_fields_plural ? out->add_group_by_field_values()
                                               : out->mutable_group_by_field_value());
    }
  }
  for (const std::string& name : output.names) out->add_output_fields(name);
  if (output.primary_key) {
    const schema::Column none(key.column_type());
    ColumnToWire(num_hits > 0 ? result.keys.View() : none.View(), key, columns,
                 out->add_fields_data());
    out->add_output_fields(key.name);
  }
}

}  // namespace elanus::proxy
