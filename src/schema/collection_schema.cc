#include "schema/collection_schema.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "common/check.h"

namespace elanus::schema {

int64_t FieldSchema::IntParam(const std::string& key) const {
  const auto it = type_params.find(key);
  if (it == type_params.end()) return 0;
  int64_t value = 0;
  const std::string& text = it->second;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view FieldSchema::short_name() const {
  std::string_view out = name;
  if (struct_name.empty() || out.size() < struct_name.size() + 2) return out;
  out.remove_prefix(struct_name.size() + 1);
  out.remove_suffix(1);
  return out;
}

std::string SubFieldName(std::string_view struct_name, std::string_view sub) {
  return fmt::format("{}[{}]", struct_name, sub);
}

const StructSchema* CollectionSchema::FindStruct(std::string_view struct_name) const {
  for (const StructSchema& known : structs) {
    if (known.name == struct_name) return &known;
  }
  return nullptr;
}

std::vector<const FieldSchema*> CollectionSchema::SubFields(const StructSchema& of) const {
  std::vector<const FieldSchema*> out;
  for (const FieldSchema& field : fields) {
    if (field.struct_name == of.name) out.push_back(&field);
  }
  return out;
}

const FieldSchema* CollectionSchema::Find(std::string_view field_name) const {
  for (const FieldSchema& field : fields) {
    if (field.name == field_name) return &field;
  }
  return nullptr;
}

const FieldSchema* CollectionSchema::Find(FieldId id) const {
  for (const FieldSchema& field : fields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const FieldSchema& CollectionSchema::primary_key() const {
  for (const FieldSchema& field : fields) {
    if (field.is_primary_key) return field;
  }
  ELANUS_CHECK(false && "a collection has a primary key");
  return fields.front();
}

const FieldSchema* CollectionSchema::partition_key() const {
  for (const FieldSchema& field : fields) {
    if (field.is_partition_key) return &field;
  }
  return nullptr;
}

const FieldSchema* CollectionSchema::dynamic_field() const {
  for (const FieldSchema& field : fields) {
    if (field.is_dynamic) return &field;
  }
  return nullptr;
}

std::vector<const FieldSchema*> CollectionSchema::vector_fields() const {
  std::vector<const FieldSchema*> out;
  for (const FieldSchema& field : fields) {
    if (IsVector(field.type)) out.push_back(&field);
  }
  return out;
}

FieldId CollectionSchema::NextFieldId() const {
  int64_t next = kFirstFieldId.value();
  for (const FieldSchema& field : fields) next = std::max(next, field.id.value() + 1);
  for (const StructSchema& known : structs) next = std::max(next, known.id.value() + 1);
  return FieldId(next);
}

}  // namespace elanus::schema
