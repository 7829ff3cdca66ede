#include <algorithm>
#include <charconv>
#include <cmath>

#include "index/allowed_rows.h"
#include "index/brute_force.h"
#include "index/hnsw.h"
#include "index/hnsw_file.h"
#include "index/hnsw_pool.h"
#include "index/index_file.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

using kernels::BitView;
using kernels::Neighbor;

constexpr int64_t kDefaultEfMin = 16;
constexpr int64_t kDefaultEfMinInRange = 512;
// What a distance of a walk costs against one of a scan, whose rows come in order: a cache miss and
// heap work on top (measured: hnsw_bench, 50 000 rows of dim 128, 0.13 us against 0.03 us).
constexpr double kWalkDistanceCost = 4;
// The same over codes, of which it reads an eighth (measured: bench index, 63,666 rows of dim 384).
constexpr double kCodeDistanceCost = 1;
// When the allowed rows are walked alone (WalkAllowed): where few enough are allowed for it to pay
// and enough for their two-hop graph to hang together. It takes twice the ef to find as much, and a
// node then costs as much as comparing so many rows (measured as above, 10 % allowed, recall 0.95:
// three times the queries of the walk over all rows; at 50 % fewer).
constexpr double kTwoHopShareMin = 0.03, kTwoHopShareMax = 0.2;
constexpr int64_t kTwoHopCost = 24;
// Neighbours not seen before at an average hop; the rest of the list was visited already.
constexpr double kFreshPerHop = 8;

struct SearchScratch : WalkScratch {
  NodePool pool;
  NodeMeasure::Query query;
  size_t memory_bytes() const { return visited.memory_bytes(); }
};

class HnswIndex final : public VectorIndex {
 public:
  HnswIndex(std::vector<uint64_t> copy, const HnswGraph& graph, const VectorRows& rows,
            kernels::Metric metric)
      : copy_(std::move(copy)),
        graph_(graph),
        rows_(rows),
        metric_(metric),
        codes_(rows, metric, graph.codes),
        exact_(rows, metric, {}) {}

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this) + copy_.size() * 8 + pool_.memory_bytes());
  }

 private:
  struct Plan {
    BitView allowed;          // Empty: all rows.
    int64_t num_allowed = 0;  // In the graph.
    int64_t ef = 0;
    bool scan = false;
    bool two_hops = false;  // Walk the allowed rows alone.
    int64_t distances_max = 0;
  };
  Plan MakePlan(const SearchRequest& request, int64_t ef, const AllowedRows& allowed) const;
  absl::StatusOr<std::vector<Neighbor>> Scan(const SearchRequest& request, const Plan& plan,
                                             SearchStatistics& statistics) const;
  // What was found; and whether as many rows were found as there should be, though they may be
  // beyond the range.
  struct Found {
    std::vector<Neighbor> hits;
    bool complete = false;
  };
  absl::StatusOr<Found> Walk(const SearchRequest& request, const Plan& plan,
                             SearchStatistics& statistics) const;
  Neighbor Descend(const NodeMeasure& measure, SearchScratch& scratch, WalkCounts& counts) const;
  WalkEnd WalkUnfiltered(const NodeMeasure& measure, const Neighbor& seed, const Plan& plan,
                         const Cancellation* cancellation, SearchScratch& scratch,
                         std::vector<Neighbor>& found, WalkCounts& counts) const;
  WalkEnd WalkFiltered(const NodeMeasure& measure, const Neighbor& seed, const Plan& plan,
                       const SearchRequest& request, SearchScratch& scratch,
                       std::vector<Neighbor>& found, WalkCounts& counts) const;
  WalkEnd WalkAllowed(const NodeMeasure& measure, const Neighbor& seed, const Plan& plan,
                      const Cancellation* cancellation, SearchScratch& scratch,
                      std::vector<Neighbor>& found, WalkCounts& counts) const;
  std::vector<Neighbor> Refine(const std::vector<Neighbor>& found, int64_t k,
                               SearchScratch& scratch, WalkCounts& counts) const;

  const std::vector<uint64_t> copy_;  // Of a file that did not lie aligned.
  const HnswGraph graph_;
  const VectorRows rows_;
  const kernels::Metric metric_;
  const NodeMeasure codes_;  // Measures rows where the graph has no codes.
  const NodeMeasure exact_;
  mutable ScratchPool<SearchScratch> pool_;
};

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

