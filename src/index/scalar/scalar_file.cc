#include "index/scalar/scalar_file.h"

#include <cstring>
#include <limits>

#include "common/check.h"
#include "index/scalar/packed_rows.h"

namespace elanus::index {
namespace {

constexpr std::string_view kName = "scalar";

std::string_view MagicOf(ScalarFileKind kind) {
  return kind == ScalarFileKind::kTokens ? "ELNSTEXT" : "ELNSSCLR";
}
size_t NumSections(ScalarFileKind kind) {
  return kind == ScalarFileKind::kTokens ? kNumTokenSections : kNumScalarSections;
}
bool IsKnown(ScalarStructure structure, ScalarFileKind kind) {
  if (kind == ScalarFileKind::kTokens) return structure == ScalarStructure::kTokens;
  return (structure >= ScalarStructure::kValues && structure <= ScalarStructure::kBoxes) ||
         structure == ScalarStructure::kPaths;
}

}  // namespace

absl::Status ScalarFile::Damaged(std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "{} index file is damaged: {}", kName, what);
}

absl::StatusOr<std::unique_ptr<const ScalarFile>> ScalarFile::Open(Bytes file, int64_t num_rows,
                                                                   ScalarFileKind kind) {
  auto out = std::make_unique<ScalarFile>();
  ELANUS_ASSIGN_OR_RETURN(out->sections_, OpenIndexFile(AlignedFile(file, out->copy_),
                                                        MagicOf(kind), kName, NumSections(kind)));
  ELANUS_RETURN_IF_ERROR(out->ReadHead(num_rows, kind));
  return out;
}

absl::StatusOr<std::unique_ptr<const ScalarFile>> ScalarFile::Open(
    std::unique_ptr<storage::BlockReader> file, int64_t num_rows, ScalarFileKind kind) {
  auto out = std::make_unique<ScalarFile>();
  ELANUS_ASSIGN_OR_RETURN(
      out->blocks_, IndexBlocks::Open(std::move(file), MagicOf(kind), kName, NumSections(kind)));
  ELANUS_RETURN_IF_ERROR(out->ReadHead(num_rows, kind));
  return out;
}

absl::Status ScalarFile::ReadHead(int64_t num_rows, ScalarFileKind kind) {
  Scratch scratch;
  if (section_bytes(kScalarFacts) != sizeof(facts_)) return Damaged("its facts");
  ELANUS_ASSIGN_OR_RETURN(const auto facts, Read<ScalarFacts>(kScalarFacts, 0, 1, scratch));
  std::memcpy(&facts_, facts.data(), sizeof(facts_));
  if (static_cast<uint64_t>(num_rows) != facts_.num_rows) {
    return Damaged(fmt::format("{} rows, expected {}", facts_.num_rows, num_rows));
  }
  // Row numbers have 32 bits.
  if (!IsKnown(facts_.structure, kind) || facts_.num_rows > std::numeric_limits<uint32_t>::max() ||
      facts_.num_entries > std::numeric_limits<uint32_t>::max() ||
      facts_.num_keys > facts_.num_entries || facts_.num_absent > facts_.num_rows ||
      facts_.num_odd > facts_.num_rows) {
    return Damaged("its facts");
  }
  ELANUS_ASSIGN_OR_RETURN(absent_, ReadRows(kScalarAbsent, facts_.num_absent));
  ELANUS_ASSIGN_OR_RETURN(odd_, ReadRows(kScalarOdd, facts_.num_odd));
  return absl::OkStatus();
}

absl::StatusOr<ScalarFile::Set> ScalarFile::ReadRows(size_t section, uint64_t count) const {
  if (count == 0) return nullptr;
  Scratch scratch;
  ELANUS_ASSIGN_OR_RETURN(const auto list,
                          Read<uint8_t>(section, 0, section_bytes(section), scratch));
  auto rows = std::make_shared<kernels::Bitset>(static_cast<int64_t>(facts_.num_rows));
  if (!AddPackedRows(list, count, *rows)) return Damaged("a list of rows");
  return rows;
}

absl::StatusOr<Bytes> ScalarFile::ReadBytes(size_t section, uint64_t offset, uint64_t size,
                                            Scratch& scratch) const {
  if (blocks_ == nullptr) return sections_[section].subspan(offset, size);
  if (scratch.size() < (size + 7) / 8) scratch.resize((size + 7) / 8);
  const IndexBlocks::Part part{section, offset, {reinterpret_cast<uint8_t*>(scratch.data()), size}};
  ELANUS_RETURN_IF_ERROR(blocks_->Read({&part, 1}, nullptr));
  return Bytes(part.into);
}

int64_t ScalarFile::memory_bytes() const {
  int64_t bytes = static_cast<int64_t>(copy_.capacity() * sizeof(uint64_t));
  if (blocks_ != nullptr) bytes += blocks_->memory_bytes();
  for (const Bytes section : sections_) bytes += static_cast<int64_t>(section.size());
  for (const auto& rows : {&absent_, &odd_}) {
    if (*rows != nullptr) bytes += (*rows)->num_words() * 8;
  }
  return bytes;
}

std::string MakeScalarFile(const ScalarFacts& facts, std::span<const Bytes> sections) {
  std::vector<Bytes> all(sections.begin(), sections.end());
  all[kScalarFacts] = {reinterpret_cast<const uint8_t*>(&facts), sizeof(facts)};
  const auto kind =
      facts.structure == ScalarStructure::kTokens ? ScalarFileKind::kTokens : ScalarFileKind::kKeys;
  ELANUS_CHECK(all.size() == NumSections(kind));
  return MakeIndexFile(MagicOf(kind), all);
}

}  // namespace elanus::index
