#include <algorithm>
#include <cmath>

#include "index/allowed_rows.h"
#include "index/float_rows.h"
#include "index/index_params.h"
#include "index/ivf_index.h"

namespace elanus::index {
namespace {

using kernels::ElementType;
using kernels::Metric;

constexpr int64_t kDefaultNprobe = 8;
constexpr int64_t kDefaultMaxEmptyLists = 2;
// To compare a vector anywhere in the column costs about as much as this many codes in a row.
constexpr int64_t kVectorCost = 8;
constexpr float kByteCost = 0.06f;  // Nanoseconds to compare a byte of a row; see search_plan.cc.
// Blocks of codes are looked through for an allowed row where fewer than one in this many is.
constexpr int64_t kSparseShare = 32;
// What is kept of the lists of a file that stays where it is.
constexpr int64_t kCachedBytesMin = 4 << 20;
constexpr int64_t kCachedShare = 8;

constexpr size_t kGroup = 16;  // Distances that are looked at together: one or two registers.
bool NoneBelow(const float* distances, float bound) {
  int below = 0;  // Without a branch, so that the compiler compares them all at once.
  for (size_t i = 0; i < kGroup; ++i) below |= distances[i] <= bound ? 1 : 0;
  return below == 0;
}

// Which kernel finds the lists to look at: centroids of floats are float32. For IP those in the
// query's direction, whatever their length: a centroid is the shorter the more its rows differ in
// direction, so the longest would be read too soon (measured: 63 666 embeddings at unit length, 32
// of 256 lists, recall 0.88 against 0.86).
kernels::DistanceFunctions ProbeFunctions(schema::DataType type, Metric metric) {
  if (type == schema::DataType::kBinaryVector) {
    return kernels::DistanceFunctionsFor(ElementType::kBinary, metric);
  }
  return kernels::DistanceFunctionsFor(ElementType::kFloat32,
                                       metric == Metric::kIp ? Metric::kCosine : metric);
}

// Squared lengths of float centroids.
std::vector<float> SquaredLengths(const IvfLists& lists) {
  const uint64_t dim = lists.facts.dim;
  const auto* centroids = reinterpret_cast<const float*>(lists.centroids);
  std::vector<float> lengths(lists.facts.num_lists);
  for (uint64_t list = 0; list < lists.facts.num_lists; ++list) {
    for (uint64_t d = 0; d < dim; ++d) {
      lengths[list] += centroids[list * dim + d] * centroids[list * dim + d];
    }
  }
  return lengths;
}

}  // namespace

IvfIndex::IvfIndex(std::vector<uint64_t> copy, const IvfLists& lists, IvfListCodes codes,
                   const VectorRows& rows, Metric metric)
    : copy_(std::move(copy)),
      lists_(lists),
      codes_(std::move(codes)),
      rows_(rows),
      metric_(metric),
      functions_(kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric)),
      probe_functions_(ProbeFunctions(rows.type, metric)) {
  if (rows.type != schema::DataType::kBinaryVector) norms_ = SquaredLengths(lists);
  if (lists.rows != nullptr) SetListed({lists.rows, lists.facts.num_listed});
}

IvfIndex::IvfIndex(std::unique_ptr<IvfBlocks> blocks, IvfListCodes codes, const VectorRows& rows,
                   Metric metric)
    : IvfIndex({}, blocks->lists, std::move(codes), rows, metric) {
  blocks_ = std::move(blocks);
  const auto share = static_cast<int64_t>(blocks_->file->file_bytes()) / kCachedShare;
  cache_ = std::make_unique<IvfListCache>(*blocks_, codes_.store != nullptr ? &codes_ : nullptr,
                                          std::max(share, kCachedBytesMin));
}

void IvfIndex::SetListed(std::span<const uint32_t> rows) {
  if (lists_.facts.num_listed == lists_.facts.num_rows) return;
  listed_ = kernels::Bitset(rows_.num_rows);
  for (const uint32_t row : rows) listed_.Set(row);
}

int64_t IvfIndex::memory_bytes() const {
  int64_t of_file = 0;
  if (blocks_ != nullptr) {
    of_file = blocks_->file->memory_bytes() + cache_->bytes() +
              static_cast<int64_t>(blocks_->centroids.size() + blocks_->begins.size() * 8 +
                                   blocks_->refine_codes.size());
  }
  return static_cast<int64_t>(sizeof(*this)) + codes_.memory_bytes() + of_file +
         static_cast<int64_t>(copy_.size() + listed_.num_words()) * 8 +
         static_cast<int64_t>(norms_.size()) * 4;
}

