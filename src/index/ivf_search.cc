#include <algorithm>
#include <cmath>

#include "index/brute_force.h"
#include "index/index_params.h"
#include "index/ivf.h"
#include "index/ivf_file.h"
#include "index/refiner.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

using kernels::BitView;
using kernels::ElementType;
using kernels::Metric;

constexpr int64_t kDefaultNprobe = 8;
constexpr size_t kBatchRows = 256;  // Compared by one call of a kernel; a multiple of kCodeBlock.
// To compare a vector anywhere in the column costs about as much as this many codes in a row.
constexpr int64_t kVectorCost = 8;
// Blocks of codes are looked through for an allowed row where fewer than one in this many is.
constexpr int64_t kSparseShare = 32;

// Which kernel finds the lists to look at: centroids of floats are float32.
kernels::DistanceFunctions ProbeFunctions(schema::DataType type, Metric metric) {
  return kernels::DistanceFunctionsFor(
      type == schema::DataType::kBinaryVector ? ElementType::kBinary : ElementType::kFloat32,
      metric);
}

// The codes that lists are searched by; none where they are searched by the column.
struct ListCodes {
  std::unique_ptr<CodeStore> store;
  const uint8_t* codes = nullptr;
  std::vector<uint64_t> runs;  // Where the run of each list begins.
  std::vector<float> norms;    // Squared length of each centroid.
  std::unique_ptr<Refiner> refiner;
};

class IvfIndex final : public VectorIndex {
 public:
  IvfIndex(std::vector<uint64_t> copy, const IvfLists& lists, ListCodes codes,
           const VectorRows& rows, Metric metric)
      : copy_(std::move(copy)),
        lists_(lists),
        codes_(std::move(codes)),
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
  int64_t memory_bytes() const override;

 private:
  struct Plan {
    int64_t nprobe = 0;
    bool fill = false;       // Read on while there are fewer than k.
    bool sparse = false;     // So few rows are allowed that whole blocks of codes may have none.
    int64_t candidates = 0;  // To find; refined to k.
  };
  Plan MakePlan(const SearchRequest& request) const;
  absl::StatusOr<std::vector<Neighbor>> Scan(const SearchRequest& request,
                                             SearchStatistics& statistics) const;
  absl::StatusOr<std::vector<Neighbor>> Probe(const SearchRequest& request, const Plan& plan,
                                              SearchStatistics& statistics) const;
  // Offers the allowed rows of a list to `found`.
  void CompareVectors(const SearchRequest& request, uint64_t list,
                      const kernels::QueryVector& query, kernels::TopK& found,
                      SearchStatistics& statistics) const;
  void CompareCodes(const SearchRequest& request, const Plan& plan, const Neighbor& list,
                    CodeQuery& query, kernels::TopK& found, SearchStatistics& statistics) const;
  // All lists, the first `count` of them the nearest to the query in ascending order.
  std::vector<Neighbor> RankLists(const kernels::QueryVector& query, size_t count) const;

  const std::vector<uint64_t> copy_;  // Of a file that did not lie aligned.
  const IvfLists lists_;
  const ListCodes codes_;
  const VectorRows rows_;
  const Metric metric_;
  const kernels::DistanceFunctions functions_, probe_functions_;
  kernels::Bitset listed_;  // Empty: every row is in a list.
};

int64_t IvfIndex::memory_bytes() const {
  int64_t bytes =
      static_cast<int64_t>(sizeof(*this)) +
      static_cast<int64_t>(copy_.size() + listed_.num_words() + codes_.runs.size()) * 8 +
      static_cast<int64_t>(codes_.norms.size()) * 4;
  if (codes_.store != nullptr) bytes += codes_.store->memory_bytes();
  if (codes_.refiner != nullptr) bytes += codes_.refiner->memory_bytes();
  return bytes;
}

std::vector<Neighbor> IvfIndex::RankLists(const kernels::QueryVector& query, size_t count) const {
  const auto num_lists = static_cast<size_t>(lists_.facts.num_lists);
  std::vector<float> distances(num_lists);
  probe_functions_.rows(query, lists_.centroids, num_lists, static_cast<size_t>(rows_.dim),
                        distances.data());
  std::vector<Neighbor> ranked(num_lists);
  for (size_t list = 0; list < num_lists; ++list) {
    ranked[list] = {distances[list], static_cast<int64_t>(list)};
  }
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(count), ranked.end(),
                    kernels::Nearer);
  return ranked;
}

// All allowed rows, one by one.
absl::StatusOr<std::vector<Neighbor>> IvfIndex::Scan(const SearchRequest& request,
                                                     SearchStatistics& statistics) const {
  kernels::Bitset both;
  BitView allowed = request.allowed;
  if (listed_.size() > 0) {
    both = listed_;
    both.And(allowed);
    allowed = both.view();
  }
  BruteForce scan(rows_.type, rows_.dim, metric_, request.query, 1, request.k);
  ELANUS_RETURN_IF_ERROR(scan.Add(rows_, 0, allowed, request.cancellation));
  statistics.distances += scan.statistics().distances;
  return std::move(scan.Finish().front());
}

