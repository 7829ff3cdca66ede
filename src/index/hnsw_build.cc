#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <optional>
#include <thread>
#include <tuple>

#include "index/hnsw.h"
#include "index/hnsw_file.h"
#include "index/hnsw_pool.h"
#include "index/hnsw_select.h"
#include "index/index_params.h"

namespace elanus::index {
namespace {

using kernels::Neighbor;

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

// What one thread inserts with.
struct BuildScratch : WalkScratch {
  NodePool pool;
  NodeMeasure::Query query, other;
  SelectScratch select;
  std::vector<Neighbor> candidates, chosen;
  std::vector<float> other_distances;
  std::array<uint32_t, 3> path{};  // Where the last descent left levels 3, 2 and 1.
  size_t memory_bytes() const { return visited.memory_bytes(); }
};

class Builder {
 public:
  explicit Builder(const BuildOptions& options) : options_(options) {}

  absl::StatusOr<std::string> Build(bool keep_codes);

 private:
  struct Node {
    uint32_t row;
    uint32_t upper;  // kNoNode: level 0 only.
  };

  absl::Status CheckOptions();
  void AssignLevels();
  void LayOut();
  absl::Status InsertAll();
  void Insert(const Node& node, BuildScratch& scratch);
  void WalkTo(uint32_t level, uint32_t own, BuildScratch& scratch);
  void Connect(uint32_t level, uint32_t node, BuildScratch& scratch);
  void AddLink(uint32_t level, uint32_t to, const Neighbor& link, BuildScratch& scratch);
  void SelectAgain(uint32_t level, uint32_t node, uint32_t count, size_t limit,
                   BuildScratch& scratch);
  void FinishLists();
  void OrderByPlace();
  Neighbor Descend(uint32_t down_to, BuildScratch& scratch);
  void ForEachRow(size_t first, size_t end, const std::function<void(size_t, size_t)>& body);

  SpinLock& LockOf(uint32_t level, uint32_t node) { return locks_[graph_.RowOf(level, node)]; }
  const uint32_t* RowsOf(uint32_t level) const { return level == 0 ? nullptr : graph_.upper_rows; }
  // Lists of level 0 have room for more links while the graph grows, so that a full one is selected
  // anew for many links at once.
  uint32_t Room(uint32_t level) const { return level == 0 ? 3 * header_.m : header_.m; }
  uint32_t* List(uint32_t level, uint32_t node) {
    if (level == 0) return level0_.data() + size_t{node} * Room(0);
    return const_cast<uint32_t*>(graph_.Links(level, node));
  }
  uint32_t Length(uint32_t level, uint32_t node) {
    if (level == 0) return lengths_[node];
    const uint32_t* list = graph_.Links(level, node);
    return static_cast<uint32_t>(std::find(list, list + header_.m, kNoNode) - list);
  }
  // A copy of the node's list, valid until the next one.
  std::span<const uint32_t> CopyLinks(uint32_t level, uint32_t node, BuildScratch& scratch) {
    const uint32_t room = Room(level);
    if (scratch.links.size() < room) scratch.links.resize(room);
    std::lock_guard lock(LockOf(level, node));
    const uint32_t* list = List(level, node);
    const uint32_t count = Length(level, node);
    std::copy_n(list, count, scratch.links.data());
    return {scratch.links.data(), count};
  }
  void PrepareRow(uint32_t row, BuildScratch& scratch) const {
    if (!measure_->Prepare(options_.rows.Row(row), scratch.query)) {
      selector_->Prepare(row, scratch.query);
    }
  }
  // Distances of the scratch's query to nodes of a level.
  void Measure(uint32_t level, const uint32_t* nodes, size_t count, float* out,
               BuildScratch& scratch) const {
    if (level > 0) {
      scratch.rows.resize(std::max(scratch.rows.size(), count));
      for (size_t i = 0; i < count; ++i) scratch.rows[i] = graph_.upper_rows[nodes[i]];
      nodes = scratch.rows.data();
    }
    measure_->Measure(scratch.query, nodes, count, out);
  }

