#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>

#include "index/brute_force.h"
#include "index/hnsw.h"
#include "index/hnsw_index.h"
#include "index/index_file.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

using kernels::BitView;

constexpr int64_t kDefaultEfMin = 16;
constexpr int64_t kDefaultEfMinInRange = 512;

absl::StatusOr<int64_t> EfOf(const Params* params, int64_t k, const DistanceRange& range) {
  const int64_t fallback = std::max(k, range.everything() ? kDefaultEfMin : kDefaultEfMinInRange);
  if (params == nullptr) return fallback;
  const auto it = params->find("ef");
  if (it == params->end()) return fallback;
  int64_t ef = 0;
  const char* end = it->second.data() + it->second.size();
  const auto [at, error] = std::from_chars(it->second.data(), end, ef);
  if (error != std::errc() || at != end || ef < 1) {
    return UserError(ErrorCode::kParameterInvalid,
                     "Type conflict in json: param 'ef' ({}) should be integer", it->second);
  }
  return std::max(ef, k);
}

}  // namespace

GraphSearchFacts HnswIndex::FactsOf(const SearchRequest& request, const AllowedRows& allowed,
                                    int64_t ef, bool by_codes) const {
  GraphSearchFacts facts{.num_nodes = static_cast<int64_t>(graph_.header.num_linked),
                         .num_allowed = allowed.count(),
                         .width = ef,
                         .degree = graph_.degree(0),
                         .row_bytes = rows_.width(),
                         .can_walk_allowed = !FromFar(request.range)};
  if (!by_codes) return facts;
  facts.code_bytes = static_cast<int64_t>(kernels::NibbleCodeBytes(static_cast<size_t>(rows_.dim)));
  // The k nearest by their vectors are among somewhat more than k by their codes.
  facts.width = std::max(ef, request.k + request.k / 4 + 6);
  facts.candidates = 2 * request.k + 16;
  // Rows on both sides of the range's beginning are among them, see InRange().
  if (request.pins != nullptr && FromFar(request.range)) facts.width *= 2;
  return facts;
}

// Rows nearer than a range lead on but are no hits. Only where codes cannot tell on which side of
// its beginning a row lies is the row itself asked; if it is not here, when all that were found are
// ranked.
bool HnswIndex::InRange(Work& work, uint32_t row, float distance) const {
  const float nearest = work.request.range.nearest;
  if (work.request.pins != nullptr) return distance >= nearest - work.slack;
  if (std::abs(distance - nearest) <= work.slack) {
    exact_.Exact(work.scratch.query, &row, 1, &distance);
    ++work.statistics.distances;
  }
  return distance >= nearest;
}

