// A filter's text, and the errors that point into it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::expr {

class SourceText {
 public:
  explicit SourceText(std::string_view text) : text_(text) {}
  std::string_view text() const { return text_; }

  // kParameterInvalid "cannot parse expression: <text>, error: <gist> (line L, column C)". Long
  // texts are cut; columns count characters from 1.
  absl::Status Error(size_t offset, std::string_view gist) const;

 private:
  std::string_view text_;
};

}  // namespace elanus::expr
