#include "index/brute_force.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace elanus::index {
namespace {

// Rows of a block stay in the second-level cache (1 MiB on current servers, 256 KiB on older ones)
// while all queries are compared with them.
constexpr int64_t kBlockBytes = 128 << 10;
constexpr int64_t kBlockRowsMin = 64;
constexpr int64_t kBlockRowsMax = 1024;
// Distances held for one tile.
constexpr int64_t kTileQueriesMax = 64;

// Calls f(i) for each i in [begin, end) whose bit is set, skipping empty words.
template <typename F>
void ForEachSet(kernels::BitView bits, int64_t begin, int64_t end, F&& f) {
  for (int64_t w = begin / 64; w * 64 < end; ++w) {
    uint64_t word = bits.words()[w];
    if (w * 64 < begin) word &= ~uint64_t{0} << (begin - w * 64);
    if (end - w * 64 < 64) word &= (uint64_t{1} << (end - w * 64)) - 1;
    for (; word != 0; word &= word - 1) f(w * 64 + std::countr_zero(word));
  }
}

kernels::DistanceFunctions WithSignature(kernels::DistanceFunctions functions,
                                         const kernels::SignatureShape& signature) {
  functions.signature = signature;
  return functions;
}

}  // namespace

struct BruteForce::State {
  State(schema::DataType type, int64_t dim, kernels::Metric metric, const uint8_t* vectors,
        int64_t num_queries, int64_t k, const DistanceRange& range,
        const kernels::SignatureShape& signature)
      : type(type),
        dim(dim),
        functions(
            WithSignature(kernels::DistanceFunctionsFor(ElementTypeOf(type), metric), signature)),
        queries(functions, static_cast<size_t>(dim), vectors, static_cast<size_t>(num_queries)),
        hits(static_cast<size_t>(num_queries), kernels::TopK(k)),
        only_finite(metric == kernels::Metric::kSubstructure ||
                    metric == kernels::Metric::kSuperstructure ||
                    metric == kernels::Metric::kMinHash),
        range(range),
        in_range_only(!range.everything()) {}

  // Offers the distances of rows first + ids[i] (ids null: first + i) to query q.
  void Offer(size_t q, const float* distances, int64_t count, const uint32_t* ids, int64_t first) {
    kernels::TopK& top = hits[q];
    float bound = top.bound();
    for (int64_t i = 0; i < count; ++i) {
      if (distances[i] > bound || (only_finite && std::isinf(distances[i]))) continue;
      if (in_range_only && !range.Contains(distances[i])) continue;
      if (top.Push(distances[i], first + (ids != nullptr ? ids[i] : i))) bound = top.bound();
    }
  }

  const schema::DataType type;
  const int64_t dim;
  const kernels::DistanceFunctions functions;
  const kernels::PreparedQueries queries;
  std::vector<kernels::TopK> hits;
  const bool only_finite;  // Membership metrics: rows at infinity are no hits.
  const DistanceRange range;
  const bool in_range_only;
  std::vector<float> distances;
  std::vector<uint32_t> ids;
  SearchStatistics statistics{.strategy = SearchStrategy::kScanRows};
};

BruteForce::BruteForce(schema::DataType type, int64_t dim, kernels::Metric metric,
                       const uint8_t* queries, int64_t num_queries, int64_t k,
                       const DistanceRange& range, const kernels::SignatureShape& signature)
    : state_(
          std::make_unique<State>(type, dim, metric, queries, num_queries, k, range, signature)) {}
BruteForce::~BruteForce() = default;
BruteForce::BruteForce(BruteForce&&) noexcept = default;

absl::Status BruteForce::Add(const VectorRows& rows, int64_t first_row, kernels::BitView allowed,
                             const Cancellation* cancellation) {
  State& state = *state_;
  if (rows.type != state.type || rows.dim != state.dim ||
      (!allowed.empty() && allowed.size() < first_row + rows.num_rows)) {
    return InternalError(ErrorCode::kInternal, "rows and queries of a search do not match");
  }
  const int64_t width = std::max<int64_t>(rows.width(), 1);
  const int64_t block = std::clamp(kBlockBytes / width, kBlockRowsMin, kBlockRowsMax);
  const auto num_queries = static_cast<int64_t>(state.queries.size());
  const auto dim = static_cast<size_t>(state.dim);
  state.distances.resize(static_cast<size_t>(block * std::min(num_queries, kTileQueriesMax)));

  for (int64_t begin = 0; begin < rows.num_rows; begin += block) {
    if (cancellation != nullptr) ELANUS_RETURN_IF_ERROR(cancellation->Check());
    const int64_t count = std::min(block, rows.num_rows - begin);
    const uint8_t* data = rows.data + begin * width;
    state.ids.clear();
    if (!allowed.empty()) {
      const int64_t base = first_row + begin;
      ForEachSet(allowed, base, base + count,
                 [&](int64_t row) { state.ids.push_back(static_cast<uint32_t>(row - base)); });
      if (state.ids.empty()) continue;
    }
    const bool all = allowed.empty() || static_cast<int64_t>(state.ids.size()) == count;
    if (!all) {
      const auto num_ids = static_cast<int64_t>(state.ids.size());
      for (int64_t q = 0; q < num_queries; ++q) {
        state.functions.gather(state.queries[q], data, state.ids.data(), state.ids.size(), dim,
                               state.distances.data());
        state.Offer(q, state.distances.data(), num_ids, state.ids.data(), first_row + begin);
      }
      state.statistics.distances += num_queries * num_ids;
      continue;
    }
    // A tile rounds its sums in another order than one query alone. That must not move a row over a
    // bound, which may be the distance that another search reported.
    const int64_t tile_max = state.in_range_only ? 1 : kTileQueriesMax;
    for (int64_t q = 0; q < num_queries; q += tile_max) {
      const int64_t tile = std::min(tile_max, num_queries - q);
      state.functions.tile(state.queries.data() + q, static_cast<size_t>(tile), data,
                           static_cast<size_t>(count), dim, state.distances.data(),
                           static_cast<size_t>(count));
      for (int64_t t = 0; t < tile; ++t) {
        state.Offer(q + t, state.distances.data() + t * count, count, nullptr, first_row + begin);
      }
    }
    state.statistics.distances += num_queries * count;
  }
  return absl::OkStatus();
}

std::vector<std::vector<Neighbor>> BruteForce::Finish() {
  std::vector<std::vector<Neighbor>> out;
  out.reserve(state_->hits.size());
  for (kernels::TopK& top : state_->hits) out.push_back(top.TakeSorted());
  return out;
}

const SearchStatistics& BruteForce::statistics() const {
  return state_->statistics;
}

}  // namespace elanus::index