// Sets the slack by how far codes are off for some rows.
absl::Status HnswIndex::FindSlack(Work& work, std::span<const uint32_t> rows) const {
  constexpr float kMargin = 2;
  if (!work.measure.has_codes()) return absl::OkStatus();
  if (work.request.pins != nullptr) ELANUS_RETURN_IF_ERROR(work.request.pins->Pin(rows));
  auto& distances = work.scratch.distances;
  distances.resize(std::max(distances.size(), 2 * rows.size()));
  float* const by_code = distances.data();
  float* const exact = by_code + rows.size();
  work.measure.Measure(work.scratch.query, rows.data(), rows.size(), by_code);
  exact_.Exact(work.scratch.query, rows.data(), rows.size(), exact);
  work.statistics.distances += static_cast<int64_t>(2 * rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    work.slack = std::max(work.slack, kMargin * std::abs(by_code[i] - exact[i]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Neighbor>> HnswIndex::ScanRows(Work& work) const {
  const SearchRequest& request = work.request;
  ELANUS_RETURN_IF_ERROR(
      PinAllowed(request.pins, work.allowed, work.facts.num_allowed, rows_.num_rows));
  BruteForce scan(rows_.type, rows_.dim, metric_, request.query, 1, request.k, request.range);
  ELANUS_RETURN_IF_ERROR(scan.Add(rows_, 0, work.allowed, request.cancellation));
  work.statistics.distances += scan.statistics().distances;
  return std::move(scan.Finish().front());
}

// Codes tell little apart rows that are all far from the query: where candidates run out before it
// is sure that there are no better ones, more are taken, and in the end the rows themselves.
absl::StatusOr<std::vector<Neighbor>> HnswIndex::ScanCodes(Work& work) const {
  constexpr int64_t kMore = 4;
  int64_t candidates = std::max(work.facts.width, 4 * work.request.k);
  for (; candidates < work.facts.num_allowed / 4; candidates *= kMore) {
    ELANUS_ASSIGN_OR_RETURN(std::vector<Neighbor> found, NearestCodes(candidates, work));
    const bool all = static_cast<int64_t>(found.size()) < candidates;
    ELANUS_ASSIGN_OR_RETURN(const bool sure, RefineTo(found, work));
    if (sure || all) return found;
  }
  work.statistics.strategy = SearchStrategy::kScanRows;
  return ScanRows(work);
}

absl::StatusOr<std::vector<Neighbor>> HnswIndex::NearestCodes(int64_t candidates,
                                                              Work& work) const {
  constexpr size_t kBatch = 256, kSample = 64;
  const SearchRequest& request = work.request;
  auto& ids = work.scratch.rows;
  auto& distances = work.scratch.distances;
  distances.resize(std::max(distances.size(), kBatch));
  kernels::TopK best(candidates);
  bool sampled = !work.from_far();
  const auto compare = [&]() -> absl::Status {
    if (!std::exchange(sampled, true)) {
      ELANUS_RETURN_IF_ERROR(FindSlack(work, {ids.data(), std::min(ids.size(), kSample)}));
    }
    work.measure.Measure(work.scratch.query, ids.data(), ids.size(), distances.data());
    work.statistics.distances += static_cast<int64_t>(ids.size());
    float bound = best.bound();
    for (size_t i = 0; i < ids.size(); ++i) {
      if (distances[i] > bound) continue;
      if (work.from_far() && !InRange(work, ids[i], distances[i])) continue;
      if (best.Push(distances[i], ids[i])) bound = best.bound();
    }
    ids.clear();
    return request.cancellation != nullptr ? request.cancellation->Check() : absl::OkStatus();
  };
  ids.clear();
  for (int64_t word = 0; word < (rows_.num_rows + 63) / 64; ++word) {
    const int64_t first = word * 64, rest = rows_.num_rows - first;
    uint64_t bits = rest < 64 ? (uint64_t{1} << rest) - 1 : ~uint64_t{0};
    if (!work.allowed.empty()) bits = work.allowed.words()[word];
    for (; bits != 0; bits &= bits - 1) {
      ids.push_back(static_cast<uint32_t>(first + std::countr_zero(bits)));
    }
    if (ids.size() > kBatch - 64) ELANUS_RETURN_IF_ERROR(compare());
  }
  ELANUS_RETURN_IF_ERROR(compare());
  return best.TakeSorted();
}

// The k nearest of the candidates by exact distances: of the nearest k by their codes, then of
// others for as long as they could be nearer than the k-th by twice as much as any code has erred
// so far.
//   found    nearest first by their codes; then by their distances
//   returns  whether all rows that may be nearer than the k-th were among them, as far as is known
absl::StatusOr<bool> HnswIndex::RefineTo(std::vector<Neighbor>& found, Work& work) const {
  constexpr size_t kBatch = 8;
  constexpr size_t kPinnedMin = 32;  // At once: each time may be a wait for the store.
  constexpr float kErrorMargin = 2;
  constexpr float kErrorGrowth = 1.25f;  // The largest error of many is more than that of a few.
  HnswScratch& scratch = work.scratch;
  kernels::TopK best(work.request.k);
  float error = 0;
  scratch.distances.resize(std::max(scratch.distances.size(), kBatch));
  bool sure = false;
  size_t pinned = work.request.pins == nullptr ? found.size() : 0;
  for (size_t begin = 0; begin < found.size();) {
    sure = best.full() && found[begin].distance - kErrorMargin * error > best.bound();
    if (sure) break;
    if (begin >= pinned) {
      const size_t from = pinned;
      // Then all that may be among the nearest as far as is known by now, so that two waits are
      // enough as a rule.
      size_t wanted = from + kBatch;
      if (from == 0) {
        wanted = std::max(kPinnedMin, static_cast<size_t>(work.request.k) * 3 / 2);
      } else {
        const float last = best.bound() + kErrorMargin * kErrorGrowth * error;
        while (wanted < found.size() && found[wanted].distance <= last) ++wanted;
      }
      pinned = std::min(found.size(), (wanted + kBatch - 1) / kBatch * kBatch);
      scratch.rows.clear();
      for (size_t i = from; i < pinned; ++i) {
        scratch.rows.push_back(static_cast<uint32_t>(found[i].row));
      }
      ELANUS_RETURN_IF_ERROR(work.request.pins->Pin(scratch.rows));
    }
    scratch.rows.clear();
    const size_t end = std::min(begin + kBatch, found.size());
    for (size_t i = begin; i < end; ++i)
      scratch.rows.push_back(static_cast<uint32_t>(found[i].row));
    exact_.Exact(scratch.query, scratch.rows.data(), scratch.rows.size(), scratch.distances.data());
    work.statistics.distances += static_cast<int64_t>(scratch.rows.size());
    for (; begin < end; ++begin) {
      const float distance = scratch.distances[scratch.rows.size() - (end - begin)];
      error = std::max(error, std::abs(distance - found[begin].distance));
      if (distance >= work.request.range.nearest) best.Push(distance, found[begin].row);
    }
  }
  found = best.TakeSorted();
  return sure;
}

absl::StatusOr<std::vector<Neighbor>> HnswIndex::Run(SearchStrategy strategy, Work& work) const {
  const SearchCosts& costs = work.statistics.costs;
  const SearchStrategy scan = CheapestScan(costs);
  work.budget = costs[static_cast<size_t>(scan)];
  if (strategy == SearchStrategy::kWalk || strategy == SearchStrategy::kWalkAllowed) {
    work.statistics.strategy = strategy;
    ELANUS_ASSIGN_OR_RETURN(Found found, Walk(strategy, work));
    if (found.has_value()) return *std::move(found);
    ++work.statistics.given_up;
    strategy = scan;
  }
  work.statistics.strategy = strategy;
  return strategy == SearchStrategy::kScanCodes ? ScanCodes(work) : ScanRows(work);
}

absl::StatusOr<std::vector<Neighbor>> HnswIndex::Search(const SearchRequest& request,
                                                        SearchStatistics* statistics) const {
  SearchStatistics ignored;
  SearchStatistics& counted = statistics != nullptr ? *statistics : ignored;
  counted.strategy = SearchStrategy::kNone;
  if (request.k <= 0) return std::vector<Neighbor>();
  ELANUS_RETURN_IF_ERROR(CheckRequest(request, rows_.num_rows));
  ELANUS_ASSIGN_OR_RETURN(const int64_t ef, EfOf(request.params, request.k, request.range));
  const BitView linked(graph_.linked, graph_.linked == nullptr ? 0 : rows_.num_rows);
  const AllowedRows allowed(request.allowed, request.num_allowed, linked,
                            static_cast<int64_t>(graph_.header.num_linked));
  if (allowed.count() == 0) return std::vector<Neighbor>();

  auto lease = pool_.Take();
  HnswScratch& scratch = *lease;
  // Rows are compared themselves where the query is out of the codes' range.
  const bool by_codes = codes_.Prepare(request.query, scratch.query) && codes_.has_codes();
  Work work{
      request, allowed.view(), by_codes ? codes_ : exact_, FactsOf(request, allowed, ef, by_codes),
      scratch, counted};
  counted.costs = GraphSearchCosts(work.facts, work.facts.share());
  if (request.pins != nullptr) {
    // Rows cost more to bring than to compare; codes are here.
    if (by_codes) {
      counted.costs[static_cast<size_t>(SearchStrategy::kScanRows)] =
          std::numeric_limits<float>::infinity();
    }
    if (!by_codes) ELANUS_RETURN_IF_ERROR(request.pins->PinAll());
  }
  // Who asks for every row gets every row.
  const SearchStrategy strategy = request.k >= allowed.count()
                                      ? SearchStrategy::kScanRows
                                      : ChooseStrategy(work.facts, counted.costs);
  ELANUS_ASSIGN_OR_RETURN(std::vector<Neighbor> hits, Run(strategy, work));
  if (static_cast<int64_t>(hits.size()) > request.k) hits.resize(static_cast<size_t>(request.k));
  while (!hits.empty() && !request.range.Contains(hits.back().distance)) hits.pop_back();
  return hits;
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenHnsw(std::span<const uint8_t> file,
                                                      const VectorRows& rows,
                                                      kernels::Metric metric,
                                                      const Params& /*params*/) {
  std::vector<uint64_t> copy;
  ELANUS_ASSIGN_OR_RETURN(const HnswGraph graph, OpenHnswFile(AlignedFile(file, copy)));
  const HnswHeader& header = graph.header;
  if (header.type != rows.type || header.metric != metric ||
      header.dim != static_cast<uint64_t>(rows.dim) ||
      header.num_rows != static_cast<uint64_t>(rows.num_rows) ||
      !kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric).valid()) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "HNSW index file is for other rows: {} rows of dim {} ({}, {})",
                         header.num_rows, header.dim, schema::DataTypeName(header.type),
                         kernels::MetricName(header.metric));
  }
  return std::make_unique<HnswIndex>(std::move(copy), graph, rows, metric);
}

}  // namespace elanus::index
