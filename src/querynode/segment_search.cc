#include "querynode/segment_search.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "querynode/first_error.h"

namespace elanus::querynode {
namespace {

// Queries of one batch that one task takes: enough to share memory traffic, few enough to share
// cores.
constexpr int64_t kQueriesPerTask = 64;

int64_t CountAll(const CandidateRows& candidates) {
  int64_t sum = 0;
  for (const kernels::Bitset& rows : candidates) sum += rows.Count();
  return sum;
}

}  // namespace

void SegmentSearch::NoteWork(size_t segment, const segment::SearchTrace& trace) const {
  absl::MutexLock lock(&work_mutex_);
  roles::SegmentWork& work = work_[segment];
  ++work.searches;
  work.strategy = trace.strategy;
  work.distances += trace.statistics.distances;
  work.hops += trace.statistics.hops;
  work.reads += trace.statistics.reads;
  work.bytes_read += trace.statistics.bytes_read;
  work.cells_missed += trace.waits.misses;
  work.bytes_loaded += trace.waits.bytes_loaded;
  work.wait_us += trace.waits.wait_ns / 1000;
  for (const std::string& name : trace.waits.names) {
    if (work.waited_for.size() < cache::Waits::kNamesMax) work.waited_for.push_back(name);
  }
}

std::vector<roles::SegmentWork> SegmentSearch::TakeWork(const CandidateRows& candidates) const {
  absl::MutexLock lock(&work_mutex_);
  std::vector<roles::SegmentWork> out;
  for (size_t s = 0; s < segments_.size(); ++s) {
    if (work_[s].searches == 0) continue;
    roles::SegmentWork& work = out.emplace_back(std::move(work_[s]));
    work.segment = segments_[s]->id();
    work.growing = segments_[s]->growing();
    work.rows = segments_[s]->num_rows();
    work.candidates = candidates[s].Count();
  }
  return out;
}

absl::Status SegmentSearch::SearchSegment(size_t segment, const Asked& asked,
                                          const CandidateRows& candidates,
                                          std::span<SegmentHits> hits) const {
  segment::SearchSpec spec;
  spec.field = request_.field;
  spec.metric = request_.metric;
  spec.params = &request_.params;
  spec.queries = reinterpret_cast<const uint8_t*>(request_.queries.data());
  if (request_.list_begins.empty()) {
    spec.queries += asked.first_query * width_;
  } else {
    spec.list_begins = request_.list_begins.data() + asked.first_query;
  }
  spec.num_queries = asked.num_queries;
  if (!elements_.empty()) spec.elements = &elements_[segment];
  spec.k = asked.k;
  spec.range = asked.range;
  spec.interim = interim_;
  segment::SearchTrace trace;
  spec.trace = &trace;
  ELANUS_ASSIGN_OR_RETURN(const auto found,
                          segments_[segment]->Search(spec, candidates[segment], cancellation_));
  NoteWork(segment, trace);
  for (int64_t q = 0; q < asked.num_queries; ++q) {
    Hits& list = hits[q][segment];
    list.clear();
    list.reserve(found[q].size());
    for (const index::Neighbor& neighbor : found[q]) {
      query::RowRef at{static_cast<int32_t>(segment), neighbor.row};
      if (finds_elements()) {
        const auto hit = segment::ElementOfRow::Unpack(neighbor.row);
        at.row = hit.row;
        at.element = static_cast<int32_t>(hit.element);
      }
      list.push_back({neighbor.distance, at});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Hits> SegmentSearch::Merge(int64_t query, int64_t k,
                                          const kernels::DistanceRange& range,
                                          const CandidateRows& candidates,
                                          SegmentHits& hits) const {
  const query::KeyAt key_at = [this](const query::RowRef& at) { return KeyAt(at); };
  std::vector<int64_t> asked(segments_.size(), k);
  for (;;) {
    int64_t dropped = 0;
    Hits merged = query::MergeNearest(hits, k, key_at, &dropped);
    if (dropped == 0) return merged;
    // Repeated keys took places: look deeper wherever something unseen may be nearer than the last.
    const bool full = static_cast<int64_t>(merged.size()) >= k;
    bool more = false;
    for (size_t s = 0; s < segments_.size(); ++s) {
      if (static_cast<int64_t>(hits[s].size()) < asked[s]) continue;
      if (full && hits[s].back().distance >= merged.back().distance) continue;
      more = true;
      asked[s] *= 2;
      ELANUS_RETURN_IF_ERROR(SearchSegment(s, {query, 1, asked[s], range}, candidates, {&hits, 1}));
    }
    if (!more) return merged;
  }
}

absl::StatusOr<std::vector<Hits>> SegmentSearch::Nearest(int64_t k,
                                                         const CandidateRows& candidates) const {
  // One task a segment and a run of queries.
  const size_t num_segments = segments_.size();
  const int64_t num_queries = request_.num_queries;
  const int64_t runs = (num_queries + kQueriesPerTask - 1) / kQueriesPerTask;
  std::vector<SegmentHits> hits(num_queries, SegmentHits(num_segments));
  std::vector<Hits> merged(num_queries);
  FirstError error;
  compute_.ParallelFor(num_segments * runs, [&](size_t task) {
    const int64_t first = static_cast<int64_t>(task / num_segments) * kQueriesPerTask;
    const size_t segment = task % num_segments;
    if (candidates[segment].Count() == 0) return;
    const int64_t count = std::min(kQueriesPerTask, num_queries - first);
    error.Note(SearchSegment(segment, {first, count, k, request_.range}, candidates,
                             std::span(hits).subspan(first, count)));
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  compute_.ParallelFor(num_queries, [&](size_t q) {
    auto list = Merge(static_cast<int64_t>(q), k, request_.range, candidates, hits[q]);
    error.Note(list.status());
    if (list.ok()) merged[q] = *std::move(list);
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  return merged;
}

absl::StatusOr<Hits> SegmentSearch::NearestOf(int64_t query, int64_t k,
                                              const kernels::DistanceRange& range,
                                              const CandidateRows& candidates) const {
  SegmentHits hits(segments_.size());
  FirstError error;
  compute_.ParallelFor(segments_.size(), [&](size_t segment) {
    if (candidates[segment].Count() == 0) return;
    error.Note(SearchSegment(segment, {query, 1, k, range}, candidates, {&hits, 1}));
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  return Merge(query, k, range, candidates, hits);
}

absl::StatusOr<Hits> SegmentSearch::NearestWithTies(int64_t query, int64_t k,
                                                    const CandidateRows& candidates,
                                                    bool* cut_ties) const {
  *cut_ties = false;
  ELANUS_ASSIGN_OR_RETURN(Hits hits, NearestOf(query, k + 1, request_.range, candidates));
  if (static_cast<int64_t>(hits.size()) <= k) return hits;
  const float last = hits[k - 1].distance;
  const bool cuts = hits[k].distance == last;
  hits.resize(k);
  if (!cuts) return hits;
  // Which of the equals a segment reports depends on the order of its rows. All of them by key:
  int64_t all = std::max<int64_t>(CountAll(candidates), 1);
  if (finds_elements()) all <<= segment::ElementOfRow::kBits;
  ELANUS_ASSIGN_OR_RETURN(const Hits ties,
                          NearestOf(query, all, kernels::DistanceRange::At(last), candidates));
  while (!hits.empty() && hits.back().distance == last) hits.pop_back();
  // Keys that are hits by another row.
  absl::flat_hash_set<std::pair<schema::PrimaryKeyView, int32_t>> nearer;
  for (const query::Hit& hit : hits) nearer.emplace(KeyAt(hit.at), hit.at.element);
  for (const query::Hit& tie : ties) {
    if (nearer.contains({KeyAt(tie.at), tie.at.element})) continue;
    if (static_cast<int64_t>(hits.size()) == k) {
      *cut_ties = true;
      break;
    }
    hits.push_back(tie);
  }
  return hits;
}

}  // namespace elanus::querynode
