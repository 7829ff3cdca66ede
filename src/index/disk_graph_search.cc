#include <algorithm>
#include <atomic>
#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "common/logging.h"
#include "index/allowed_rows.h"
#include "index/brute_force.h"
#include "index/disk_graph.h"
#include "index/disk_graph_file.h"
#include "index/float_rows.h"
#include "index/hnsw_pool.h"
#include "index/index_params.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

using kernels::BitView;
using kernels::Metric;
using storage::BlockReader;

constexpr int64_t kSearchListMin = 16, kSearchListMinInRange = 512;
constexpr int64_t kListGrowth = 4;
constexpr int64_t kBeamPerCore = 4, kBeamMax = 16;
constexpr size_t kSeeds = 4;  // Entry points that a walk begins from.
constexpr double kDefaultCacheRatio = 0.1;
// A record that is read and looked at, against a row of the column that is compared in a scan.
constexpr int64_t kReadCost = 8;
constexpr double kThresholdByCost = -1;  // filter_threshold
constexpr float kByteCost = 0.06f;  // Nanoseconds to compare a byte of a row; see search_plan.cc.

struct DiskScratch {
  VisitedSet visited;
  NodePool pool;  // A walk ends when it has read all of them.
  std::vector<uint32_t> beam, fresh, places;
  std::vector<float> distances, query_buffer;
  std::vector<uint8_t> blocks;
  std::vector<const uint8_t*> records;  // Of the beam's rows.
  std::vector<BlockReader::Read> reads;

  size_t memory_bytes() const { return visited.memory_bytes() + blocks.capacity(); }
};

class DiskGraphIndex final : public VectorIndex {
 public:
  DiskGraphIndex(std::unique_ptr<BlockReader> file, DiskGraphHead head,
                 std::unique_ptr<RowCodes> codes, const VectorRows& rows, Metric metric)
      : file_(std::move(file)),
        head_(std::move(head)),
        codes_(std::move(codes)),
        layout_(head_.facts, static_cast<uint64_t>(rows.width()),
                codes_->RunBytes(head_.facts.degree)),
        rows_(rows),
        metric_(metric),
        functions_(kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric)) {}

  // Whether the parts are as large as they must be.
  absl::Status CheckSizes() const;
  // Keeps the blocks nearest to the entry points in memory.
  absl::Status FillCache(uint64_t bytes_max);
  // Verifies every block.
  absl::Status CheckBlocks();

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  bool reads_few_rows() const override { return true; }
  int64_t memory_bytes() const override;

 private:
  int64_t ListFor(const SearchRequest& request, const AllowedRows& allowed) const;
  bool ScansFrom(const SearchRequest& request, const AllowedRows& allowed, int64_t list) const;
  absl::StatusOr<std::vector<Neighbor>> Scan(const SearchRequest& request,
                                             const AllowedRows& allowed,
                                             SearchStatistics& statistics) const;
  absl::StatusOr<std::vector<Neighbor>> Walk(const SearchRequest& request,
                                             const AllowedRows& allowed, int64_t list,
                                             SearchStatistics& statistics) const;
  void Seed(const kernels::QueryVector& query, RowQuery& codes, DiskScratch& scratch) const;
  // The records of the beam's rows, from the cache or the disk.
  absl::Status FetchRecords(DiskScratch& scratch, SearchStatistics& statistics) const;
  void AddNeighbours(const uint8_t* record, RowQuery& codes, DiskScratch& scratch) const;
  absl::Status ReadBlocks(std::span<const BlockReader::Read> reads) const;

  const std::unique_ptr<BlockReader> file_;
  const DiskGraphHead head_;
  const std::unique_ptr<RowCodes> codes_;  // On head_.
  const DiskGraphLayout layout_;
  const VectorRows rows_;
  const Metric metric_;
  const kernels::DistanceFunctions functions_;
  absl::flat_hash_map<uint64_t, uint64_t> cached_;  // Block to offset in cache_.
  std::vector<uint8_t> cache_;
  mutable std::atomic<bool> damaged_{false};
  mutable ScratchPool<DiskScratch> scratch_pool_;
};

