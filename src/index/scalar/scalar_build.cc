#include "index/scalar/scalar_build.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "geometry/wkb.h"
#include "index/scalar/box_tree.h"
#include "index/scalar/interned_texts.h"
#include "index/scalar/packed_rows.h"
#include "index/scalar/row_lists.h"
#include "index/scalar/scalar_file.h"
#include "index/scalar/scalar_keys.h"
#include "schema/array_value.h"

namespace elanus::index {
namespace {

using schema::DataType;

// Lists of this many rows on average are packed; shorter ones gain nothing.
constexpr uint64_t kPackedRowsMin = 8;
constexpr int64_t kRowsPerCheck = 1 << 16;

int64_t IntParam(const Params& params, const char* name, int64_t otherwise) {
  const auto it = params.find(name);
  if (it == params.end()) return otherwise;
  int64_t value = otherwise;
  std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
  return value;
}

DataType KeyTypeOf(const schema::ColumnView& rows) {
  return rows.type.type == DataType::kArray ? rows.type.element_type : rows.type.type;
}

// Calls f(row) for each row that is not null, and looks after the build on the way.
template <typename F>
absl::Status ForEachValid(const ScalarBuildOptions& options, F&& f) {
  const schema::ColumnView& rows = options.rows;
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    if (row % kRowsPerCheck == 0) {
      if (options.cancellation != nullptr) {
        ELANUS_RETURN_IF_ERROR(options.cancellation->Check());
      }
      if (options.progress) {
        options.progress(0.5 * static_cast<double>(row) / static_cast<double>(rows.num_rows));
      }
    }
    if (rows.IsValid(row)) f(static_cast<uint32_t>(row));
  }
  return absl::OkStatus();
}

// Calls f(row, bytes) for each value, or each element of each array.
template <typename F>
absl::Status ForEachValue(const ScalarBuildOptions& options, F&& f) {
  const schema::ColumnView& rows = options.rows;
  return ForEachValid(options, [&](uint32_t row) {
    if (rows.type.type != DataType::kArray) return f(row, rows.Raw(row));
    const schema::ArrayView array(rows.type.element_type, rows.Bytes(row));
    for (int64_t i = 0; i < array.size(); ++i) f(row, array.Raw(i));
  });
}

// What all files have: rows without value, rows that the index leaves to the column.
struct Head {
  std::vector<uint8_t> absent, odd;
};

Head MakeHead(const ScalarBuildOptions& options, std::span<const uint32_t> more_odd,
              ScalarFacts& facts) {
  std::vector<uint32_t> odd;
  std::set_union(options.odd.begin(), options.odd.end(), more_odd.begin(), more_odd.end(),
                 std::back_inserter(odd));
  std::vector<uint32_t> absent;
  auto next_odd = options.odd.begin();
  for (int64_t row = 0; row < options.rows.num_rows; ++row) {
    if (options.rows.IsValid(row)) continue;
    while (next_odd != options.odd.end() && *next_odd < row) ++next_odd;
    if (next_odd != options.odd.end() && *next_odd == row) continue;
    absent.push_back(static_cast<uint32_t>(row));
  }
  Head head;
  facts.num_rows = static_cast<uint64_t>(options.rows.num_rows);
  facts.num_absent = absent.size();
  facts.num_odd = odd.size();
  AppendPackedRows(absent, options.rows.num_rows, head.absent);
  AppendPackedRows(odd, options.rows.num_rows, head.odd);
  return head;
}

// The sections of keys, as bytes that somebody else owns.
struct KeySections {
  Bytes keys, groups, fences;
};

std::string MakeFile(ScalarFacts facts, const Head& head, const KeySections& keys,
                     const RowListWriter& lists) {
  facts.num_entries = lists.num_entries();
  facts.packed = lists.packed() ? 1 : 0;
  Bytes sections[kNumScalarSections];
  sections[kScalarAbsent] = BytesOf(head.absent);
  sections[kScalarOdd] = BytesOf(head.odd);
  sections[kScalarKeys] = keys.keys;
  sections[kScalarGroups] = keys.groups;
  sections[kScalarFences] = keys.fences;
  sections[kScalarCounts] = lists.counts();
  sections[kScalarOffsets] = lists.offsets();
  sections[kScalarRows] = lists.rows();
  return MakeScalarFile(facts, sections);
}

bool Packs(const ScalarBuildOptions& options, uint64_t num_keys, uint64_t num_entries) {
  const bool worth_it = num_entries >= kPackedRowsMin * num_keys;
  switch (options.form) {
    case ScalarForm::kBitmap:
      return true;
    case ScalarForm::kHybrid: {
      const auto limit = IntParam(options.params, "bitmap_cardinality_limit", 100);
      return worth_it || num_keys <= static_cast<uint64_t>(limit);
    }
    default:
      return worth_it;
  }
}

// --- numbers ---

template <typename T>
absl::StatusOr<std::string> BuildNumbers(const ScalarBuildOptions& options) {
  struct Entry {
    T key;
    uint32_t row;
    bool operator<(const Entry& other) const {
      return key < other.key || (key == other.key && row < other.row);
    }
    bool operator==(const Entry& other) const { return key == other.key && row == other.row; }
  };
  std::vector<Entry> entries;
  entries.reserve(static_cast<size_t>(options.rows.num_rows));
  std::vector<uint32_t> odd;  // NaN has no place in an order.
  ELANUS_RETURN_IF_ERROR(ForEachValue(options, [&](uint32_t row, std::string_view bytes) {
    T key;
    std::memcpy(&key, bytes.data(), sizeof(T));
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(key)) {
        if (odd.empty() || odd.back() != row) odd.push_back(row);
        return;
      }
      if (key == 0) key = 0;  // -0 equals 0.
    }
    entries.push_back({key, row});
  }));
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  if (options.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options.cancellation->Check());

  std::vector<T> keys, fences;
  for (const Entry& entry : entries) {
    if (keys.empty() || keys.back() != entry.key) keys.push_back(entry.key);
  }
  for (size_t i = 0; i < keys.size(); i += kNumbersPerFence) fences.push_back(keys[i]);
  RowListWriter lists(options.rows.num_rows, Packs(options, keys.size(), entries.size()),
                      keys.size() == entries.size());
  std::vector<uint32_t> rows;
  for (size_t i = 0; i < entries.size(); ++i) {
    rows.push_back(entries[i].row);
    if (i + 1 < entries.size() && entries[i + 1].key == entries[i].key) continue;
    lists.Add(rows);
    rows.clear();
  }
  lists.Finish();
  ScalarFacts facts{.structure = ScalarStructure::kValues,
                    .key_type = static_cast<uint32_t>(KeyTypeOf(options.rows)),
                    .num_keys = keys.size()};
  const Head head = MakeHead(options, odd, facts);
  return MakeFile(facts, head, {BytesOf(keys), {}, BytesOf(fences)}, lists);
}

