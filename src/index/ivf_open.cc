#include "index/ivf.h"
#include "index/ivf_file.h"
#include "index/ivf_index.h"

namespace elanus::index {
namespace {

using kernels::Metric;

// Checks that the file is for these rows.
absl::Status CheckRows(const IvfFacts& facts, const VectorRows& rows, Metric metric) {
  if (facts.type != static_cast<uint32_t>(rows.type) || facts.metric != MetricNumber(metric) ||
      facts.dim != static_cast<uint64_t>(rows.dim) ||
      facts.num_rows != static_cast<uint64_t>(rows.num_rows) ||
      !kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric).valid()) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "IVF index file is for other rows: {} rows of dim {}", facts.num_rows,
                         facts.dim);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfFlat(std::span<const uint8_t> file,
                                                         const VectorRows& rows, Metric metric,
                                                         const Params& /*params*/) {
  std::vector<uint64_t> copy;
  ELANUS_ASSIGN_OR_RETURN(const IvfLists lists, OpenIvfFile(AlignedFile(file, copy)));
  ELANUS_RETURN_IF_ERROR(CheckRows(lists.facts, rows, metric));
  return std::make_unique<IvfIndex>(std::move(copy), lists, IvfListCodes(), rows, metric);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfCodes(std::span<const uint8_t> file,
                                                          const VectorRows& rows, Metric metric,
                                                          const Params& /*params*/) {
  std::vector<uint64_t> copy;
  IvfCodes parts;
  ELANUS_ASSIGN_OR_RETURN(const IvfLists lists, OpenIvfFile(AlignedFile(file, copy), &parts));
  ELANUS_RETURN_IF_ERROR(CheckRows(lists.facts, rows, metric));
  if (rows.type == schema::DataType::kBinaryVector) {
    return InternalError(ErrorCode::kDataIntegrity, "IVF index file has codes of binary vectors");
  }
  ELANUS_ASSIGN_OR_RETURN(IvfListCodes codes, OpenListCodes(lists, parts, rows, metric));
  return std::make_unique<IvfIndex>(std::move(copy), lists, std::move(codes), rows, metric);
}

namespace {

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenBlocks(std::unique_ptr<storage::BlockReader> file,
                                                        const VectorRows& rows, Metric metric,
                                                        bool with_codes) {
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<IvfBlocks> blocks,
                          OpenIvfBlocks(std::move(file), with_codes));
  ELANUS_RETURN_IF_ERROR(CheckRows(blocks->lists.facts, rows, metric));
  IvfListCodes codes;
  if (with_codes) {
    if (rows.type == schema::DataType::kBinaryVector) {
      return InternalError(ErrorCode::kDataIntegrity, "IVF index file has codes of binary vectors");
    }
    ELANUS_ASSIGN_OR_RETURN(codes, OpenListCodes(blocks->lists, blocks->codes, rows, metric));
  }
  const IvfFacts facts = blocks->lists.facts;
  std::vector<uint32_t> listed;
  if (facts.num_listed < facts.num_rows) {
    // Null rows are told from others by not being listed.
    ELANUS_ASSIGN_OR_RETURN(listed, blocks->file->ReadAll<uint32_t>(kIvfRowsSection));
    for (const uint32_t row : listed) {
      if (row >= facts.num_rows) {
        return InternalError(ErrorCode::kDataIntegrity, "IVF index file is damaged: a listed row");
      }
    }
  }
  auto index = std::make_unique<IvfIndex>(std::move(blocks), std::move(codes), rows, metric);
  index->SetListed(listed);
  return index;
}

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfFlatBlocks(
    std::unique_ptr<storage::BlockReader> file, const VectorRows& rows, Metric metric,
    const Params& /*params*/) {
  return OpenBlocks(std::move(file), rows, metric, false);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfCodesBlocks(
    std::unique_ptr<storage::BlockReader> file, const VectorRows& rows, Metric metric,
    const Params& /*params*/) {
  return OpenBlocks(std::move(file), rows, metric, true);
}

}  // namespace elanus::index