absl::Status DiskGraphIndex::ReadBlocks(std::span<const BlockReader::Read> reads) const {
  ELANUS_RETURN_IF_ERROR(file_->ReadAll(reads));
  for (const BlockReader::Read& read : reads) {
    if (!BlockIsIntact(read.into)) {
      return InternalError(ErrorCode::kDataIntegrity,
                           "disk graph index file is damaged: checksum of the block at offset {}",
                           read.offset);
    }
  }
  return absl::OkStatus();
}

absl::Status DiskGraphIndex::CheckSizes() const {
  if (head_.block_bytes == layout_.block_bytes && head_.num_blocks == layout_.num_blocks) {
    return absl::OkStatus();
  }
  return InternalError(ErrorCode::kDataIntegrity,
                       "disk graph index file is damaged: its parts do not fit each other");
}

absl::Status DiskGraphIndex::CheckBlocks() {
  std::vector<uint8_t> block(layout_.block_bytes);
  for (uint64_t b = 0; b < layout_.num_blocks; ++b) {
    const BlockReader::Read read{layout_.OffsetOf(b), block};
    ELANUS_RETURN_IF_ERROR(ReadBlocks({&read, 1}));
  }
  return absl::OkStatus();
}

// Breadth first from the entry points, a batch of blocks at a time.
absl::Status DiskGraphIndex::FillCache(uint64_t bytes_max) {
  const uint64_t blocks_max = std::min(bytes_max / layout_.block_bytes, layout_.num_blocks);
  cache_.reserve(blocks_max * layout_.block_bytes);
  std::vector<uint32_t> level(head_.entries), next;
  std::vector<uint64_t> wanted;
  kernels::Bitset seen(rows_.num_rows);
  while (cached_.size() < blocks_max && !level.empty()) {
    wanted.clear();
    for (const uint32_t row : level) {
      const uint64_t block = layout_.BlockOf(row);
      if (cached_.size() < blocks_max &&
          cached_.try_emplace(block, cached_.size() * layout_.block_bytes).second) {
        wanted.push_back(block);
      }
    }
    cache_.resize(cached_.size() * layout_.block_bytes);
    std::vector<BlockReader::Read> reads;
    for (const uint64_t block : wanted) {
      reads.push_back({layout_.OffsetOf(block),
                       std::span(cache_).subspan(cached_[block], layout_.block_bytes)});
    }
    ELANUS_RETURN_IF_ERROR(ReadBlocks(reads));
    next.clear();
    for (const uint32_t row : level) {
      const auto at = cached_.find(layout_.BlockOf(row));
      if (at == cached_.end()) continue;
      for (uint32_t i = 0; i < head_.facts.degree; ++i) {
        uint32_t link;
        std::memcpy(&link, &cache_[at->second] + layout_.InBlock(row) + layout_.links + i * 4, 4);
        if (link >= head_.facts.num_rows || seen.Test(link)) continue;
        seen.Set(link);
        next.push_back(link);
      }
    }
    level.swap(next);
  }
  return absl::OkStatus();
}

int64_t DiskGraphIndex::memory_bytes() const {
  return static_cast<int64_t>(sizeof(*this) + head_.codes.codes.size() + head_.entries.size() * 4 +
                              head_.entry_rows.size() + head_.linked.size() * 8 +
                              cache_.capacity() + cached_.capacity() * 17) +
         codes_->memory_bytes() + static_cast<int64_t>(scratch_pool_.memory_bytes());
}

