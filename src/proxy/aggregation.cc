#include "proxy/aggregation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "milvus.pb.h"
#include "proxy/field_path.h"

namespace elanus::proxy {
namespace {

using query::Aggregate;
using query::AggregateKind;
using schema::DataType;

struct Call {
  AggregateKind kind = AggregateKind::kCountRows;
  std::string function;
  std::string argument;
};

constexpr std::pair<std::string_view, AggregateKind> kFunctions[] = {
    {"count", AggregateKind::kCount}, {"sum", AggregateKind::kSum}, {"avg", AggregateKind::kAvg},
    {"min", AggregateKind::kMin},     {"max", AggregateKind::kMax},
};

// `sum(price)`, whatever the case of the function.
std::optional<Call> ParseCall(std::string_view text) {
  const size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) return std::nullopt;
  Call call;
  call.function = absl::AsciiStrToLower(std::string(text.substr(0, open)));
  call.argument = text.substr(open + 1, text.size() - open - 2);
  absl::StripAsciiWhitespace(&call.function);
  absl::StripAsciiWhitespace(&call.argument);
  for (const auto& [name, kind] : kFunctions) {
    if (call.function != name) continue;
    call.kind = kind;
    if (kind == AggregateKind::kCount && call.argument == "*") {
      call.kind = AggregateKind::kCountRows;
    }
    return call;
  }
  return std::nullopt;
}

absl::StatusOr<Aggregate> AggregateOf(const Call& call, const schema::CollectionSchema& schema) {
  Aggregate aggregate;
  aggregate.kind = call.kind;
  if (call.kind == AggregateKind::kCountRows) return aggregate;
  const schema::FieldSchema* field = schema.Find(call.argument);
  if (field == nullptr || field->is_dynamic) {
    return UserError(ErrorCode::kParameterInvalid,
                     "field {} not exist; aggregates take fields of the schema: {}({})",
                     call.argument, call.function, call.argument);
  }
  aggregate.field = field->id;
  aggregate.type = field->column_type();
  if (query::Admits(call.kind, field->type)) return aggregate;
  return UserError(ErrorCode::kParameterInvalid,
                   "aggregation {} is not supported for field {} of type {}", call.function,
                   field->name, schema::DataTypeName(field->type));
}

bool IsGroupType(DataType type) {
  return schema::IsInteger(type) || type == DataType::kVarChar || type == DataType::kTimestamptz;
}

absl::StatusOr<std::vector<const schema::FieldSchema*>> GroupFields(
    std::string_view text, const schema::CollectionSchema& schema) {
  std::vector<const schema::FieldSchema*> fields;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          SplitFieldList(text, "group_by_fields"));
  for (const std::string& name : names) {
    const schema::FieldSchema* field = schema.Find(name);
    if (field == nullptr) {
      return UserError(ErrorCode::kParameterInvalid, "group by field {} not exist", name);
    }
    if (!IsGroupType(field->type)) {
      return UserError(ErrorCode::kParameterInvalid,
                       "group by is not supported for field {} of type {}", name,
                       schema::DataTypeName(field->type));
    }
    if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
  }
  return fields;
}

}  // namespace

bool AggregateQuery::counts_only() const {
  return request.group_by.empty() && outputs.size() == 1 && has_count_of_rows();
}

bool AggregateQuery::has_count_of_rows() const {
  return std::any_of(request.values.begin(), request.values.end(), [](const Aggregate& value) {
    return value.kind == AggregateKind::kCountRows;
  });
}

absl::StatusOr<std::optional<AggregateQuery>> AggregateQueryOf(
    const std::vector<std::string>& names, std::string_view group_by,
    const schema::CollectionSchema& schema) {
  ELANUS_ASSIGN_OR_RETURN(const auto groups, GroupFields(group_by, schema));
  AggregateQuery out;
  for (const schema::FieldSchema* field : groups) out.request.group_by.push_back(field->id);
  std::string_view plain;  // A name that is neither an aggregate nor a group field.
  for (const std::string& name : names) {
    const bool known = std::any_of(out.outputs.begin(), out.outputs.end(),
                                   [&](const auto& output) { return output.name == name; });
    if (known) continue;
    if (const std::optional<Call> call = ParseCall(name)) {
      ELANUS_ASSIGN_OR_RETURN(Aggregate aggregate, AggregateOf(*call, schema));
      out.outputs.push_back({name, false, out.request.values.size()});
      out.request.values.push_back(std::move(aggregate));
      continue;
    }
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto* field) { return field->name == name; });
    if (group == groups.end()) {
      plain = name;
    } else {
      out.outputs.push_back({name, true, static_cast<size_t>(group - groups.begin())});
    }
  }
  if (out.request.values.empty() && groups.empty()) return std::nullopt;
  if (!plain.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "output field {} must be one of group_by_fields or in an aggregation", plain);
  }
  if (out.outputs.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "group_by_fields needs output fields: group fields or aggregations");
  }
  return out;
}

void AggregatesToWire(const query::AggregateTable& table, const AggregateQuery& query,
                      const schema::CollectionSchema& schema, const ColumnOutOptions& options,
                      milvus_pb::QueryResults* out) {
  for (const AggregateQuery::Output& output : query.outputs) {
    const schema::Column& column =
        output.is_group ? table.groups[output.place] : table.values[output.place];
    schema::FieldSchema field;
    field.type = column.type().type;
    field.element_type = column.type().element_type;
    field.nullable = column.has_nulls();
    if (output.is_group) {
      const schema::FieldSchema& group = *schema.Find(query.request.group_by[output.place]);
      field.id = group.id;
      field.nullable = group.nullable;
    }
    field.name = output.name;
    ColumnToWire(column.View(), field, options, out->add_fields_data());
    out->add_output_fields(output.name);
  }
}

}  // namespace elanus::proxy
