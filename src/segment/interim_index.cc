#include "segment/interim_index.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "index/float_rows.h"

namespace elanus::segment {
namespace {

using kernels::Metric;
using schema::DataType;

constexpr uint64_t kSeed = 0x1d7e;  // Of the rotation. Any: codes are never stored.
constexpr size_t kBatchRows = 256;  // Compared by one call; a multiple of index::kCodeBlock.
// Sums of squares of larger components leave float's range.
constexpr float kComponentMax = 1e15f;

std::unique_ptr<const index::CodeStore> MakeStore(int64_t dim, Metric metric) {
  auto store =
      index::TrainCodes({.kind = index::CodeKind::kSign,
                         .bits = static_cast<uint32_t>(InterimIndex::kBits),
                         .in_blocks = 1},
                        {.dim = static_cast<size_t>(dim), .metric = metric, .seed = kSeed});
  ELANUS_CHECK(store.ok());  // Signs need no training.
  return *std::move(store);
}

}  // namespace

bool InterimIndex::Admits(DataType type, Metric metric) {
  const bool known = metric == Metric::kL2 || metric == Metric::kIp || metric == Metric::kCosine;
  switch (type) {
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
    case DataType::kInt8Vector:
      return known;
    default:
      return false;
  }
}

InterimIndex::InterimIndex(std::shared_ptr<const VectorPieces> rows, Metric metric)
    : rows_(std::move(rows)), metric_(metric), store_(MakeStore(rows_->dim(), metric)) {
  bytes_ = store_->memory_bytes();
}

void InterimIndex::Encode(int64_t begin, Run& run) const {
  const auto dim = static_cast<size_t>(rows_->dim());
  std::vector<float> rows(kRunRows * dim);
  for (int64_t row = begin; row < begin + kRunRows;) {
    const index::VectorRows piece = rows_->At(row, begin + kRunRows);
    const index::FloatRows floats(piece, metric_);
    for (int64_t i = 0; i < piece.num_rows; ++i, ++row) {
      floats.Get(i, &rows[static_cast<size_t>(row - begin) * dim]);
    }
  }
  for (const float value : rows) {
    if (!(std::abs(value) <= kComponentMax)) return;
  }
  std::vector<double> sum(dim);
  for (size_t i = 0; i < rows.size(); i += dim) {
    for (size_t d = 0; d < dim; ++d) sum[d] += rows[i + d];
  }
  run.centre.resize(dim);
  double norm = 0;
  for (size_t d = 0; d < dim; ++d) {
    run.centre[d] = static_cast<float>(sum[d] / kRunRows);
    norm += static_cast<double>(run.centre[d]) * run.centre[d];
  }
  run.centre_norm = static_cast<float>(norm);
  for (size_t i = 0; i < rows.size(); i += dim) {
    for (size_t d = 0; d < dim; ++d) rows[i + d] -= run.centre[d];
  }
  run.codes.resize(store_->RunBytes(kRunRows));
  store_->Encode(rows.data(), run.centre.data(), kRunRows, 0, kRunRows, run.codes.data());
}

bool InterimIndex::CoverRun(int64_t num_rows) {
  const int64_t begin = covered_.load(std::memory_order_relaxed);
  if (begin + kRunRows > num_rows) return false;
  auto run = std::make_unique<Run>();
  Encode(begin, *run);
  bytes_ += static_cast<int64_t>(sizeof(Run) + run->codes.size() + run->centre.size() * 4);
  {
    absl::MutexLock lock(&mutex_);
    runs_.push_back(std::move(run));
  }
  covered_.store(begin + kRunRows, std::memory_order_release);
  return true;
}

std::vector<const InterimIndex::Run*> InterimIndex::Runs(int64_t end) const {
  std::vector<const Run*> out(static_cast<size_t>((end + kRunRows - 1) / kRunRows));
  absl::MutexLock lock(&mutex_);
  ELANUS_CHECK(out.size() <= runs_.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = runs_[i].get();
  return out;
}

index::CodeShift InterimIndex::ShiftOf(const Run& run, const float* query) const {
  float base = 0;
  for (size_t d = 0; d < run.centre.size(); ++d) {
    if (metric_ == Metric::kL2) {
      base += (query[d] - run.centre[d]) * (query[d] - run.centre[d]);
    } else {
      base -= query[d] * run.centre[d];
    }
  }
  return index::ShiftTo(metric_, base, run.centre_norm);
}

absl::Status InterimIndex::Propose(const Question& question, kernels::Bitset& out) const {
  std::vector<float> query(static_cast<size_t>(rows_->dim()));
  index::FloatRows({rows_->type(), rows_->dim(), 0, nullptr}, metric_)
      .Convert(question.query, query.data());
  const auto code_query = store_->Query(query.data());
  kernels::TopK nearest(question.count);
  float distances[kBatchRows];
  const std::vector<const Run*> runs = Runs(question.end);
  const uint64_t* allowed = question.allowed.words();
  for (size_t r = 0; r < runs.size(); ++r) {
    if (question.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(question.cancellation->Check());
    const Run& run = *runs[r];
    const int64_t first = static_cast<int64_t>(r) * kRunRows;
    const int64_t end = std::min(kRunRows, question.end - first);
    const index::CodeShift shift = ShiftOf(run, query.data());
    for (int64_t begin = 0; begin < end; begin += kBatchRows) {
      const int64_t count = std::min<int64_t>(kBatchRows, end - begin);
      // kBatchRows is whole words; bits behind the last allowed row are zero.
      const uint64_t* words = allowed + (first + begin) / 64;
      const int64_t num_words = (count + 63) / 64;
      if (std::all_of(words, words + num_words, [](uint64_t word) { return word == 0; })) continue;
      if (run.codes.empty()) {
        for (int64_t w = 0; w < num_words; ++w) out.words()[(first + begin) / 64 + w] |= words[w];
        continue;
      }
      code_query->Scan(run.codes.data(), kRunRows, static_cast<size_t>(begin),
                       static_cast<size_t>(count), shift, distances);
      if (question.statistics != nullptr) question.statistics->distances += count;
      float bound = nearest.bound();
      for (int64_t i = 0; i < count; ++i) {
        if (distances[i] > bound || (words[i / 64] >> (i % 64) & 1) == 0) continue;
        if (nearest.Push(distances[i], first + begin + i)) bound = nearest.bound();
      }
    }
  }
  for (const kernels::Neighbor& candidate : nearest.TakeSorted()) out.Set(candidate.row);
  return absl::OkStatus();
}

std::shared_ptr<InterimIndex> InterimIndexes::Get(FieldId field, Metric metric,
                                                  const std::shared_ptr<const VectorPieces>& rows) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<InterimIndex>& index = indexes_[field];
  if (index == nullptr || index->metric() != metric) {
    index = std::make_shared<InterimIndex>(rows, metric);
  }
  return index;
}

void InterimIndexes::Drop(FieldId field) {
  absl::MutexLock lock(&mutex_);
  indexes_.erase(field);
}

int64_t InterimIndexes::memory_bytes() const {
  absl::MutexLock lock(&mutex_);
  int64_t sum = 0;
  for (const auto& [field, index] : indexes_) sum += index->memory_bytes();
  return sum;
}

std::shared_ptr<const InterimIndex> InterimIndexer::Index(
    InterimIndexes& indexes, FieldId field, Metric metric,
    const std::shared_ptr<const VectorPieces>& rows, int64_t num_rows) {
  if (!options_.enabled || !InterimIndex::Admits(rows->type(), metric) ||
      num_rows < InterimIndex::kRunRows) {
    return nullptr;
  }
  std::shared_ptr<InterimIndex> index = indexes.Get(field, metric, rows);
  Follow(index, num_rows);
  return index;
}

void InterimIndexer::Follow(const std::shared_ptr<InterimIndex>& index, int64_t num_rows) {
  if (num_rows - index->covered() < InterimIndex::kRunRows || !index->Claim()) return;
  const auto cover = [stopping = stopping_, index, num_rows] {
    // Nobody but this task: the segment is gone.
    while (!*stopping && index.use_count() > 1 && index->CoverRun(num_rows)) {
    }
    index->Release();
  };
  if (executor_ == nullptr) {
    cover();
  } else if (!executor_->Submit(cover)) {
    index->Release();
  }
}

}  // namespace elanus::segment
