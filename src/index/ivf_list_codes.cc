#include "index/ivf_list_codes.h"

namespace elanus::index {

int64_t IvfListCodes::memory_bytes() const {
  int64_t bytes = static_cast<int64_t>(runs.size() * 8);
  if (store != nullptr) bytes += store->memory_bytes();
  if (finer != nullptr) bytes += finer->memory_bytes();
  return bytes;
}

absl::StatusOr<IvfListCodes> OpenListCodes(const IvfLists& lists, const IvfCodes& codes,
                                           const VectorRows& rows, kernels::Metric metric) {
  const auto dim = static_cast<size_t>(rows.dim);
  IvfListCodes out;
  out.codes = codes.codes.data();
  ELANUS_ASSIGN_OR_RETURN(out.store, OpenCodes(codes.facts.spec, dim, metric, codes.parameters));
  uint64_t bytes = 0;
  for (uint64_t list = 0; list < lists.facts.num_lists; ++list) {
    out.runs.push_back(bytes);
    bytes += out.store->RunBytes(lists.ListSize(list));
  }
  if (bytes != codes.codes.size()) {
    return InternalError(ErrorCode::kDataIntegrity, "IVF index file is damaged: size of its codes");
  }
  out.refine = codes.facts.refine;
  switch (out.refine) {
    case RefineBy::kNothing:
    case RefineBy::kColumn:
      return out;
    case RefineBy::kCodes: {
      ELANUS_ASSIGN_OR_RETURN(
          out.finer, RowCodes::Open(codes.refine_head, codes.refine_parameters, codes.refine_codes,
                                    dim, static_cast<size_t>(rows.num_rows), metric));
      return out;
    }
  }
  // A number from a file.
  return InternalError(ErrorCode::kDataIntegrity, "IVF index file is damaged: its refinement");
}

}  // namespace elanus::index
