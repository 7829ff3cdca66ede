// What makes rows fast to search before their segment has an index: codes of five bits a component
// (RaBitQ, index/sign_codes.h), scanned in place of the vectors to propose candidates, which are
// then compared exactly.
//
// Rows are coded in runs of kRunRows, each seen from its own mean, so nothing is trained and rows
// that drift away from the older ones are coded as well as those. A run is coded when its rows are
// all there; the rows behind the last run are compared exactly. Memory: 5 / 8 dim + 8 bytes a row.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/cancellation.h"
#include "common/executor.h"
#include "common/strong_id.h"
#include "index/codes.h"
#include "segment/vector_pieces.h"

namespace elanus::segment {

// Threads: any number of searches; one Cover at a time (Claim).
class InterimIndex {
 public:
  static constexpr int64_t kRunRows = 1024;
  // One bit ranks the rows of a tight cluster no better than chance would: the error of its
  // estimate goes with the distance of query and row from the mean of the run.
  static constexpr int64_t kBits = 5;

  // Float, half and int8 vectors under L2, IP and COSINE. Binary vectors are as compact as codes.
  static bool Admits(schema::DataType type, kernels::Metric metric);

  // Of rows that Admits says yes to.
  InterimIndex(std::shared_ptr<const VectorPieces> rows, kernels::Metric metric);

  kernels::Metric metric() const { return metric_; }
  // Rows [0, covered()) have codes. Never less than before.
  int64_t covered() const { return covered_.load(std::memory_order_acquire); }
  // Of codes, for one row of this width in bytes: what a scan reads and works on.
  int64_t cost_per_row() const { return rows_->dim() * kBits / 8 + 16; }
  int64_t memory_bytes() const { return bytes_.load(std::memory_order_relaxed); }

  // True for one caller until it calls Release.
  bool Claim() { return !claimed_.exchange(true); }
  void Release() { claimed_ = false; }
  // Codes the next run if its rows are below `num_rows`. The holder of the claim.
  bool CoverRun(int64_t num_rows) ABSL_LOCKS_EXCLUDED(mutex_);

  // Sets in `out` (a bit a row) the `count` of the allowed rows below `end` that look nearest to
  // the query, which is of the rows' type; all of them where there are no more. `end` <= covered().
  struct Question {
    const uint8_t* query = nullptr;
    kernels::BitView allowed;
    int64_t end = 0;
    int64_t count = 0;
    const Cancellation* cancellation = nullptr;
    index::SearchStatistics* statistics = nullptr;
  };
  absl::Status Propose(const Question& question, kernels::Bitset& out) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Run {
    std::vector<float> centre;
    float centre_norm = 0;
    std::vector<uint8_t> codes;  // None: a row is beyond what codes can express; see CoverRun.
  };
  void Encode(int64_t begin, Run& run) const;
  std::vector<const Run*> Runs(int64_t end) const ABSL_LOCKS_EXCLUDED(mutex_);
  index::CodeShift ShiftOf(const Run& run, const float* query) const;

  const std::shared_ptr<const VectorPieces> rows_;
  const kernels::Metric metric_;
  const std::unique_ptr<const index::CodeStore> store_;
  std::atomic<bool> claimed_{false};
  std::atomic<int64_t> covered_{0};
  std::atomic<int64_t> bytes_{0};
  mutable absl::Mutex mutex_;
  std::deque<std::unique_ptr<const Run>> runs_ ABSL_GUARDED_BY(mutex_);  // Only ever longer.
};

// The interim indexes of one segment, by field. Threads: any.
class InterimIndexes {
 public:
  // The index of this field and metric; makes one of `rows`, in place of one for another metric.
  std::shared_ptr<InterimIndex> Get(FieldId field, kernels::Metric metric,
                                    const std::shared_ptr<const VectorPieces>& rows)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Drop(FieldId field) ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t memory_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::map<FieldId, std::shared_ptr<InterimIndex>> indexes_ ABSL_GUARDED_BY(mutex_);
};

// Has rows coded behind searches. Threads: any.
class InterimIndexer {
 public:
  struct Options {
    bool enabled = true;
    // Growing segments whose vectors take fewer bytes are compared exactly.
    int64_t growing_bytes_min = 0;
    // Candidates for each hit that is wanted, beside a fixed number of them.
    double refine_ratio = 4.5;
  };
  // `executor` (borrowed) codes at low priority; null: the calling thread does.
  InterimIndexer(const Options& options, Executor* executor)
      : options_(options), executor_(executor) {}

  const Options& options() const { return options_; }
  // Work behind searches; may be null.
  Executor* executor() const { return executor_; }
  // What a search over the first `num_rows` of `rows` may use; the whole runs of these rows are
  // coded soon. Null: none for this type and metric.
  std::shared_ptr<const InterimIndex> Index(InterimIndexes& indexes, FieldId field,
                                            kernels::Metric metric,
                                            const std::shared_ptr<const VectorPieces>& rows,
                                            int64_t num_rows);
  // Ends what is under way soon. Before the executor is stopped.
  void Stop() { *stopping_ = true; }

 private:
  void Follow(const std::shared_ptr<InterimIndex>& index, int64_t num_rows);

  const Options options_;
  Executor* const executor_;
  // Of tasks too, which may end after this.
  const std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace elanus::segment
