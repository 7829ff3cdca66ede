// Checks JSON values of requests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "common/status.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// One per column: the parser's memory is reused from row to row. Threads: none.
class JsonCheck {
 public:
  // A dynamic field's rows must be objects without the key "$meta" and without keys that are fields
  // of `static_fields` (may be null; outlives this).
  JsonCheck(const schema::FieldSchema& field, const schema::CollectionSchema* static_fields);
  ~JsonCheck();

  absl::Status operator()(int64_t row, const std::string& value);

 private:
  absl::Status CheckKeys(int64_t row, const std::string& value);
  absl::Status CheckKey(std::string_view key) const;

  struct Parser;
  const schema::FieldSchema& field_;
  std::unordered_set<std::string_view> static_names_;  // Into the schema.
  std::unique_ptr<Parser> parser_;
};

}  // namespace elanus::proxy
