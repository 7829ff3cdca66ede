#include "bench/index_bench.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>

#include "bench/npy_file.h"
#include "common/check.h"
#include "index/brute_force.h"
#include "index/index_kinds.h"
#include "index/minhash.h"
#include "kernels/distance.h"
#include "kernels/half.h"
#include "storage/file_system.h"

namespace elanus::bench {
namespace {

using index::Neighbor;
using index::Params;
using index::SearchRequest;
using index::SearchStatistics;
using index::VectorRows;
using schema::DataType;

constexpr double kPassesSeconds = 1;   // Passes over the queries go on for so long,
constexpr int kPassesMax = 20;         // or so often.
constexpr int64_t kQueriesOfRun = 64;  // Of a batch, given to the index at once.

// The parts of `text` between separators; one empty part of an empty text.
std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double CpuSeconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
// Of this program alone: what getrusage says goes on counting from the one that started it.
double PeakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

absl::StatusOr<DataType> VectorTypeOf(const NpyMatrix& matrix, const std::string& name) {
  switch (matrix.type) {
    case NpyType::kFloat32:
      return DataType::kFloatVector;
    case NpyType::kFloat16:
      return DataType::kFloat16Vector;
    case NpyType::kInt8:
      return DataType::kInt8Vector;
    case NpyType::kUint8:
      return DataType::kBinaryVector;
    case NpyType::kInt32:
    case NpyType::kInt64:
      break;
  }
  return UserError(ErrorCode::kParameterInvalid, "{}: vectors are float32, float16, int8 or uint8",
                   name);
}

absl::StatusOr<VectorRows> RowsOf(const NpyMatrix& matrix, const std::string& name) {
  ELANUS_ASSIGN_OR_RETURN(const DataType type, VectorTypeOf(matrix, name));
  const int64_t dim = matrix.num_columns * (type == DataType::kBinaryVector ? 8 : 1);
  if (dim == 0 || matrix.num_rows == 0) {
    return UserError(ErrorCode::kParameterInvalid, "{}: no vectors", name);
  }
  return VectorRows{type, dim, matrix.num_rows, matrix.data.data()};
}

// Floating queries in the precision of the rows, as the server takes them.
void MatchType(NpyType rows, NpyMatrix& queries) {
  const size_t count = static_cast<size_t>(queries.num_rows * queries.num_columns);
  std::vector<uint8_t> converted;
  if (rows == NpyType::kFloat16 && queries.type == NpyType::kFloat32) {
    converted.resize(count * 2);
    kernels::FloatToHalf(kernels::ElementType::kFloat16,
                         reinterpret_cast<const float*>(queries.data.data()), count,
                         converted.data());
  } else if (rows == NpyType::kFloat32 && queries.type == NpyType::kFloat16) {
    converted.resize(count * 4);
    kernels::HalfToFloat(kernels::ElementType::kFloat16, queries.data.data(), count,
                         reinterpret_cast<float*>(converted.data()));
  } else {
    return;
  }
  queries.type = rows;
  queries.data = std::move(converted);
}

int64_t IdAt(const NpyMatrix& ids, int64_t row, int64_t column) {
  const size_t at = static_cast<size_t>(row * ids.num_columns + column);
  if (ids.type == NpyType::kInt64) return reinterpret_cast<const int64_t*>(ids.data.data())[at];
  return reinterpret_cast<const int32_t*>(ids.data.data())[at];
}

// One run of the instrument: data, the index over it, and what a search is compared with.
class Run {
 public:
  explicit Run(const IndexBenchOptions& options) : options_(options) {}

  absl::StatusOr<IndexFigures> Figures();

 private:
  absl::Status ReadData();
  absl::Status Build(IndexFigures& figures);
  absl::Status SaveAndLoad(const std::string& built, IndexFigures& figures);
  absl::Status OpenBlocks(const std::string& path, double begin, IndexFigures& figures);
  void DrawFilter(double fraction);
  absl::Status FindExact();
  absl::StatusOr<SearchFigures> Search(const std::string& setting);
  absl::Status OnePass(const Params& params, SearchFigures& figures, std::vector<double>& micros);
  absl::Status SearchRun(const Params& params, int64_t first, int64_t count) const;
  absl::Status BatchPasses(const Params& params, SearchFigures& figures);
  absl::StatusOr<std::vector<Neighbor>> SearchOne(const Params& params, int64_t query,
                                                  SearchStatistics* statistics) const;
  double RecallOf(int64_t query, const std::vector<Neighbor>& hits) const;
  float DistanceBetween(int64_t query, int64_t row) const;

