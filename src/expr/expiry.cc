#include "expr/expiry.h"

#include "expr/plan.h"

namespace elanus::expr {

PlanPtr NotExpired(const schema::FieldSchema& field, int64_t now) {
  auto plan = std::make_shared<Plan>();
  plan->fields.push_back({.id = field.id,
                          .name = field.name,
                          .type = field.type,
                          .element_type = schema::DataType::kNone,
                          .nullable = field.nullable,
                          .paths = {}});
  Operand value;
  value.type = field.type;
  Compare later;
  later.operand = std::move(value);
  later.op = CompareOp::kGreater;
  later.value = Value(now);
  if (!field.nullable) {
    plan->root = MakeNode(std::move(later));
    return plan;
  }
  Or either;
  either.children.push_back(MakeNode(std::move(later)));
  either.children.push_back(MakeNode(NullTest{.slot = 0, .is_null = true}));
  plan->root = MakeNode(std::move(either));
  return plan;
}

}  // namespace elanus::expr