  const BuildOptions& options_;
  HnswHeader header_;
  std::vector<uint32_t> upper_rows_, upper_first_;
  std::vector<Node> order_;  // As inserted: the entry point, upper nodes, all others.
  HnswCodeStorage codes_;
  std::vector<float> own_terms_;
  std::optional<NodeMeasure> measure_;
  std::optional<NeighborSelector> selector_;
  std::string file_;
  HnswGraph graph_;                // On file_.
  std::vector<uint32_t> level0_;   // (num_rows, Room(0)),
  std::vector<uint16_t> lengths_;  // and how many links of each are taken.
  std::unique_ptr<SpinLock[]> locks_;
  ScratchPool<BuildScratch> pool_;
};

void Builder::AssignLevels() {
  const double level_scale = 1 / std::log(static_cast<double>(header_.m));
  std::vector<uint32_t> plain;
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
      header_.entry_upper = static_cast<uint32_t>(upper_rows_.size());
    }
    upper_rows_.push_back(row);
    upper_first_.push_back(num_lists);
    num_lists += level;
  }
  upper_first_.push_back(num_lists);
  header_.num_upper = static_cast<uint32_t>(upper_rows_.size());
  header_.num_upper_lists = num_lists;
  if (upper_rows_.empty() && !plain.empty()) header_.entry_row = plain.front();

  order_.reserve(header_.num_linked);
  if (header_.num_linked > 0) order_.push_back({header_.entry_row, header_.entry_upper});
  for (uint32_t u = 0; u < header_.num_upper; ++u) {
    if (u != header_.entry_upper) order_.push_back({upper_rows_[u], u});
  }
  for (const uint32_t row : plain) {
    if (row != header_.entry_row) order_.push_back({row, kNoNode});
  }
}

// The file with everything but the links.
void Builder::LayOut() {
  const HnswLayout layout(header_);
  file_.assign(layout.file_bytes, '\0');
  char* bytes = file_.data();
  const auto copy = [&](uint64_t offset, const auto& values) {
    if (!values.empty())
      std::memcpy(bytes + offset, values.data(), values.size() * sizeof(values[0]));
  };
  std::memset(bytes + layout.level0, 0xFF, header_.num_rows * 2 * header_.m * 4);
  std::memset(bytes + layout.upper_links, 0xFF, header_.num_upper_lists * header_.m * 4);
  if (header_.num_linked < header_.num_rows) {
    std::memcpy(bytes + layout.linked, options_.valid.words(), (header_.num_rows + 63) / 64 * 8);
  }
  copy(layout.upper_first, upper_first_);
  copy(layout.upper_rows, upper_rows_);
  if (header_.has_codes) {
    copy(layout.codes, codes_.codes);
    copy(layout.terms, codes_.terms);
    copy(layout.scale, codes_.centers);
    copy(layout.scale + header_.dim * 4, codes_.steps);
    codes_ = {};
  }
  graph_ = HnswGraphOn(header_, reinterpret_cast<const uint8_t*>(bytes));
  measure_.emplace(options_.rows, options_.metric, graph_.codes);
  selector_.emplace(*measure_, own_terms_);
  level0_.assign(header_.num_rows * Room(0), kNoNode);
  lengths_.assign(header_.num_rows, 0);
  locks_ = std::make_unique<SpinLock[]>(header_.num_rows);
}

// Greedy steps from the entry point through the levels above `down_to` (Algorithm 1, first loop).
Neighbor Builder::Descend(uint32_t down_to, BuildScratch& scratch) {
  Neighbor nearest{0, header_.entry_upper};
  measure_->Measure(scratch.query, &header_.entry_row, 1, &nearest.distance);
  scratch.distances.resize(std::max<size_t>(scratch.distances.size(), header_.m));
  for (uint32_t level = header_.max_level; level > down_to; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      const auto links = CopyLinks(level, static_cast<uint32_t>(nearest.row), scratch);
      Measure(level, links.data(), links.size(), scratch.distances.data(), scratch);
      for (size_t i = 0; i < links.size(); ++i) {
        if (scratch.distances[i] < nearest.distance) {
          nearest = {scratch.distances[i], links[i]};
          moved = true;
        }
      }
    }
    if (level <= scratch.path.size()) {
      scratch.path[scratch.path.size() - level] = static_cast<uint32_t>(nearest.row);
    }
  }
  return nearest;
}

// Orders the rows of level 0 only by where their descents end, once the upper levels are built:
// rows that lie near each other come one after the other, and what their walks read is in the
// cache.
void Builder::OrderByPlace() {
  const size_t first = std::max<size_t>(header_.num_upper, 1);
  struct Placed {
    std::array<uint32_t, 3> path;
    Node node;
  };
  std::vector<Placed> placed(order_.size() - first);
  ForEachRow(first, order_.size(), [&](size_t begin, size_t end) {
    auto scratch = pool_.Take();
    for (size_t i = begin; i < end; ++i) {
      PrepareRow(order_[i].row, *scratch);
      Descend(0, *scratch);
      placed[i - first] = {(*scratch).path, order_[i]};
    }
  });
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.path, a.node.row) < std::tie(b.path, b.node.row);
  });
  for (size_t i = 0; i < placed.size(); ++i) order_[first + i] = placed[i].node;
}

