#include <algorithm>
#include <cstring>
#include <limits>

#include "index/allowed_rows.h"
#include "index/coded_hnsw.h"
#include "index/hnsw_file.h"
#include "index/hnsw_pool.h"
#include "index/index_params.h"
#include "index/refiner.h"
#include "index/search_plan.h"

namespace elanus::index {
namespace {

using kernels::Neighbor;

constexpr std::string_view kMagic = "ELNSHNSC";
constexpr size_t kSections = 8;
constexpr int64_t kDefaultEfMin = 16, kDefaultEfMinInRange = 512;
constexpr size_t kBatchRows = 256;
// A byte of a code that is reached by its row costs a scan as much as so many of a vector (bench
// index, HNSW_SQ of 8 bits: 80 ns against 25 for a code of 384 bytes).
constexpr int64_t kCodeScanWork = 3;
// Wider walks keep heaps: moving the entries of a sorted pool would cost more than them.
constexpr size_t kPoolEntriesMax = 2048;

struct Facts {
  RefineBy refine = RefineBy::kNothing;
  uint32_t reserved = 0;
};

struct CodedScratch : WalkScratch {
  NodePool pool;
  FilteredPool filtered;
};

// A row has one distance to a query: that by its code, or that which refines it.
class CodedHnswIndex final : public VectorIndex {
 public:
  CodedHnswIndex(std::vector<uint64_t> copy, const HnswGraph& graph,
                 std::unique_ptr<RowCodes> codes, RefineBy refine, std::unique_ptr<RowCodes> finer,
                 const VectorRows& rows, kernels::Metric metric)
      : copy_(std::move(copy)),
        graph_(graph),
        codes_(std::move(codes)),
        refine_(refine),
        finer_(std::move(finer)),
        rows_(rows),
        metric_(metric),
        functions_(kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric)) {}

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  bool reads_few_rows() const override { return true; }
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this) + copy_.size() * 8 + pool_.memory_bytes()) +
           codes_->memory_bytes() + (finer_ != nullptr ? finer_->memory_bytes() : 0);
  }

 private:
  // A search under way. The walk compares by `walk`, and what is reported is by `report`.
  struct Work {
    const SearchRequest& request;
    const AllowedRows& allowed;
    SearchStatistics& statistics;
    RowDistances& walk;
    RowDistances& report;
    GraphSearchFacts facts;
    // What a scan costs: a walk that costs more is given up.
    double budget = 0;
  };

  GraphSearchFacts FactsOf(const AllowedRows& allowed, int64_t ef) const;
  absl::StatusOr<std::vector<Neighbor>> Scan(Work& work) const;
  // Whether as many rows were found as there should be; they may be beyond the range.
  absl::StatusOr<bool> Walk(Work& work, std::vector<Neighbor>& hits) const;
  template <typename Pool, typename GiveUp>
  WalkEnd WalkAll(Pool& pool, const Neighbor& seed, Work& work, WalkScratch& scratch,
                  WalkCounts& counts, GiveUp&& give_up) const;
  WalkEnd WalkFiltered(const Neighbor& seed, Work& work, CodedScratch& scratch,
                       std::vector<Neighbor>& hits, WalkCounts& counts) const;
  WalkEnd WalkWide(const Neighbor& seed, Work& work, WalkScratch& scratch,
                   std::vector<Neighbor>& hits, WalkCounts& counts) const;
  Neighbor Descend(Work& work) const;
  // Of the column, where candidates are refined by it and it is not all there.
  RowPins* PinsOf(const SearchRequest& request) const {
    return refine_ == RefineBy::kColumn ? request.pins : nullptr;
  }
  kernels::BitView linked() const {
    return graph_.linked != nullptr ? kernels::BitView(graph_.linked, rows_.num_rows)
                                    : kernels::BitView();
  }

  const std::vector<uint64_t> copy_;  // Of a file that did not lie aligned.
  const HnswGraph graph_;
  const std::unique_ptr<RowCodes> codes_;
  const RefineBy refine_;
  const std::unique_ptr<RowCodes> finer_;  // Null: refined by the column, or not at all.
  const VectorRows rows_;
  const kernels::Metric metric_;
  const kernels::DistanceFunctions functions_;
  mutable ScratchPool<CodedScratch> pool_;
};