// Walks or scans, whichever is expected to be cheaper. A walk under a filter that lets the part s
// of the rows through must see about ef / s nodes to find ef allowed ones. If the allowed rows lie
// far from the query, or a range begins far from it, it takes longer still, so it is given up once
// it has cost as much as the scan.
HnswIndex::Plan HnswIndex::MakePlan(const SearchRequest& request, int64_t ef,
                                    const AllowedRows& allowed) const {
  const auto num_linked = static_cast<int64_t>(graph_.header.num_linked);
  Plan plan{.allowed = allowed.view(), .num_allowed = allowed.count(), .ef = ef};
  if (plan.num_allowed == 0) return plan;
  const double share = static_cast<double>(plan.num_allowed) / num_linked;
  const bool from_far = request.range.nearest > -std::numeric_limits<float>::infinity();
  const double cost = codes_.has_codes() && !from_far ? kCodeDistanceCost : kWalkDistanceCost;
  const double walk = std::min<double>(num_linked, ef / share * kFreshPerHop) * cost;
  plan.two_hops = codes_.has_codes() && !from_far && share >= kTwoHopShareMin &&
                  share <= kTwoHopShareMax && plan.num_allowed > 2 * ef * kTwoHopCost;
  plan.scan = !plan.two_hops && plan.num_allowed <= walk;
  plan.distances_max = plan.num_allowed == num_linked && !from_far
                           ? std::numeric_limits<int64_t>::max()
                           : static_cast<int64_t>(plan.num_allowed / cost) + ef;
  // The k nearest by their vectors are among somewhat more than k by their codes.
  if (codes_.has_codes()) plan.ef = std::max(ef, request.k + request.k / 4 + 6);
  if (plan.two_hops) plan.ef *= 2;
  return plan;
}

absl::StatusOr<std::vector<Neighbor>> HnswIndex::Scan(const SearchRequest& request,
                                                      const Plan& plan,
                                                      SearchStatistics& statistics) const {
  BruteForce scan(rows_.type, rows_.dim, metric_, request.query, 1, request.k, request.range);
  ELANUS_RETURN_IF_ERROR(scan.Add(rows_, 0, plan.allowed, request.cancellation));
  statistics.distances += scan.statistics().distances;
  return std::move(scan.Finish().front());
}

Neighbor HnswIndex::Descend(const NodeMeasure& measure, SearchScratch& scratch,
                            WalkCounts& counts) const {
  const HnswHeader& header = graph_.header;
  Neighbor nearest{0, header.entry_row};
  measure.Measure(scratch.query, &header.entry_row, 1, &nearest.distance);
  ++counts.distances;
  if (header.num_upper == 0) return nearest;
  nearest.row = header.entry_upper;
  scratch.rows.resize(std::max<size_t>(scratch.rows.size(), header.m));
  scratch.distances.resize(std::max<size_t>(scratch.distances.size(), header.m));
  for (uint32_t level = header.max_level; level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      ++counts.hops;
      const auto links = graph_.Links(level, static_cast<uint32_t>(nearest.row), scratch.unpacked);
      for (size_t i = 0; i < links.size(); ++i) scratch.rows[i] = graph_.upper_rows[links[i]];
      measure.Measure(scratch.query, scratch.rows.data(), links.size(), scratch.distances.data());
      counts.distances += static_cast<int64_t>(links.size());
      for (size_t i = 0; i < links.size(); ++i) {
        if (scratch.distances[i] < nearest.distance) {
          nearest = {scratch.distances[i], links[i]};
          moved = true;
        }
      }
    }
  }
  nearest.row = graph_.upper_rows[nearest.row];
  return nearest;
}

WalkEnd HnswIndex::WalkUnfiltered(const NodeMeasure& measure, const Neighbor& seed,
                                  const Plan& plan, const Cancellation* cancellation,
                                  SearchScratch& scratch, std::vector<Neighbor>& found,
                                  WalkCounts& counts) const {
  scratch.pool.Begin(std::min(static_cast<size_t>(plan.ef), graph_.header.num_rows));
  scratch.visited.Mark(static_cast<uint32_t>(seed.row));
  scratch.pool.Insert(seed.distance, static_cast<uint32_t>(seed.row));
  const WalkEnd end = WalkPool(
      scratch.pool, cancellation,
      [&](uint32_t node) { return graph_.Links(0, node, scratch.unpacked); },
      [&](const uint32_t* nodes, size_t count, float* out) {
        measure.Measure(scratch.query, nodes, count, out);
      },
      [this](uint32_t node) { __builtin_prefetch(graph_.PlaceOf(node)); }, scratch, counts);
  for (const NodePool::Entry& entry : scratch.pool.entries()) {
    found.push_back({entry.distance, entry.node()});
  }
  return end;
}

