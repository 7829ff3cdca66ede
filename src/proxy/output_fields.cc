#include "proxy/output_fields.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace elanus::proxy {
namespace {

void AddOnce(std::vector<std::string>& names, std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
}

// The key of `$meta["key"]` or `$meta['key']`.
std::optional<std::string_view> DynamicPath(std::string_view name) {
  if (!name.starts_with(schema::kDynamicFieldName)) return std::nullopt;
  name.remove_prefix(schema::kDynamicFieldName.size());
  if (name.size() < 5 || name.front() != '[' || name.back() != ']') return std::nullopt;
  const char quote = name[1];
  if ((quote != '"' && quote != '\'') || name[name.size() - 2] != quote) return std::nullopt;
  const std::string_view key = name.substr(2, name.size() - 4);
  return key.find(quote) == std::string_view::npos ? std::optional(key) : std::nullopt;
}

class Resolver {
 public:
  explicit Resolver(const schema::CollectionSchema& schema) : schema_(schema) {}

  absl::Status Add(const std::string& name) {
    if (name == "*") {
      AddAll();
      return absl::OkStatus();
    }
    if (const schema::FieldSchema* field = schema_.Find(name)) return AddField(*field);
    if (const schema::StructSchema* owner = schema_.FindStruct(name)) {
      for (const schema::FieldSchema* field : schema_.SubFields(*owner)) AddSubField(*field);
      return absl::OkStatus();
    }
    if (schema_.dynamic_field() != nullptr) {
      const std::string_view key = DynamicPath(name).value_or(name);
      if (key.find('[') == std::string_view::npos) {
        out_.dynamic = true;
        AddOnce(out_.dynamic_keys, key);
        AddOnce(out_.names, key);
        return absl::OkStatus();
      }
    }
    return UserError(ErrorCode::kParameterInvalid, "field {} not exist", name);
  }

  OutputFields Finish() {
    // Whole objects hold every key.
    if (whole_dynamic_) out_.dynamic_keys.clear();
    return std::move(out_);
  }

 private:
  void AddAll() {
    for (const schema::FieldSchema& field : schema_.fields) {
      if (!field.is_function_output) (void)AddField(field);
    }
  }

  void AddSubField(const schema::FieldSchema& field) {
    const schema::StructSchema* owner = schema_.FindStruct(field.struct_name);
    AddOnce(out_.names, owner->name);
    auto it = std::find_if(out_.structs.begin(), out_.structs.end(),
                           [owner](const OutputStruct& known) { return known.owner == owner; });
    if (it == out_.structs.end()) it = out_.structs.insert(it, OutputStruct{owner, {}});
    if (std::find(it->fields.begin(), it->fields.end(), &field) == it->fields.end()) {
      it->fields.push_back(&field);
    }
  }

  absl::Status AddField(const schema::FieldSchema& field) {
    if (!field.struct_name.empty()) {
      AddSubField(field);
      return absl::OkStatus();
    }
    if (field.is_function_output && field.type == schema::DataType::kSparseFloatVector) {
      return UserError(ErrorCode::kParameterInvalid, "not allowed to retrieve raw data of field {}",
                       field.name);
    }
    if (field.is_primary_key) {
      out_.primary_key = true;
      return absl::OkStatus();
    }
    AddOnce(out_.names, field.name);
    if (field.is_dynamic) {
      out_.dynamic = true;
      whole_dynamic_ = true;
    } else if (std::find(out_.fields.begin(), out_.fields.end(), &field) == out_.fields.end()) {
      out_.fields.push_back(&field);
    }
    return absl::OkStatus();
  }

  const schema::CollectionSchema& schema_;
  OutputFields out_;
  bool whole_dynamic_ = false;
};

}  // namespace

std::vector<FieldId> OutputFields::ids(const schema::CollectionSchema& schema) const {
  std::vector<FieldId> ids;
  for (const schema::FieldSchema* field : fields) ids.push_back(field->id);
  for (const OutputStruct& owner : structs) {
    for (const schema::FieldSchema* field : owner.fields) ids.push_back(field->id);
  }
  if (dynamic) ids.push_back(schema.dynamic_field()->id);
  return ids;
}

absl::StatusOr<OutputFields> ResolveOutputFields(const std::vector<std::string>& names,
                                                 const schema::CollectionSchema& schema) {
  Resolver resolver(schema);
  for (const std::string& name : names) ELANUS_RETURN_IF_ERROR(resolver.Add(name));
  return resolver.Finish();
}

}  // namespace elanus::proxy