// Reads the records of about search_list / share rows, or compares all allowed ones.
// Candidates for a walk: of those that are kept, the filter leaves about search_list.
int64_t DiskGraphIndex::ListFor(const SearchRequest& request, const AllowedRows& allowed) const {
  static const Params kNone;
  const Params& params = request.params != nullptr ? *request.params : kNone;
  const int64_t fallback =
      std::max(request.k, request.range.everything() ? kSearchListMin : kSearchListMinInRange);
  const int64_t list = std::max(
      request.k, IntParam(params, "search_list", IntParam(params, "search_list_size", fallback)));
  const auto num_linked = static_cast<double>(head_.facts.num_linked);
  const double share = static_cast<double>(allowed.count()) / num_linked;
  return static_cast<int64_t>(std::min(num_linked, static_cast<double>(list) / share));
}

// Where the request says from which part of rows filtered out on to scan, it does as it says; but a
// walk that is longer than all rows is none.
bool DiskGraphIndex::ScansFrom(const SearchRequest& request, const AllowedRows& allowed,
                               int64_t list) const {
  static const Params kNone;
  const double threshold = DoubleParam(request.params != nullptr ? *request.params : kNone,
                                       "filter_threshold", kThresholdByCost);
  const auto num_linked = static_cast<int64_t>(head_.facts.num_linked);
  if (threshold < 0) return allowed.count() <= list * kReadCost;
  const double left_out =
      1 - static_cast<double>(allowed.count()) / static_cast<double>(num_linked);
  return left_out > threshold || list >= num_linked;
}

absl::StatusOr<std::vector<Neighbor>> DiskGraphIndex::Scan(const SearchRequest& request,
                                                           const AllowedRows& allowed,
                                                           SearchStatistics& statistics) const {
  ELANUS_RETURN_IF_ERROR(PinAllowed(request.pins, allowed.view(), allowed.count(), rows_.num_rows));
  BruteForce scan(rows_.type, rows_.dim, metric_, request.query, 1, request.k, request.range);
  ELANUS_RETURN_IF_ERROR(scan.Add(rows_, 0, allowed.view(), request.cancellation));
  statistics.distances += scan.statistics().distances;
  return std::move(scan.Finish().front());
}

void DiskGraphIndex::Seed(const kernels::QueryVector& query, RowQuery& codes,
                          DiskScratch& scratch) const {
  const size_t count = head_.entries.size();
  scratch.distances.resize(std::max<size_t>(count, head_.facts.degree));
  functions_.rows(query, head_.entry_rows.data(), count, static_cast<size_t>(rows_.dim),
                  scratch.distances.data());
  kernels::TopK nearest(kSeeds);
  for (size_t i = 0; i < count; ++i) {
    nearest.Push(scratch.distances[i], static_cast<int64_t>(i));
  }
  // Ranked in front of all others: they are read at once.
  for (const Neighbor& seed : nearest.TakeSorted()) {
    const uint32_t row = head_.entries[static_cast<size_t>(seed.row)];
    if (!scratch.visited.Mark(row)) continue;
    float distance = seed.distance;
    if (head_.facts.inline_codes == 0) codes.Gather(&row, 1, &distance);
    scratch.pool.Insert(distance, row);
  }
}

absl::Status DiskGraphIndex::FetchRecords(DiskScratch& scratch,
                                          SearchStatistics& statistics) const {
  const size_t count = scratch.beam.size();
  scratch.records.resize(count);
  scratch.reads.clear();
  scratch.blocks.resize(std::max(scratch.blocks.size(), count * layout_.block_bytes));
  for (size_t i = 0; i < count; ++i) {
    const uint64_t block = layout_.BlockOf(scratch.beam[i]);
    const auto at = cached_.find(block);
    const uint8_t* from;
    if (at != cached_.end()) {
      from = &cache_[at->second];
    } else {
      const std::span<uint8_t> into(&scratch.blocks[scratch.reads.size() * layout_.block_bytes],
                                    layout_.block_bytes);
      scratch.reads.push_back({layout_.OffsetOf(block), into});
      from = into.data();
    }
    scratch.records[i] = from + layout_.InBlock(scratch.beam[i]);
  }
  statistics.reads += static_cast<int64_t>(scratch.reads.size());
  statistics.bytes_read += static_cast<int64_t>(scratch.reads.size() * layout_.block_bytes);
  return ReadBlocks(scratch.reads);
}

