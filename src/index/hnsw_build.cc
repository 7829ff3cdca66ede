#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>

#include "index/equal_rows.h"
#include "index/hnsw.h"
#include "index/hnsw_file.h"
#include "index/hnsw_reach.h"
#include "index/hnsw_select.h"
#include "index/index_params.h"
#include "index/near_rows.h"

namespace elanus::index {
namespace {

constexpr int64_t kDefaultM = 30;
constexpr int64_t kDefaultEfConstruction = 360;
constexpr size_t kChunkRows = 256;  // Finished by one task; then cancellation and progress.
// Of the build's time; the rest is for what follows the selection of level 0.
constexpr double kLinkShare = 0.95;
// What efConstruction stands for here: a row chooses among the nearest 3/4 ef of so many times ef
// rows. The walks of other libraries come to as good a graph with ef candidates (measured:
// docs/decisions/007).
constexpr size_t kComparedPerEf = 25;
// At level 0, where there is room for 2 M links, a row chooses M and one of so many of M more.
constexpr uint32_t kMorePart = 4;
// A list has one of so many links for each side of the ring of a row's copies.
constexpr uint32_t kRingPart = 8;
// Codes that are the same for more than one of so many rows that differ are too coarse to walk by.
constexpr size_t kCoarsePart = 16;

// A row's level from the seed and the row alone. Exponential with mean 1 / ln(m) (section 4.1):
// most rows are at level 0.
uint32_t LevelOf(uint64_t seed, uint64_t row, double level_scale) {
  uint64_t x = seed + (row + 1) * 0x9E3779B97F4A7C15ull;  // SplitMix64.
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  x ^= x >> 31;
  const double uniform = (static_cast<double>(x >> 11) + 1) * 0x1p-53;  // In (0, 1].
  return static_cast<uint32_t>(std::min<double>(-std::log(uniform) * level_scale, kHnswLevelMax));
}

// What one thread links with.
struct LinkScratch {
  SelectScratch select;
  NodeMeasure::Query query;
  std::vector<uint32_t> rows;
  std::vector<float> distances;
  size_t memory_bytes() const { return 0; }
};

class Builder {
 public:
  explicit Builder(const BuildOptions& options) : options_(options) {}

  absl::StatusOr<std::string> Build(bool keep_codes);

 private:
  // The links that the rows of a level choose.
  struct Chosen {
    std::vector<uint32_t> members;   // Rows.
    std::vector<uint32_t> index_of;  // Of each row among the members.
    uint32_t limit = 0;
    std::vector<uint32_t> links;  // (members, limit), kNoNode ends: rows.
    // The other way round: who chose a member.
    std::vector<uint64_t> by_first;
    std::vector<uint32_t> by;

    std::span<const uint32_t> Of(uint32_t row) const {
      const uint32_t* list = links.data() + size_t{index_of[row]} * limit;
      return {list, static_cast<size_t>(std::find(list, list + limit, kNoNode) - list)};
    }
    std::span<const uint32_t> By(uint32_t row) const {
      const uint32_t index = index_of[row];
      return {by.data() + by_first[index], by.data() + by_first[index + 1]};
    }
  };

  absl::Status CheckOptions();
  void EncodeRows();
  bool CodesAreCoarse() const;
  void AssignLevels();
  void LayOut();
  std::vector<uint32_t> MembersOf(uint32_t level) const;
  void LinkLevel(uint32_t level);
  void Choose(uint32_t level, Chosen& chosen);
  void AddLinksAbove(uint32_t level, uint32_t row, NearList& nearest, LinkScratch& scratch);
  static void TurnRound(Chosen& chosen);
  void WriteLists(uint32_t level, const Chosen& chosen);
  void LinkCopies();
  void LinkUnreachedOf(uint32_t level);
  uint32_t RingLinks(size_t group_size) const;
  void ForEachChunk(size_t count, const std::function<void(size_t, size_t)>& body);
  bool cancelled() const {
    return options_.cancellation != nullptr && options_.cancellation->cancelled();
  }
  void Report(double done) const {
    if (options_.progress) options_.progress(done);
  }

