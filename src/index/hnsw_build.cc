#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "index/hnsw.h"
#include "index/hnsw_file.h"
#include "index/hnsw_walk.h"
#include "index/index_params.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

using kernels::Neighbor;
using kernels::QueryVector;

constexpr int64_t kDefaultM = 30;
constexpr int64_t kDefaultEfConstruction = 360;
// Rows inserted one after the other before threads join in: nodes that arrive at once in a nearly
// empty graph would not find each other.
constexpr size_t kSequentialRows = 512;
constexpr size_t kChunkRows = 64;  // Inserted by one task; then cancellation and progress.

class SpinLock {
 public:
  void lock() {
    for (int spins = 0; locked_.test_and_set(std::memory_order_acquire); ++spins) {
      if (spins > 100) std::this_thread::yield();
    }
  }
  void unlock() { locked_.clear(std::memory_order_release); }

 private:
  std::atomic_flag locked_;
};

// A row's level from the seed and the row alone, so that it does not depend on the order of
// insertion. Exponential with mean 1 / ln(m) (section 4.1): most rows are at level 0.
uint32_t LevelOf(uint64_t seed, uint64_t row, double level_scale) {
  uint64_t x = seed + (row + 1) * 0x9E3779B97F4A7C15ull;  // SplitMix64.
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  x ^= x >> 31;
  const double uniform = (static_cast<double>(x >> 11) + 1) * 0x1p-53;  // In (0, 1].
  return static_cast<uint32_t>(std::min<double>(-std::log(uniform) * level_scale, kHnswLevelMax));
}

class Builder {
 public:
  explicit Builder(const BuildOptions& options)
      : options_(options),
        functions_(kernels::DistanceFunctionsFor(ElementTypeOf(options.rows.type), options.metric)),
        dim_(static_cast<size_t>(options.rows.dim)),
        converts_(options.rows.type == schema::DataType::kFloat16Vector ||
                  options.rows.type == schema::DataType::kBFloat16Vector) {}

  absl::StatusOr<std::string> Build();

 private:
  struct Node {
    uint32_t row;
    uint32_t upper;  // kNoNode: level 0 only.
  };

  void AssignLevels();
  absl::Status InsertAll();
  void Insert(const Node& node, WalkScratch& scratch);
  void Connect(uint32_t level, uint32_t node, std::vector<Neighbor>& candidates,
               WalkScratch& scratch);
  void AddLink(uint32_t level, uint32_t to, const Neighbor& link, WalkScratch& scratch);
  void SelectNeighbors(std::vector<Neighbor>& candidates, uint32_t level, size_t limit,
                       WalkScratch& scratch);
  Neighbor Descend(const QueryVector& query, uint32_t down_to, WalkScratch& scratch);

  QueryVector Query(uint32_t row, std::vector<float>& buffer) const {
    if (converts_) buffer.resize(dim_);
    return kernels::PrepareQuery(functions_, dim_, options_.rows.Row(static_cast<int64_t>(row)),
                                 buffer.data());
  }
  SpinLock& LockOf(uint32_t level, uint32_t node) { return locks_[graph_.RowOf(level, node)]; }
  uint32_t* MutableLinks(uint32_t level, uint32_t node) {
    return const_cast<uint32_t*>(graph_.Links(level, node));
  }
  // A copy of the node's list, valid until the next one.
  std::span<const uint32_t> CopyLinks(uint32_t level, uint32_t node, WalkScratch& scratch) {
    const uint32_t degree = graph_.degree(level);
    scratch.links.resize(degree);
    uint32_t count = 0;
    std::lock_guard lock(LockOf(level, node));
    const uint32_t* list = graph_.Links(level, node);
    for (; count < degree && list[count] != kNoNode; ++count) scratch.links[count] = list[count];
    return {scratch.links.data(), count};
  }
  static void WriteLinks(uint32_t* list, uint32_t degree, const std::vector<Neighbor>& links) {
    for (uint32_t i = 0; i < degree; ++i) {
      list[i] = i < links.size() ? static_cast<uint32_t>(links[i].row) : kNoNode;
    }
  }

