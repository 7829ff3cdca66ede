#include "expr/regex_pattern.h"

#include <re2/re2.h>

namespace elanus::expr {

absl::StatusOr<RegexPattern> RegexPattern::Compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  RegexPattern out;
  out.pattern_ = pattern;
  auto regex = std::make_shared<re2::RE2>(out.pattern_, options);
  if (!regex->ok()) {
    return UserError(ErrorCode::kParameterInvalid, "invalid regular expression: {}",
                     regex->error());
  }
  out.regex_ = std::move(regex);
  return out;
}

bool RegexPattern::Matches(std::string_view value) const {
  return re2::RE2::PartialMatch(re2::StringPiece(value.data(), value.size()), *regex_);
}

}  // namespace elanus::expr