void DiskGraphIndex::AddNeighbours(const uint8_t* record, RowQuery& codes,
                                   DiskScratch& scratch) const {
  scratch.fresh.clear();
  scratch.places.clear();
  for (uint32_t i = 0; i < head_.facts.degree; ++i) {
    uint32_t link;
    std::memcpy(&link, record + layout_.links + i * 4, 4);
    // Not by trust: a file may be well sealed and wrong.
    if (link >= head_.facts.num_rows || !scratch.visited.Mark(link)) continue;
    scratch.fresh.push_back(link);
    scratch.places.push_back(i);
  }
  const size_t count = scratch.fresh.size();
  if (count == 0) return;
  if (head_.facts.inline_codes != 0) {
    codes.GatherFrom(record + layout_.codes, scratch.places.data(), count,
                     scratch.distances.data());
  } else {
    codes.Gather(scratch.fresh.data(), count, scratch.distances.data());
  }
  for (size_t i = 0; i < count; ++i) scratch.pool.Insert(scratch.distances[i], scratch.fresh[i]);
}

absl::StatusOr<std::vector<Neighbor>> DiskGraphIndex::Walk(const SearchRequest& request,
                                                           const AllowedRows& allowed, int64_t list,
                                                           SearchStatistics& statistics) const {
  auto lease = scratch_pool_.Take();
  DiskScratch& scratch = *lease;
  const auto dim = static_cast<size_t>(rows_.dim);
  std::vector<float> floats(dim);
  FloatRows(rows_, metric_).Convert(request.query, floats.data());
  RowQuery codes = codes_->Query(floats.data());
  scratch.query_buffer.resize(dim);
  const kernels::QueryVector query =
      kernels::PrepareQuery(functions_, dim, request.query, scratch.query_buffer.data());
  static const Params kNone;
  const Params& params = request.params != nullptr ? *request.params : kNone;
  const auto beam = static_cast<size_t>(
      IntParam(params, "beamwidth", std::min<int64_t>(kBeamMax, kBeamPerCore * AvailableCores())));

  scratch.visited.Begin(static_cast<size_t>(rows_.num_rows));
  scratch.pool.Begin(static_cast<size_t>(list));
  Seed(query, codes, scratch);
  kernels::TopK found(request.k);
  while (true) {
    scratch.beam.clear();
    while (scratch.beam.size() < beam) {
      const NodePool::Entry* nearest = scratch.pool.Next();
      if (nearest == nullptr) break;
      scratch.beam.push_back(nearest->node());
    }
    if (scratch.beam.empty()) break;
    if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
    ELANUS_RETURN_IF_ERROR(FetchRecords(scratch, statistics));
    for (size_t i = 0; i < scratch.beam.size(); ++i) {
      const uint8_t* record = scratch.records[i];
      ++statistics.hops;
      ++statistics.distances;
      const float distance = functions_.One(query, record, dim);
      // Rows beyond the range are results until the end: they show how far the walk has seen.
      if (distance >= request.range.nearest && allowed.Has(scratch.beam[i])) {
        found.Push(distance, scratch.beam[i]);
      }
      AddNeighbours(record, codes, scratch);
    }
  }
  return found.TakeSorted();
}

