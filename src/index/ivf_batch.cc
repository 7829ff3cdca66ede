// Several queries at once: each list is read once for all that look into it, and rows of the column
// are compared with these queries in tiles.
#include <algorithm>
#include <cstring>
#include <optional>

#include "index/ivf_index.h"

namespace elanus::index {
namespace {

using kernels::QueryVector;

constexpr size_t kRankedMax = 1 << 18;         // Distances to centroids held at a time.
constexpr int64_t kCentroidBytes = 128 << 10;  // Of a tile of centroids: stays in the cache.
// Every query's nearest lists come first: what they give bounds what is looked at of the others.
constexpr size_t kFirstLists = 2;

}  // namespace

class IvfIndex::Batch {
 public:
  Batch(const IvfIndex& index, const SearchRequest& request, int64_t num_queries, const Plan& plan,
        SearchStatistics& statistics);

  absl::Status Run();
  absl::StatusOr<std::vector<std::vector<Neighbor>>> Finish();

 private:
  struct Query {
    SearchRequest request;
    Work work;
    QueryVector probe;                 // As RankLists takes it.
    std::unique_ptr<CodeQuery> codes;  // Null: rows are compared at once.
  };
  // A query looks into a list.
  struct Look {
    uint64_t list;
    uint32_t query;
    float distance;  // That ranked the list.
    bool first;      // One of the query's nearest.
  };

  void Rank();
  absl::Status LookInto(std::span<const Look> looks);
  void CompareTile(const List& list, std::span<const Look> looks);
  void CompareList(const List& list, std::span<const Look> looks);
  bool misses_hits(const Query& query) const;

