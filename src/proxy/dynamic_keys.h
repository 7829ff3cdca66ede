// Dynamic rows cut down to the keys a request asked for.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace elanus::proxy {

// One per answer: the parser's memory is reused from row to row. Threads: none.
class DynamicKeys {
 public:
  // `keys` outlive it.
  explicit DynamicKeys(std::span<const std::string> keys);
  ~DynamicKeys();

  // `object` with those of the keys that it has. What is not an object gives "{}".
  std::string operator()(std::string_view object);

 private:
  struct Parser;
  const std::span<const std::string> keys_;
  std::unique_ptr<Parser> parser_;
};

// `update`'s members over those of `object`: partial updates merge dynamic rows.
std::string MergeObjects(std::string_view object, std::string_view update);

}  // namespace elanus::proxy