// Walks one level from the candidates and leaves the nearest nodes as candidates.
void Builder::WalkTo(uint32_t level, uint32_t own, BuildScratch& scratch) {
  scratch.visited.Begin(level == 0 ? header_.num_rows : header_.num_upper);
  scratch.visited.Mark(own);  // Other threads may have linked to it already.
  scratch.pool.Begin(std::min<size_t>(header_.ef_construction, header_.num_rows));
  for (const Neighbor& seed : scratch.candidates) {
    const auto node = static_cast<uint32_t>(seed.row);
    if (scratch.visited.Mark(node)) scratch.pool.Insert(seed.distance, node);
  }
  WalkCounts counts;
  WalkPool(
      scratch.pool, nullptr, [&](uint32_t at) { return CopyLinks(level, at, scratch); },
      [&](const uint32_t* nodes, size_t count, float* out) {
        Measure(level, nodes, count, out, scratch);
      },
      [&](uint32_t at) {
        const uint32_t* list = List(level, at);
        for (uint32_t i = 0; i < Room(level); i += 16) __builtin_prefetch(list + i);
      },
      scratch, counts);
  scratch.candidates.clear();
  for (const NodePool::Entry& entry : scratch.pool.entries()) {
    scratch.candidates.push_back({entry.distance, entry.node()});
  }
}

void Builder::Insert(const Node& node, BuildScratch& scratch) {
  PrepareRow(node.row, scratch);
  const uint32_t top = node.upper == kNoNode ? 0 : graph_.UpperLevels(node.upper);
  scratch.candidates.clear();
  if (header_.num_upper == 0) {
    Neighbor entry{0, header_.entry_row};
    measure_->Measure(scratch.query, &header_.entry_row, 1, &entry.distance);
    scratch.candidates.push_back(entry);
  } else {
    scratch.candidates.push_back(Descend(top, scratch));
  }
  for (uint32_t level = top;; --level) {
    if (level == 0 && header_.num_upper > 0) {
      for (Neighbor& seed : scratch.candidates) seed.row = graph_.upper_rows[seed.row];
    }
    const uint32_t own = level == 0 ? node.row : node.upper;
    WalkTo(level, own, scratch);
    Connect(level, own, scratch);
    if (level == 0) break;
  }
}

// Links the node with some of the candidates, which stay as they are.
void Builder::Connect(uint32_t level, uint32_t node, BuildScratch& scratch) {
  std::vector<Neighbor> chosen = scratch.candidates;
  selector_->Select(graph_.RowOf(level, node), chosen, header_.m, RowsOf(level), scratch.select);
  for (const Neighbor& link : chosen) AddLink(level, node, link, scratch);
  for (const Neighbor& link : chosen) {
    AddLink(level, static_cast<uint32_t>(link.row), {link.distance, node}, scratch);
  }
}

// Adds a link to a node's list; a full list is selected anew from its entries and the new one.
void Builder::AddLink(uint32_t level, uint32_t to, const Neighbor& link, BuildScratch& scratch) {
  const uint32_t room = Room(level);
  const auto node = static_cast<uint32_t>(link.row);
  std::lock_guard lock(LockOf(level, to));
  uint32_t* list = List(level, to);
  const uint32_t count = Length(level, to);
  if (std::find(list, list + count, node) != list + count) return;
  if (count < room) {
    list[count] = node;
    if (level == 0) ++lengths_[to];
    return;
  }
  scratch.links.assign(list, list + count);
  scratch.links.push_back(node);
  SelectAgain(level, to, count + 1, std::min(room, graph_.degree(level)), scratch);
  for (uint32_t i = 0; i < room; ++i) {
    list[i] = i < scratch.chosen.size() ? static_cast<uint32_t>(scratch.chosen[i].row) : kNoNode;
  }
  if (level == 0) lengths_[to] = static_cast<uint16_t>(scratch.chosen.size());
}

// Selects from the first `count` of scratch.links into scratch.chosen.
void Builder::SelectAgain(uint32_t level, uint32_t node, uint32_t count, size_t limit,
                          BuildScratch& scratch) {
  const uint32_t row = graph_.RowOf(level, node);
  selector_->Prepare(row, scratch.other);
  scratch.other_distances.resize(std::max<size_t>(scratch.other_distances.size(), count));
  scratch.rows.resize(std::max<size_t>(scratch.rows.size(), count));
  for (uint32_t i = 0; i < count; ++i) scratch.rows[i] = graph_.RowOf(level, scratch.links[i]);
  measure_->Measure(scratch.other, scratch.rows.data(), count, scratch.other_distances.data());
  scratch.chosen.clear();
  for (uint32_t i = 0; i < count; ++i) {
    scratch.chosen.push_back({scratch.other_distances[i], scratch.links[i]});
  }
  std::sort(scratch.chosen.begin(), scratch.chosen.end(), kernels::Nearer);
  selector_->Select(row, scratch.chosen, limit, RowsOf(level), scratch.select);
}