  const IvfIndex& index_;
  const SearchRequest& request_;
  const Plan& plan_;
  SearchStatistics& statistics_;
  const size_t dim_;
  std::vector<float> probes_;
  kernels::PreparedQueries exact_;  // As rows are compared with.
  std::vector<Query> queries_;
  std::vector<Look> looks_;    // Those of a list one after the other.
  std::vector<uint8_t> rows_;  // A part of a list, gathered.
  std::vector<QueryVector> tile_;
  std::vector<float> distances_;
};

IvfIndex::Batch::Batch(const IvfIndex& index, const SearchRequest& request, int64_t num_queries,
                       const Plan& plan, SearchStatistics& statistics)
    : index_(index),
      request_(request),
      plan_(plan),
      statistics_(statistics),
      dim_(static_cast<size_t>(index.rows_.dim)),
      probes_(static_cast<size_t>(num_queries) * dim_),
      exact_(index.functions_, dim_, request.query, static_cast<size_t>(num_queries)) {
  queries_.reserve(static_cast<size_t>(num_queries));  // Works refer to their requests.
  for (int64_t q = 0; q < num_queries; ++q) {
    float* const probe = probes_.data() + static_cast<size_t>(q) * dim_;
    SearchRequest one = request;
    one.query += q * request.query_width;
    const QueryVector ranking = index.ProbeQuery(one.query, probe);
    queries_.push_back({one, Work{request, plan, statistics, kernels::TopK(plan.candidates)},
                        ranking, plan.by_codes ? index.codes_.store->Query(probe) : nullptr});
  }
}

// As IvfIndex::RankLists does for one, in tiles.
void IvfIndex::Batch::Rank() {
  const auto num_lists = static_cast<size_t>(index_.lists_.facts.num_lists);
  const auto wanted = static_cast<size_t>(plan_.nprobe);
  const size_t group = std::clamp<size_t>(kRankedMax / num_lists, 1, queries_.size());
  const auto width = static_cast<int64_t>(
      index_.rows_.type == schema::DataType::kBinaryVector ? dim_ / 8 : dim_ * sizeof(float));
  const auto step = static_cast<size_t>(std::max<int64_t>(kCentroidBytes / width, 16));
  std::vector<float> distances(group * num_lists);
  std::vector<Neighbor> ranked(num_lists);
  for (size_t begin = 0; begin < queries_.size(); begin += group) {
    const size_t count = std::min(group, queries_.size() - begin);
    std::vector<QueryVector> probes;
    for (size_t q = 0; q < count; ++q) probes.push_back(queries_[begin + q].probe);
    for (size_t list = 0; list < num_lists; list += step) {
      index_.probe_functions_.tile(
          probes.data(), count, index_.lists_.centroids + list * static_cast<size_t>(width),
          std::min(step, num_lists - list), dim_, distances.data() + list, num_lists);
    }
    for (size_t q = 0; q < count; ++q) {
      for (size_t list = 0; list < num_lists; ++list) {
        ranked[list] = {distances[q * num_lists + list], static_cast<int64_t>(list)};
      }
      const auto end = ranked.begin() + static_cast<ptrdiff_t>(wanted);
      std::partial_sort(ranked.begin(), end, ranked.end(), kernels::Nearer);
      for (size_t i = 0; i < wanted; ++i) {
        looks_.push_back({static_cast<uint64_t>(ranked[i].row), static_cast<uint32_t>(begin + q),
                          ranked[i].distance, i < kFirstLists});
      }
    }
  }
  std::sort(looks_.begin(), looks_.end(), [](const Look& a, const Look& b) {
    if (a.first != b.first) return a.first;
    return a.list != b.list ? a.list < b.list : a.query < b.query;
  });
}

// Gathered rows are compared with all queries, whichever of them did not ask for a row's place.
void IvfIndex::Batch::CompareTile(const List& list, std::span<const Look> looks) {
  const kernels::BitView allowed = request_.allowed;
  const auto width = static_cast<size_t>(index_.rows_.width());
  rows_.resize(kBatchRows * width);
  distances_.resize(kBatchRows * looks.size());
  tile_.clear();
  for (const Look& look : looks) tile_.push_back(exact_[look.query]);
  uint32_t ids[kBatchRows];
  size_t count = 0;
  const auto compare = [&] {
    index_.functions_.tile(tile_.data(), looks.size(), rows_.data(), count, dim_, distances_.data(),
                           kBatchRows);
    for (size_t i = 0; i < looks.size(); ++i) {
      index_.Offer(ids, distances_.data() + i * kBatchRows, count, queries_[looks[i].query].work);
    }
    count = 0;
  };
  for (const uint32_t row : list.rows) {
    if (!allowed.empty() && !allowed.Test(row)) continue;
    std::memcpy(rows_.data() + count * width, index_.rows_.Row(row), width);
    ids[count++] = row;
    if (count == kBatchRows) compare();
  }
  if (count > 0) compare();
}

void IvfIndex::Batch::CompareList(const List& list, std::span<const Look> looks) {
  statistics_.hops += std::ssize(looks);
  if (!plan_.by_codes) return CompareTile(list, looks);
  for (const Look& look : looks) {
    Query& query = queries_[look.query];
    const float distance = index_.ListDistance(look.distance, look.list, LengthOf(query.probe));
    index_.CompareCodes(list, ShiftTo(index_.metric_, distance, index_.norms_[look.list]),
                        *query.codes, query.work);
  }
}

// `looks` are at lists one after the other, kListsAtOnce at most.
absl::Status IvfIndex::Batch::LookInto(std::span<const Look> looks) {
  std::vector<uint64_t> numbers;
  for (const Look& look : looks) {
    if (numbers.empty() || numbers.back() != look.list) numbers.push_back(look.list);
  }
  ELANUS_ASSIGN_OR_RETURN(const std::vector<List> lists, index_.Fetch(numbers, statistics_));
  for (const List& list : lists) {
    if (request_.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request_.cancellation->Check());
    const uint64_t number = numbers[static_cast<size_t>(&list - lists.data())];
    const auto end = std::find_if(looks.begin(), looks.end(),
                                  [&](const Look& look) { return look.list != number; });
    const auto count = static_cast<size_t>(end - looks.begin());
    CompareList(list, looks.first(count));
    looks = looks.subspan(count);
  }
  return absl::OkStatus();
}

absl::Status IvfIndex::Batch::Run() {
  Rank();
  const std::span<const Look> looks(looks_);
  for (size_t begin = 0; begin < looks.size();) {
    size_t end = begin, lists = 0;
    for (; end < looks.size() && looks[end].first == looks[begin].first; ++end) {
      if ((end == begin || looks[end].list != looks[end - 1].list) && ++lists > kListsAtOnce) break;
    }
    ELANUS_RETURN_IF_ERROR(LookInto(looks.subspan(begin, end - begin)));
    begin = end;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<Neighbor>>> IvfIndex::Batch::Finish() {
  std::vector<std::vector<Neighbor>> out;
  for (Query& query : queries_) {
    std::vector<Neighbor>& hits = out.emplace_back(query.work.found.TakeSorted());
    if (!plan_.by_codes || !index_.refines()) continue;
    RowDistances distances(index_.rows_, index_.functions_, index_.metric_,
                           index_.codes_.finer.get(), query.request.query);
    ELANUS_RETURN_IF_ERROR(index_.Refine(distances, request_, hits, statistics_));
  }
  return out;
}

absl::StatusOr<std::vector<std::vector<Neighbor>>> IvfIndex::SearchMany(
    const SearchRequest& request, int64_t num_queries, SearchStatistics* statistics) const {
  const bool shares =
      num_queries > 1 && request.k > 0 && lists_.facts.num_lists > 0 && request.range.everything();
  if (!shares) return VectorIndex::SearchMany(request, num_queries, statistics);
  ELANUS_RETURN_IF_ERROR(CheckRequest(request, rows_.num_rows));
  const Plan plan = MakePlan(request);
  if (plan.scan) return VectorIndex::SearchMany(request, num_queries, statistics);
  SearchStatistics ignored;
  SearchStatistics& counted = statistics != nullptr ? *statistics : ignored;
  counted.costs = plan.costs;
  counted.strategy = SearchStrategy::kProbeLists;
  Batch batch(*this, request, num_queries, plan, counted);
  ELANUS_RETURN_IF_ERROR(batch.Run());
  ELANUS_ASSIGN_OR_RETURN(std::vector<std::vector<Neighbor>> hits, batch.Finish());
  if (!plan.fill || plan.nprobe == static_cast<int64_t>(lists_.facts.num_lists)) return hits;
  // The lists of few queries hold fewer than k rows: these go on alone.
  SearchRequest one = request;
  for (std::vector<Neighbor>& list : hits) {
    if (std::ssize(list) < request.k) {
      ELANUS_ASSIGN_OR_RETURN(list, Search(one, &counted));
    }
    one.query += request.query_width;
  }
  return hits;
}

}  // namespace elanus::index