  const IndexBenchOptions options_;
  NpyMatrix base_, query_;
  std::optional<NpyMatrix> ids_;
  VectorRows rows_, queries_;
  kernels::Metric metric_ = kernels::Metric::kL2;
  Params params_;                      // As resolved.
  kernels::SignatureShape signature_;  // Of kMinHash: hits are measured by likeness.
  const index::IndexKind* kind_ = nullptr;
  kernels::Bitset allowed_;
  int64_t num_allowed_ = 0;
  std::vector<uint8_t> file_;
  std::unique_ptr<index::VectorIndex> index_;  // Null: the kind searches the column.
  std::vector<std::vector<Neighbor>> exact_;
  std::unique_ptr<Executor> executor_;
};

absl::Status Run::ReadData() {
  ELANUS_ASSIGN_OR_RETURN(base_, ReadNpy(options_.base));
  ELANUS_ASSIGN_OR_RETURN(query_, ReadNpy(options_.query));
  MatchType(base_.type, query_);
  ELANUS_ASSIGN_OR_RETURN(rows_, RowsOf(base_, options_.base));
  ELANUS_ASSIGN_OR_RETURN(queries_, RowsOf(query_, options_.query));
  if (rows_.type != queries_.type || rows_.dim != queries_.dim) {
    return UserError(ErrorCode::kParameterInvalid,
                     "base and query differ: {} of dim {}, {} of dim {}",
                     schema::DataTypeName(rows_.type), rows_.dim,
                     schema::DataTypeName(queries_.type), queries_.dim);
  }
  if (!options_.ids.empty()) {
    ELANUS_ASSIGN_OR_RETURN(ids_, ReadNpy(options_.ids));
    if ((ids_->type != NpyType::kInt32 && ids_->type != NpyType::kInt64) ||
        ids_->num_rows != queries_.num_rows || ids_->num_columns < options_.k) {
      return UserError(ErrorCode::kParameterInvalid,
                       "{}: expected integers of shape ({}, at least {})", options_.ids,
                       queries_.num_rows, options_.k);
    }
  }
  return absl::OkStatus();
}

void Run::DrawFilter(double fraction) {
  allowed_ = kernels::Bitset();
  num_allowed_ = rows_.num_rows;
  if (fraction >= 1) return;
  allowed_ = kernels::Bitset(rows_.num_rows);
  if (options_.filter_cluster) {
    const auto count = static_cast<int64_t>(fraction * static_cast<double>(rows_.num_rows));
    index::BruteForce search(rows_.type, rows_.dim, metric_, rows_.Row(rows_.num_rows / 2), 1,
                             count);
    ELANUS_CHECK_OK(search.Add(rows_, 0, {}, nullptr));
    const auto found = search.Finish();
    for (const Neighbor& row : found.front()) allowed_.Set(row.row);
  } else {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> uniform;
    for (int64_t row = 0; row < rows_.num_rows; ++row) {
      if (uniform(random) < fraction) allowed_.Set(row);
    }
  }
  num_allowed_ = allowed_.Count();
}

absl::Status Run::Build(IndexFigures& figures) {
  schema::FieldSchema field;
  field.type = rows_.type;
  field.type_params["dim"] = std::to_string(rows_.dim);
  ELANUS_ASSIGN_OR_RETURN(Params params, ParseBenchParams(options_.params));
  std::vector<std::pair<std::string, std::string>> request(params.begin(), params.end());
  request.emplace_back("index_type", options_.index);
  request.emplace_back("metric_type", options_.metric);
  // Build keys of DISKANN are the server's to set: here whoever measures is the server.
  const index::AutoIndexRules rules{.disk_build = params};
  ELANUS_ASSIGN_OR_RETURN(const index::ResolvedIndex resolved,
                          index::ResolveIndex(field, request, rules));
  kind_ = index::FindIndexKind(resolved.type);
  metric_ = kernels::MetricFromName(resolved.metric).value();
  if (metric_ == kernels::Metric::kMinHash) {
    signature_ = index::SignatureOf(resolved.params);
    signature_.num_bands = 0;
  }
  figures.index = resolved.type;
  if (!kind_->builds_files) return absl::OkStatus();
  params_ = resolved.params;
  index::BuildOptions build{.rows = rows_, .metric = metric_, .params = params_};
  if (options_.threads > 1) build.executor = executor_.get();
  const double wall = WallSeconds(), cpu = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  ELANUS_ASSIGN_OR_RETURN(const std::string built, kind_->build(build));
  figures.build_s = WallSeconds() - wall;
  figures.build_cpu_s = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  figures.peak_mb = PeakMegabytes();
  return SaveAndLoad(built, figures);
}

absl::Status Run::SaveAndLoad(const std::string& built, IndexFigures& figures) {
  const char* temporary = std::getenv("TMPDIR");
  const std::filesystem::path directory = !options_.directory.empty() ? options_.directory
                                          : temporary != nullptr      ? temporary
                                                                      : "/tmp";
  const std::string path = directory / fmt::format("elanus-bench-{}.index", getpid());
  std::ofstream(path, std::ios::binary).write(built.data(), static_cast<int64_t>(built.size()));
  const double begin = WallSeconds();
  figures.file_bytes = static_cast<int64_t>(built.size());
  if (kind_->stays_on_disk) return OpenBlocks(path, begin, figures);
  file_.resize(built.size());
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(file_.data()), static_cast<int64_t>(file_.size()));
  const bool whole = in.gcount() == static_cast<int64_t>(built.size());
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  if (!whole) return UserError(ErrorCode::kParameterInvalid, "{}: could not be written", path);
  ELANUS_ASSIGN_OR_RETURN(index_, kind_->open(file_, rows_, metric_, params_));
  figures.load_s = WallSeconds() - begin;
  return absl::OkStatus();
}

// An index that stays on disk: of the file only what searches touch comes into memory.
absl::Status Run::OpenBlocks(const std::string& path, double begin, IndexFigures& figures) {
  auto file = storage::PosixFileSystem().OpenBlocks(path);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // It stays open.
  ELANUS_RETURN_IF_ERROR(file.status());
  ELANUS_ASSIGN_OR_RETURN(index_, kind_->open_blocks(*std::move(file), rows_, metric_, params_));
  figures.load_s = WallSeconds() - begin;
  return absl::OkStatus();
}

absl::Status Run::FindExact() {
  exact_.resize(static_cast<size_t>(queries_.num_rows));
  if (ids_.has_value() && allowed_.size() == 0) return absl::OkStatus();
  constexpr int64_t kBatch = 64;
  std::vector<absl::Status> failed((queries_.num_rows + kBatch - 1) / kBatch);
  executor_->ParallelFor(failed.size(), [&](size_t batch) {
    const auto first = static_cast<int64_t>(batch) * kBatch;
    const int64_t count = std::min(kBatch, queries_.num_rows - first);
    index::BruteForce search(rows_.type, rows_.dim, metric_, queries_.Row(first), count, options_.k,
                             {}, signature_);
    failed[batch] = search.Add(rows_, 0, allowed_.view(), nullptr);
    auto hits = search.Finish();
    std::move(hits.begin(), hits.end(), exact_.begin() + first);
  });
  for (const absl::Status& status : failed) ELANUS_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

float Run::DistanceBetween(int64_t query, int64_t row) const {
  kernels::DistanceFunctions functions =
      kernels::DistanceFunctionsFor(index::ElementTypeOf(rows_.type), metric_);
  functions.signature = signature_;
  const auto dim = static_cast<size_t>(rows_.dim);
  std::vector<float> buffer(dim);
  return functions.One(kernels::PrepareQuery(functions, dim, queries_.Row(query), buffer.data()),
                       rows_.Row(row), dim);
}

double Run::RecallOf(int64_t query, const std::vector<Neighbor>& hits) const {
  const auto& exact = exact_[static_cast<size_t>(query)];
  int64_t right = 0, expected = 0;
  if (ids_.has_value() && allowed_.size() == 0) {
    expected = std::min(options_.k, rows_.num_rows);
    for (const Neighbor& hit : hits) {
      for (int64_t i = 0; i < options_.k; ++i) right += IdAt(*ids_, query, i) == hit.row;
    }
  } else {
    // Rows as far as the k-th neighbour are as good. By the vectors: an index may report estimates.
    // Kernels of different shapes round differently: the k-th neighbour itself counts by its row.
    expected = static_cast<int64_t>(exact.size());
    const float bound = exact.empty() ? 0 : exact.back().distance;
    for (const Neighbor& hit : hits) {
      const auto is_hit = [&](const Neighbor& other) { return other.row == hit.row; };
      right += std::any_of(exact.begin(), exact.end(), is_hit) ||
               (!exact.empty() && DistanceBetween(query, hit.row) <= bound);
    }
  }
  return expected == 0 ? 1 : static_cast<double>(std::min(right, expected)) / expected;
}

absl::StatusOr<std::vector<Neighbor>> Run::SearchOne(const Params& params, int64_t query,
                                                     SearchStatistics* statistics) const {
  if (index_ == nullptr) {
    index::BruteForce search(rows_.type, rows_.dim, metric_, queries_.Row(query), 1, options_.k, {},
                             signature_);
    ELANUS_RETURN_IF_ERROR(search.Add(rows_, 0, allowed_.view(), nullptr));
    if (statistics != nullptr) statistics->Add(search.statistics());
    return std::move(search.Finish().front());
  }
  SearchRequest request{.query = queries_.Row(query), .k = options_.k, .params = &params};
  request.allowed = allowed_.view();
  request.num_allowed = num_allowed_;
  return index_->Search(request, statistics);
}

absl::Status Run::OnePass(const Params& params, SearchFigures& figures,
                          std::vector<double>& micros) {
  SearchStatistics statistics;
  double recall = 0;
  int64_t strategies[index::kNumSearchStrategies] = {};
  micros.clear();
  double begin = WallSeconds();
  const double first = begin, cpu = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
  std::vector<std::vector<Neighbor>> found(static_cast<size_t>(queries_.num_rows));
  for (int64_t q = 0; q < queries_.num_rows; ++q) {
    ELANUS_ASSIGN_OR_RETURN(found[q], SearchOne(params, q, &statistics));
    ++strategies[static_cast<size_t>(statistics.strategy)];
    const double end = WallSeconds();
    micros.push_back((end - begin) * 1e6);
    begin = end;
  }
  const double cpu_seconds = CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
  for (int64_t q = 0; q < queries_.num_rows; ++q) recall += RecallOf(q, found[q]);
  if (options_.report_ids && figures.ids.empty()) {
    for (const std::vector<Neighbor>& hits : found) {
      std::vector<int64_t>& rows = figures.ids.emplace_back();
      for (const Neighbor& hit : hits) rows.push_back(hit.row);
    }
  }
  const auto count = static_cast<double>(queries_.num_rows);
  figures.recall = recall / count;
  figures.distances = static_cast<double>(statistics.distances) / count;
  figures.reads = static_cast<double>(statistics.reads) / count;
  figures.given_up = statistics.given_up;
  figures.costs = statistics.costs;
  for (size_t i = 0; i < index::kNumSearchStrategies; ++i) {
    const auto strategy = static_cast<index::SearchStrategy>(i);
    if (strategies[i] == 0 || strategy == index::SearchStrategy::kNone) continue;
    figures.strategies[std::string(index::SearchStrategyName(strategy))] = strategies[i];
  }
  figures.cpu_qps = std::max(figures.cpu_qps, count / cpu_seconds);
  const double qps = count / (begin - first);
  if (qps <= figures.qps) return absl::OkStatus();
  figures.qps = qps;
  std::sort(micros.begin(), micros.end());
  figures.p50_us = micros[micros.size() / 2];
  figures.p99_us = micros[micros.size() * 99 / 100];
  return absl::OkStatus();
}

// Queries in runs, as the server gives them to a segment.
absl::Status Run::SearchRun(const Params& params, int64_t first, int64_t count) const {
  if (index_ == nullptr) {
    index::BruteForce search(rows_.type, rows_.dim, metric_, queries_.Row(first), count, options_.k,
                             {}, signature_);
    ELANUS_RETURN_IF_ERROR(search.Add(rows_, 0, allowed_.view(), nullptr));
    search.Finish();
    return absl::OkStatus();
  }
  SearchRequest request{.query = queries_.Row(first),
                        .query_width = queries_.width(),
                        .k = options_.k,
                        .params = &params};
  request.allowed = allowed_.view();
  request.num_allowed = num_allowed_;
  return index_->SearchMany(request, count, nullptr).status();
}

absl::Status Run::BatchPasses(const Params& params, SearchFigures& figures) {
  const double begin = WallSeconds();
  const auto num_queries = static_cast<double>(queries_.num_rows);
  const int64_t runs = (queries_.num_rows + kQueriesOfRun - 1) / kQueriesOfRun;
  for (int pass = 0; pass < kPassesMax && WallSeconds() - begin < kPassesSeconds; ++pass) {
    std::vector<absl::Status> failed(static_cast<size_t>(runs));
    const double pass_begin = WallSeconds(), cpu = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
    executor_->ParallelFor(failed.size(), [&](size_t run) {
      const int64_t first = static_cast<int64_t>(run) * kQueriesOfRun;
      failed[run] = SearchRun(params, first, std::min(kQueriesOfRun, queries_.num_rows - first));
    });
    for (const absl::Status& status : failed) ELANUS_RETURN_IF_ERROR(status);
    figures.batch_qps = std::max(figures.batch_qps, num_queries / (WallSeconds() - pass_begin));
    figures.batch_cpu_qps =
        std::max(figures.batch_cpu_qps, num_queries / (CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - cpu));
  }
  return absl::OkStatus();
}

absl::StatusOr<SearchFigures> Run::Search(const std::string& setting) {
  ELANUS_ASSIGN_OR_RETURN(const Params params, ParseBenchParams(setting));
  ELANUS_RETURN_IF_ERROR(kind_->check_search(params, options_.k));
  SearchFigures figures{.params = setting};
  std::vector<double> micros;
  const double begin = WallSeconds();
  for (int pass = 0; pass < kPassesMax && WallSeconds() - begin < kPassesSeconds; ++pass) {
    ELANUS_RETURN_IF_ERROR(OnePass(params, figures, micros));
  }
  ELANUS_RETURN_IF_ERROR(BatchPasses(params, figures));
  return figures;
}

absl::StatusOr<IndexFigures> Run::Figures() {
  if (options_.k < 1 || options_.threads < 1 ||
      !std::all_of(options_.filter_fractions.begin(), options_.filter_fractions.end(),
                   [](double fraction) { return fraction >= 0; })) {
    return UserError(ErrorCode::kParameterInvalid,
                     "k and threads must be at least 1, filter-fraction not negative");
  }
  // The calling thread takes part in ParallelFor.
  executor_ = std::make_unique<Executor>(
      Executor::Options{.name = "bench", .num_threads = std::max(1, options_.threads - 1)});
  ELANUS_RETURN_IF_ERROR(ReadData());
  IndexFigures figures{.n = rows_.num_rows, .dim = rows_.dim};
  ELANUS_RETURN_IF_ERROR(Build(figures));
  for (const double fraction : options_.filter_fractions) {
    DrawFilter(fraction);
    ELANUS_RETURN_IF_ERROR(FindExact());
    for (const std::string& setting : Split(options_.search, ';')) {
      ELANUS_ASSIGN_OR_RETURN(SearchFigures search, Search(setting));
      search.filter_fraction = fraction;
      figures.search.push_back(std::move(search));
    }
  }
  figures.memory_bytes = index_ != nullptr ? index_->memory_bytes() : 0;
  // What stays on disk is in nobody's memory but the kernel's, which may drop it.
  if (!kind_->stays_on_disk) {
    figures.memory_bytes += static_cast<int64_t>(base_.data.size()) + figures.file_bytes;
  }
  return figures;
}

}  // namespace

absl::StatusOr<Params> ParseBenchParams(std::string_view text) {
  Params params;
  std::string last;
  for (const std::string& pair : Split(text, ',')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos && !last.empty()) {
      params[last] += "," + pair;
      continue;
    }
    if (equals == std::string_view::npos || equals == 0) {
      return UserError(ErrorCode::kParameterInvalid, "expected key=value: {}", pair);
    }
    last = pair.substr(0, equals);
    params[last] = pair.substr(equals + 1);
  }
  return params;
}