// --- texts ---

std::string MakeTextFile(const ScalarBuildOptions& options, ScalarFacts facts,
                         const InternedTexts& texts, bool packed) {
  const std::vector<uint32_t> order = texts.Order();
  TextKeyWriter keys;
  RowListWriter lists(options.rows.num_rows, packed, order.size() == texts.num_entries());
  for (const uint32_t text : order) {
    keys.Add(texts.text(text));
    lists.Add(texts.RowsOf(text));
  }
  keys.Finish();
  lists.Finish();
  facts.key_type = static_cast<uint32_t>(DataType::kVarChar);
  facts.num_keys = order.size();
  const Head head = MakeHead(options, {}, facts);
  return MakeFile(facts, head,
                  {BytesOf(keys.keys()), BytesOf(keys.groups()), BytesOf(keys.fences())}, lists);
}

absl::StatusOr<std::string> BuildTexts(const ScalarBuildOptions& options) {
  InternedTexts texts;
  ELANUS_RETURN_IF_ERROR(
      ForEachValue(options, [&](uint32_t row, std::string_view text) { texts.Add(text, row); }));
  return MakeTextFile(options, {.structure = ScalarStructure::kValues}, texts,
                      Packs(options, texts.size(), texts.num_entries()));
}

absl::StatusOr<std::string> BuildGrams(const ScalarBuildOptions& options) {
  const int64_t min = IntParam(options.params, "min_gram", 0);
  const int64_t max = IntParam(options.params, "max_gram", 0);
  if (min <= 0 || max < min || max > std::numeric_limits<uint32_t>::max()) {
    return InternalError(ErrorCode::kInternal, "an n-gram index of {} to {} bytes", min, max);
  }
  InternedTexts grams;
  ELANUS_RETURN_IF_ERROR(ForEachValue(options, [&](uint32_t row, std::string_view text) {
    for (int64_t size = min; size <= std::min<int64_t>(max, std::ssize(text)); ++size) {
      for (int64_t at = 0; at + size <= std::ssize(text); ++at) {
        grams.Add(text.substr(at, size), row);
      }
    }
  }));
  return MakeTextFile(options,
                      {.structure = ScalarStructure::kGrams,
                       .min_gram = static_cast<uint32_t>(min),
                       .max_gram = static_cast<uint32_t>(max)},
                      grams, /*packed=*/true);
}

// --- boxes ---

struct RowBox {
  NarrowBox box;
  uint32_t row;
  float x() const { return box.min_x / 2 + box.max_x / 2; }
  float y() const { return box.min_y / 2 + box.max_y / 2; }
};

