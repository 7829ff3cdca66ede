#include "index/scalar/text_build.h"

#include <limits>

#include "index/scalar/packed_rows.h"
#include "index/scalar/row_lists.h"
#include "index/scalar/scalar_keys.h"
#include "index/scalar/token_positions.h"
#include "text/match_index.h"

namespace elanus::index {
namespace {

constexpr int64_t kRowsPerCheck = 1024;

}  // namespace

absl::StatusOr<std::string> BuildTextIndex(const TextBuildOptions& options) {
  const schema::ColumnView& rows = options.rows;
  text::MatchIndex index;
  std::vector<uint32_t> absent;
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    if (row % kRowsPerCheck == 0) {
      if (options.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options.cancellation->Check());
      if (options.progress) {
        options.progress(0.8 * static_cast<double>(row) / static_cast<double>(rows.num_rows));
      }
    }
    if (rows.IsValid(row)) {
      index.Add(row, options.analyzer->Analyze(rows.Bytes(row)));
    } else {
      absent.push_back(static_cast<uint32_t>(row));
    }
  }

  TextKeyWriter keys;
  RowListWriter lists(rows.num_rows, /*packed=*/true, /*one_row_each=*/false);
  TokenPositionWriter positions;
  std::vector<uint32_t> rows_of;
  const auto end_token = [&] {
    if (rows_of.empty()) return;
    lists.Add(rows_of);
    positions.EndToken();
    rows_of.clear();
  };
  index.Visit(
      [&](std::string_view token) {
        end_token();
        keys.Add(token);
      },
      [&](int64_t row, std::span<const int64_t> places) {
        rows_of.push_back(static_cast<uint32_t>(row));
        positions.AddRow(places);
      });
  end_token();
  keys.Finish();
  lists.Finish();
  positions.Finish();
  if (lists.num_entries() > std::numeric_limits<uint32_t>::max() ||
      rows.num_rows > std::numeric_limits<uint32_t>::max()) {
    return UserError(ErrorCode::kParameterTooLarge, "too many words for a text index: {}",
                     lists.num_entries());
  }

  std::vector<uint8_t> absent_list;
  AppendPackedRows(absent, rows.num_rows, absent_list);
  const ScalarFacts facts{.structure = ScalarStructure::kTokens,
                          .key_type = static_cast<uint32_t>(schema::DataType::kVarChar),
                          .num_rows = static_cast<uint64_t>(rows.num_rows),
                          .num_keys = static_cast<uint64_t>(index.num_tokens()),
                          .num_entries = lists.num_entries(),
                          .num_absent = absent.size(),
                          .packed = 1};
  Bytes sections[kNumTokenSections];
  sections[kScalarAbsent] = BytesOf(absent_list);
  PutSections(keys, lists, sections);
  sections[kTokenPositionOffsets] = positions.offsets();
  sections[kTokenPositions] = positions.bytes();
  return MakeScalarFile(facts, sections);
}

int64_t TextBuildMemoryBytes(const schema::ColumnView& rows) {
  const int64_t bytes =
      rows.num_rows > 0 ? static_cast<int64_t>(rows.offsets[rows.num_rows] - rows.offsets[0]) : 0;
  // A word of six bytes is four of a list; lists in vectors that double, the sections, the file;
  // and every tenth word a new one.
  return 4 * bytes + (int64_t{1} << 20);
}

}  // namespace elanus::index