absl::StatusOr<IndexFigures> BenchIndex(const IndexBenchOptions& options) {
  return Run(options).Figures();
}

namespace {

// A member of the object, or nothing.
std::string IdsAsJson(const std::vector<std::vector<int64_t>>& ids) {
  if (ids.empty()) return "";
  std::string text;
  for (const std::vector<int64_t>& rows : ids) {
    text += fmt::format("{}[{}]", text.empty() ? "" : ", ", fmt::join(rows, ", "));
  }
  return fmt::format(R"(, "ids": [{}])", text);
}

// {"walk": 980, "scan codes": 20}
std::string StrategiesAsJson(const SearchFigures& one) {
  std::string text;
  for (const auto& [name, count] : one.strategies) {
    text += fmt::format(R"({}"{}": {})", text.empty() ? "" : ", ", name, count);
  }
  return text;
}
// The same for what each way was expected to cost, in microseconds.
std::string CostsAsJson(const SearchFigures& one) {
  std::string text;
  for (size_t i = 0; i < one.costs.size(); ++i) {
    if (!(one.costs[i] > 0) || !std::isfinite(one.costs[i])) continue;
    text += fmt::format(R"({}"{}": {:.1f})", text.empty() ? "" : ", ",
                        index::SearchStrategyName(static_cast<index::SearchStrategy>(i)),
                        one.costs[i] / 1000);
  }
  return text;
}
// "walk", or "scan codes 20, walk 980" where there were several.
std::string StrategiesAsText(const SearchFigures& one) {
  if (one.strategies.size() == 1) return one.strategies.begin()->first;
  std::string text;
  for (const auto& [name, count] : one.strategies) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  }
  return text;
}

}  // namespace