// Neighbours together: slices of the plane by x, and in each by y.
void SortByTiles(std::vector<RowBox>& boxes) {
  const double num_nodes = std::ceil(static_cast<double>(boxes.size()) / kBoxesPerNode);
  const auto num_slices = static_cast<size_t>(std::ceil(std::sqrt(std::max(num_nodes, 1.0))));
  const size_t slice = num_slices * kBoxesPerNode;
  std::sort(boxes.begin(), boxes.end(), [](const RowBox& a, const RowBox& b) {
    return a.x() < b.x() || (a.x() == b.x() && a.row < b.row);
  });
  for (size_t begin = 0; begin < boxes.size(); begin += slice) {
    const auto first = boxes.begin() + static_cast<ptrdiff_t>(begin);
    std::sort(first, first + static_cast<ptrdiff_t>(std::min(slice, boxes.size() - begin)),
              [](const RowBox& a, const RowBox& b) {
                return a.y() < b.y() || (a.y() == b.y() && a.row < b.row);
              });
  }
}

absl::StatusOr<std::string> BuildBoxes(const ScalarBuildOptions& options) {
  std::vector<RowBox> boxes;
  std::vector<uint32_t> odd;  // Empty shapes have no box.
  ELANUS_RETURN_IF_ERROR(ForEachValid(options, [&](uint32_t row) {
    const std::optional<geometry::Box> box = geometry::BoxOf(options.rows.Bytes(row));
    if (box.has_value()) {
      boxes.push_back({NarrowBox::Around(*box), row});
    } else {
      odd.push_back(row);
    }
  }));
  SortByTiles(boxes);
  std::vector<uint64_t> levels;
  std::vector<NarrowBox> tree(BoxLevels(boxes.size(), levels));
  RowListWriter lists(options.rows.num_rows, /*packed=*/false, /*one_row_each=*/true);
  for (size_t i = 0; i < boxes.size(); ++i) {
    tree[i] = boxes[i].box;
    lists.Add({&boxes[i].row, 1});
  }
  for (size_t level = 1; level < levels.size(); ++level) {
    for (uint64_t i = levels[level - 1]; i < levels[level]; ++i) {
      const uint64_t place = i - levels[level - 1];
      NarrowBox& node = tree[levels[level] + place / kBoxesPerNode];
      if (place % kBoxesPerNode == 0) node = tree[i];
      node.Add(tree[i]);
    }
  }
  lists.Finish();
  ScalarFacts facts{.structure = ScalarStructure::kBoxes,
                    .key_type = static_cast<uint32_t>(DataType::kGeometry),
                    .num_keys = boxes.size()};
  const Head head = MakeHead(options, odd, facts);
  return MakeFile(facts, head, {BytesOf(tree), {}, {}}, lists);
}

}  // namespace

absl::StatusOr<std::string> BuildScalarIndex(const ScalarBuildOptions& options) {
  if (options.rows.num_rows > std::numeric_limits<uint32_t>::max()) {
    return UserError(ErrorCode::kParameterTooLarge, "too many rows for a scalar index: {}",
                     options.rows.num_rows);
  }
  if (options.form == ScalarForm::kBoxes && options.rows.type.type == DataType::kGeometry) {
    return BuildBoxes(options);
  }
  switch (KeyTypeOf(options.rows)) {
    case DataType::kBool:
    case DataType::kInt8:
      return BuildNumbers<int8_t>(options);
    case DataType::kInt16:
      return BuildNumbers<int16_t>(options);
    case DataType::kInt32:
      return BuildNumbers<int32_t>(options);
    case DataType::kInt64:
    case DataType::kTimestamptz:
      return BuildNumbers<int64_t>(options);
    case DataType::kFloat:
      return BuildNumbers<float>(options);
    case DataType::kDouble:
      return BuildNumbers<double>(options);
    case DataType::kVarChar:
      return options.form == ScalarForm::kGrams ? BuildGrams(options) : BuildTexts(options);
    default:
      return InternalError(ErrorCode::kInternal, "no scalar index on {}",
                           schema::DataTypeName(options.rows.type.type));
  }
}

int64_t ScalarBuildMemoryBytes(ScalarForm form, const schema::ColumnView& rows,
                               const Params& params) {
  const bool variable = rows.offsets != nullptr;
  const int64_t bytes = variable && rows.num_rows > 0
                            ? static_cast<int64_t>(rows.offsets[rows.num_rows] - rows.offsets[0])
                            : 0;
  if (form == ScalarForm::kGrams) {
    // Two bytes a gram and row in most lists, and the file.
    const int64_t sizes = IntParam(params, "max_gram", 1) - IntParam(params, "min_gram", 1) + 1;
    return std::min<int64_t>(bytes, int64_t{1} << 50) * std::clamp<int64_t>(sizes, 1, 64) * 6;
  }
  // Of numbers: entries of a key, a row and padding, then keys, lists and the file. Of texts: the
  // table of distinct ones, as if none came twice.
  const bool array = rows.type.type == DataType::kArray;
  const int64_t values = rows.num_rows + (array ? bytes : 0);
  return (variable ? 120 : 48) * values + 2 * bytes;
}

}  // namespace elanus::index