// Where codes are refined, a walk is expected to cost as if it compared what refines them: the
// coarser the codes, the more of what a scan finds it misses.
GraphSearchFacts CodedHnswIndex::FactsOf(const AllowedRows& allowed, int64_t ef) const {
  GraphSearchFacts facts{.num_nodes = static_cast<int64_t>(graph_.header.num_linked),
                         .num_allowed = allowed.count(),
                         .width = ef,
                         .degree = graph_.degree(0),
                         .row_bytes = rows_.width(),
                         .can_scan_codes = false,
                         .can_walk_allowed = false};
  if (refine_ == RefineBy::kNothing) {
    facts.code_bytes = static_cast<int64_t>(codes_->RunBytes(1));
    facts.row_bytes = facts.code_bytes * kCodeScanWork;
  } else if (refine_ == RefineBy::kCodes) {
    facts.row_bytes = static_cast<int64_t>(finer_->RunBytes(1)) * kCodeScanWork;
  }
  return facts;
}

absl::StatusOr<std::vector<Neighbor>> CodedHnswIndex::Scan(Work& work) const {
  const SearchRequest& request = work.request;
  ELANUS_RETURN_IF_ERROR(
      PinAllowed(PinsOf(request), work.allowed.view(), work.allowed.count(), rows_.num_rows));
  kernels::TopK found(request.k);
  std::vector<uint32_t> ids;
  float out[kBatchRows];
  for (int64_t next = 0; next < rows_.num_rows;) {
    if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
    ids.clear();
    for (; next < rows_.num_rows && ids.size() < kBatchRows; ++next) {
      if (work.allowed.Has(next)) ids.push_back(static_cast<uint32_t>(next));
    }
    work.report(ids.data(), ids.size(), out);
    work.statistics.distances += static_cast<int64_t>(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) {
      if (request.range.Contains(out[i])) found.Push(out[i], ids[i]);
    }
  }
  return found.TakeSorted();
}

// Greedy steps from the entry point down to level 0.
Neighbor CodedHnswIndex::Descend(Work& work) const {
  const HnswHeader& header = graph_.header;
  Neighbor nearest{0, header.num_upper == 0 ? header.entry_row : header.entry_upper};
  work.walk(&header.entry_row, 1, &nearest.distance);
  ++work.statistics.distances;
  std::vector<uint32_t> ids(header.m), unpacked;
  std::vector<float> out(header.m);
  for (uint32_t level = header.num_upper == 0 ? 0 : header.max_level; level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      ++work.statistics.hops;
      const auto links = graph_.Links(level, static_cast<uint32_t>(nearest.row), unpacked);
      for (size_t i = 0; i < links.size(); ++i) ids[i] = graph_.upper_rows[links[i]];
      work.walk(ids.data(), links.size(), out.data());
      work.statistics.distances += static_cast<int64_t>(links.size());
      for (size_t i = 0; i < links.size(); ++i) {
        if (out[i] >= nearest.distance) continue;
        nearest = {out[i], links[i]};
        moved = true;
      }
    }
  }
  if (header.num_upper > 0) nearest.row = graph_.upper_rows[nearest.row];
  return nearest;
}

template <typename Pool, typename GiveUp>
WalkEnd CodedHnswIndex::WalkAll(Pool& pool, const Neighbor& seed, Work& work, WalkScratch& scratch,
                                WalkCounts& counts, GiveUp&& give_up) const {
  scratch.visited.Mark(static_cast<uint32_t>(seed.row));
  pool.Insert(seed.distance, static_cast<uint32_t>(seed.row));
  return WalkPool(
      pool, work.request.cancellation,
      [&](uint32_t node) { return graph_.Links(0, node, scratch.unpacked); },
      [&](const uint32_t* nodes, size_t count, float* out) { work.walk(nodes, count, out); },
      [this](uint32_t node) { __builtin_prefetch(graph_.PlaceOf(node)); }, scratch, counts,
      give_up);
}

// As HNSW walks under a filter: until a scan is cheaper than what is left to expect.
WalkEnd CodedHnswIndex::WalkFiltered(const Neighbor& seed, Work& work, CodedScratch& scratch,
                                     std::vector<Neighbor>& hits, WalkCounts& counts) const {
  FilteredPool& pool = scratch.filtered;
  const kernels::BitView allowed = work.allowed.view();
  pool.Begin(std::min<size_t>(kPoolEntriesMax, graph_.header.num_rows),
             static_cast<size_t>(work.facts.width), allowed);
  const double unit = GraphDistanceCost(work.facts);
  const WalkEnd end = WalkAll(pool, seed, work, scratch, counts, [&] {
    const double share = static_cast<double>(std::max<size_t>(pool.num_allowed(), 1)) /
                         static_cast<double>(pool.entries().size());
    const double expected =
        GraphSearchCosts(work.facts, share)[static_cast<size_t>(SearchStrategy::kWalk)];
    const double spent = static_cast<double>(counts.distances) * unit;
    return pool.cramped() || spent > work.budget || expected - spent > work.budget;
  });
  for (const NodePool::Entry& entry : pool.entries()) {
    if (allowed.Test(entry.node())) hits.push_back({entry.distance, entry.node()});
  }
  return pool.cramped() ? WalkEnd::kTooLong : end;
}

