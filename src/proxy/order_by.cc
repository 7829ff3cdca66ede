#include "proxy/order_by.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "proxy/field_path.h"

namespace elanus::proxy {
namespace {

using schema::DataType;

// Whether there is a colon that is in no bracket.
bool HasWord(std::string_view text) {
  const size_t bracket = text.rfind(']');
  return text.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
}

// The word behind the last colon that is in no bracket, in lower case; nothing if there is none.
// `text` loses it.
std::string TakeWord(std::string& text) {
  if (!HasWord(text)) return "";
  const size_t colon = text.rfind(':');
  std::string word = absl::AsciiStrToLower(text.substr(colon + 1));
  absl::StripAsciiWhitespace(&word);
  text.resize(colon);
  absl::StripTrailingAsciiWhitespace(&text);
  return word.empty() ? ":" : word;  // No word at all is no direction either.
}

struct Term {
  std::string name;
  query::SortDirection direction;
};

absl::StatusOr<Term> ParseTerm(std::string_view text) {
  Term term{std::string(text), {}};
  std::string direction = TakeWord(term.name);
  std::string nulls;
  if (direction.starts_with("nulls_")) {
    nulls = std::move(direction);
    direction = TakeWord(term.name);
    if (direction.empty()) direction.assign(1, ':');  // Nulls come behind a direction.
  }
  const bool good = (direction.empty() || direction == "asc" || direction == "desc") &&
                    (nulls.empty() || nulls == "nulls_first" || nulls == "nulls_last") &&
                    !term.name.empty() && !HasWord(term.name);
  if (!good) {
    return UserError(ErrorCode::kParameterInvalid,
                     "order_by_fields [{}] is invalid, it should be "
                     "field[:asc|desc[:nulls_first|nulls_last]]",
                     text);
  }
  term.direction.descending = direction == "desc";
  term.direction.nulls_first = nulls.empty() ? term.direction.descending : nulls == "nulls_first";
  return term;
}

bool IsOrdered(DataType type) {
  return query::IsSortable(type) && type != DataType::kTimestamptz;
}

absl::Status NotOrdered(const schema::FieldSchema& field) {
  return UserError(ErrorCode::kParameterInvalid,
                   "order by is not supported for field {} of type {}", field.name,
                   schema::DataTypeName(field.type));
}

absl::Status AddOnce(roles::Ordering ordering, std::string_view name,
                     std::vector<roles::Ordering>& order) {
  for (const roles::Ordering& other : order) {
    if (other.field == ordering.field && other.path == ordering.path) {
      return UserError(ErrorCode::kParameterInvalid, "order_by_fields names a field twice: {}",
                       name);
    }
  }
  order.push_back(std::move(ordering));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<roles::Ordering>> QueryOrder(std::string_view text,
                                                        const schema::CollectionSchema& schema,
                                                        const std::vector<FieldId>* group_by) {
  std::vector<roles::Ordering> order;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                          SplitFieldList(text, "order_by_fields"));
  for (const std::string& part : parts) {
    ELANUS_ASSIGN_OR_RETURN(const Term term, ParseTerm(part));
    const schema::FieldSchema* field = schema.Find(term.name);
    if (field == nullptr) {
      return UserError(ErrorCode::kParameterInvalid,
                       "order by field {} not exist; keys of the dynamic field and paths cannot be "
                       "ordered by in a query",
                       term.name);
    }
    if (group_by != nullptr) {
      if (std::find(group_by->begin(), group_by->end(), field->id) == group_by->end()) {
        return UserError(ErrorCode::kParameterInvalid,
                         "order by field {} must be one of group_by_fields", term.name);
      }
    } else if (!IsOrdered(field->type)) {
      return NotOrdered(*field);
    }
    ELANUS_RETURN_IF_ERROR(AddOnce({field->id, {}, term.direction}, term.name, order));
  }
  return order;
}

absl::StatusOr<std::vector<roles::Ordering>> SearchOrder(std::string_view text,
                                                         const schema::CollectionSchema& schema) {
  std::vector<roles::Ordering> order;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                          SplitFieldList(text, "order_by_fields"));
  for (const std::string& part : parts) {
    ELANUS_ASSIGN_OR_RETURN(const Term term, ParseTerm(part));
    ELANUS_ASSIGN_OR_RETURN(FieldPath path, ParseFieldPath(term.name, schema, "order by"));
    const bool in_json = path.field->type == DataType::kJson && !path.path.empty();
    if (!in_json && (!IsOrdered(path.field->type) || !path.path.empty())) {
      return NotOrdered(*path.field);
    }
    ELANUS_RETURN_IF_ERROR(
        AddOnce({path.field->id, std::move(path.path), term.direction}, term.name, order));
  }
  return order;
}

}  // namespace elanus::proxy
