#include <algorithm>

#include "index/brute_force.h"
#include "index/index_params.h"
#include "index/ivf.h"
#include "index/ivf_file.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

using kernels::BitView;
using kernels::ElementType;
using kernels::Metric;

constexpr int64_t kDefaultNprobe = 8;
constexpr size_t kBatchRows = 256;  // Compared by one call of a kernel.
constexpr int64_t kDefaultMaxEmptyLists = 2;

// Which kernel finds the lists to look at: centroids of floats are float32.
kernels::DistanceFunctions ProbeFunctions(schema::DataType type, Metric metric) {
  return kernels::DistanceFunctionsFor(
      type == schema::DataType::kBinaryVector ? ElementType::kBinary : ElementType::kFloat32,
      metric);
}

class IvfFlatIndex final : public VectorIndex {
 public:
  IvfFlatIndex(std::vector<uint64_t> copy, const IvfLists& lists, const VectorRows& rows,
               Metric metric)
      : copy_(std::move(copy)),
        lists_(lists),
        rows_(rows),
        metric_(metric),
        functions_(kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric)),
        probe_functions_(ProbeFunctions(rows.type, metric)) {
    if (lists.facts.num_listed == lists.facts.num_rows) return;
    listed_ = kernels::Bitset(rows.num_rows);
    for (uint64_t i = 0; i < lists.facts.num_listed; ++i) listed_.Set(lists.rows[i]);
  }

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this)) +
           static_cast<int64_t>(copy_.size() + listed_.num_words()) * 8;
  }

 private:
  absl::StatusOr<std::vector<Neighbor>> Scan(const SearchRequest& request,
                                             SearchStatistics& statistics) const;
  struct ProbeLimits {
    int64_t nprobe = kDefaultNprobe;
    bool fill = true;  // Read more lists than nprobe while there are fewer than k hits,
    int64_t max_empty_lists = kDefaultMaxEmptyLists;  // but none after so many beyond the range.
  };
  ProbeLimits LimitsOf(const SearchRequest& request) const;
  absl::StatusOr<std::vector<Neighbor>> Probe(const SearchRequest& request,
                                              const ProbeLimits& limits,
                                              SearchStatistics& statistics) const;
  // All lists, the first `*count` of them the nearest to the query in ascending order. Lists nearer
  // than the range hold some of its rows, so `*count` grows by their number: they are to be read
  // too.
  std::vector<Neighbor> RankLists(const kernels::QueryVector& query, const DistanceRange& range,
                                  size_t* count) const;

  const std::vector<uint64_t> copy_;  // Of a file that did not lie aligned.
  const IvfLists lists_;
  const VectorRows rows_;
  const Metric metric_;
  const kernels::DistanceFunctions functions_, probe_functions_;
  kernels::Bitset listed_;  // Empty: every row is in a list.
};

std::vector<Neighbor> IvfFlatIndex::RankLists(const kernels::QueryVector& query,
                                              const DistanceRange& range, size_t* count) const {
  const auto num_lists = static_cast<size_t>(lists_.facts.num_lists);
  std::vector<float> distances(num_lists);
  probe_functions_.rows(query, lists_.centroids, num_lists, static_cast<size_t>(rows_.dim),
                        distances.data());
  std::vector<Neighbor> ranked(num_lists);
  for (size_t list = 0; list < num_lists; ++list) {
    ranked[list] = {distances[list], static_cast<int64_t>(list)};
    *count += distances[list] < range.nearest ? 1 : 0;
  }
  *count = std::min(*count, num_lists);
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(*count), ranked.end(),
                    kernels::Nearer);
  return ranked;
}

// All allowed rows, one by one.
absl::StatusOr<std::vector<Neighbor>> IvfFlatIndex::Scan(const SearchRequest& request,
                                                         SearchStatistics& statistics) const {
  kernels::Bitset both;
  BitView allowed = request.allowed;
  if (listed_.size() > 0) {
    both = listed_;
    both.And(allowed);
    allowed = both.view();
  }
  BruteForce scan(rows_.type, rows_.dim, metric_, request.query, 1, request.k, request.range);
  ELANUS_RETURN_IF_ERROR(scan.Add(rows_, 0, allowed, request.cancellation));
  statistics.distances += scan.statistics().distances;
  return std::move(scan.Finish().front());
}

