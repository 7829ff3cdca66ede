#include "index/ivf_file.h"

#include <cstring>

#include "kernels/bitset.h"

namespace elanus::index {
namespace {

constexpr std::string_view kMagic = "ELNSIVFL", kCodesMagic = "ELNSIVFC";
constexpr size_t kSections = 4, kCodesSections = 10;
constexpr std::string_view kName = "IVF";

absl::Status Damaged(std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "{} index file is damaged: {}", kName, what);
}

absl::Status CheckFacts(const IvfFacts& facts) {
  const auto type = schema::DataTypeFromWire(static_cast<int32_t>(facts.type));
  if (!type.has_value() || !schema::IsDenseVector(*type) ||
      !MetricOfNumber(facts.metric).has_value()) {
    return Damaged("metric or data type unknown");
  }
  const bool whole_bytes = *type != schema::DataType::kBinaryVector || facts.dim % 8 == 0;
  if (facts.dim == 0 || facts.dim > (1u << 20) || !whole_bytes || facts.num_rows > UINT32_MAX ||
      facts.num_listed > facts.num_rows || facts.num_lists > facts.num_listed ||
      (facts.num_listed > 0 && facts.num_lists == 0)) {
    return Damaged("its counts contradict each other");
  }
  return absl::OkStatus();
}

uint64_t CentroidBytes(const IvfFacts& facts) {
  return static_cast<schema::DataType>(facts.type) == schema::DataType::kBinaryVector
             ? facts.dim / 8
             : facts.dim * sizeof(float);
}

absl::Status CheckBegins(const IvfLists& lists) {
  const IvfFacts& facts = lists.facts;
  if (lists.begins[0] != 0 || lists.begins[facts.num_lists] != facts.num_listed) {
    return Damaged("ends of the lists");
  }
  for (uint64_t list = 0; list < facts.num_lists; ++list) {
    if (lists.begins[list] > lists.begins[list + 1]) return Damaged("order of the lists");
  }
  return absl::OkStatus();
}

absl::Status CheckLists(const IvfLists& lists) {
  ELANUS_RETURN_IF_ERROR(CheckBegins(lists));
  const IvfFacts& facts = lists.facts;
  kernels::Bitset seen(static_cast<int64_t>(facts.num_rows));
  for (uint64_t i = 0; i < facts.num_listed; ++i) {
    const uint32_t row = lists.rows[i];
    if (row >= facts.num_rows || seen.Test(row)) return Damaged("a listed row");
    seen.Set(row);
  }
  return absl::OkStatus();
}

}  // namespace

std::string MakeIvfFile(const IvfFacts& facts, const std::vector<uint8_t>& centroids,
                        const std::vector<uint64_t>& begins, const std::vector<uint32_t>& rows,
                        const IvfCodes* codes) {
  std::vector<Bytes> sections = {{reinterpret_cast<const uint8_t*>(&facts), sizeof(facts)},
                                 BytesOf(centroids),
                                 BytesOf(begins),
                                 BytesOf(rows)};
  if (codes == nullptr) return MakeIndexFile(kMagic, sections);
  sections.push_back({reinterpret_cast<const uint8_t*>(&codes->facts), sizeof(codes->facts)});
  sections.insert(sections.end(), {codes->parameters, codes->codes, codes->refine_head,
                                   codes->refine_parameters, codes->refine_codes});
  return MakeIndexFile(kCodesMagic, sections);
}

