#include "proxy/field_path.h"

#include <utility>

#include "absl/strings/ascii.h"

namespace elanus::proxy {
namespace {

absl::Status BadName(std::string_view text) {
  return UserError(ErrorCode::kParameterInvalid, "cannot parse identifier: {}", text);
}

std::string Trimmed(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

// The step at the front of "["a"][0]"; `text` moves behind it.
absl::StatusOr<std::string> TakeStep(std::string_view& text, std::string_view whole) {
  if (text.size() < 3 || text.front() != '[') return BadName(whole);
  const char quote = text[1];
  const bool quoted = quote == '"' || quote == '\'';
  const size_t end = quoted ? text.find(quote, 2) : text.find(']');
  if (end == std::string_view::npos) return BadName(whole);
  const size_t begin = quoted ? 2 : 1;
  const size_t bracket = quoted ? end + 1 : end;
  if (end == begin || bracket >= text.size() || text[bracket] != ']') return BadName(whole);
  std::string step(text.substr(begin, end - begin));
  text.remove_prefix(bracket + 1);
  return step;
}

}  // namespace

absl::StatusOr<FieldPath> ParseFieldPath(std::string_view text,
                                         const schema::CollectionSchema& schema,
                                         std::string_view use) {
  const std::string_view name = text.substr(0, text.find('['));
  FieldPath out;
  for (std::string_view rest = text.substr(name.size()); !rest.empty();) {
    ELANUS_ASSIGN_OR_RETURN(std::string step, TakeStep(rest, text));
    out.path.push_back(std::move(step));
  }
  out.field = schema.Find(name);
  if (out.field == nullptr && schema.dynamic_field() != nullptr && !name.empty()) {
    out.field = schema.dynamic_field();
    out.path.insert(out.path.begin(), std::string(name));
  }
  if (out.field != nullptr) return out;
  return UserError(ErrorCode::kFieldNotFound,
                   "{} field not found in schema: field not found[field={}]", use, name);
}

absl::StatusOr<std::vector<std::string>> SplitFieldList(std::string_view text,
                                                        std::string_view list) {
  std::vector<std::string> parts;
  if (Trimmed(text).empty()) return parts;
  size_t begin = 0;
  char quote = 0;
  bool inside = false;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) {
      const char c = text[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
        continue;
      }
      if (inside && (c == '"' || c == '\'')) quote = c;
      if (c == '[') inside = true;
      if (c == ']') inside = false;
      if (inside || c != ',') continue;
    }
    parts.push_back(Trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
    if (parts.back().empty()) {
      return UserError(ErrorCode::kParameterInvalid, "{} has an empty part: {}", list, text);
    }
  }
  return parts;
}

}  // namespace elanus::proxy
