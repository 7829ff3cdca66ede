// What lies at a path in JSON, where steps of digits may be keys or positions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expr/json_path.h"

namespace elanus::querynode {

// Threads: none; make one for each.
class JsonReadings {
 public:
  // Steps from the outside in.
  explicit JsonReadings(const std::vector<std::string>& path);

  // Null if there is nothing, or nothing but null. Valid until the next call, as long as `json`.
  const expr::JsonValue* Find(std::string_view json);

 private:
  expr::JsonPathTree paths_;  // Every reading of the path.
  std::vector<expr::JsonValue> found_;
};

}  // namespace elanus::querynode