// Rows nearer than the range lead on but are no results. Those beyond it are results until the end:
// they keep the walk as wide as any other.
WalkEnd HnswIndex::WalkFiltered(const NodeMeasure& measure, const Neighbor& seed, const Plan& plan,
                                const SearchRequest& request, SearchScratch& scratch,
                                std::vector<Neighbor>& found, WalkCounts& counts) const {
  kernels::TopK best(plan.ef);
  const auto walk = [&](auto accept) {
    return WalkLevel(
        {&seed, 1}, {plan.ef, plan.distances_max, request.cancellation},
        [&](uint32_t node) { return graph_.Links(0, node, scratch.unpacked); },
        [&](const uint32_t* nodes, size_t count, float* out) {
          measure.Measure(scratch.query, nodes, count, out);
        },
        accept, scratch, best, counts);
  };
  const float nearest = request.range.nearest;
  const WalkEnd end = plan.num_allowed < static_cast<int64_t>(graph_.header.num_linked)
                          ? walk([&](uint32_t node, float distance) {
                              return distance >= nearest && plan.allowed.Test(node);
                            })
                          : walk([&](uint32_t, float distance) { return distance >= nearest; });
  found = best.TakeSorted();
  return end;
}

// Walks the allowed nodes alone: where a neighbour is not allowed, its neighbours take its place,
// up to the length of a list (ACORN; Patel, Kraft, Guestrin & Zaharia, SIGMOD 2024, section 5,
// without its denser graph). Distances are computed for allowed nodes only.
WalkEnd HnswIndex::WalkAllowed(const NodeMeasure& measure, const Neighbor& seed, const Plan& plan,
                               const Cancellation* cancellation, SearchScratch& scratch,
                               std::vector<Neighbor>& found, WalkCounts& counts) const {
  scratch.pool.Begin(std::min(static_cast<size_t>(plan.ef), graph_.header.num_rows));
  scratch.visited.Mark(static_cast<uint32_t>(seed.row));
  scratch.pool.Insert(seed.distance, static_cast<uint32_t>(seed.row));
  const size_t degree = graph_.degree(0);
  const auto allowed_near = [&](uint32_t node) {
    auto& near = scratch.links;
    auto& through = scratch.rows;
    near.clear();
    through.clear();
    for (const uint32_t other : graph_.Links(0, node, scratch.unpacked)) {
      if (plan.allowed.Test(other)) {
        near.push_back(other);
      } else if (scratch.visited.Mark(other)) {
        through.push_back(other);
        __builtin_prefetch(graph_.PlaceOf(other));
        __builtin_prefetch(graph_.PlaceOf(other) + 64);
      }
    }
    for (size_t i = 0; i < through.size() && near.size() < degree; ++i) {
      for (const uint32_t other : graph_.Links(0, through[i], scratch.unpacked)) {
        if (plan.allowed.Test(other)) near.push_back(other);
      }
    }
    return std::span<const uint32_t>(near);
  };
  const WalkEnd end = WalkPool(
      scratch.pool, cancellation, allowed_near,
      [&](const uint32_t* nodes, size_t count, float* out) {
        measure.Measure(scratch.query, nodes, count, out);
      },
      [this](uint32_t node) { __builtin_prefetch(graph_.PlaceOf(node)); }, scratch, counts);
  for (const NodePool::Entry& entry : scratch.pool.entries()) {
    if (plan.allowed.Test(entry.node())) found.push_back({entry.distance, entry.node()});
  }
  // Fewer than it had room for: the allowed rows do not hang together around the query.
  if (end == WalkEnd::kDone && static_cast<int64_t>(found.size()) < plan.ef - 1) {
    return WalkEnd::kTooLong;
  }
  return end;
}

