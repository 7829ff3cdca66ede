#include "segment/list_search.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "index/brute_force.h"
#include "index/encoded_lists.h"
#include "index/max_sim.h"

namespace elanus::segment {
namespace {

using index::Neighbor;
using HitLists = std::vector<std::vector<Neighbor>>;

constexpr double kAnnRatio = 3;
// A first stage that finds less than k rows is repeated with so many times more vectors.
constexpr int64_t kDeeper = 4;
// An index is not worth its two stages over so few vectors, in multiples of those it would look
// for.
constexpr int64_t kScanFactor = 8;
// Vectors of rows that are compared in one go; as many as fill a few tiles of MaxSim.
constexpr int64_t kBatchElements = 1024;

double AnnRatio(const index::Params* params) {
  if (params == nullptr) return kAnnRatio;
  const auto it = params->find("retrieval_ann_ratio");
  double ratio = kAnnRatio;
  if (it != params->end()) {
    std::from_chars(it->second.data(), it->second.data() + it->second.size(), ratio);
  }
  return ratio > 0 ? ratio : kAnnRatio;
}

// What the search says about comparing the vectors of what an index of encoded lists found.
std::optional<bool> Reranks(const index::Params* params) {
  if (params == nullptr) return std::nullopt;
  const auto it = params->find("emb_list_rerank");
  return it == params->end() ? std::nullopt : index::ParseSettingBool(it->second);
}

class ListSearcher {
 public:
  ListSearcher(const SearchSpec& spec, std::span<const ListRun> runs,
               const index::VectorIndex* index, const kernels::Bitset& candidates,
               const Cancellation& cancellation)
      : spec_(spec),
        runs_(runs),
        encoded_(dynamic_cast<const index::EncodedLists*>(index)),
        index_(encoded_ == nullptr ? index : nullptr),
        candidates_(candidates),
        cancellation_(cancellation) {
    for (const ListRun& run : runs) {
      first_elements_.push_back(num_elements_);
      num_elements_ += run.rows.num_elements();
    }
  }

  absl::StatusOr<HitLists> Run() {
    if (num_elements_ == 0) return HitLists(spec_.num_queries);
    ELANUS_RETURN_IF_ERROR(AllowElements());
    if (num_allowed_ == 0) return HitLists(spec_.num_queries);
    return spec_.list_begins == nullptr ? NearestElements() : NearestRows();
  }

 private:
  int64_t width() const { return runs_.front().rows.vectors().width(); }
  const index::VectorRows& vectors() const { return runs_.front().rows.vectors(); }

  // The filter over rows becomes one over vectors; none if every row passes.
  absl::Status AllowElements() {
    num_allowed_ = num_elements_;
    int64_t num_rows = 0;
    for (const ListRun& run : runs_) num_rows += run.rows.num_rows();
    if (candidates_.Count() == num_rows && spec_.elements == nullptr) return absl::OkStatus();
    allowed_ = kernels::Bitset(num_elements_);
    for (size_t i = 0; i < runs_.size(); ++i) {
      if (spec_.elements != nullptr) {
        ELANUS_RETURN_IF_ERROR(AllowMatches(runs_[i], first_elements_[i]));
      } else {
        runs_[i].rows.AllowElements(candidates_.view(), runs_[i].first_row, first_elements_[i],
                                    allowed_);
      }
    }
    num_allowed_ = allowed_.Count();
    return absl::OkStatus();
  }