void IvfIndex::CompareVectors(const SearchRequest& request, uint64_t list,
                              const kernels::QueryVector& query, kernels::TopK& found,
                              SearchStatistics& statistics) const {
  const auto dim = static_cast<size_t>(rows_.dim);
  uint32_t batch[kBatchRows] = {};
  float distances[kBatchRows];
  size_t in_batch = 0;
  const auto compare = [&] {
    functions_.gather(query, rows_.data, batch, in_batch, dim, distances);
    for (size_t i = 0; i < in_batch; ++i) {
      if (distances[i] <= found.bound()) found.Push(distances[i], batch[i]);
    }
    statistics.distances += static_cast<int64_t>(in_batch);
    in_batch = 0;
  };
  for (const uint32_t row : lists_.List(list)) {
    if (!request.allowed.empty() && !request.allowed.Test(row)) continue;
    batch[in_batch++] = row;
    if (in_batch == kBatchRows) compare();
  }
  compare();
}

// Whole blocks of codes are compared, allowed or not: to leave one out costs more than it saves.
void IvfIndex::CompareCodes(const SearchRequest& request, const Plan& plan, const Neighbor& list,
                            CodeQuery& query, kernels::TopK& found,
                            SearchStatistics& statistics) const {
  const auto number = static_cast<uint64_t>(list.row);
  const std::span<const uint32_t> rows = lists_.List(number);
  const float norm = codes_.norms[number];
  // COSINE ranks lists by the cosine itself.
  const float base = metric_ == Metric::kCosine ? list.distance * std::sqrt(norm) : list.distance;
  const CodeShift shift = ShiftTo(metric_, base, norm);
  const uint8_t* run = codes_.codes + codes_.runs[number];
  float distances[kBatchRows];
  const size_t step = plan.sparse ? kCodeBlock : kBatchRows;
  for (size_t begin = 0; begin < rows.size(); begin += step) {
    const auto block = rows.subspan(begin, std::min(step, rows.size() - begin));
    const auto allowed = [&](uint32_t row) {
      return request.allowed.empty() || request.allowed.Test(row);
    };
    if (plan.sparse && std::none_of(block.begin(), block.end(), allowed)) continue;
    query.Scan(run, rows.size(), begin, block.size(), shift, distances);
    statistics.distances += static_cast<int64_t>(block.size());
    float bound = found.bound();
    for (size_t i = 0; i < block.size(); ++i) {
      if (distances[i] > bound || !allowed(block[i])) continue;
      if (found.Push(distances[i], block[i])) bound = found.bound();
    }
  }
}

absl::StatusOr<std::vector<Neighbor>> IvfIndex::Probe(const SearchRequest& request,
                                                      const Plan& plan,
                                                      SearchStatistics& statistics) const {
  const auto dim = static_cast<size_t>(rows_.dim);
  std::vector<float> buffer(dim);
  kernels::QueryVector query;
  std::unique_ptr<CodeQuery> code_query;
  if (codes_.store == nullptr) {
    query = kernels::PrepareQuery(functions_, dim, request.query, buffer.data());
  } else {
    FloatRows(rows_, metric_).Convert(request.query, buffer.data());
    query = {buffer.data(), probe_functions_.inverse_norm(buffer.data(), dim)};
    code_query = codes_.store->Query(buffer.data());
  }
  const auto wanted = static_cast<size_t>(plan.nprobe);
  std::vector<Neighbor> ranked = RankLists(query, wanted);
  kernels::TopK found(plan.candidates);
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (i >= wanted) {
      if (!plan.fill || found.size() >= request.k) break;
      if (i == wanted) {
        std::sort(ranked.begin() + static_cast<ptrdiff_t>(i), ranked.end(), kernels::Nearer);
      }
    }
    if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
    ++statistics.hops;
    if (code_query != nullptr) {
      CompareCodes(request, plan, ranked[i], *code_query, found, statistics);
    } else {
      CompareVectors(request, static_cast<uint64_t>(ranked[i].row), query, found, statistics);
    }
  }
  std::vector<Neighbor> hits = found.TakeSorted();
  if (codes_.refiner != nullptr) {
    codes_.refiner->Refine(request.query, buffer.data(), hits, statistics);
    if (static_cast<int64_t>(hits.size()) > request.k) hits.resize(static_cast<size_t>(request.k));
  }
  return hits;
}

IvfIndex::Plan IvfIndex::MakePlan(const SearchRequest& request) const {
  static const Params kNone;
  const Params& params = request.params != nullptr ? *request.params : kNone;
  const auto num_lists = static_cast<int64_t>(lists_.facts.num_lists);
  Plan plan;
  plan.nprobe = std::clamp<int64_t>(IntParam(params, "nprobe", kDefaultNprobe), 1, num_lists);
  const auto full = params.find("ensure_topk_full");
  plan.fill = full == params.end() || ParseSettingBool(full->second).value_or(true);
  plan.sparse = !request.allowed.empty() && request.num_allowed < rows_.num_rows / kSparseShare;
  plan.candidates = codes_.refiner != nullptr ? CandidatesFor(request.k, params) : request.k;
  plan.candidates = std::min(plan.candidates, std::max(request.k, rows_.num_rows));
  return plan;
}

