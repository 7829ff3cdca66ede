// A leaf of a plan that an index may answer, over one evaluation.
#pragma once

#include <map>
#include <optional>

#include "expr/batch.h"
#include "expr/index_question.h"

namespace elanus::expr {

// Asks when the answer is worth it: at first, and again each time twice as many rows were looked at
// as the time before, because more of them came than was to be expected.
//
// Threads: one.
class IndexedLeaf {
 public:
  // `shredded`: about a JSON path that is kept as a column.
  IndexedLeaf(const Plan& plan, const Node& node, bool shredded)
      : question_(QuestionOf(plan, node, shredded)) {}

  // Null: evaluate the leaf over its columns.
  const IndexAnswer* Answer(const Batch& batch, const ColumnSource& source, const Words& rows,
                            const Cancellation& cancellation);
  // What was asked before; outlives this.
  void Know(const IndexAnswer& answer) { known_ = &answer; }
  const IndexQuestion& question() const { return *question_; }
  // What is known by now; null: nothing.
  const IndexAnswer* answer() const {
    return known_ == nullptr && answer_.has_value() ? &*answer_ : known_;
  }

 private:
  std::optional<IndexQuestion> question_;
  const IndexAnswer* known_ = nullptr;
  std::optional<IndexAnswer> answer_;
  int64_t asked_rows_ = 0;  // Of the leaf.
  int64_t seen_rows_ = 0;   // Of the batches in which it was asked.
  int64_t next_ask_ = 0;    // When so many rows were asked of it.
};

// The rows of word `word` of the source that pass, but for those that the index leaves open.
uint64_t TruthOf(const IndexQuestion& question, const IndexAnswer& answer, int64_t word);

// Words [begin, end) of the rows that pass, for an answer that leaves none open.
void CopyTruth(const IndexQuestion& question, const IndexAnswer& answer, int64_t begin, int64_t end,
               uint64_t* out);

// The rows that the index decides; `*open` has those that it does not, of `rows`.
void ApplyAnswer(const IndexQuestion& question, const IndexAnswer& answer, const Batch& batch,
                 const Words& rows, Mask& out, Words* open);

}  // namespace elanus::expr
