#include "index/minhash.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "index/allowed_rows.h"
#include "index/index_file.h"
#include "index/index_params.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using kernels::SignatureShape;

constexpr std::string_view kMagic = "ELNSMHSH";
constexpr size_t kSections = 4;
constexpr int kSlotBitsMax = 24;
constexpr size_t kBatchRows = 256;
constexpr const char* kElementBits = "mh_element_bit_width";
constexpr const char* kBands = "mh_lsh_band";

absl::Status Damaged(std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "MINHASH_LSH index file is damaged: {}", what);
}

// Bytes to 64 bits of which each depends on all of them: words are multiplied in by an odd number
// of about as many ones as zeros.
uint64_t HashOf(const uint8_t* bytes, size_t count) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
  uint64_t hash = count * kOdd;
  for (size_t i = 0; i < count; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + i, std::min<size_t>(8, count - i));
    hash = (hash ^ word) * kOdd;
    hash ^= hash >> 32;
  }
  hash *= kOdd;
  return hash ^ (hash >> 29);
}

// Of a hash: the high bits are the slot, the low ones the key.
uint32_t SlotOf(uint64_t hash, uint32_t slot_bits) {
  return slot_bits == 0 ? 0 : static_cast<uint32_t>(hash >> (64 - slot_bits));
}

// Pointers into a file.
struct Tables {
  MinHashFacts facts;
  const uint32_t* slots = nullptr;
  const uint32_t* keys = nullptr;
  const uint32_t* rows = nullptr;

  size_t num_slots() const { return size_t{1} << facts.slot_bits; }
  SignatureShape shape() const { return {facts.element_bytes, facts.num_bands}; }
  // The rows whose `band` has the hash, ascending.
  std::span<const uint32_t> Bucket(uint32_t band, uint64_t hash) const {
    const uint32_t* ends = slots + band * (num_slots() + 1) + SlotOf(hash, facts.slot_bits);
    const uint32_t* band_keys = keys + band * facts.num_indexed;
    const auto [first, last] =
        std::equal_range(band_keys + ends[0], band_keys + ends[1], static_cast<uint32_t>(hash));
    const uint32_t* band_rows = rows + band * facts.num_indexed;
    return {band_rows + (first - band_keys), band_rows + (last - band_keys)};
  }
};

class MinHashIndex final : public VectorIndex {
 public:
  MinHashIndex(std::vector<uint64_t> copy, const Tables& tables, const VectorRows& rows)
      : copy_(std::move(copy)),
        tables_(tables),
        rows_(rows),
        functions_(kernels::DistanceFunctionsFor(kernels::ElementType::kBinary, Metric::kMinHash)) {
    const MinHashFacts& facts = tables.facts;
    if (facts.num_indexed == facts.num_rows) return;
    indexed_ = kernels::Bitset(rows.num_rows);
    for (uint64_t i = 0; i < facts.num_indexed; ++i) indexed_.Set(tables.rows[i]);
  }

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this)) +
           static_cast<int64_t>(copy_.size() + indexed_.num_words()) * 8;
  }

 private:
  // A search under way.
  struct Work {
    const SearchRequest& request;
    const AllowedRows& allowed;
    SearchStatistics& statistics;
    kernels::QueryVector query;
    kernels::TopK found;
  };

  std::vector<std::span<const uint32_t>> BucketsOf(const uint8_t* query) const;
  // Compares rows, each given once.
  absl::Status Compare(std::span<const uint32_t> rows, Work& work) const;
  std::vector<uint32_t> Candidates(const std::vector<std::span<const uint32_t>>& buckets,
                                   Work& work) const;
  std::vector<uint32_t> AllAllowed(const AllowedRows& allowed) const;

  const std::vector<uint64_t> copy_;  // Of a file that did not lie aligned.
  const Tables tables_;
  const VectorRows rows_;
  const kernels::DistanceFunctions functions_;
  kernels::Bitset indexed_;  // Empty: every row.
};