  // Lists of a level hold rows at level 0, upper nodes above.
  uint32_t* ListOf(uint32_t level, uint32_t node) {
    if (level == 0) return level0_.data() + size_t{node} * graph_.degree(0);
    return const_cast<uint32_t*>(graph_.UpperList(level, node));
  }
  uint32_t NodeOf(uint32_t level, uint32_t row) const { return level == 0 ? row : UpperOf(row); }
  // The upper node of a row; kNoNode: it is at level 0 only.
  uint32_t UpperOf(uint32_t row) const {
    const auto at = std::lower_bound(upper_rows_.begin(), upper_rows_.end(), row);
    return at == upper_rows_.end() || *at != row ? kNoNode
                                                 : static_cast<uint32_t>(at - upper_rows_.begin());
  }

  const BuildOptions& options_;
  HnswHeader header_;
  std::vector<uint32_t> members_;  // Rows that are not null.
  HnswCodeStorage codes_;
  std::vector<float> own_terms_;
  std::optional<NodeMeasure> measure_;
  std::optional<EqualRows> equal_;
  std::vector<uint32_t> upper_rows_, upper_first_;
  std::string file_;
  HnswGraph graph_;               // On file_.
  std::vector<uint32_t> level0_;  // (num_rows, degree(0)), kNoNode ends.
  ScratchPool<LinkScratch> pool_;
};

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

void Builder::EncodeRows() {
  members_ = ValidRows(options_);
  header_.num_linked = members_.size();
  header_.has_codes = HnswHasCodes(header_.type, options_.rows.dim) &&
                      EncodeHnswRows(options_.rows, options_.valid, options_.metric,
                                     options_.executor, codes_, own_terms_);
  if (header_.has_codes) {
    measure_.emplace(options_.rows, options_.metric, codes_.view(), own_terms_);
    equal_.emplace(*measure_, members_);
    if (!CodesAreCoarse()) return;
    header_.has_codes = false;
  }
  codes_ = {};
  measure_.emplace(options_.rows, options_.metric, HnswCodes());
  equal_.emplace(*measure_, members_);
}

// Whether too many rows that differ have one code: clusters much closer than a step is wide.
bool Builder::CodesAreCoarse() const {
  const auto width = static_cast<size_t>(options_.rows.width());
  size_t confused = 0;
  for (size_t g = 0; g < equal_->num_groups(); ++g) {
    const auto group = equal_->group(g);
    const uint8_t* first = options_.rows.Row(group.front());
    for (const uint32_t row : group) {
      confused += std::memcmp(options_.rows.Row(row), first, width) != 0 ? 1 : 0;
    }
  }
  return confused > members_.size() / kCoarsePart;
}

void Builder::AssignLevels() {
  const double level_scale = 1 / std::log(static_cast<double>(header_.m));
  uint32_t num_lists = 0;
  for (const uint32_t row : equal_->distinct()) {
    const uint32_t level = LevelOf(options_.seed, row, level_scale);
    if (level == 0) continue;
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
  if (upper_rows_.empty() && !members_.empty()) header_.entry_row = members_.front();
}

// The file with everything but the links; those of level 0 are written at the end.
void Builder::LayOut() {
  const HnswLayout layout(header_);
  file_.assign(layout.file_bytes, '\0');
  char* bytes = file_.data();
  const auto copy = [&](uint64_t offset, const auto& values) {
    if (!values.empty())
      std::memcpy(bytes + offset, values.data(), values.size() * sizeof(values[0]));
  };
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
  }
  graph_ = HnswGraphOn(header_, reinterpret_cast<const uint8_t*>(bytes));
  level0_.assign(header_.num_rows * graph_.degree(0), kNoNode);
}

// Calls body(begin, end) for runs of [0, count), on the executor's threads where there is one.
void Builder::ForEachChunk(size_t count, const std::function<void(size_t, size_t)>& body) {
  const size_t num_chunks = (count + kChunkRows - 1) / kChunkRows;
  const auto run = [&](size_t chunk) {
    if (!cancelled()) body(chunk * kChunkRows, std::min(count, (chunk + 1) * kChunkRows));
  };
  if (options_.executor != nullptr) return options_.executor->ParallelFor(num_chunks, run);
  for (size_t chunk = 0; chunk < num_chunks; ++chunk) run(chunk);
}

// Rows, ascending. Copies are linked by LinkCopies.
std::vector<uint32_t> Builder::MembersOf(uint32_t level) const {
  if (level == 0) return equal_->distinct();
  std::vector<uint32_t> rows;
  for (uint32_t u = 0; u < header_.num_upper; ++u) {
    if (graph_.UpperLevels(u) >= level) rows.push_back(upper_rows_[u]);
  }
  return rows;
}

// A row that is on the level above too may keep links from there: the long ones, which lead from
// cluster to cluster.
void Builder::AddLinksAbove(uint32_t level, uint32_t row, NearList& nearest, LinkScratch& scratch) {
  const uint32_t upper = UpperOf(row);
  if (upper == kNoNode || graph_.UpperLevels(upper) <= level) return;
  scratch.rows.clear();
  const uint32_t* list = graph_.UpperList(level + 1, upper);
  for (uint32_t i = 0; i < header_.m && list[i] != kNoNode; ++i) {
    const uint32_t other = upper_rows_[list[i]];
    if (std::find(nearest.rows.begin(), nearest.rows.end(), other) == nearest.rows.end()) {
      scratch.rows.push_back(other);
    }
  }
  scratch.distances.resize(std::max(scratch.distances.size(), scratch.rows.size()));
  measure_->PrepareRow(row, scratch.query);
  measure_->Measure(scratch.query, scratch.rows.data(), scratch.rows.size(),
                    scratch.distances.data());
  for (size_t i = 0; i < scratch.rows.size(); ++i) {
    const float distance = scratch.distances[i];
    const auto at = std::upper_bound(nearest.distances.begin(), nearest.distances.end(), distance);
    nearest.rows.insert(nearest.rows.begin() + (at - nearest.distances.begin()), scratch.rows[i]);
    nearest.distances.insert(at, distance);
  }
}

void Builder::Choose(uint32_t level, Chosen& chosen) {
  std::atomic<size_t> num_done{0};
  const size_t ef = header_.ef_construction;
  const NearRows near(*measure_, chosen.members,
                      {.width = std::max<size_t>(ef * 3 / 4, chosen.limit),
                       .compared = kComparedPerEf * ef,
                       .seed = options_.seed + level,
                       .executor = options_.executor,
                       .cancellation = options_.cancellation});
  near.ForEach([&](uint32_t row, NearList& nearest) {
    auto scratch = pool_.Take();
    AddLinksAbove(level, row, nearest, *scratch);
    const auto links = SelectNeighbors(*measure_, nearest, chosen.limit, (*scratch).select);
    std::copy(links.begin(), links.end(),
              chosen.links.begin() + int64_t{chosen.index_of[row]} * chosen.limit);
    const size_t done = ++num_done;
    if (level == 0 && done % 1024 == 0) Report(kLinkShare * done / chosen.members.size());
  });
}

void Builder::TurnRound(Chosen& chosen) {
  chosen.by_first.assign(chosen.members.size() + 1, 0);
  for (const uint32_t to : chosen.links) {
    if (to != kNoNode) ++chosen.by_first[chosen.index_of[to] + 1];
  }
  std::partial_sum(chosen.by_first.begin(), chosen.by_first.end(), chosen.by_first.begin());
  std::vector<uint64_t> at(chosen.by_first.begin(), chosen.by_first.end() - 1);
  chosen.by.resize(chosen.by_first.back());
  for (const uint32_t row : chosen.members) {
    for (const uint32_t to : chosen.Of(row)) chosen.by[at[chosen.index_of[to]]++] = row;
  }
}

// A row's list: whom it chose and who chose it; a selection if these are too many.
void Builder::WriteLists(uint32_t level, const Chosen& chosen) {
  ForEachChunk(chosen.members.size(), [&](size_t begin, size_t end) {
    auto lease = pool_.Take();
    LinkScratch& scratch = *lease;
    for (size_t i = begin; i < end; ++i) {
      const uint32_t row = chosen.members[i];
      const auto own = chosen.Of(row);
      scratch.rows.assign(own.begin(), own.end());
      for (const uint32_t other : chosen.By(row)) {
        if (std::find(own.begin(), own.end(), other) == own.end()) scratch.rows.push_back(other);
      }
      std::span<const uint32_t> links = scratch.rows;
      if (links.size() > graph_.degree(level)) {
        links = SelectOf(*measure_, row, links, graph_.degree(level), scratch.select);
      }
      uint32_t* to = ListOf(level, NodeOf(level, row));
      for (const uint32_t other : links) *to++ = NodeOf(level, other);
    }
  });
}

void Builder::LinkLevel(uint32_t level) {
  Chosen chosen;
  chosen.members = MembersOf(level);
  chosen.index_of.resize(header_.num_rows);
  for (size_t i = 0; i < chosen.members.size(); ++i) {
    chosen.index_of[chosen.members[i]] = static_cast<uint32_t>(i);
  }
  chosen.limit = header_.m + (level == 0 ? header_.m / kMorePart : 0);
  chosen.links.assign(chosen.members.size() * chosen.limit, kNoNode);
  Choose(level, chosen);
  if (cancelled()) return;
  TurnRound(chosen);
  WriteLists(level, chosen);
}

uint32_t Builder::RingLinks(size_t group_size) const {
  const uint32_t side = std::max(1u, graph_.degree(0) / kRingPart);
  return static_cast<uint32_t>(std::min<size_t>(2 * side, group_size - 1));
}

// Copies of a row form a ring, in which each links to those before and behind it. The other links
// of all are those of the first one, which is linked with the rest of the graph.
void Builder::LinkCopies() {
  const uint32_t degree = graph_.degree(0);
  for (size_t g = 0; g < equal_->num_groups(); ++g) {
    const auto group = equal_->group(g);
    const uint32_t ring = RingLinks(group.size());
    uint32_t* const first = ListOf(0, group.front());
    const std::vector<uint32_t> others(first, std::find(first, first + degree - ring, kNoNode));
    for (size_t i = 0; i < group.size(); ++i) {
      uint32_t* to = ListOf(0, group[i]);
      std::fill_n(to, degree, kNoNode);
      to = std::copy(others.begin(), others.end(), to);
      for (uint32_t r = 0; r < ring; ++r) {
        const size_t step = r / 2 + 1;
        *to++ = group[(i + (r % 2 == 0 ? step : group.size() - step)) % group.size()];
      }
    }
  }
}

void Builder::LinkUnreachedOf(uint32_t level) {
  LevelLists lists;
  if (level == 0) {
    lists.nodes = members_;
  } else {
    for (const uint32_t row : MembersOf(level)) lists.nodes.push_back(UpperOf(row));
  }
  lists.degree = graph_.degree(level);
  lists.list = [this, level](uint32_t node) { return ListOf(level, node); };
  lists.row_of = [this, level](uint32_t node) { return graph_.RowOf(level, node); };
  LinkUnreached(*measure_, level == 0 ? header_.entry_row : header_.entry_upper, lists);
}

absl::StatusOr<std::string> Builder::Build(bool keep_codes) {
  ELANUS_RETURN_IF_ERROR(CheckOptions());
  EncodeRows();
  AssignLevels();
  header_.has_codes = header_.has_codes && keep_codes;
  header_.link_bits = LinkBitsFor(header_);
  LayOut();
  for (uint32_t level = header_.max_level + 1; level-- > 0;) {
    if (cancelled()) return options_.cancellation->Check();
    LinkLevel(level);
    if (level == 0) LinkCopies();
    if (!cancelled()) LinkUnreachedOf(level);
  }
  if (options_.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options_.cancellation->Check());
  WriteLevel0(header_, level0_, file_);
  SealHnswFile(header_, file_);
  Report(1);
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