kernels::QueryVector IvfIndex::ProbeQuery(const uint8_t* query, float* buffer) const {
  if (rows_.type == schema::DataType::kBinaryVector) return {query, 0};
  FloatRows(rows_, metric_).Convert(query, buffer);
  return {buffer, probe_functions_.inverse_norm(buffer, static_cast<size_t>(rows_.dim))};
}

std::vector<Neighbor> IvfIndex::RankLists(const kernels::QueryVector& query,
                                          const DistanceRange& range, size_t* count) const {
  const auto num_lists = static_cast<size_t>(lists_.facts.num_lists);
  std::vector<float> distances(num_lists);
  probe_functions_.rows(query, lists_.centroids, num_lists, static_cast<size_t>(rows_.dim),
                        distances.data());
  std::vector<Neighbor> ranked(num_lists);
  for (size_t list = 0; list < num_lists; ++list) {
    ranked[list] = {distances[list], static_cast<int64_t>(list)};
    const float distance = ListDistance(distances[list], list, LengthOf(query));
    *count += distance < range.nearest ? 1 : 0;
  }
  *count = std::min(*count, num_lists);
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(*count), ranked.end(),
                    kernels::Nearer);
  return ranked;
}

// Rows that the filter does not allow may be among them: their codes were compared in passing.
void IvfIndex::Offer(const uint32_t* rows, const float* distances, size_t count, Work& work) const {
  const SearchRequest& request = work.request;
  const DistanceRange& range = request.range;
  const bool everything = range.everything();
  float bound = work.found.bound();
  work.statistics.distances += static_cast<int64_t>(count);
  work.reached |= everything && count > 0;
  for (size_t i = 0; i < count; ++i) {
    // Most groups have none that is near enough.
    if (everything && i % kGroup == 0) {
      while (i + kGroup <= count && NoneBelow(distances + i, bound)) i += kGroup;
      if (i >= count) break;
    }
    if (everything ? distances[i] > bound : !range.Contains(distances[i])) {
      work.reached |= distances[i] < range.farthest;
      continue;
    }
    work.reached = true;
    if (distances[i] > bound) continue;
    if (!request.allowed.empty() && !request.allowed.Test(rows[i])) continue;
    if (work.found.Push(distances[i], rows[i])) bound = work.found.bound();
  }
}

absl::StatusOr<std::vector<IvfIndex::List>> IvfIndex::Fetch(std::span<const uint64_t> lists,
                                                            SearchStatistics& statistics) const {
  std::vector<List> out;
  if (cache_ != nullptr) {
    ELANUS_ASSIGN_OR_RETURN(auto cached, cache_->Get(lists, statistics));
    for (auto& list : cached) out.push_back({list->rows, list->codes.data(), std::move(list)});
    return out;
  }
  for (const uint64_t list : lists) {
    const uint8_t* run = codes_.store != nullptr ? codes_.codes + codes_.runs[list] : nullptr;
    out.push_back({lists_.List(list), run, nullptr});
  }
  return out;
}

void IvfIndex::CompareRows(const List& list, RowDistances& distances, Work& work) const {
  uint32_t batch[kBatchRows] = {};
  float out[kBatchRows];
  size_t in_batch = 0;
  const auto compare = [&] {
    distances(batch, in_batch, out);
    Offer(batch, out, in_batch, work);
    in_batch = 0;
  };
  for (const uint32_t row : list.rows) {
    if (!work.request.allowed.empty() && !work.request.allowed.Test(row)) continue;
    batch[in_batch++] = row;
    if (in_batch == kBatchRows) compare();
  }
  compare();
}