// For what a range leaves out too, and for more nodes than fit a sorted pool.
WalkEnd CodedHnswIndex::WalkWide(const Neighbor& seed, Work& work, WalkScratch& scratch,
                                 std::vector<Neighbor>& hits, WalkCounts& counts) const {
  const float nearest = work.request.range.nearest;
  kernels::TopK found(work.facts.width);
  const WalkLimits limits{.ef = work.facts.width,
                          .distances_max = work.budget / GraphDistanceCost(work.facts),
                          .cancellation = work.request.cancellation};
  const WalkEnd end = WalkLevel(
      {&seed, 1}, limits, [&](uint32_t node) { return graph_.Links(0, node, scratch.unpacked); },
      [&](const uint32_t* nodes, size_t count, float* out) { work.walk(nodes, count, out); },
      [&](uint32_t node, float distance) { return distance >= nearest && work.allowed.Has(node); },
      scratch, found, counts);
  hits = found.TakeSorted();
  return end;
}

absl::StatusOr<bool> CodedHnswIndex::Walk(Work& work, std::vector<Neighbor>& hits) const {
  const SearchRequest& request = work.request;
  const Neighbor seed = Descend(work);
  auto lease = pool_.Take();
  CodedScratch& scratch = *lease;
  scratch.visited.Begin(graph_.header.num_rows);
  const bool filtered = work.facts.num_allowed < work.facts.num_nodes;
  const bool from_far = request.range.nearest > -std::numeric_limits<float>::infinity();
  const double width = static_cast<double>(work.facts.width) / work.facts.share();
  WalkCounts counts;
  WalkEnd end;
  if (from_far || width > kPoolEntriesMax) {
    end = WalkWide(seed, work, scratch, hits, counts);
  } else if (filtered) {
    end = WalkFiltered(seed, work, scratch, hits, counts);
  } else {
    scratch.pool.Begin(std::min(static_cast<size_t>(work.facts.width), graph_.header.num_rows));
    end = WalkAll(scratch.pool, seed, work, scratch, counts, NeverGivesUp());
    for (const NodePool::Entry& entry : scratch.pool.entries()) {
      hits.push_back({entry.distance, entry.node()});
    }
  }
  work.statistics.distances += counts.distances;
  work.statistics.hops += counts.hops;
  if (end == WalkEnd::kCancelled) return request.cancellation->Check();
  if (end == WalkEnd::kTooLong) return false;
  std::sort(hits.begin(), hits.end(), kernels::Nearer);
  return static_cast<int64_t>(hits.size()) >= std::min(request.k, work.allowed.count());
}

