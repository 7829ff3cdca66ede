#include "segment/match_column.h"

#include <algorithm>
#include <span>

#include "schema/text_params.h"

namespace elanus::segment {
namespace {

constexpr int64_t kRowsBetweenChecks = 64;

}  // namespace

void MatchColumn::CatchUp(FieldId field, const expr::ColumnSource& source,
                          const Cancellation& cancellation) {
  while (num_rows_ < source.num_rows()) {
    // Views begin at multiples of 64.
    const int64_t begin = num_rows_ / 64 * 64;
    const int64_t count = source.ContiguousRows(begin);
    const schema::ColumnView view = source.Rows(field, begin, count);
    for (int64_t row = num_rows_; row < begin + count; ++row) {
      if (row % kRowsBetweenChecks == 0 && cancellation.cancelled()) return;
      if (view.IsValid(row - begin)) {
        index_.Add(row, analyzer_->Analyze(view.Bytes(row - begin)));
      }
      num_rows_ = row + 1;
    }
  }
}

kernels::Bitset MatchColumn::Match(FieldId field, const expr::ColumnSource& source,
                                   const text::MatchQuery& query,
                                   const Cancellation& cancellation) {
  kernels::Bitset rows(source.num_rows());
  const std::span<uint64_t> words(rows.words(), rows.num_words());
  {
    absl::ReaderMutexLock lock(&mutex_);
    if (num_rows_ >= source.num_rows()) {
      index_.Match(query, source.num_rows(), cancellation, words);
      return rows;
    }
  }
  {
    absl::MutexLock lock(&mutex_);
    CatchUp(field, source, cancellation);
  }
  absl::ReaderMutexLock lock(&mutex_);
  index_.Match(query, source.num_rows(), cancellation, words);
  return rows;
}

void MatchColumn::Build(FieldId field, const expr::ColumnSource& source) {
  absl::MutexLock lock(&mutex_);
  CatchUp(field, source, Cancellation());
  index_.Shrink();
}

int64_t MatchColumn::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  return index_.memory_bytes();
}

std::shared_ptr<MatchColumn> MatchColumns::Find(const schema::FieldSchema& field) {
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto found = columns_.find(field.id);
    if (found != columns_.end()) return found->second;
  }
  absl::StatusOr<text::AnalyzerPtr> analyzer = text::SharedAnalyzer(schema::AnalyzerParams(field));
  if (!analyzer.ok()) return nullptr;
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<MatchColumn>& column = columns_[field.id];
  if (column == nullptr) column = std::make_shared<MatchColumn>(*std::move(analyzer));
  return column;
}

std::optional<kernels::Bitset> MatchColumns::Match(const schema::FieldSchema& field,
                                                   const expr::ColumnSource& source,
                                                   const text::MatchQuery& query,
                                                   const Cancellation& cancellation) {
  const std::shared_ptr<MatchColumn> column = Find(field);
  if (column == nullptr) return std::nullopt;
  return column->Match(field.id, source, query, cancellation);
}

void MatchColumns::Build(const schema::FieldSchema& field, const expr::ColumnSource& source) {
  if (const std::shared_ptr<MatchColumn> column = Find(field)) column->Build(field.id, source);
}

void MatchColumns::Drop(FieldId field) {
  absl::MutexLock lock(&mutex_);
  columns_.erase(field);
}

int64_t MatchColumns::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  int64_t sum = 0;
  for (const auto& [field, column] : columns_) sum += column->memory_bytes();
  return sum;
}

}  // namespace elanus::segment