// Whole blocks of codes are compared, allowed or not: to leave one out costs more than it saves.
void IvfIndex::CompareCodes(const List& list, const CodeShift& shift, CodeQuery& query,
                            Work& work) const {
  const std::span<const uint32_t> rows = list.rows;
  const uint8_t* run = list.run;
  const kernels::BitView allowed = work.request.allowed;
  float out[kBatchRows];
  const size_t step = work.plan.sparse ? kCodeBlock : kBatchRows;
  for (size_t begin = 0; begin < rows.size(); begin += step) {
    const auto block = rows.subspan(begin, std::min(step, rows.size() - begin));
    if (work.plan.sparse &&
        std::none_of(block.begin(), block.end(), [&](uint32_t row) { return allowed.Test(row); })) {
      continue;
    }
    if (work.request.range.everything()) {
      query.ScanWithin(run, rows.size(), begin, block.size(), shift, work.found.bound(), out);
    } else {
      query.Scan(run, rows.size(), begin, block.size(), shift, out);
    }
    Offer(block.data(), out, block.size(), work);
  }
}

absl::Status IvfIndex::Scan(RowDistances& distances, Work& work) const {
  const SearchRequest& request = work.request;
  const AllowedRows allowed(request.allowed, request.num_allowed, listed_.view(),
                            static_cast<int64_t>(lists_.facts.num_listed));
  std::vector<uint32_t> ids;
  ids.reserve(static_cast<size_t>(allowed.count()));
  allowed.view().ForEach([&](int64_t row) { ids.push_back(static_cast<uint32_t>(row)); });
  ELANUS_RETURN_IF_ERROR(
      PinAllowed(PinsOf(request), allowed.view(), allowed.count(), rows_.num_rows));
  float out[kBatchRows];
  for (size_t begin = 0; begin < ids.size(); begin += kBatchRows) {
    if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
    const size_t count = std::min(kBatchRows, ids.size() - begin);
    distances(&ids[begin], count, out);
    Offer(&ids[begin], out, count, work);
  }
  return absl::OkStatus();
}

// `distances` null: by codes alone.
absl::Status IvfIndex::Probe(RowDistances* distances, Work& work) const {
  const SearchRequest& request = work.request;
  std::vector<float> buffer(static_cast<size_t>(rows_.dim));
  const kernels::QueryVector query = ProbeQuery(request.query, buffer.data());
  std::unique_ptr<CodeQuery> code_query;
  if (work.plan.by_codes) code_query = codes_.store->Query(buffer.data());
  auto wanted = static_cast<size_t>(work.plan.nprobe);
  std::vector<Neighbor> ranked = RankLists(query, request.range, &wanted);
  int64_t empty_lists = 0;  // Read one after another without a row nearer than the range's end.
  std::vector<List> fetched;
  size_t first_fetched = 0;
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (i >= wanted) {
      if (!work.plan.fill || work.found.size() >= request.k ||
          empty_lists >= work.plan.max_empty_lists) {
        break;
      }
      if (i == wanted) {
        std::sort(ranked.begin() + static_cast<ptrdiff_t>(i), ranked.end(), kernels::Nearer);
      }
    }
    if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
    if (i >= first_fetched + fetched.size()) {
      const size_t count = i < wanted ? std::min(wanted - i, kListsAtOnce) : 1;
      std::vector<uint64_t> numbers;
      for (size_t next = i; next < i + count; ++next) {
        numbers.push_back(static_cast<uint64_t>(ranked[next].row));
      }
      ELANUS_ASSIGN_OR_RETURN(fetched, Fetch(numbers, work.statistics));
      first_fetched = i;
    }
    ++work.statistics.hops;
    work.reached = false;
    const List& list = fetched[i - first_fetched];
    if (code_query != nullptr) {
      const auto number = static_cast<uint64_t>(ranked[i].row);
      const float distance = ListDistance(ranked[i].distance, number, LengthOf(query));
      CompareCodes(list, ShiftTo(metric_, distance, norms_[number]), *code_query, work);
    } else {
      CompareRows(list, *distances, work);
    }
    empty_lists = work.reached ? 0 : empty_lists + 1;
  }
  return absl::OkStatus();
}

absl::Status IvfIndex::Refine(RowDistances& distances, const SearchRequest& request,
                              std::vector<Neighbor>& hits, SearchStatistics& statistics) const {
  ELANUS_RETURN_IF_ERROR(RankAnew(distances, hits, PinsOf(request)));
  statistics.distances += static_cast<int64_t>(hits.size());
  if (std::ssize(hits) > request.k) hits.resize(static_cast<size_t>(request.k));
  return absl::OkStatus();
}