std::string FiguresAsJson(const IndexFigures& figures) {
  std::string search;
  for (const SearchFigures& one : figures.search) {
    search += fmt::format(
        R"({}{{"params": "{}", "filter_fraction": {}, "recall": {:.5f}, "qps": {:.1f}, )"
        R"("batch_qps": {:.1f}, "p50_us": {:.1f}, "p99_us": {:.1f}, "distances": {:.1f}, )"
        R"("cpu_qps": {:.1f}, "batch_cpu_qps": {:.1f}, "reads": {:.1f}, "strategies": {{{}}}, "given_up": {}, )"
        R"("expected_us": {{{}}}{}}})",
        search.empty() ? "" : ", ", one.params, one.filter_fraction, one.recall, one.qps,
        one.batch_qps, one.p50_us, one.p99_us, one.distances, one.cpu_qps, one.batch_cpu_qps,
        one.reads, StrategiesAsJson(one), one.given_up, CostsAsJson(one), IdsAsJson(one.ids));
  }
  return fmt::format(
      R"({{"index": "{}", "n": {}, "dim": {}, "build_s": {:.3f}, "peak_mb": {:.1f}, "file_bytes": {}, )"
      R"("memory_bytes": {}, "build_cpu_s": {:.3f}, "load_s": {:.3f}, "search": [{}]}})"
      "\n",
      figures.index, figures.n, figures.dim, figures.build_s, figures.peak_mb, figures.file_bytes,
      figures.memory_bytes, figures.build_cpu_s, figures.load_s, search);
}

