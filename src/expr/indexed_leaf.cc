#include "expr/indexed_leaf.h"

#include <bit>

namespace elanus::expr {

const IndexAnswer* IndexedLeaf::Answer(const Batch& batch, const ColumnSource& source,
                                       const Words& rows, const Cancellation& cancellation) {
  if (known_ != nullptr) return known_;
  if (answer_.has_value()) return &*answer_;
  if (!question_.has_value()) return nullptr;
  for (int64_t word = 0; word < batch.num_words(); ++word) asked_rows_ += std::popcount(rows[word]);
  seen_rows_ += batch.num_rows();
  if (asked_rows_ < next_ask_) return nullptr;
  next_ask_ = 2 * asked_rows_ + 1;
  const double share = static_cast<double>(asked_rows_) / static_cast<double>(seen_rows_);
  const double rows_to_come = share * static_cast<double>(source.num_rows() - batch.begin());
  answer_ = source.AskIndex(*question_, rows_to_come * question_->scan_ns, cancellation);
  return answer_.has_value() ? &*answer_ : nullptr;
}

uint64_t TruthOf(const IndexQuestion& question, const IndexAnswer& answer, int64_t word) {
  const uint64_t absent = answer.absent != nullptr ? answer.absent->words()[word] : 0;
  const uint64_t found = answer.found.words()[word];
  const uint64_t passing = question.negated ? ~(found | absent) : found & ~absent;
  return question.missing_pass ? passing | absent : passing;
}

void CopyTruth(const IndexQuestion& question, const IndexAnswer& answer, int64_t begin, int64_t end,
               uint64_t* out) {
  if (answer.absent != nullptr) {
    for (int64_t word = begin; word < end; ++word) *out++ = TruthOf(question, answer, word);
    return;
  }
  const uint64_t* const found = answer.found.words();
  const uint64_t flip = question.negated ? ~uint64_t{0} : 0;
  for (int64_t word = begin; word < end; ++word) *out++ = found[word] ^ flip;
}

void ApplyAnswer(const IndexQuestion& question, const IndexAnswer& answer, const Batch& batch,
                 const Words& rows, Mask& out, Words* open) {
  const int64_t first = batch.begin() / 64;
  if (answer.absent == nullptr && !answer.open.has_value()) {
    CopyTruth(question, answer, first, first + batch.num_words(), out.truth.data());
    out.unknown.fill(0);
    open->fill(0);
    return;
  }
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t absent = answer.absent != nullptr ? answer.absent->words()[first + word] : 0;
    out.truth[word] = TruthOf(question, answer, first + word);
    out.unknown[word] = question.missing_unknown ? absent : 0;
    (*open)[word] =
        answer.open.has_value() ? answer.open->words()[first + word] & rows[word] : uint64_t{0};
  }
}

}  // namespace elanus::expr