IvfIndex::Plan IvfIndex::MakePlan(const SearchRequest& request) const {
  static const Params kNone;
  const Params& params = request.params != nullptr ? *request.params : kNone;
  const auto num_lists = static_cast<int64_t>(lists_.facts.num_lists);
  const DistanceRange& range = request.range;
  Plan plan;
  plan.nprobe = std::clamp<int64_t>(IntParam(params, "nprobe", kDefaultNprobe), 1, num_lists);
  const auto full = params.find("ensure_topk_full");
  plan.fill = full == params.end() || ParseSettingBool(full->second).value_or(true);
  // What is in the range may lie in any list: the nearest ones hold what is nearer than it.
  if (!range.everything()) plan.fill = true;
  // Without an end no list is beyond the range.
  plan.max_empty_lists =
      range.farthest == std::numeric_limits<float>::infinity()
          ? num_lists + 1
          : std::max<int64_t>(IntParam(params, "max_empty_result_buckets", kDefaultMaxEmptyLists),
                              1);
  // The bounds of a range are distances as they are reported: no codes can tell which rows refined
  // ones leave out.
  plan.by_codes = codes_.store != nullptr && (range.everything() || !refines());
  plan.candidates = request.k;
  if (plan.by_codes && refines()) {
    plan.candidates =
        std::min(CandidatesFor(request.k, params), std::max(request.k, rows_.num_rows));
  }
  // Who asks for every row gets every row.
  if (request.k >= (request.allowed.empty() ? static_cast<int64_t>(lists_.facts.num_listed)
                                            : request.num_allowed)) {
    plan.nprobe = num_lists;
  }
  if (request.allowed.empty()) return plan;
  plan.sparse = request.num_allowed < rows_.num_rows / kSparseShare;
  // As many rows lie in the lists to look at; if no more than that are allowed, looking at these is
  // no dearer, and exact. Nor is it if most of them would be refined anyway.
  const int64_t expected = rows_.num_rows / num_lists * plan.nprobe;
  const int64_t cost = plan.by_codes ? kVectorCost : 1;
  const auto row_cost = static_cast<float>(rows_.width()) * kByteCost;
  auto& scan_cost = plan.costs[static_cast<size_t>(SearchStrategy::kScanRows)];
  auto& probe_cost = plan.costs[static_cast<size_t>(SearchStrategy::kProbeLists)];
  scan_cost = static_cast<float>(request.num_allowed) * row_cost;
  probe_cost = static_cast<float>(num_lists + expected / cost) * row_cost;
  plan.scan = scan_cost <= probe_cost || request.num_allowed <= 2 * plan.candidates;
  if (plan.scan && !refines()) plan.nprobe = num_lists;  // By their codes.
  return plan;
}

absl::StatusOr<std::vector<Neighbor>> IvfIndex::Search(const SearchRequest& request,
                                                       SearchStatistics* statistics) const {
  SearchStatistics ignored;
  SearchStatistics& counted = statistics != nullptr ? *statistics : ignored;
  counted.strategy = SearchStrategy::kNone;
  if (request.k <= 0 || lists_.facts.num_lists == 0) return std::vector<Neighbor>();
  ELANUS_RETURN_IF_ERROR(CheckRequest(request, rows_.num_rows));
  const Plan plan = MakePlan(request);
  counted.costs = plan.costs;
  counted.strategy =
      plan.scan && refines() ? SearchStrategy::kScanRows : SearchStrategy::kProbeLists;
  Work work{request, plan, counted, kernels::TopK(plan.scan ? request.k : plan.candidates)};
  if (!refines()) {
    ELANUS_RETURN_IF_ERROR(Probe(nullptr, work));
    return work.found.TakeSorted();
  }
  RowDistances distances(rows_, functions_, metric_, codes_.finer.get(), request.query);
  if (plan.scan) {
    ELANUS_RETURN_IF_ERROR(Scan(distances, work));
    return work.found.TakeSorted();
  }
  // By distances that only the column has, lists are compared row by row.
  RowPins* const pins = PinsOf(request);
  if (pins != nullptr && !plan.by_codes) ELANUS_RETURN_IF_ERROR(pins->PinAll());
  ELANUS_RETURN_IF_ERROR(Probe(&distances, work));
  std::vector<Neighbor> hits = work.found.TakeSorted();
  if (plan.by_codes) ELANUS_RETURN_IF_ERROR(Refine(distances, request, hits, counted));
  return hits;
}

}  // namespace elanus::index