  absl::Status AllowMatches(const ListRun& run, int64_t first_element) {
    const expr::ElementMatches& matches = *spec_.elements;
    for (int64_t i = 0; i < run.rows.num_rows(); ++i) {
      const int64_t row = run.first_row + i;
      if (!candidates_.Test(row)) continue;
      const int64_t begin = run.rows.Begin(i), count = run.rows.End(i) - begin;
      const int64_t from = matches.begins[row], matched = matches.begins[row + 1] - from;
      if (matched != count) {
        return InternalError(ErrorCode::kDataIntegrity,
                             "the arrays of a struct have {} vectors and {} elements in row {}",
                             count, matched, row);
      }
      for (int64_t e = 0; e < count; ++e) {
        if (matches.elements.Test(from + e)) allowed_.Set(first_element + begin + e);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Neighbor>> AskIndex(const uint8_t* query, int64_t k,
                                                 const kernels::DistanceRange& range) const {
    index::SearchRequest request;
    request.query = query;
    request.k = std::min(k, num_allowed_);
    request.params = spec_.params;
    if (num_allowed_ < num_elements_) request.allowed = allowed_.view();
    request.num_allowed = num_allowed_;
    request.range = range;
    request.cancellation = &cancellation_;
    index::SearchStatistics statistics;
    return index_->Search(request, &statistics);
  }

  // --- Single vectors ---

  ElementOfRow Locate(int64_t element) const {
    const auto next = std::upper_bound(first_elements_.begin(), first_elements_.end(), element);
    const auto run = static_cast<size_t>(next - first_elements_.begin()) - 1;
    const index::ElementRows& rows = runs_[run].rows;
    element -= first_elements_[run];
    const int64_t row = rows.RowOf(element);
    return {runs_[run].first_row + row, element - rows.Begin(row)};
  }

  absl::StatusOr<HitLists> NearestElements() const {
    HitLists hits(spec_.num_queries);
    if (index_ != nullptr) {
      for (int64_t q = 0; q < spec_.num_queries; ++q) {
        ELANUS_ASSIGN_OR_RETURN(hits[q],
                                AskIndex(spec_.queries + q * width(), spec_.k, spec_.range));
      }
    } else {
      index::BruteForce search(vectors().type, vectors().dim, spec_.metric, spec_.queries,
                               spec_.num_queries, std::min(spec_.k, num_allowed_), spec_.range);
      for (size_t i = 0; i < runs_.size(); ++i) {
        ELANUS_RETURN_IF_ERROR(search.Add(runs_[i].rows.vectors(), first_elements_[i],
                                          allowed_.view(), &cancellation_));
      }
      hits = search.Finish();
    }
    for (std::vector<Neighbor>& list : hits) {
      for (Neighbor& hit : list) hit.row = Locate(hit.row).Pack();
    }
    return hits;
  }

  // --- Lists ---

  absl::StatusOr<HitLists> NearestRows() {
    HitLists hits(spec_.num_queries);
    if (encoded_ != nullptr) AllowRows();
    for (int64_t q = 0; q < spec_.num_queries; ++q) {
      const uint8_t* list = spec_.queries + spec_.list_begins[q] * width();
      const int64_t num_vectors = spec_.list_begins[q + 1] - spec_.list_begins[q];
      index::MaxSim distance(vectors().type, vectors().dim, spec_.metric, list, num_vectors);
      const auto first_stage =
          static_cast<int64_t>(std::ceil(static_cast<double>(spec_.k) * AnnRatio(spec_.params)));
      if (encoded_ != nullptr && rows_allowed_.Count() / kScanFactor > first_stage) {
        ELANUS_ASSIGN_OR_RETURN(hits[q], AskEncoded(list, num_vectors, first_stage, distance));
        continue;
      }
      if (index_ == nullptr || num_allowed_ / kScanFactor <= first_stage) {
        ELANUS_ASSIGN_OR_RETURN(hits[q], Scan(distance));
        continue;
      }
      ELANUS_ASSIGN_OR_RETURN(const std::vector<int64_t> rows,
                              FirstStage(list, num_vectors, first_stage));
      ELANUS_ASSIGN_OR_RETURN(hits[q], Rank(rows, distance));
    }
    return hits;
  }

  // The candidates that have vectors, which alone are encoded.
  void AllowRows() {
    const index::ElementRows& rows = runs_.front().rows;
    rows_allowed_ = kernels::Bitset(rows.num_rows());
    candidates_.view().ForEach([&](int64_t row) {
      if (!rows.IsEmpty(row)) rows_allowed_.Set(row);
    });
  }

  // The rows whose encodings are nearest, ranked by their vectors unless the search forgoes that.
  absl::StatusOr<std::vector<Neighbor>> AskEncoded(const uint8_t* list, int64_t num_vectors,
                                                   int64_t first_stage,
                                                   index::MaxSim& distance) const {
    const index::EncodedLists::Query query = encoded_->EncodeQuery(list, num_vectors);
    const bool reranks = Reranks(spec_.params).value_or(encoded_->reranks());
    index::SearchRequest request;
    request.query = reinterpret_cast<const uint8_t*>(query.vector.data());
    request.num_allowed = rows_allowed_.Count();
    request.k = std::min(reranks ? first_stage : spec_.k, request.num_allowed);
    request.params = spec_.params;
    request.allowed = rows_allowed_.view();
    request.cancellation = &cancellation_;
    index::SearchStatistics statistics;
    ELANUS_ASSIGN_OR_RETURN(std::vector<Neighbor> hits, encoded_->Search(request, &statistics));
    if (!reranks) {
      for (Neighbor& hit : hits) hit.distance = query.Estimate(hit.distance);
      return hits;
    }
    std::vector<int64_t> rows;
    for (const Neighbor& hit : hits) rows.push_back(hit.row);
    std::sort(rows.begin(), rows.end());
    return Rank(rows, distance);
  }

  // The rows of the vectors near to any vector of the query list, ascending.
  absl::StatusOr<std::vector<int64_t>> FirstStage(const uint8_t* list, int64_t num_vectors,
                                                  int64_t k) const {
    const index::ElementRows& all = runs_.front().rows;
    absl::flat_hash_set<int64_t> rows;
    for (;; k *= kDeeper) {
      for (int64_t i = 0; i < num_vectors; ++i) {
        ELANUS_ASSIGN_OR_RETURN(const std::vector<Neighbor> near,
                                AskIndex(list + i * width(), k, {}));
        for (const Neighbor& hit : near) rows.insert(all.RowOf(hit.row));
      }
      if (static_cast<int64_t>(rows.size()) >= spec_.k || k >= num_allowed_) break;
    }
    std::vector<int64_t> out(rows.begin(), rows.end());
    std::sort(out.begin(), out.end());
    return out;
  }

  absl::StatusOr<std::vector<Neighbor>> Rank(const std::vector<int64_t>& rows,
                                             index::MaxSim& distance) const {
    kernels::TopK best(spec_.k);
    for (const int64_t row : rows) {
      ELANUS_RETURN_IF_ERROR(cancellation_.Check());
      float found;
      distance.Distances(runs_.front().rows, row, row + 1, &found);
      best.Push(found, row);
    }
    return best.TakeSorted();
  }

  // Exact, over all candidates.
  absl::StatusOr<std::vector<Neighbor>> Scan(index::MaxSim& distance) const {
    kernels::TopK best(spec_.k);
    std::vector<float> found;
    for (const ListRun& run : runs_) {
      const index::ElementRows& rows = run.rows;
      const auto is_candidate = [&](int64_t row) {
        return candidates_.Test(run.first_row + row) && !rows.IsEmpty(row);
      };
      for (int64_t begin = 0; begin < rows.num_rows();) {
        if (!is_candidate(begin)) {
          ++begin;
          continue;
        }
        int64_t end = begin + 1;
        while (end < rows.num_rows() && is_candidate(end) &&
               rows.End(end) - rows.Begin(begin) <= kBatchElements) {
          ++end;
        }
        ELANUS_RETURN_IF_ERROR(cancellation_.Check());
        found.resize(static_cast<size_t>(end - begin));
        distance.Distances(rows, begin, end, found.data());
        for (int64_t row = begin; row < end; ++row) {
          best.Push(found[row - begin], run.first_row + row);
        }
        begin = end;
      }
    }
    return best.TakeSorted();
  }

  const SearchSpec& spec_;
  const std::span<const ListRun> runs_;
  const index::EncodedLists* const encoded_;  // Null: the index, if there is one, is over vectors.
  const index::VectorIndex* const index_;
  const kernels::Bitset& candidates_;
  const Cancellation& cancellation_;
  std::vector<int64_t> first_elements_;  // Of each run, numbered through all of them.
  int64_t num_elements_ = 0;
  kernels::Bitset allowed_;  // Over elements; empty: all.
  int64_t num_allowed_ = 0;
  kernels::Bitset rows_allowed_;  // For an index of encoded lists.
};

}  // namespace

absl::StatusOr<std::vector<std::vector<Neighbor>>> SearchLists(const SearchSpec& spec,
                                                               std::span<const ListRun> runs,
                                                               const index::VectorIndex* index,
                                                               const kernels::Bitset& candidates,
                                                               const Cancellation& cancellation) {
  return ListSearcher(spec, runs, index, candidates, cancellation).Run();
}

}  // namespace elanus::segment
