#include "index/scalar/scalar_index.h"

#include "index/scalar/scalar_structures.h"

namespace elanus::index {
namespace {

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenStructure(ScalarFilePtr file) {
  switch (file->facts().structure) {
    case ScalarStructure::kValues:
      return OpenValueIndex(std::move(file));
    case ScalarStructure::kGrams:
      return OpenGramIndex(std::move(file));
    case ScalarStructure::kBoxes:
      return OpenBoxIndex(std::move(file));
    case ScalarStructure::kTokens:  // TextIndex opens those,
    case ScalarStructure::kPaths:   // PathIndex these.
      break;
  }
  return ScalarFile::Damaged("its structure");
}

}  // namespace

ScalarCosts ScalarCosts::Of(const ScalarFile& file) {
  // By blocks each look-up reads and verifies a few blocks of 64 KB.
  const double locate_ns = file.by_blocks() ? 60'000 : 250;
  // Plain rows come in no order of the mask's memory, packed ones in order.
  const double entry_ns = file.facts().packed != 0 ? 2 : 6;
  return {.locate_ns = locate_ns, .entry_ns = entry_ns, .text_ns = 35, .mask_row_ns = 0.03};
}

absl::StatusOr<std::optional<ScalarPlan>> ScalarIndexBase::Plan(const ScalarQuery& query,
                                                                double budget_ns) const {
  if (query.kind != ScalarQuery::Kind::kExists) return PlanFor(query, budget_ns);
  const ScalarFacts& facts = file_->facts();
  ScalarPlan plan{.num_entries = facts.num_rows - facts.num_absent};
  plan.cost_ns = ScalarCosts::Of(*file_).mask_row_ns * static_cast<double>(facts.num_rows);
  if (plan.cost_ns > budget_ns) return std::nullopt;
  return plan;
}

absl::StatusOr<ScalarRows> ScalarIndexBase::Rows(const ScalarQuery& query, const ScalarPlan& plan,
                                                 const Cancellation& cancellation) const {
  if (query.kind == ScalarQuery::Kind::kExists) {
    kernels::Bitset found(num_rows(), true);
    if (file_->absent() != nullptr) found.AndNot(file_->absent()->view());
    return ScalarRows{.found = kernels::RowSet(std::move(found))};
  }
  ScalarRows rows;
  rows.absent = file_->absent();
  rows.odd = file_->odd();
  ELANUS_ASSIGN_OR_RETURN(rows.found, Find(query, plan, cancellation));
  return rows;
}

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenScalarIndex(Bytes file, int64_t num_rows) {
  ELANUS_ASSIGN_OR_RETURN(ScalarFilePtr opened, ScalarFile::Open(file, num_rows));
  return OpenStructure(std::move(opened));
}

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenScalarIndex(
    std::unique_ptr<storage::BlockReader> file, int64_t num_rows) {
  ELANUS_ASSIGN_OR_RETURN(ScalarFilePtr opened, ScalarFile::Open(std::move(file), num_rows));
  return OpenStructure(std::move(opened));
}

}  // namespace elanus::index