std::vector<std::span<const uint32_t>> MinHashIndex::BucketsOf(const uint8_t* query) const {
  const SignatureShape shape = tables_.shape();
  const auto dim = static_cast<size_t>(rows_.dim);
  std::vector<std::span<const uint32_t>> buckets;
  for (uint32_t band = 0; band < shape.num_bands; ++band) {
    const size_t begin = shape.BandBegin(band, dim), end = shape.BandBegin(band + 1, dim);
    const auto bucket = tables_.Bucket(band, HashOf(query + begin, end - begin));
    if (!bucket.empty()) buckets.push_back(bucket);
  }
  return buckets;
}

// The allowed rows of the buckets, ascending, each once. Where all hits are alike, the first k of
// each bucket that are hits are enough.
std::vector<uint32_t> MinHashIndex::Candidates(
    const std::vector<std::span<const uint32_t>>& buckets, Work& work) const {
  const bool alike = work.query.signature.num_bands > 0;
  std::vector<uint32_t> rows;
  for (const auto bucket : buckets) {
    int64_t hits = 0;
    for (const uint32_t row : bucket) {
      if (!work.allowed.Has(row)) continue;
      if (alike) {
        // Another band may have the same hash.
        const float distance = functions_.One(work.query, rows_.Row(row), rows_.dim);
        ++work.statistics.distances;
        if (distance > 0) continue;
        if (++hits > work.request.k) break;
      }
      rows.push_back(row);
    }
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

std::vector<uint32_t> MinHashIndex::AllAllowed(const AllowedRows& allowed) const {
  std::vector<uint32_t> rows;
  rows.reserve(static_cast<size_t>(allowed.count()));
  for (int64_t row = 0; row < rows_.num_rows; ++row) {
    if (allowed.Has(row)) rows.push_back(static_cast<uint32_t>(row));
  }
  return rows;
}

absl::Status MinHashIndex::Compare(std::span<const uint32_t> rows, Work& work) const {
  const SearchRequest& request = work.request;
  float out[kBatchRows];
  for (size_t begin = 0; begin < rows.size(); begin += kBatchRows) {
    if (request.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(request.cancellation->Check());
    const auto batch = rows.subspan(begin, std::min(kBatchRows, rows.size() - begin));
    functions_.gather(work.query, rows_.data, batch.data(), batch.size(),
                      static_cast<size_t>(rows_.dim), out);
    work.statistics.distances += static_cast<int64_t>(batch.size());
    for (size_t i = 0; i < batch.size(); ++i) {
      // At infinity there is nothing in common.
      if (out[i] <= 0 && request.range.Contains(out[i])) work.found.Push(out[i], batch[i]);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Neighbor>> MinHashIndex::Search(const SearchRequest& request,
                                                           SearchStatistics* statistics) const {
  SearchStatistics ignored;
  if (request.k <= 0) return std::vector<Neighbor>();
  ELANUS_RETURN_IF_ERROR(CheckRequest(request, rows_.num_rows));
  const AllowedRows allowed(request.allowed, request.num_allowed, indexed_.view(),
                            static_cast<int64_t>(tables_.facts.num_indexed));
  if (allowed.count() == 0) return std::vector<Neighbor>();
  static const Params kNone;
  SignatureShape shape = SignatureOf(request.params != nullptr ? *request.params : kNone);
  shape = {tables_.facts.element_bytes, shape.num_bands > 0 ? tables_.facts.num_bands : 0};
  Work work{request, allowed, statistics != nullptr ? *statistics : ignored,
            kernels::QueryVector{request.query, 0, shape}, kernels::TopK(request.k)};
  const auto buckets = BucketsOf(request.query);
  work.statistics.hops += static_cast<int64_t>(buckets.size());
  int64_t num_listed = 0;
  for (const auto bucket : buckets) num_listed += static_cast<int64_t>(bucket.size());
  if (num_listed == 0) return std::vector<Neighbor>();
  const bool scan = allowed.count() < num_listed && !request.allowed.empty();
  const std::vector<uint32_t> rows = scan ? AllAllowed(allowed) : Candidates(buckets, work);
  ELANUS_RETURN_IF_ERROR(Compare(rows, work));
  return work.found.TakeSorted();
}

// One band's entries, in the places of the file.
void FillBand(const BuildOptions& options, const std::vector<uint32_t>& members, uint32_t band,
              const MinHashFacts& facts, uint32_t* slots, uint32_t* keys, uint32_t* rows) {
  const SignatureShape shape{facts.element_bytes, facts.num_bands};
  const size_t begin = shape.BandBegin(band, facts.dim);
  const size_t end = shape.BandBegin(band + 1, facts.dim);
  struct Entry {
    uint32_t slot, key, row;
  };
  std::vector<Entry> entries;
  entries.reserve(members.size());
  for (const uint32_t row : members) {
    const uint64_t hash = HashOf(options.rows.Row(row) + begin, end - begin);
    entries.push_back({SlotOf(hash, facts.slot_bits), static_cast<uint32_t>(hash), row});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.slot, a.key, a.row) < std::tie(b.slot, b.key, b.row);
  });
  for (size_t i = 0; i < entries.size(); ++i) {
    ++slots[entries[i].slot + 1];
    keys[i] = entries[i].key;
    rows[i] = entries[i].row;
  }
  for (size_t slot = 0; slot < size_t{1} << facts.slot_bits; ++slot) slots[slot + 1] += slots[slot];
}

absl::StatusOr<Tables> OpenTables(Bytes file) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Bytes> sections,
                          OpenIndexFile(file, kMagic, "MINHASH_LSH", kSections));
  Tables tables;
  MinHashFacts& facts = tables.facts;
  if (sections[0].size() != sizeof(facts)) return Damaged("size of its facts");
  std::memcpy(&facts, sections[0].data(), sizeof(facts));
  if (facts.element_bytes == 0 || facts.num_bands == 0 || facts.dim > (1u << 30) ||
      facts.dim % (8 * uint64_t{facts.element_bytes}) != 0 ||
      facts.num_bands > tables.shape().NumElements(facts.dim) || facts.num_rows > UINT32_MAX ||
      facts.num_indexed > facts.num_rows || facts.slot_bits > kSlotBitsMax) {
    return Damaged("its counts contradict each other");
  }
  const uint64_t num_entries = facts.num_indexed * facts.num_bands;
  if (sections[1].size() != facts.num_bands * (tables.num_slots() + 1) * sizeof(uint32_t) ||
      sections[2].size() != num_entries * sizeof(uint32_t) ||
      sections[3].size() != num_entries * sizeof(uint32_t)) {
    return Damaged("size of a section");
  }
  tables.slots = reinterpret_cast<const uint32_t*>(sections[1].data());
  tables.keys = reinterpret_cast<const uint32_t*>(sections[2].data());
  tables.rows = reinterpret_cast<const uint32_t*>(sections[3].data());
  for (uint32_t band = 0; band < facts.num_bands; ++band) {
    const uint32_t* ends = tables.slots + band * (tables.num_slots() + 1);
    if (!std::is_sorted(ends, ends + tables.num_slots() + 1) ||
        ends[tables.num_slots()] != facts.num_indexed) {
      return Damaged("ends of its slots");
    }
  }
  for (uint64_t i = 0; i < num_entries; ++i) {
    if (tables.rows[i] >= facts.num_rows) return Damaged("a row");
  }
  return tables;
}

}  // namespace

absl::Status CheckSignature(int64_t dim, const Params& params) {
  const int64_t bits = IntParam(params, kElementBits, 8), bands = IntParam(params, kBands, 1);
  if (bits % 8 != 0) {
    return InvalidIndexParams(fmt::format("{} should be a multiple of 8: {}", kElementBits, bits));
  }
  if (dim % bits != 0) {
    return InvalidIndexParams(fmt::format(
        "The dimension of a vector (dim) should be a multiple of {}. Dimension:{}, {}:{}",
        kElementBits, dim, kElementBits, bits));
  }
  if (bands > dim / bits) {
    return InvalidIndexParams(
        fmt::format("{} ({}) should not be larger than the elements of a signature ({})", kBands,
                    bands, dim / bits));
  }
  return absl::OkStatus();
}

SignatureShape SignatureOf(const Params& params) {
  SignatureShape shape;
  shape.element_bytes = static_cast<uint32_t>(IntParam(params, kElementBits, 8) / 8);
  const auto jaccard = params.find("mh_search_with_jaccard");
  if (jaccard == params.end() || !ParseSettingBool(jaccard->second).value_or(false)) {
    shape.num_bands = static_cast<uint32_t>(IntParam(params, kBands, 1));
  }
  return shape;
}

void AddSignatureParams(const Params& build_params, Params& search_params) {
  for (const char* key : {kElementBits, kBands}) {
    const auto it = build_params.find(key);
    if (it != build_params.end()) search_params[key] = it->second;
  }
}

std::string MakeMinHashFile(const MinHashFacts& facts, const std::vector<uint32_t>& slots,
                            const std::vector<uint32_t>& keys, const std::vector<uint32_t>& rows) {
  const Bytes sections[kSections] = {{reinterpret_cast<const uint8_t*>(&facts), sizeof(facts)},
                                     BytesOf(slots),
                                     BytesOf(keys),
                                     BytesOf(rows)};
  return MakeIndexFile(kMagic, sections);
}

absl::StatusOr<std::string> BuildMinHash(const BuildOptions& options) {
  ELANUS_RETURN_IF_ERROR(CheckSignature(options.rows.dim, options.params));
  if (options.metric != Metric::kMinHash || options.rows.type != schema::DataType::kBinaryVector) {
    return InternalError(ErrorCode::kInternal, "MINHASH_LSH build with unchecked options");
  }
  if (options.rows.num_rows > UINT32_MAX) {
    return UserError(ErrorCode::kParameterInvalid, "too many rows for one MINHASH_LSH index: {}",
                     options.rows.num_rows);
  }
  const std::vector<uint32_t> members = ValidRows(options);
  const size_t count = members.size();
  const SignatureShape shape = SignatureOf(options.params);
  MinHashFacts facts{.element_bytes = shape.element_bytes,
                     .num_bands = shape.num_bands,
                     .dim = static_cast<uint64_t>(options.rows.dim),
                     .num_rows = static_cast<uint64_t>(options.rows.num_rows),
                     .num_indexed = count};
  // About four rows a slot.
  facts.slot_bits =
      static_cast<uint32_t>(std::clamp<int>(std::bit_width(count / 4), 0, kSlotBitsMax));
  const size_t band_slots = (size_t{1} << facts.slot_bits) + 1;
  std::vector<uint32_t> slots(facts.num_bands * band_slots), keys(facts.num_bands * count),
      rows(facts.num_bands * count);
  const auto fill = [&](size_t band) {
    if (options.cancellation != nullptr && options.cancellation->cancelled()) return;
    FillBand(options, members, static_cast<uint32_t>(band), facts, &slots[band * band_slots],
             keys.data() + band * count, rows.data() + band * count);
    if (options.progress) {
      options.progress(static_cast<double>(band + 1) / static_cast<double>(facts.num_bands));
    }
  };
  if (options.executor != nullptr) {
    options.executor->ParallelFor(facts.num_bands, fill);
  } else {
    for (size_t band = 0; band < facts.num_bands; ++band) fill(band);
  }
  if (options.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options.cancellation->Check());
  return MakeMinHashFile(facts, slots, keys, rows);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenMinHash(std::span<const uint8_t> file,
                                                         const VectorRows& rows, Metric metric,
                                                         const Params& /*params*/) {
  std::vector<uint64_t> copy;
  ELANUS_ASSIGN_OR_RETURN(const Tables tables, OpenTables(AlignedFile(file, copy)));
  const MinHashFacts& facts = tables.facts;
  if (rows.type != schema::DataType::kBinaryVector || metric != Metric::kMinHash ||
      facts.dim != static_cast<uint64_t>(rows.dim) ||
      facts.num_rows != static_cast<uint64_t>(rows.num_rows)) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "MINHASH_LSH index file is for other rows: {} rows of dim {}",
                         facts.num_rows, facts.dim);
  }
  return std::make_unique<MinHashIndex>(std::move(copy), tables, rows);
}

}  // namespace elanus::index