absl::StatusOr<std::vector<Neighbor>> IvfFlatIndex::Probe(const SearchRequest& request,
                                                          const ProbeLimits& limits,
                                                          SearchStatistics& statistics) const {
  const DistanceRange& range = request.range;
  const auto dim = static_cast<size_t>(rows_.dim);
  std::vector<float> buffer(dim);
  const kernels::QueryVector query =
      kernels::PrepareQuery(functions_, dim, request.query, buffer.data());
  auto wanted = static_cast<size_t>(limits.nprobe);
  std::vector<Neighbor> ranked = RankLists(query, range, &wanted);
  kernels::TopK found(request.k);
  uint32_t batch[kBatchRows];
  float distances[kBatchRows];
  size_t in_batch = 0;
  int64_t empty_lists = 0;  // Read one after another without a row nearer than the range's end.
  const auto compare = [&] {
    functions_.gather(query, rows_.data, batch, in_batch, dim, distances);
    for (size_t i = 0; i < in_batch; ++i) {
      if (distances[i] < range.farthest) empty_lists = 0;
      if (distances[i] <= found.bound() && range.Contains(distances[i])) {
        found.Push(distances[i], batch[i]);
      }
    }
    statistics.distances += static_cast<int64_t>(in_batch);
    in_batch = 0;
  };
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (i >= wanted) {
      if (!limits.fill || found.full() || empty_lists >= limits.max_empty_lists) break;
      if (i == wanted)
        std::sort(ranked.begin() + static_cast<ptrdiff_t>(i), ranked.end(), kernels::Nearer);
    }
    if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
    ++statistics.hops;
    ++empty_lists;
    for (const uint32_t row : lists_.List(static_cast<uint64_t>(ranked[i].row))) {
      if (!request.allowed.empty() && !request.allowed.Test(row)) continue;
      batch[in_batch++] = row;
      if (in_batch == kBatchRows) compare();
    }
    compare();
  }
  return found.TakeSorted();
}

IvfFlatIndex::ProbeLimits IvfFlatIndex::LimitsOf(const SearchRequest& request) const {
  static const Params kNone;
  const Params& params = request.params != nullptr ? *request.params : kNone;
  const auto num_lists = static_cast<int64_t>(lists_.facts.num_lists);
  ProbeLimits limits;
  limits.nprobe = std::clamp<int64_t>(IntParam(params, "nprobe", kDefaultNprobe), 1, num_lists);
  const auto full = params.find("ensure_topk_full");
  limits.fill = full == params.end() || ParseSettingBool(full->second).value_or(true);
  // What is in the range may lie in any list: the nearest ones hold what is nearer than it.
  if (!request.range.everything()) limits.fill = true;
  // Without an end no list is beyond the range.
  limits.max_empty_lists =
      request.range.farthest == std::numeric_limits<float>::infinity()
          ? num_lists + 1
          : std::max<int64_t>(IntParam(params, "max_empty_result_buckets", kDefaultMaxEmptyLists),
                              1);
  return limits;
}

absl::StatusOr<std::vector<Neighbor>> IvfFlatIndex::Search(const SearchRequest& request,
                                                           SearchStatistics* statistics) const {
  SearchStatistics ignored;
  SearchStatistics& counted = statistics != nullptr ? *statistics : ignored;
  if (request.k <= 0 || lists_.facts.num_lists == 0) return std::vector<Neighbor>();
  if (!request.allowed.empty() && request.allowed.size() != rows_.num_rows) {
    return InternalError(ErrorCode::kInternal, "filter of {} rows over an index of {} rows",
                         request.allowed.size(), rows_.num_rows);
  }
  if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
  const ProbeLimits limits = LimitsOf(request);
  // As many rows lie in the lists to look at; if no more than that are allowed, looking at these is
  // no dearer, and exact.
  const int64_t expected =
      rows_.num_rows / static_cast<int64_t>(lists_.facts.num_lists) * limits.nprobe;
  if (!request.allowed.empty() && request.num_allowed <= expected) return Scan(request, counted);
  return Probe(request, limits, counted);
}

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfFlat(std::span<const uint8_t> file,
                                                         const VectorRows& rows, Metric metric,
                                                         const Params& /*params*/) {
  std::vector<uint64_t> copy;
  ELANUS_ASSIGN_OR_RETURN(const IvfLists lists, OpenIvfFile(AlignedFile(file, copy)));
  const IvfFacts& facts = lists.facts;
  if (facts.type != static_cast<uint32_t>(rows.type) || facts.metric != MetricNumber(metric) ||
      facts.dim != static_cast<uint64_t>(rows.dim) ||
      facts.num_rows != static_cast<uint64_t>(rows.num_rows) ||
      !kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric).valid()) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "IVF index file is for other rows: {} rows of dim {}", facts.num_rows,
                         facts.dim);
  }
  return std::make_unique<IvfFlatIndex>(std::move(copy), lists, rows, metric);
}

}  // namespace elanus::index