  const BuildOptions& options_;
  const kernels::DistanceFunctions functions_;
  const size_t dim_;
  const bool converts_;
  HnswHeader header_;
  std::vector<Node> order_;  // As inserted: the entry point, upper nodes, all others.
  std::string file_;
  HnswGraph graph_;  // On file_.
  std::unique_ptr<SpinLock[]> locks_;
  ScratchPool pool_;
};

void Builder::AssignLevels() {
  const double level_scale = 1 / std::log(static_cast<double>(header_.m));
  std::vector<uint32_t> upper_rows, upper_first, plain;
  uint32_t num_lists = 0;
  for (uint32_t row = 0; row < header_.num_rows; ++row) {
    if (!options_.valid.empty() && !options_.valid.Test(row)) continue;
    ++header_.num_linked;
    const uint32_t level = LevelOf(options_.seed, row, level_scale);
    if (level == 0) {
      plain.push_back(row);
      continue;
    }
    if (level > header_.max_level) {
      header_.max_level = level;
      header_.entry_row = row;
      header_.entry_upper = static_cast<uint32_t>(upper_rows.size());
    }
    upper_rows.push_back(row);
    upper_first.push_back(num_lists);
    num_lists += level;
  }
  upper_first.push_back(num_lists);
  header_.num_upper = static_cast<uint32_t>(upper_rows.size());
  header_.num_upper_lists = num_lists;
  if (upper_rows.empty() && !plain.empty()) header_.entry_row = plain.front();

  const HnswLayout layout(header_);
  file_.assign(layout.file_bytes, '\0');
  char* bytes = file_.data();
  std::memset(bytes + layout.level0, 0xFF, header_.num_rows * 2 * header_.m * 4);
  std::memset(bytes + layout.upper_links, 0xFF, header_.num_upper_lists * header_.m * 4);
  if (header_.num_linked < header_.num_rows) {
    std::memcpy(bytes + layout.linked, options_.valid.words(), (header_.num_rows + 63) / 64 * 8);
  }
  std::memcpy(bytes + layout.upper_first, upper_first.data(), upper_first.size() * 4);
  if (!upper_rows.empty()) {
    std::memcpy(bytes + layout.upper_rows, upper_rows.data(), upper_rows.size() * 4);
  }
  graph_ = HnswGraphOn(header_, reinterpret_cast<const uint8_t*>(bytes));

  order_.reserve(header_.num_linked);
  if (header_.num_linked > 0) order_.push_back({header_.entry_row, header_.entry_upper});
  for (uint32_t u = 0; u < header_.num_upper; ++u) {
    if (u != header_.entry_upper) order_.push_back({upper_rows[u], u});
  }
  for (const uint32_t row : plain) {
    if (row != header_.entry_row) order_.push_back({row, kNoNode});
  }
}

// Greedy steps from the entry point through the levels above `down_to` (Algorithm 1, first loop).
Neighbor Builder::Descend(const QueryVector& query, uint32_t down_to, WalkScratch& scratch) {
  Neighbor nearest{0, header_.entry_upper};
  nearest.distance = functions_.One(query, options_.rows.Row(header_.entry_row), dim_);
  for (uint32_t level = header_.max_level; level > down_to; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      const auto links = CopyLinks(level, static_cast<uint32_t>(nearest.row), scratch);
      for (const uint32_t node : links) {
        const float distance =
            functions_.One(query, options_.rows.Row(graph_.upper_rows[node]), dim_);
        if (distance < nearest.distance) {
          nearest = {distance, node};
          moved = true;
        }
      }
    }
  }
  return nearest;
}

