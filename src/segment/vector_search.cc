#include "segment/vector_search.h"

#include <algorithm>
#include <limits>
#include <string>

#include "common/status.h"
#include "index/brute_force.h"

namespace elanus::segment {
namespace {

using Lists = std::vector<std::vector<index::Neighbor>>;

// Candidates beside those that the refine ratio asks for, so that a small k has some, too.
constexpr int64_t kCandidatesMore = 64;
// A vector anywhere in the column costs as much as this many one after the other.
constexpr double kScatteredCost = 2;
// So many queries share a block of rows in the cache before arithmetic bounds them (24,000 x 768,
// 60 queries: 41 a second exact, 27 by codes; one query: 3.2 ms of processor by codes, 9.8 exact).
constexpr double kSharedQueries = 8;

struct Plan {
  int64_t coded = 0;       // Rows below this are searched by their codes.
  int64_t candidates = 0;  // Of these, to compare exactly for each query.
};

int64_t CountBelow(const kernels::Bitset& rows, int64_t end) {
  return kernels::BitView(rows.words(), end).Count();
}

// By bytes that pass through the processor for a query: all vectors that are allowed, or all codes
// and the candidates' vectors.
Plan MakePlan(const VectorPieces& rows, const SearchSpec& spec, const kernels::Bitset& allowed,
              const InterimIndex* interim) {
  Plan exact;
  // Rows nearer than a range are none of its hits but would take the places of candidates.
  const bool from_nearest = spec.range.nearest == -std::numeric_limits<float>::infinity();
  if (interim == nullptr || !from_nearest) return exact;
  Plan coded;
  // By whole words of `allowed`.
  coded.coded = std::min(interim->covered(), allowed.size() / 64 * 64);
  const auto wanted =
      std::min(static_cast<double>(spec.k) * spec.interim->options().refine_ratio, 1e12);
  coded.candidates = std::max(spec.k, static_cast<int64_t>(wanted)) + kCandidatesMore;
  const auto width = static_cast<double>(rows.width());
  const double shared = std::min(static_cast<double>(spec.num_queries), kSharedQueries);
  const auto num_allowed = static_cast<double>(CountBelow(allowed, coded.coded));
  const double cost = static_cast<double>(coded.coded * interim->cost_per_row()) +
                      static_cast<double>(coded.candidates) * width * kScatteredCost;
  return cost < num_allowed * width / shared ? coded : exact;
}

// Compares the allowed rows from `begin` on with every query.
absl::StatusOr<Lists> Compare(const VectorPieces& rows, const SearchSpec& spec,
                              const kernels::Bitset& allowed, int64_t begin, int64_t end,
                              const Cancellation& cancellation) {
  index::BruteForce search(rows.type(), rows.dim(), spec.metric, spec.queries, spec.num_queries,
                           spec.k, spec.range, SignatureOf(spec));
  while (begin < end) {
    const index::VectorRows piece = rows.At(begin, end);
    ELANUS_RETURN_IF_ERROR(search.Add(piece, begin, allowed.view(), &cancellation));
    begin += piece.num_rows;
  }
  if (spec.trace != nullptr) spec.trace->statistics.Add(search.statistics());
  return search.Finish();
}

std::vector<index::Neighbor> Merge(const std::vector<index::Neighbor>& a,
                                   const std::vector<index::Neighbor>& b, int64_t k) {
  std::vector<index::Neighbor> out(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), out.begin(), kernels::Nearer);
  if (std::ssize(out) > k) out.resize(static_cast<size_t>(k));
  return out;
}

void Note(const SearchSpec& spec, std::string strategy) {
  if (spec.trace != nullptr) spec.trace->strategy = std::move(strategy);
}

}  // namespace

absl::StatusOr<Lists> SearchVectors(const VectorPieces& rows, const SearchSpec& spec,
                                    kernels::Bitset candidates, const InterimIndex* interim,
                                    const Cancellation& cancellation) {
  rows.RemoveNulls(candidates);
  const kernels::Bitset& allowed = candidates;
  const Plan plan = MakePlan(rows, spec, allowed, interim);
  ELANUS_ASSIGN_OR_RETURN(Lists hits,
                          Compare(rows, spec, allowed, plan.coded, allowed.size(), cancellation));
  if (plan.coded == 0) {
    Note(spec, "exact");
    return hits;
  }
  Note(spec, fmt::format("codes of {} rows, {} refined; {} exact", plan.coded, plan.candidates,
                         allowed.size() - plan.coded));
  for (int64_t q = 0; q < spec.num_queries; ++q) {
    SearchSpec one = spec;
    one.queries += q * rows.width();
    one.num_queries = 1;
    kernels::Bitset proposed(allowed.size());
    ELANUS_RETURN_IF_ERROR(
        interim->Propose({.query = one.queries,
                          .allowed = allowed.view(),
                          .end = plan.coded,
                          .count = plan.candidates,
                          .cancellation = &cancellation,
                          .statistics = spec.trace != nullptr ? &spec.trace->statistics : nullptr},
                         proposed));
    ELANUS_ASSIGN_OR_RETURN(const Lists refined,
                            Compare(rows, one, proposed, 0, plan.coded, cancellation));
    hits[q] = Merge(hits[q], refined[0], spec.k);
  }
  return hits;
}

}  // namespace elanus::segment
