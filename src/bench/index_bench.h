// `elanus bench index`: builds, saves, loads and searches one index over the vectors of a .npy
// file, and says what it cost beside the recall it bought.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/status.h"
#include "index/vector_index.h"

namespace elanus::bench {

struct IndexBenchOptions {
  std::string base;   // .npy files of (n, dim): float32, float16, int8, or uint8 for packed bits.
  std::string query;  // Floats of another precision than the base are converted.
  std::string ids;    // .npy of exact neighbours, (queries, at least k) rows; empty: worked out.
  bool report_ids = false;  // What each query found, into the figures.
  std::string metric;       // "L2", "IP", ...
  std::string index;        // A name of the table of index kinds.
  std::string params;       // "M=16,efConstruction=200"
  std::string search;       // "ef=16;ef=32": one setting after the other.
  int64_t k = 10;
  int threads = 1;  // Of the build and of the batched search.
  // Parts of the rows that a search may return, tried one after the other.
  std::vector<double> filter_fractions = {1};
  // The allowed rows are those nearest to one row, far from most queries, and not drawn at random.
  bool filter_cluster = false;
  std::string directory;  // Where the index file is saved; empty: $TMPDIR or /tmp.
};

// What one search setting gave. Times are those of the fastest pass over all queries.
struct SearchFigures {
  std::string params;
  double filter_fraction = 1;
  double recall = 0;     // Of the k nearest, mean over queries; ties at the k-th distance count.
  double qps = 0;        // One thread, one query at a time.
  double cpu_qps = 0;    // The same by the thread's processor time: steady on a busy machine.
  // All queries over `threads` threads, in runs of 64; and by the threads' processor time.
  double batch_qps = 0;
  double batch_cpu_qps = 0;
  double p50_us = 0;
  double p99_us = 0;
  double distances = 0;  // Computed, mean of a query.
  double reads = 0;      // Of blocks, from a file that stays on disk; mean of a query.
  std::map<std::string, int64_t> strategies;  // How many queries were answered in which way.
  int64_t given_up = 0;                       // Walks that ended in a scan.
  index::SearchCosts costs = {};              // Expected, of the last query.
  std::vector<std::vector<int64_t>> ids;      // Rows found by each query, if asked for.
};

struct IndexFigures {
  std::string index;
  int64_t n = 0;
  int64_t dim = 0;
  double build_s = 0;
  double build_cpu_s = 0;  // Processor seconds of all threads.
  double load_s = 0;
  double peak_mb = 0;      // Most memory resident until the index was built, base included.
  int64_t file_bytes = 0;  // 0: this kind searches the column itself.
  // Loaded: column, file and what the index adds. If the file stays on disk, the last alone.
  int64_t memory_bytes = 0;
  std::vector<SearchFigures> search;
};

// Refuses what the server would refuse, in the same words.
absl::StatusOr<IndexFigures> BenchIndex(const IndexBenchOptions& options);

std::string FiguresAsJson(const IndexFigures& figures);  // One object, one line.
std::string FiguresAsText(const IndexFigures& figures);

// "k=v,k=v" -> parameters. A part without "=" belongs to the value before: "k=a,b".
absl::StatusOr<index::Params> ParseBenchParams(std::string_view text);

}  // namespace elanus::bench