absl::StatusOr<std::vector<Neighbor>> IvfIndex::Search(const SearchRequest& request,
                                                       SearchStatistics* statistics) const {
  SearchStatistics ignored;
  SearchStatistics& counted = statistics != nullptr ? *statistics : ignored;
  if (request.k <= 0 || lists_.facts.num_lists == 0) return std::vector<Neighbor>();
  if (!request.allowed.empty() && request.allowed.size() != rows_.num_rows) {
    return InternalError(ErrorCode::kInternal, "filter of {} rows over an index of {} rows",
                         request.allowed.size(), rows_.num_rows);
  }
  if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
  const Plan plan = MakePlan(request);
  // As many rows lie in the lists to look at; if no more than that are allowed, looking at these is
  // no dearer, and exact. Nor is it if most of them would be refined anyway.
  const int64_t cost = codes_.store != nullptr ? kVectorCost : 1;
  const int64_t expected =
      rows_.num_rows / static_cast<int64_t>(lists_.facts.num_lists) * plan.nprobe;
  if (!request.allowed.empty() &&
      (request.num_allowed * cost <= expected || request.num_allowed <= 2 * plan.candidates)) {
    return Scan(request, counted);
  }
  return Probe(request, plan, counted);
}

// Checks that the file is for these rows.
absl::Status CheckRows(const IvfFacts& facts, const VectorRows& rows, Metric metric) {
  if (facts.type != static_cast<uint32_t>(rows.type) || facts.metric != MetricNumber(metric) ||
      facts.dim != static_cast<uint64_t>(rows.dim) ||
      facts.num_rows != static_cast<uint64_t>(rows.num_rows) ||
      !kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric).valid()) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "IVF index file is for other rows: {} rows of dim {}", facts.num_rows,
                         facts.dim);
  }
  return absl::OkStatus();
}

// The codes of an opened file.
absl::StatusOr<ListCodes> OpenListCodes(const IvfLists& lists, const IvfCodes& codes,
                                        const VectorRows& rows, Metric metric) {
  const auto dim = static_cast<size_t>(rows.dim);
  ListCodes out;
  out.codes = codes.codes.data();
  ELANUS_ASSIGN_OR_RETURN(out.store, OpenCodes(codes.facts.spec, dim, metric, codes.parameters));
  uint64_t bytes = 0;
  const auto* centroids = reinterpret_cast<const float*>(lists.centroids);
  for (uint64_t list = 0; list < lists.facts.num_lists; ++list) {
    out.runs.push_back(bytes);
    bytes += out.store->RunBytes(lists.List(list).size());
    float norm = 0;
    for (size_t d = 0; d < dim; ++d) norm += centroids[list * dim + d] * centroids[list * dim + d];
    out.norms.push_back(norm);
  }
  if (bytes != codes.codes.size()) {
    return InternalError(ErrorCode::kDataIntegrity, "IVF index file is damaged: size of its codes");
  }
  std::unique_ptr<RowCodes> finer;
  switch (codes.facts.refine) {
    case RefineBy::kNothing:
      return out;
    case RefineBy::kColumn:
      break;
    case RefineBy::kCodes: {
      ELANUS_ASSIGN_OR_RETURN(
          finer, RowCodes::Open(codes.refine_head, codes.refine_parameters, codes.refine_codes, dim,
                                static_cast<size_t>(rows.num_rows), metric));
      break;
    }
    default:  // A number from a file.
      return InternalError(ErrorCode::kDataIntegrity, "IVF index file is damaged: its refinement");
  }
  out.refiner = std::make_unique<Refiner>(rows, metric, std::move(finer));
  return out;
}

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfFlat(std::span<const uint8_t> file,
                                                         const VectorRows& rows, Metric metric,
                                                         const Params& /*params*/) {
  std::vector<uint64_t> copy;
  ELANUS_ASSIGN_OR_RETURN(const IvfLists lists, OpenIvfFile(AlignedFile(file, copy)));
  ELANUS_RETURN_IF_ERROR(CheckRows(lists.facts, rows, metric));
  return std::make_unique<IvfIndex>(std::move(copy), lists, ListCodes(), rows, metric);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfCodes(std::span<const uint8_t> file,
                                                          const VectorRows& rows, Metric metric,
                                                          const Params& /*params*/) {
  std::vector<uint64_t> copy;
  IvfCodes parts;
  ELANUS_ASSIGN_OR_RETURN(const IvfLists lists, OpenIvfFile(AlignedFile(file, copy), &parts));
  ELANUS_RETURN_IF_ERROR(CheckRows(lists.facts, rows, metric));
  if (rows.type == schema::DataType::kBinaryVector) {
    return InternalError(ErrorCode::kDataIntegrity, "IVF index file has codes of binary vectors");
  }
  ELANUS_ASSIGN_OR_RETURN(ListCodes codes, OpenListCodes(lists, parts, rows, metric));
  return std::make_unique<IvfIndex>(std::move(copy), lists, std::move(codes), rows, metric);
}

}  // namespace elanus::index