std::string FiguresAsText(const IndexFigures& figures) {
  std::string text = fmt::format(
      "{} over {} x {}: built in {:.2f} s ({:.2f} s of processor), peak {:.0f} MB, file {} bytes, "
      "loaded in {:.2f} s, {} bytes in memory\n\n",
      figures.index, figures.n, figures.dim, figures.build_s, figures.build_cpu_s, figures.peak_mb,
      figures.file_bytes, figures.load_s, figures.memory_bytes);
  text += fmt::format("{:<24}{:>8}{:>8}{:>10}{:>10}{:>11}{:>9}{:>9}{:>11}{:>8}  {}\n", "search",
                      "pass", "recall", "qps", "cpu qps", "batch qps", "p50 us", "p99 us",
                      "distances", "reads", "strategy");
  for (const SearchFigures& one : figures.search) {
    text += fmt::format(
        "{:<24}{:>8}{:>8.4f}{:>10.0f}{:>10.0f}{:>11.0f}{:>9.1f}{:>9.1f}{:>11.1f}{:>8.1f}  {}\n",
        one.params, one.filter_fraction, one.recall, one.qps, one.cpu_qps, one.batch_qps,
        one.p50_us, one.p99_us, one.distances, one.reads, StrategiesAsText(one));
  }
  return text;
}

}  // namespace elanus::bench
