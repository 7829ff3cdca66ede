// Fields as requests name them outside of filters: for grouping and ordering.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

struct FieldPath {
  const schema::FieldSchema* field = nullptr;  // Into the schema.
  std::vector<std::string> path;               // Into JSON, from the outside in.
};

// `name` or `name["a"]['b'][0]`; a name that is no field is a key of the dynamic field if there is
// one. kFieldNotFound "<use> field not found in schema: ...", kParameterInvalid for what does not
// parse. The result points into `schema`.
absl::StatusOr<FieldPath> ParseFieldPath(std::string_view text,
                                         const schema::CollectionSchema& schema,
                                         std::string_view use);

// The parts of a list "a, b["x,y"]" between commas outside of brackets and quotes, without blanks
// around them. An empty text has none; empty parts are an error that names `list`.
absl::StatusOr<std::vector<std::string>> SplitFieldList(std::string_view text,
                                                        std::string_view list);

}  // namespace elanus::proxy