absl::StatusOr<std::vector<Neighbor>> CodedHnswIndex::Search(const SearchRequest& request,
                                                             SearchStatistics* statistics) const {
  SearchStatistics ignored;
  SearchStatistics& counted = statistics != nullptr ? *statistics : ignored;
  counted.strategy = SearchStrategy::kNone;
  if (request.k <= 0) return std::vector<Neighbor>();
  ELANUS_RETURN_IF_ERROR(CheckRequest(request, rows_.num_rows));
  const AllowedRows allowed(request.allowed, request.num_allowed, linked(),
                            static_cast<int64_t>(graph_.header.num_linked));
  if (allowed.count() == 0 || graph_.header.num_linked == 0) return std::vector<Neighbor>();

  static const Params kNone;
  const Params& params = request.params != nullptr ? *request.params : kNone;
  const bool refines = refine_ != RefineBy::kNothing;
  RowDistances by_codes(rows_, functions_, metric_, codes_.get(), request.query);
  std::optional<RowDistances> better;
  if (refines) better.emplace(rows_, functions_, metric_, finer_.get(), request.query);
  RowDistances& report = refines ? *better : by_codes;
  // The bounds of a range are distances as they are reported.
  RowDistances& walk = request.range.everything() ? by_codes : report;
  const bool ranks_anew = &walk != &report;
  RowPins* const pins = PinsOf(request);
  if (pins != nullptr && !ranks_anew) ELANUS_RETURN_IF_ERROR(pins->PinAll());
  int64_t ef = std::max(
      request.k,
      IntParam(params, "ef", request.range.everything() ? kDefaultEfMin : kDefaultEfMinInRange));
  int64_t candidates = request.k;
  if (ranks_anew) candidates = std::min(CandidatesFor(request.k, params), rows_.num_rows);
  ef = std::max(ef, candidates);
  Work work{request, allowed, counted, walk, report, FactsOf(allowed, ef)};
  counted.costs = GraphSearchCosts(work.facts, work.facts.share());
  if (pins != nullptr && TakesWholeColumn(allowed.count(), rows_.num_rows)) {
    // Rows cost more to bring than to compare; the codes are here.
    counted.costs[static_cast<size_t>(SearchStrategy::kScanRows)] =
        std::numeric_limits<float>::infinity();
  }
  counted.strategy = request.k >= allowed.count() ? SearchStrategy::kScanRows
                                                  : ChooseStrategy(work.facts, counted.costs);
  work.budget = counted.costs[static_cast<size_t>(SearchStrategy::kScanRows)];
  if (counted.strategy == SearchStrategy::kScanRows) return Scan(work);

  std::vector<Neighbor> hits;
  ELANUS_ASSIGN_OR_RETURN(const bool complete, Walk(work, hits));
  if (!complete) {
    ++counted.given_up;
    counted.strategy = SearchStrategy::kScanRows;
    return Scan(work);
  }
  const auto keep = [&](int64_t count) {
    if (static_cast<int64_t>(hits.size()) > count) hits.resize(static_cast<size_t>(count));
  };
  if (ranks_anew) {
    keep(std::max(candidates, request.k));
    ELANUS_RETURN_IF_ERROR(RankAnew(report, hits, PinsOf(request)));
    work.statistics.distances += static_cast<int64_t>(hits.size());
  }
  keep(request.k);
  while (!hits.empty() && !request.range.Contains(hits.back().distance)) hits.pop_back();
  return hits;
}

absl::Status Damaged(std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "HNSW index file is damaged: {}", what);
}

}  // namespace

std::string MakeCodedHnswFile(uint32_t refine, Bytes graph, const RowCodesBytes& codes,
                              const RowCodesBytes& finer) {
  const Facts facts{static_cast<RefineBy>(refine)};
  const Bytes sections[kSections] = {{reinterpret_cast<const uint8_t*>(&facts), sizeof(facts)},
                                     graph,
                                     BytesOf(codes.head),
                                     BytesOf(codes.parameters),
                                     BytesOf(codes.codes),
                                     BytesOf(finer.head),
                                     BytesOf(finer.parameters),
                                     BytesOf(finer.codes)};
  return MakeIndexFile(kMagic, sections);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenCodedHnsw(std::span<const uint8_t> file,
                                                           const VectorRows& rows,
                                                           kernels::Metric metric,
                                                           const Params& /*params*/) {
  std::vector<uint64_t> copy;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Bytes> sections,
                          OpenIndexFile(AlignedFile(file, copy), kMagic, "HNSW", kSections));
  Facts facts;
  if (sections[0].size() != sizeof(facts)) return Damaged("size of its facts");
  std::memcpy(&facts, sections[0].data(), sizeof(facts));
  if (static_cast<uint32_t>(facts.refine) > static_cast<uint32_t>(RefineBy::kCodes)) {
    return Damaged("its refinement");
  }
  ELANUS_ASSIGN_OR_RETURN(const HnswGraph graph, OpenHnswFile(sections[1]));
  const HnswHeader& header = graph.header;
  if (header.type != rows.type || header.metric != metric ||
      header.dim != static_cast<uint64_t>(rows.dim) ||
      header.num_rows != static_cast<uint64_t>(rows.num_rows) ||
      rows.type == schema::DataType::kBinaryVector ||
      !kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric).valid()) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "HNSW index file is for other rows: {} rows of dim {} ({}, {})",
                         header.num_rows, header.dim, schema::DataTypeName(header.type),
                         kernels::MetricName(header.metric));
  }
  const auto open = [&](size_t first) {
    return RowCodes::Open(sections[first], sections[first + 1], sections[first + 2], header.dim,
                          header.num_rows, metric);
  };
  ELANUS_ASSIGN_OR_RETURN(auto codes, open(2));
  std::unique_ptr<RowCodes> finer;
  if (facts.refine == RefineBy::kCodes) {
    ELANUS_ASSIGN_OR_RETURN(finer, open(5));
  }
  return std::make_unique<CodedHnswIndex>(std::move(copy), graph, std::move(codes), facts.refine,
                                          std::move(finer), rows, metric);
}

}  // namespace elanus::index
