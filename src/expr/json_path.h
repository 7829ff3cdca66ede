// Paths into JSON values, several looked up in one walk over a row's text.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "expr/json_cursor.h"

namespace elanus::expr {

// A key of an object, or an index of an array.
struct JsonStep {
  bool is_index = false;
  int64_t index = 0;
  std::string key;
  friend bool operator==(const JsonStep&, const JsonStep&) = default;
};
using JsonPath = std::vector<JsonStep>;

// The path of a JSON pointer (RFC 6901); tokens of digits alone are indexes of arrays.
JsonPath PathOfPointer(std::string_view pointer);

// The paths a plan asks of one field. Immutable once the plan is made; threads: any then.
class JsonPathTree {
 public:
  // The path's number; the same for equal paths.
  int Add(const JsonPath& path);
  int num_paths() const { return static_cast<int>(paths_.size()); }
  const JsonPath& path(int number) const { return paths_[number]; }

  // Looks up every path: out[path * stride]. Of equal keys the first counts. What is not there, or
  // lies behind text that is no JSON, is kMissing.
  void Find(std::string_view json, JsonValue* out, int64_t stride) const {
    Find(json, out, stride, nullptr);
  }
  // With each value as it is written, where there is one: texts[path], unless null.
  void Find(std::string_view json, JsonValue* out, int64_t stride, std::string_view* texts) const;

 private:
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  struct Node {
    int path = -1;  // The path that ends here.
    std::vector<std::pair<JsonStep, int>> children;
    // Where in `children` keys are, if they are many; else empty.
    absl::flat_hash_map<std::string, size_t, KeyHash, std::equal_to<>> places;
  };
  struct Walk;
  int Child(int node, const JsonStep& step);
  // The child for a key, looked for from the `first` one on; the number of children if there is
  // none.
  static size_t PlaceOf(const Node& node, std::string_view key, size_t first);

  std::vector<JsonPath> paths_;
  std::vector<Node> nodes_ = std::vector<Node>(1);
};

}  // namespace elanus::expr
