#include "index/scalar/path_build.h"

#include <limits>

#include "index/scalar/packed_rows.h"
#include "index/scalar/row_lists.h"
#include "index/scalar/scalar_file.h"
#include "index/scalar/scalar_keys.h"

namespace elanus::index {
namespace {

constexpr uint64_t kKeysPerCheck = 1 << 14;

}  // namespace

absl::StatusOr<std::string> PathIndexBuilder::Finish(int64_t num_rows,
                                                     const Cancellation& cancellation) && {
  if (keys_.num_entries() > std::numeric_limits<uint32_t>::max() ||
      num_rows > std::numeric_limits<uint32_t>::max()) {
    return UserError(ErrorCode::kParameterTooLarge, "too many values for an index of paths: {}",
                     keys_.num_entries());
  }
  TextKeyWriter keys;
  // Packed, since paths that all rows have are the usual ones: a few bytes for a hundred rows.
  RowListWriter lists(num_rows, /*packed=*/true, /*one_row_each=*/false);
  uint64_t done = 0;
  for (const uint32_t key : keys_.Order()) {
    if (done++ % kKeysPerCheck == 0) ELANUS_RETURN_IF_ERROR(cancellation.Check());
    keys.Add(keys_.text(key));
    lists.Add(keys_.RowsOf(key));
  }
  keys.Finish();
  lists.Finish();
  std::vector<uint8_t> odd_list;
  AppendPackedRows(odd_, num_rows, odd_list);
  const ScalarFacts facts{.structure = ScalarStructure::kPaths,
                          .key_type = static_cast<uint32_t>(schema::DataType::kVarChar),
                          .num_rows = static_cast<uint64_t>(num_rows),
                          .num_keys = keys_.size(),
                          .num_entries = lists.num_entries(),
                          .num_odd = odd_.size(),
                          .packed = 1};
  Bytes sections[kNumScalarSections];
  sections[kScalarOdd] = BytesOf(odd_list);
  PutSections(keys, lists, sections);
  return MakeScalarFile(facts, sections);
}

}  // namespace elanus::index