// Exact distances of the candidates that may be among the k nearest: of the nearest k by their
// codes, then of others for as long as they could be nearer than the k-th by twice as much as
// any code has erred so far.
//   found  nearest first by their codes
std::vector<Neighbor> HnswIndex::Refine(const std::vector<Neighbor>& found, int64_t k,
                                        SearchScratch& scratch, WalkCounts& counts) const {
  constexpr size_t kBatch = 8;
  constexpr float kErrorMargin = 2;
  kernels::TopK best(k);
  float error = 0;
  scratch.distances.resize(std::max(scratch.distances.size(), kBatch));
  for (size_t begin = 0; begin < found.size();) {
    if (best.full() && found[begin].distance - kErrorMargin * error > best.bound()) break;
    scratch.rows.clear();
    const size_t end = std::min(begin + kBatch, found.size());
    for (size_t i = begin; i < end; ++i)
      scratch.rows.push_back(static_cast<uint32_t>(found[i].row));
    exact_.Exact(scratch.query, scratch.rows.data(), scratch.rows.size(), scratch.distances.data());
    counts.distances += static_cast<int64_t>(scratch.rows.size());
    for (; begin < end; ++begin) {
      const float distance = scratch.distances[scratch.rows.size() - (end - begin)];
      error = std::max(error, std::abs(distance - found[begin].distance));
      best.Push(distance, found[begin].row);
    }
  }
  return best.TakeSorted();
}

absl::StatusOr<HnswIndex::Found> HnswIndex::Walk(const SearchRequest& request, const Plan& plan,
                                                 SearchStatistics& statistics) const {
  auto lease = pool_.Take();
  SearchScratch& scratch = *lease;
  // Rows are compared themselves where the query is out of the codes' range, and where the range
  // has a beginning: codes cannot tell on which side of it a row lies.
  const bool from_far = request.range.nearest > -std::numeric_limits<float>::infinity();
  const bool prepared = codes_.Prepare(request.query, scratch.query);
  const NodeMeasure& measure = prepared && !from_far ? codes_ : exact_;
  WalkCounts counts;
  const Neighbor seed = Descend(measure, scratch, counts);
  scratch.visited.Begin(graph_.header.num_rows);
  Found out;
  const bool filtered = plan.num_allowed < static_cast<int64_t>(graph_.header.num_linked);
  const Cancellation* cancellation = request.cancellation;
  const WalkEnd end =
      !plan.two_hops && (filtered || from_far)
          ? WalkFiltered(measure, seed, plan, request, scratch, out.hits, counts)
      : plan.two_hops
          ? WalkAllowed(measure, seed, plan, cancellation, scratch, out.hits, counts)
          : WalkUnfiltered(measure, seed, plan, cancellation, scratch, out.hits, counts);
  if (end == WalkEnd::kDone && measure.has_codes()) {
    out.hits = Refine(out.hits, request.k, scratch, counts);
  }
  statistics.distances += counts.distances;
  statistics.hops += counts.hops;
  if (end == WalkEnd::kCancelled) return request.cancellation->Check();
  if (end == WalkEnd::kTooLong) return Found();
  std::sort(out.hits.begin(), out.hits.end(), kernels::Nearer);
  const auto num_found = static_cast<int64_t>(out.hits.size());
  out.complete = num_found >= std::min(request.k, plan.num_allowed);
  if (num_found > request.k) out.hits.resize(static_cast<size_t>(request.k));
  while (!out.hits.empty() && !request.range.Contains(out.hits.back().distance)) {
    out.hits.pop_back();
  }
  return out;
}

absl::StatusOr<std::vector<Neighbor>> HnswIndex::Search(const SearchRequest& request,
                                                        SearchStatistics* statistics) const {
  SearchStatistics ignored;
  SearchStatistics& counted = statistics != nullptr ? *statistics : ignored;
  if (request.k <= 0) return std::vector<Neighbor>();
  ELANUS_RETURN_IF_ERROR(CheckRequest(request, rows_.num_rows));
  ELANUS_ASSIGN_OR_RETURN(const int64_t ef, EfOf(request.params, request.k, request.range));
  const BitView linked(graph_.linked, graph_.linked == nullptr ? 0 : rows_.num_rows);
  const AllowedRows allowed(request.allowed, request.num_allowed, linked,
                            static_cast<int64_t>(graph_.header.num_linked));
  const Plan plan = MakePlan(request, ef, allowed);
  if (plan.num_allowed == 0) return std::vector<Neighbor>();
  if (!plan.scan) {
    ELANUS_ASSIGN_OR_RETURN(Found found, Walk(request, plan, counted));
    if (found.complete) return std::move(found.hits);
  }
  return Scan(request, plan, counted);
}

}  // namespace

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