// Calls body(begin, end) for runs of [first, end), on the executor's threads where there is one.
void Builder::ForEachRow(size_t first, size_t end,
                         const std::function<void(size_t, size_t)>& body) {
  const size_t num_chunks = (end - first + kChunkRows - 1) / kChunkRows;
  const auto run = [&](size_t chunk) {
    if (options_.cancellation != nullptr && options_.cancellation->cancelled()) return;
    const size_t begin = first + chunk * kChunkRows;
    body(begin, std::min(end, begin + kChunkRows));
  };
  if (options_.executor != nullptr) return options_.executor->ParallelFor(num_chunks, run);
  for (size_t chunk = 0; chunk < num_chunks; ++chunk) run(chunk);
}

absl::Status Builder::InsertAll() {
  const size_t total = order_.size();
  const size_t alone = std::min(total, kSequentialRows);
  auto scratch = pool_.Take();
  for (size_t i = 1; i < alone; ++i) Insert(order_[i], *scratch);  // The entry point is in already.
  std::atomic<size_t> done{alone};
  const auto insert = [&](size_t begin, size_t end) {
    auto own = pool_.Take();
    for (size_t i = begin; i < end; ++i) Insert(order_[i], *own);
    const size_t finished = done.fetch_add(end - begin) + end - begin;
    if (options_.progress) options_.progress(static_cast<double>(finished) / total);
  };
  const size_t upper = std::clamp<size_t>(header_.num_upper, alone, total);
  ForEachRow(alone, upper, insert);
  if (upper == header_.num_upper && upper < total) OrderByPlace();
  ForEachRow(upper, total, insert);
  return options_.cancellation != nullptr ? options_.cancellation->Check() : absl::OkStatus();
}

// Brings the lists of level 0 to their final length and into the file.
void Builder::FinishLists() {
  const uint32_t degree = graph_.degree(0);
  ForEachRow(0, header_.num_rows, [&](size_t begin, size_t end) {
    auto scratch = pool_.Take();
    for (size_t row = begin; row < end; ++row) {
      const auto node = static_cast<uint32_t>(row);
      const uint32_t* list = List(0, node);
      uint32_t* to = const_cast<uint32_t*>(graph_.Links(0, node));
      const uint32_t count = Length(0, node);
      if (count <= degree) {
        std::copy_n(list, count, to);
        continue;
      }
      (*scratch).links.assign(list, list + count);
      SelectAgain(0, node, count, degree, *scratch);
      for (const Neighbor& link : (*scratch).chosen) *to++ = static_cast<uint32_t>(link.row);
    }
  });
}

absl::Status Builder::CheckOptions() {
  const VectorRows& rows = options_.rows;
  const int64_t m = IntParam(options_.params, "M", kDefaultM);
  const int64_t ef = IntParam(options_.params, "efConstruction", kDefaultEfConstruction);
  if (!kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), options_.metric).valid() ||
      rows.dim <= 0 || m < 2 || m > 2048 || ef < 1 ||
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
  return absl::OkStatus();
}

absl::StatusOr<std::string> Builder::Build(bool keep_codes) {
  ELANUS_RETURN_IF_ERROR(CheckOptions());
  AssignLevels();
  header_.has_codes = HnswHasCodes(header_.type, options_.rows.dim) &&
                      EncodeHnswRows(options_.rows, options_.valid, options_.metric,
                                     options_.executor, codes_, own_terms_);
  if (!header_.has_codes) own_terms_.clear();
  LayOut();
  ELANUS_RETURN_IF_ERROR(InsertAll());
  FinishLists();
  if (options_.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options_.cancellation->Check());
  if (!keep_codes) {
    header_.has_codes = false;
    file_.resize(HnswLayout(header_).file_bytes);  // Codes come last.
  }
  SealHnswFile(header_, file_);
  if (options_.progress) options_.progress(1);
  return std::move(file_);
}

}  // namespace

absl::StatusOr<std::string> BuildHnsw(const BuildOptions& options) {
  return Builder(options).Build(true);
}

absl::StatusOr<std::string> BuildHnswLinks(const BuildOptions& options) {
  return Builder(options).Build(false);
}

}  // namespace elanus::index
