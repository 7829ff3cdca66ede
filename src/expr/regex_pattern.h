// =~ and !~: a regular expression of RE2, found anywhere in a value.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/status.h"

namespace re2 {
class RE2;
}

namespace elanus::expr {

// UTF-8; a dot is any character, line breaks too. Time is linear in the value, whatever the
// pattern. Threads: any.
class RegexPattern {
 public:
  // The error is a gist: it carries no code of its own worth keeping.
  static absl::StatusOr<RegexPattern> Compile(std::string_view pattern);

  bool Matches(std::string_view value) const;
  const std::string& pattern() const { return pattern_; }

 private:
  std::string pattern_;
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace elanus::expr
