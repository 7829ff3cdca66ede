#include "proxy/key_isolation.h"

#include <algorithm>
#include <string_view>

#include "expr/plan.h"
#include "meta/isolation.h"

namespace elanus::proxy {
namespace {

absl::Status NotSupported(std::string_view what) {
  return UserError(ErrorCode::kParameterInvalid, "partition key isolation does not support {}",
                   what);
}

// Whether a part of the filter is an equality on the key; an error if it uses the key in another
// way.
class KeyUse {
 public:
  explicit KeyUse(int slot) : slot_(slot) {}

  absl::StatusOr<bool> Of(const expr::Node& node) const {
    if (const auto* both = std::get_if<expr::And>(&node.is)) return Any(both->children);
    if (const auto* either = std::get_if<expr::Or>(&node.is)) {
      ELANUS_ASSIGN_OR_RETURN(const bool uses, Any(either->children));
      if (uses) return NotSupported("OR");
      return false;
    }
    if (const auto* negated = std::get_if<expr::Not>(&node.is)) {
      ELANUS_ASSIGN_OR_RETURN(const bool uses, Of(*negated->child));
      if (uses) return NotSupported("NOT");
      return false;
    }
    if (const auto* compare = std::get_if<expr::Compare>(&node.is)) {
      if (!IsKey(compare->operand)) return false;
      if (compare->op != expr::CompareOp::kEqual) return NotSupported(expr::TextOf(compare->op));
      return true;
    }
    if (const auto* in = std::get_if<expr::InList>(&node.is)) {
      if (IsKey(in->operand)) return NotSupported("IN");
    }
    if (const auto* range = std::get_if<expr::Range>(&node.is)) {
      if (IsKey(range->operand)) return NotSupported("BinaryRange");
    }
    return false;
  }

 private:
  bool IsKey(const expr::Operand& operand) const {
    return operand.kind == expr::Operand::Kind::kColumn && operand.slot == slot_ &&
           !operand.arithmetic.has_value();
  }
  absl::StatusOr<bool> Any(const std::vector<expr::NodePtr>& nodes) const {
    bool any = false;
    for (const expr::NodePtr& node : nodes) {
      ELANUS_ASSIGN_OR_RETURN(const bool uses, Of(*node));
      any |= uses;
    }
    return any;
  }

  const int slot_;  // Of the key among the fields of the plan.
};

}  // namespace

absl::Status CheckKeyIsolation(const meta::Collection& collection, const expr::Plan& filter) {
  const FieldId key = meta::IsolatedBy(collection);
  if (!key.valid()) return absl::OkStatus();
  const auto use = std::find_if(filter.fields.begin(), filter.fields.end(),
                                [&](const expr::FieldUse& field) { return field.id == key; });
  bool found = false;
  if (use != filter.fields.end()) {
    const int slot = static_cast<int>(use - filter.fields.begin());
    ELANUS_ASSIGN_OR_RETURN(found, KeyUse(slot).Of(*filter.root));
  }
  if (found) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "partition key not found in expr or the expr is invalid when validating "
                   "partition key isolation[field={}]",
                   collection.schema.Find(key)->name);
}

}  // namespace elanus::proxy