absl::StatusOr<IvfLists> OpenIvfFile(Bytes file, IvfCodes* codes) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Bytes> sections,
                          OpenIndexFile(file, codes != nullptr ? kCodesMagic : kMagic, kName,
                                        codes != nullptr ? kCodesSections : kSections));
  IvfLists lists;
  if (sections[0].size() != sizeof(IvfFacts)) return Damaged("size of its facts");
  std::memcpy(&lists.facts, sections[0].data(), sizeof(IvfFacts));
  ELANUS_RETURN_IF_ERROR(CheckFacts(lists.facts));
  if (sections[1].size() != lists.facts.num_lists * CentroidBytes(lists.facts) ||
      sections[2].size() != (lists.facts.num_lists + 1) * sizeof(uint64_t) ||
      sections[3].size() != lists.facts.num_listed * sizeof(uint32_t)) {
    return Damaged("size of a section");
  }
  lists.centroids = sections[1].data();
  lists.begins = reinterpret_cast<const uint64_t*>(sections[2].data());
  lists.rows = reinterpret_cast<const uint32_t*>(sections[3].data());
  ELANUS_RETURN_IF_ERROR(CheckLists(lists));
  if (codes != nullptr) {
    if (sections[4].size() != sizeof(IvfCodeFacts)) return Damaged("size of its facts of codes");
    std::memcpy(&codes->facts, sections[4].data(), sizeof(IvfCodeFacts));
    codes->parameters = sections[5];
    codes->codes = sections[6];
    codes->refine_head = sections[7];
    codes->refine_parameters = sections[8];
    codes->refine_codes = sections[9];
  }
  return lists;
}

absl::StatusOr<std::unique_ptr<IvfBlocks>> OpenIvfBlocks(std::unique_ptr<storage::BlockReader> file,
                                                         bool with_codes) {
  auto out = std::make_unique<IvfBlocks>();
  ELANUS_ASSIGN_OR_RETURN(
      out->file, IndexBlocks::Open(std::move(file), with_codes ? kCodesMagic : kMagic, kName,
                                   with_codes ? kCodesSections : kSections));
  const IndexBlocks& blocks = *out->file;
  IvfLists& lists = out->lists;
  if (blocks.section_bytes(0) != sizeof(IvfFacts)) return Damaged("size of its facts");
  ELANUS_ASSIGN_OR_RETURN(const auto facts, blocks.ReadAll<IvfFacts>(0));
  lists.facts = facts[0];
  ELANUS_RETURN_IF_ERROR(CheckFacts(lists.facts));
  if (blocks.section_bytes(1) != lists.facts.num_lists * CentroidBytes(lists.facts) ||
      blocks.section_bytes(2) != (lists.facts.num_lists + 1) * sizeof(uint64_t) ||
      blocks.section_bytes(kIvfRowsSection) != lists.facts.num_listed * sizeof(uint32_t)) {
    return Damaged("size of a section");
  }
  ELANUS_ASSIGN_OR_RETURN(out->centroids, blocks.ReadAll<uint8_t>(1));
  ELANUS_ASSIGN_OR_RETURN(out->begins, blocks.ReadAll<uint64_t>(2));
  lists.centroids = out->centroids.data();
  lists.begins = out->begins.data();
  ELANUS_RETURN_IF_ERROR(CheckBegins(lists));
  if (!with_codes) return out;
  if (blocks.section_bytes(4) != sizeof(IvfCodeFacts)) return Damaged("size of its facts of codes");
  ELANUS_ASSIGN_OR_RETURN(const auto code_facts, blocks.ReadAll<IvfCodeFacts>(4));
  ELANUS_ASSIGN_OR_RETURN(out->parameters, blocks.ReadAll<uint8_t>(5));
  ELANUS_ASSIGN_OR_RETURN(out->refine_head, blocks.ReadAll<uint8_t>(7));
  ELANUS_ASSIGN_OR_RETURN(out->refine_parameters, blocks.ReadAll<uint8_t>(8));
  ELANUS_ASSIGN_OR_RETURN(out->refine_codes, blocks.ReadAll<uint8_t>(9));
  out->codes = {code_facts[0],
                BytesOf(out->parameters),
                {static_cast<const uint8_t*>(nullptr), blocks.section_bytes(kIvfCodesSection)},
                BytesOf(out->refine_head),
                BytesOf(out->refine_parameters),
                BytesOf(out->refine_codes)};
  return out;
}

}  // namespace elanus::index
