// The structures behind ScalarIndex, for scalar_index.cc to open.
#pragma once

#include <memory>

#include "index/scalar/row_lists.h"
#include "index/scalar/scalar_file.h"
#include "index/scalar/scalar_index.h"
#include "index/scalar/scalar_keys.h"

namespace elanus::index {

using ScalarFilePtr = std::unique_ptr<const ScalarFile>;

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenValueIndex(ScalarFilePtr file);
absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenGramIndex(ScalarFilePtr file);
absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenBoxIndex(ScalarFilePtr file);

// What parts of an answer cost, in nanoseconds (measured: segment/scalar_index_bench.cc).
struct ScalarCosts {
  double locate_ns;    // Finding a key.
  double entry_ns;     // A row of a list.
  double text_ns;      // A text put to a test.
  double mask_row_ns;  // A row of the mask that is made.
  static ScalarCosts Of(const ScalarFile& file);
};

// What all structures have in common: whether a row has a value they know alike.
class ScalarIndexBase : public ScalarIndex {
 public:
  explicit ScalarIndexBase(ScalarFilePtr file) : file_(std::move(file)) {}
  absl::StatusOr<std::optional<ScalarPlan>> Plan(const ScalarQuery& query,
                                                 double budget_ns) const final;
  absl::StatusOr<ScalarRows> Rows(const ScalarQuery& query, const ScalarPlan& plan,
                                  const Cancellation& cancellation) const final;
  schema::DataType key_type() const override {
    return static_cast<schema::DataType>(file_->facts().key_type);
  }
  int64_t num_rows() const override { return static_cast<int64_t>(file_->facts().num_rows); }

 protected:
  // Of queries about the values.
  virtual absl::StatusOr<std::optional<ScalarPlan>> PlanFor(const ScalarQuery& query,
                                                            double budget_ns) const = 0;
  virtual absl::StatusOr<kernels::RowSet> Find(const ScalarQuery& query, const ScalarPlan& plan,
                                               const Cancellation& cancellation) const = 0;

  const ScalarFilePtr file_;
};

}  // namespace elanus::index