void Builder::Insert(const Node& node, WalkScratch& scratch) {
  const QueryVector query = Query(node.row, scratch.query_buffer);
  const uint32_t top = node.upper == kNoNode ? 0 : graph_.UpperLevels(node.upper);
  std::vector<Neighbor> seeds;
  if (header_.num_upper == 0) {
    seeds.push_back(
        {functions_.One(query, options_.rows.Row(header_.entry_row), dim_), header_.entry_row});
  } else {
    seeds.push_back(Descend(query, top, scratch));
  }
  for (uint32_t level = top;; --level) {
    if (level == 0 && header_.num_upper > 0) {
      for (Neighbor& seed : seeds) seed.row = graph_.upper_rows[seed.row];
    }
    const uint32_t own = level == 0 ? node.row : node.upper;
    scratch.visited.Begin(level == 0 ? header_.num_rows : header_.num_upper);
    scratch.visited.Mark(own);  // Other threads may have linked to it already.
    kernels::TopK found(header_.ef_construction);
    WalkCounts counts;
    WalkLevel(
        seeds, WalkLimits{.ef = header_.ef_construction},
        [&](uint32_t at) { return CopyLinks(level, at, scratch); },
        [&](const uint32_t* nodes, size_t count, float* out) {
          scratch.rows.clear();
          for (size_t i = 0; i < count; ++i) scratch.rows.push_back(graph_.RowOf(level, nodes[i]));
          functions_.gather(query, options_.rows.data, scratch.rows.data(), count, dim_, out);
        },
        [](uint32_t, float) { return true; }, scratch, found, counts);
    std::vector<Neighbor> candidates = found.TakeSorted();
    if (level > 0) seeds = candidates;
    Connect(level, own, candidates, scratch);
    if (level == 0) break;
  }
}

void Builder::Connect(uint32_t level, uint32_t node, std::vector<Neighbor>& candidates,
                      WalkScratch& scratch) {
  SelectNeighbors(candidates, level, header_.m, scratch);
  for (const Neighbor& link : candidates) AddLink(level, node, link, scratch);
  for (const Neighbor& link : candidates) {
    AddLink(level, static_cast<uint32_t>(link.row), {link.distance, node}, scratch);
  }
}

// Adds a link to a node's list; a full list is selected anew from its entries and the new one.
void Builder::AddLink(uint32_t level, uint32_t to, const Neighbor& link, WalkScratch& scratch) {
  const uint32_t degree = graph_.degree(level);
  std::lock_guard lock(LockOf(level, to));
  uint32_t* list = MutableLinks(level, to);
  uint32_t count = 0;
  for (; count < degree && list[count] != kNoNode; ++count) {
    if (list[count] == link.row) return;
  }
  if (count < degree) {
    list[count] = static_cast<uint32_t>(link.row);
    return;
  }
  std::vector<Neighbor> candidates;
  candidates.reserve(degree + 1);
  scratch.rows.clear();
  for (uint32_t i = 0; i < degree; ++i) scratch.rows.push_back(graph_.RowOf(level, list[i]));
  scratch.distances.resize(std::max<size_t>(scratch.distances.size(), degree));
  const QueryVector query = Query(graph_.RowOf(level, to), scratch.other_buffer);
  functions_.gather(query, options_.rows.data, scratch.rows.data(), degree, dim_,
                    scratch.distances.data());
  for (uint32_t i = 0; i < degree; ++i) candidates.push_back({scratch.distances[i], list[i]});
  candidates.push_back(link);
  std::sort(candidates.begin(), candidates.end(), kernels::Nearer);
  SelectNeighbors(candidates, level, degree, scratch);
  WriteLinks(list, degree, candidates);
}

