#include "segment/growing_indexes.h"

#include <algorithm>
#include <limits>
#include <set>

#include "common/logging.h"
#include "index/scalar_kinds.h"

namespace elanus::segment {
namespace {

// What a row takes to be indexed, in nanoseconds: estimates, in the proportion of what the builds
// of sealed segments take.
double BuildNsOf(const DeclaredIndex& declared, const schema::ColumnType& type) {
  if (index::IsOverAllPaths(declared.build.params)) return 4000;
  if (declared.build.form == index::ScalarForm::kGrams) return 3000;
  if (type.type == schema::DataType::kJson) return 400;
  return schema::FixedWidth(type.type, 0) > 0 ? 120 : 300;
}

bool IsFull(int chunk, int64_t num_rows) {
  return ChunkBegin(chunk) + ChunkSize(chunk) <= num_rows;
}

// Copies a chunk's bits to where its rows are.
void CopyBits(const kernels::Bitset& bits, int chunk, kernels::Bitset& into) {
  std::copy_n(bits.words(), bits.num_words(), into.words() + ChunkBegin(chunk) / 64);
}

// The answers of chunks as one; rows of no chunk are open.
class Assembly {
 public:
  explicit Assembly(int64_t num_rows) : num_rows_(num_rows) {}

  void Add(int chunk, const expr::IndexAnswer& part) {
    if (!out_.has_value()) {
      out_.emplace();
      out_->found = kernels::Bitset(num_rows_);
      out_->open = kernels::Bitset(num_rows_, true);
      out_->by = part.by;
    }
    const kernels::Bitset none(ChunkSize(chunk));
    CopyBits(part.found, chunk, out_->found);
    CopyBits(part.open.has_value() ? *part.open : none, chunk, *out_->open);
    if (part.absent == nullptr) return;
    if (absent_ == nullptr) absent_ = std::make_shared<kernels::Bitset>(num_rows_);
    CopyBits(*part.absent, chunk, *absent_);
  }

  std::optional<expr::IndexAnswer> Finish() && {
    if (out_.has_value()) out_->absent = std::move(absent_);
    return std::move(out_);
  }

 private:
  const int64_t num_rows_;
  std::optional<expr::IndexAnswer> out_;
  std::shared_ptr<kernels::Bitset> absent_;
};

}  // namespace

void GrowingIndexes::Declare(std::vector<DeclaredIndex> indexes, Executor* executor) {
  absl::MutexLock lock(&mutex_);
  executor_ = executor;
  const bool same = std::equal(indexes.begin(), indexes.end(), declared_.begin(), declared_.end(),
                               [](const auto& a, const auto& b) { return a.id == b->id; });
  if (same) return;
  declared_.clear();
  std::set<IndexId> ids;
  for (DeclaredIndex& index : indexes) {
    ids.insert(index.id);
    declared_.push_back(std::make_shared<const DeclaredIndex>(std::move(index)));
  }
  for (const auto& [number, chunk] : chunks_) chunk->Keep(ids);
  std::erase_if(looked_, [&](const auto& entry) { return !ids.contains(entry.first.first); });
}

bool GrowingIndexes::AreDeclared(std::span<const IndexId> ids) const {
  absl::ReaderMutexLock lock(&mutex_);
  return std::equal(ids.begin(), ids.end(), declared_.begin(), declared_.end(),
                    [](IndexId id, const DeclaredPtr& declared) { return id == declared->id; });
}

bool GrowingIndexes::empty() const {
  absl::ReaderMutexLock lock(&mutex_);
  return declared_.empty();
}

int64_t GrowingIndexes::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  int64_t bytes = 0;
  for (const auto& [number, chunk] : chunks_) bytes += chunk->memory_bytes();
  return bytes;
}

GrowingIndexes::ChunkPtr GrowingIndexes::ChunkAt(int chunk) {
  absl::MutexLock lock(&mutex_);
  ChunkPtr& found = chunks_[chunk];
  if (found == nullptr) found = std::make_shared<ScalarIndexes>();
  return found;
}

std::optional<expr::IndexAnswer> GrowingIndexes::Ask(const expr::IndexQuestion& question,
                                                     double budget_ns, const ColumnPtr& column,
                                                     int64_t num_rows,
                                                     const Cancellation& cancellation) {
  // Words of texts have an index of their own (match_column.h).
  if (question.text != nullptr || column == nullptr) return std::nullopt;
  Assembly answer(num_rows);
  for (int chunk = ChunkOf(kChunkRowsMin); IsFull(chunk, num_rows); ++chunk) {
    const double share = static_cast<double>(ChunkSize(chunk)) / static_cast<double>(num_rows);
    const auto part = ChunkAt(chunk)->Ask(question, share * budget_ns, cancellation);
    if (part.has_value()) {
      answer.Add(chunk, *part);
    } else {
      NoteLook(question, chunk, column);
    }
  }
  return std::move(answer).Finish();
}

void GrowingIndexes::NoteLook(const expr::IndexQuestion& question, int chunk,
                              const ColumnPtr& column) {
  constexpr double kBegun = std::numeric_limits<double>::infinity();
  std::vector<DeclaredPtr> due;
  Executor* executor;
  {
    absl::MutexLock lock(&mutex_);
    executor = executor_;
    const auto rows = static_cast<double>(ChunkSize(chunk));
    for (const DeclaredPtr& declared : declared_) {
      if (!declared->subject.IsOf(question)) continue;
      double& looked = looked_[{declared->id, chunk}];
      if (looked == kBegun) continue;
      looked += rows * question.scan_ns;
      if (looked < rows * BuildNsOf(*declared, column->type())) continue;
      looked = kBegun;
      due.push_back(declared);
    }
  }
  for (const DeclaredPtr& declared : due) {
    const auto build = [declared, chunk, column, into = ChunkAt(chunk)] {
      Build(*declared, chunk, *column, *into);
    };
    if (executor == nullptr) {
      build();
    } else if (!executor->Submit(build)) {
      absl::MutexLock lock(&mutex_);
      looked_[{declared->id, chunk}] = 0;  // Later.
    }
  }
}

void GrowingIndexes::Build(const DeclaredIndex& declared, int chunk, const GrowingColumn& column,
                           ScalarIndexes& into) {
  std::vector<uint64_t> validity;
  const schema::ColumnView rows = column.View(chunk, ChunkSize(chunk), validity);
  auto file = expr::BuildFieldIndex(rows, declared.build, Cancellation());
  auto loaded = std::make_shared<LoadedScalarIndex>();
  static_cast<IndexSubject&>(*loaded) = declared.subject;
  loaded->name = declared.name;
  absl::Status status = file.status();
  if (status.ok()) {
    loaded->bytes = *std::move(file);
    const index::Bytes bytes(reinterpret_cast<const uint8_t*>(loaded->bytes.data()),
                             loaded->bytes.size());
    status = [&]() -> absl::Status {
      if (declared.subject.all_paths) {
        ELANUS_ASSIGN_OR_RETURN(loaded->paths, index::PathIndex::Open(bytes, rows.num_rows));
      } else {
        ELANUS_ASSIGN_OR_RETURN(loaded->index, index::OpenScalarIndex(bytes, rows.num_rows));
      }
      return absl::OkStatus();
    }();
  }
  if (status.ok()) return into.Set(declared.id, std::move(loaded));
  ELANUS_LOG_EVERY(60, Error, "growing rows are not indexed; their columns are read instead",
                   Field("index", declared.name), Field("reason", status));
}

}  // namespace elanus::segment
