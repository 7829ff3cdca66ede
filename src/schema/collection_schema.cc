#include "schema/collection_schema.h"

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
  return FieldId(next);
}

}  // namespace elanus::schema