// Keeps a candidate only if it is nearer to the node than to every neighbour already kept, so that
// links point in different directions instead of all into one cluster (Algorithm 4, without
// extending the candidates). Unlike there, a candidate that is as far from the node as from a kept
// one is dropped only if that one is as far from the node too: of equal vectors one is kept, and
// others fill what room is left. With Algorithm 4 alone, equal vectors form islands.
//
//   candidates  nearest first, with their distances to the node; left with at most `limit`
//   cost        O(|candidates| * limit) distances
void Builder::SelectNeighbors(std::vector<Neighbor>& candidates, uint32_t level, size_t limit,
                              WalkScratch& scratch) {
  if (candidates.size() < 2) return;
  std::vector<Neighbor> kept, equal;
  kept.reserve(limit);
  for (const Neighbor& candidate : candidates) {
    if (kept.size() == limit) break;
    const QueryVector query =
        Query(graph_.RowOf(level, static_cast<uint32_t>(candidate.row)), scratch.other_buffer);
    bool good = true;
    for (size_t i = 0; i < kept.size() && good; ++i) {
      const uint32_t row = graph_.RowOf(level, static_cast<uint32_t>(kept[i].row));
      const float between = functions_.One(query, options_.rows.Row(row), dim_);
      if (between < candidate.distance) good = false;
      if (between == candidate.distance && kept[i].distance == candidate.distance) {
        good = false;
        equal.push_back(candidate);
      }
    }
    if (good) kept.push_back(candidate);
  }
  for (size_t i = 0; i < equal.size() && kept.size() < limit; ++i) kept.push_back(equal[i]);
  candidates = std::move(kept);
}

absl::Status Builder::InsertAll() {
  const auto check = [&] {
    return options_.cancellation != nullptr ? options_.cancellation->Check() : absl::OkStatus();
  };
  const size_t total = order_.size();
  size_t next = 1;  // The entry point is in the graph as it is.
  {
    auto scratch = pool_.Take();
    const size_t end = options_.executor == nullptr ? total : std::min(total, kSequentialRows);
    for (; next < end; ++next) {
      if (next % kChunkRows == 0) {
        ELANUS_RETURN_IF_ERROR(check());
        if (options_.progress) options_.progress(static_cast<double>(next) / total);
      }
      Insert(order_[next], *scratch);
    }
  }
  if (next < total) {
    std::atomic<size_t> done{next};
    const size_t begin = next, num_chunks = (total - begin + kChunkRows - 1) / kChunkRows;
    options_.executor->ParallelFor(num_chunks, [&](size_t chunk) {
      if (options_.cancellation != nullptr && options_.cancellation->cancelled()) return;
      auto scratch = pool_.Take();
      const size_t first = begin + chunk * kChunkRows;
      const size_t end = std::min(total, first + kChunkRows);
      for (size_t i = first; i < end; ++i) Insert(order_[i], *scratch);
      const size_t finished = done.fetch_add(end - first) + end - first;
      if (options_.progress) options_.progress(static_cast<double>(finished) / total);
    });
  }
  return check();
}

absl::StatusOr<std::string> Builder::Build() {
  const VectorRows& rows = options_.rows;
  const int64_t m = IntParam(options_.params, "M", kDefaultM);
  const int64_t ef = IntParam(options_.params, "efConstruction", kDefaultEfConstruction);
  if (!functions_.valid() || rows.dim <= 0 || m < 2 || m > 2048 || ef < 1 ||
      (!options_.valid.empty() && options_.valid.size() != rows.num_rows)) {
    return InternalError(ErrorCode::kInternal, "HNSW build with unchecked options");
  }
  if (rows.num_rows > kHnswRowsMax) {
    return UserError(ErrorCode::kParameterInvalid, "too many rows for one HNSW index: {}",
                     rows.num_rows);
  }
  header_.type = rows.type;
  header_.metric = options_.metric;
  header_.dim = static_cast<uint64_t>(rows.dim);
  header_.num_rows = static_cast<uint64_t>(rows.num_rows);
  header_.m = static_cast<uint32_t>(m);
  header_.ef_construction = static_cast<uint32_t>(std::min<int64_t>(ef, INT32_MAX));
  AssignLevels();
  locks_ = std::make_unique<SpinLock[]>(header_.num_rows);
  ELANUS_RETURN_IF_ERROR(InsertAll());
  SealHnswFile(header_, file_);
  if (options_.progress) options_.progress(1);
  return std::move(file_);
}

}  // namespace

absl::StatusOr<std::string> BuildHnsw(const BuildOptions& options) {
  return Builder(options).Build();
}

}  // namespace elanus::index
