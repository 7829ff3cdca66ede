#include "expr/binder.h"
#include "expr/expr.h"
#include "expr/optimiser.h"
#include "expr/parser.h"
#include "expr/plan.h"

namespace elanus::expr {

absl::StatusOr<PlanPtr> Compile(std::string_view text, const schema::CollectionSchema& schema,
                                const TemplateValues& values, const CompileOptions& options) {
  ELANUS_ASSIGN_OR_RETURN(const Ast ast, Parse(text, options));
  ELANUS_ASSIGN_OR_RETURN(Plan plan, Bind(ast, schema, values, options));
  Optimise(plan);
  Finish(plan);
  return std::make_shared<const Plan>(std::move(plan));
}

}  // namespace elanus::expr
