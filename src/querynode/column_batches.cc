#include "querynode/column_batches.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace elanus::querynode {
namespace {

constexpr int64_t kBatchRows = 4096;  // A few columns of them stay in the second-level cache.

}  // namespace

absl::Status ForEachBatch(const expr::ColumnSource& source, const kernels::Bitset& rows,
                          std::span<const FieldId> fields, const Cancellation& cancellation,
                          const std::function<absl::Status(const ColumnBatch&)>& visit) {
  std::vector<schema::ColumnView> columns(fields.size());
  std::vector<int32_t> chosen;
  chosen.reserve(kBatchRows);
  int64_t count = 0;
  for (int64_t begin = 0; begin < rows.size(); begin += count) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    count = std::min({kBatchRows, source.ContiguousRows(begin), rows.size() - begin});
    chosen.clear();
    for (int64_t at = 0; at < count; at += 64) {
      for (uint64_t word = rows.words()[(begin + at) / 64]; word != 0; word &= word - 1) {
        chosen.push_back(static_cast<int32_t>(at + std::countr_zero(word)));
      }
    }
    if (chosen.empty()) continue;
    for (size_t i = 0; i < fields.size(); ++i) columns[i] = source.Rows(fields[i], begin, count);
    ELANUS_RETURN_IF_ERROR(visit({begin, columns, chosen}));
  }
  return absl::OkStatus();
}

}  // namespace elanus::querynode
