// Which columns an answer holds, from the names a request asked for.
#pragma once

#include <string>
#include <vector>

#include "common/status.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// Some or all fields of a struct array.
struct OutputStruct {
  const schema::StructSchema* owner = nullptr;
  std::vector<const schema::FieldSchema*> fields;
};

struct OutputFields {
  std::vector<const schema::FieldSchema*> fields;  // Without the key and $meta. Into the schema.
  std::vector<OutputStruct> structs;               // Into the schema.
  bool primary_key = false;                        // Asked for, by name or "*".
  bool dynamic = false;                            // $meta, whole or some keys of it.
  std::vector<std::string> dynamic_keys;           // Empty: whole objects.
  std::vector<std::string> names;                  // For the answer, without the key's.

  // What the roles fetch. The key comes anyway.
  std::vector<FieldId> ids(const schema::CollectionSchema& schema) const;
};

// "*" is every field; a struct array is named as a whole or by one of its fields ("a[b]"), and
// comes back as one; an unknown name is a key of the dynamic field if there is one, else an error
// "field x not exist". Repeated names count once. The result points into `schema`.
absl::StatusOr<OutputFields> ResolveOutputFields(const std::vector<std::string>& names,
                                                 const schema::CollectionSchema& schema);

}  // namespace elanus::proxy