absl::StatusOr<std::vector<Neighbor>> DiskGraphIndex::Search(const SearchRequest& request,
                                                             SearchStatistics* statistics) const {
  SearchStatistics ignored;
  SearchStatistics& counted = statistics != nullptr ? *statistics : ignored;
  counted.strategy = SearchStrategy::kNone;
  if (request.k <= 0) return std::vector<Neighbor>();
  ELANUS_RETURN_IF_ERROR(CheckRequest(request, rows_.num_rows));
  const BitView linked(head_.linked.data(), head_.linked.empty() ? 0 : rows_.num_rows);
  const AllowedRows allowed(request.allowed, request.num_allowed, linked,
                            static_cast<int64_t>(head_.facts.num_linked));
  if (allowed.count() == 0) return std::vector<Neighbor>();
  const auto expect = [&](SearchStrategy strategy, int64_t rows) {
    counted.costs[static_cast<size_t>(strategy)] =
        static_cast<float>(rows * rows_.width()) * kByteCost;
  };
  counted.costs.fill(std::numeric_limits<float>::infinity());
  expect(SearchStrategy::kScanRows, allowed.count());
  expect(SearchStrategy::kWalk, ListFor(request, allowed) * kReadCost);
  counted.strategy = SearchStrategy::kWalk;
  const int64_t hops = counted.hops;
  // Again with a longer list while a filter, or rows nearer than the range, left too few; until
  // comparing all allowed rows is cheaper.
  for (int64_t list = ListFor(request, allowed);
       !ScansFrom(request, allowed, list) && !damaged_.load(std::memory_order_relaxed);
       list *= kListGrowth) {
    absl::StatusOr<std::vector<Neighbor>> hits = Walk(request, allowed, list, counted);
    const ErrorCode code = hits.ok() ? ErrorCode::kOk : CodeOf(hits.status());
    if (code == ErrorCode::kDataIntegrity || code == ErrorCode::kIoFailed) {
      ELANUS_LOG(Error, "disk graph cannot be read; its segment is scanned instead",
                 Field("reason", hits.status()));
      damaged_.store(true, std::memory_order_relaxed);
      break;
    }
    ELANUS_RETURN_IF_ERROR(hits.status());
    if (static_cast<int64_t>(hits->size()) < std::min(request.k, allowed.count())) continue;
    while (!hits->empty() && !request.range.Contains(hits->back().distance)) hits->pop_back();
    return hits;
  }
  counted.given_up += counted.hops > hops ? 1 : 0;
  counted.strategy = SearchStrategy::kScanRows;
  return Scan(request, allowed, counted);
}

absl::StatusOr<std::unique_ptr<DiskGraphIndex>> OpenHead(std::unique_ptr<BlockReader> file,
                                                         const VectorRows& rows, Metric metric) {
  ELANUS_ASSIGN_OR_RETURN(DiskGraphHead head, ReadDiskGraphHead(*file, rows, metric));
  const RowCodesBytes& bytes = head.codes;
  ELANUS_ASSIGN_OR_RETURN(
      std::unique_ptr<RowCodes> codes,
      RowCodes::Open(bytes.head, bytes.parameters, bytes.codes, static_cast<size_t>(rows.dim),
                     head.facts.inline_codes != 0 ? 0 : head.facts.num_rows, metric));
  // A vector's bytes keep their place when it is moved: so do the codes.
  auto index = std::make_unique<DiskGraphIndex>(std::move(file), std::move(head), std::move(codes),
                                                rows, metric);
  ELANUS_RETURN_IF_ERROR(index->CheckSizes());
  return index;
}

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenDiskGraph(std::unique_ptr<BlockReader> file,
                                                           const VectorRows& rows, Metric metric,
                                                           const Params& params) {
  ELANUS_ASSIGN_OR_RETURN(auto index, OpenHead(std::move(file), rows, metric));
  const double ratio = DoubleParam(params, "search_cache_budget_gb_ratio", kDefaultCacheRatio);
  ELANUS_RETURN_IF_ERROR(index->FillCache(static_cast<uint64_t>(
      ratio * static_cast<double>(rows.width()) * static_cast<double>(rows.num_rows))));
  return index;
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenDiskGraphBytes(std::span<const uint8_t> file,
                                                                const VectorRows& rows,
                                                                Metric metric,
                                                                const Params& /*params*/) {
  ELANUS_ASSIGN_OR_RETURN(auto index, OpenHead(storage::MakeMemoryReader(file), rows, metric));
  ELANUS_RETURN_IF_ERROR(index->CheckBlocks());
  return index;
}

}  // namespace elanus::index
