// VarChar columns and elements of ARRAY<VARCHAR>, row by row among those that are asked for.
#include <algorithm>
#include <bit>

#include "expr/evaluate_leaves.h"
#include "expr/text_key.h"
#include "expr/word_kernels.h"
#include "kernels/find_bytes.h"
#include "schema/array_value.h"

namespace elanus::expr {
namespace {

template <typename Test>
uint64_t TestTexts(const schema::ColumnView& column, int64_t word, uint64_t rows,
                   const Test& test) {
  uint64_t truth = 0;
  for (; rows != 0; rows &= rows - 1) {
    const int bit = std::countr_zero(rows);
    truth |= static_cast<uint64_t>(test(column.Bytes(word * 64 + bit))) << bit;
  }
  return truth;
}

// Sets `*present` to the rows whose array is long enough.
template <typename Test>
uint64_t TestElements(const schema::ColumnView& column, int64_t index, int64_t word, uint64_t rows,
                      const Test& test, uint64_t* present) {
  uint64_t truth = 0;
  *present = 0;
  for (; rows != 0; rows &= rows - 1) {
    const int bit = std::countr_zero(rows);
    const schema::ArrayView array(column.type.element_type, column.Bytes(word * 64 + bit));
    if (index >= array.size()) continue;
    *present |= uint64_t{1} << bit;
    truth |= static_cast<uint64_t>(test(array.Raw(index))) << bit;
  }
  return truth;
}

template <typename Test>
void TestStrings(Batch& batch, const Operand& operand, const Words& rows, Mask& out,
                 const Test& test) {
  const schema::ColumnView& column = batch.Column(operand.slot);
  const bool element = operand.kind == Operand::Kind::kArrayElement;
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    const uint64_t wanted = rows[word] & valid & batch.RowsOfWord(word);
    out.truth[word] = 0;
    out.unknown[word] = ~valid;
    if (wanted == 0) continue;
    if (batch.cancelled()) return;
    if (!element) {
      out.truth[word] = TestTexts(column, word, wanted, test);
      continue;
    }
    uint64_t present = 0;
    out.truth[word] = TestElements(column, operand.index, word, wanted, test, &present);
    if (batch.plan().reports_30) out.unknown[word] = ~present;
  }
}

bool IsColumn(const Operand& operand) {
  return operand.kind == Operand::Kind::kColumn;
}

// Behind the last byte of a column's texts.
const char* EndOf(const schema::ColumnView& column) {
  return column.bytes + column.offsets[column.num_rows];
}

// answer(column, word, wanted) gives the TRUE rows among the wanted ones of a VarChar column.
template <typename Answer>
void TestTextWords(Batch& batch, const Operand& operand, const Words& rows, Mask& out,
                   const Answer& answer) {
  const schema::ColumnView& column = batch.Column(operand.slot);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    const uint64_t wanted = rows[word] & valid & batch.RowsOfWord(word);
    out.truth[word] = 0;
    out.unknown[word] = ~valid;
    if (wanted == 0) continue;
    if (batch.cancelled()) return;
    out.truth[word] = answer(column, word, wanted);
  }
}

// The rows whose texts have a size that passes, by the offsets alone.
template <typename Test>
uint64_t TestSizes(const schema::ColumnView& column, int64_t word, const Test& test) {
  const int64_t begin = word * 64;
  const int64_t count = std::min<int64_t>(64, column.num_rows - begin);
  const uint64_t* const offsets = column.offsets + begin;
  uint8_t hits[64] = {};
  if (count == 64) {
    for (int i = 0; i < 64; ++i) hits[i] = test(offsets[i + 1] - offsets[i]) ? 1 : 0;
  } else {
    for (int64_t i = 0; i < count; ++i) hits[i] = test(offsets[i + 1] - offsets[i]) ? 1 : 0;
  }
  return PackHits(hits);
}

// Texts that are one constant: of those as long as it, the ends tell most apart.
class EqualTest {
 public:
  explicit EqualTest(std::string_view text) : text_(text) {
    if (text.size() >= kTextKeyBytes) end_ = LastBytes(text);
  }

  uint64_t operator()(const schema::ColumnView& column, int64_t word, uint64_t wanted) const {
    const size_t size = text_.size();
    wanted &= TestSizes(column, word, [size](uint64_t other) { return other == size; });
    return TestTexts(column, word, wanted, [this](std::string_view text) {
      if (text.size() < kTextKeyBytes) return text == text_;
      return LastBytes(text) == end_ && text == text_;
    });
  }

 private:
  static uint64_t LastBytes(std::string_view text) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + text.size() - sizeof(bytes), sizeof(bytes));
    return bytes;
  }

  std::string_view text_;
  uint64_t end_ = 0;
};

// Up to this many texts are looked for one after the other; more are looked up in a table.
constexpr size_t kFewTexts = 4;

// Texts that begin with `prefix`.
uint64_t BeginWith(std::string_view prefix, uint64_t key, const schema::ColumnView& column,
                   int64_t word, uint64_t wanted) {
  const size_t size = prefix.size();
  wanted &= TestSizes(column, word, [size](uint64_t other) { return other >= size; });
  const char* const end = EndOf(column);
  const int unused = 64 - 8 * static_cast<int>(std::min(size, kTextKeyBytes));
  return TestTexts(column, word, wanted, [=](std::string_view text) {
    if (TextKey(text, end) >> unused != key >> unused) return false;
    return size <= kTextKeyBytes || text.starts_with(prefix);
  });
}

// Fewer texts are searched one by one, rather than all 64 in one go.
constexpr int kTextsWorthOneSearch = 16;

// Texts that hold `part`, which is not empty. The texts of a word lie behind each other, so they
// are searched as one; a place that lies across two of them does not count.
uint64_t Hold(std::string_view part, const schema::ColumnView& column, int64_t word,
              uint64_t wanted) {
  if (std::popcount(wanted) < kTextsWorthOneSearch) {
    return TestTexts(column, word, wanted, [part](std::string_view text) {
      return kernels::FindBytes(text, part) != std::string_view::npos;
    });
  }
  const int64_t end_row = std::min(word * 64 + 64, column.num_rows);
  const std::string_view texts(column.bytes, column.offsets[end_row]);
  uint64_t truth = 0;
  int64_t row = word * 64;
  for (size_t at = column.offsets[row];;) {
    const size_t place = kernels::FindBytes(texts.substr(at), part);
    if (place == std::string_view::npos) break;
    at += place;
    while (column.offsets[row + 1] <= at) ++row;
    if (at + part.size() > column.offsets[row + 1]) {
      ++at;
      continue;
    }
    truth |= uint64_t{1} << (row & 63);
    at = column.offsets[row + 1];
  }
  return truth & wanted;
}

void TextsInFew(Batch& batch, const InList& node, const Words& rows, Mask& out) {
  std::vector<EqualTest> tests;
  for (const std::string& text : node.set.strings()) tests.emplace_back(text);
  TestTextWords(batch, node.operand, rows, out,
                [&](const schema::ColumnView& column, int64_t word, uint64_t wanted) {
                  uint64_t truth = 0;
                  for (const EqualTest& test : tests) truth |= test(column, word, wanted & ~truth);
                  return truth;
                });
}

}  // namespace

void CompareStrings(Batch& batch, const Compare& node, const Words& rows, Mask& out) {
  const std::string_view constant = node.value.as_string();
  if (node.op == CompareOp::kEqual && IsColumn(node.operand)) {
    return TestTextWords(batch, node.operand, rows, out, EqualTest(constant));
  }
  WithComparer(node.op, [&](auto comparer) {
    if (!IsColumn(node.operand)) {
      return TestStrings(batch, node.operand, rows, out,
                         [=](std::string_view text) { return comparer(text, constant); });
    }
    const KeyedText keyed(constant);
    const char* const end = EndOf(batch.Column(node.operand.slot));
    TestStrings(batch, node.operand, rows, out,
                [=](std::string_view text) { return comparer(keyed.Compare(text, end), 0); });
  });
}

void StringsInRange(Batch& batch, const Range& node, const Words& rows, Mask& out) {
  const KeyedText lower(node.lower.value.as_string());
  const KeyedText upper(node.upper.value.as_string());
  const int above_min = node.lower.inclusive ? 0 : 1;
  const int below_max = node.upper.inclusive ? 0 : -1;
  const bool column = IsColumn(node.operand);
  const char* const column_end = column ? EndOf(batch.Column(node.operand.slot)) : nullptr;
  TestStrings(batch, node.operand, rows, out, [=](std::string_view text) {
    const char* const end = column ? column_end : text.data() + text.size();
    return lower.Compare(text, end) >= above_min && upper.Compare(text, end) <= below_max;
  });
}

void StringsInList(Batch& batch, const InList& node, const Words& rows, Mask& out) {
  if (IsColumn(node.operand) && node.set.size() <= kFewTexts) {
    return TextsInFew(batch, node, rows, out);
  }
  TestStrings(batch, node.operand, rows, out,
              [&](std::string_view text) { return node.set.ContainsString(text); });
}

void StringsLike(Batch& batch, const Like& node, const Words& rows, Mask& out) {
  const std::string_view text = node.pattern.text();
  const LikePattern::Kind kind =
      IsColumn(node.operand) && !text.empty() ? node.pattern.kind() : LikePattern::Kind::kGeneral;
  using View = schema::ColumnView;
  if (kind == LikePattern::Kind::kEqual) {
    return TestTextWords(batch, node.operand, rows, out, EqualTest(text));
  }
  if (kind == LikePattern::Kind::kPrefix) {
    return TestTextWords(
        batch, node.operand, rows, out,
        [text, key = TextKey(text)](const View& column, int64_t word, uint64_t wanted) {
          return BeginWith(text, key, column, word, wanted);
        });
  }
  if (kind == LikePattern::Kind::kContains) {
    return TestTextWords(batch, node.operand, rows, out,
                         [text](const View& column, int64_t word, uint64_t wanted) {
                           return Hold(text, column, word, wanted);
                         });
  }
  TestStrings(batch, node.operand, rows, out,
              [&](std::string_view text) { return node.pattern.Matches(text); });
}

void StringsMatch(Batch& batch, const Regex& node, const Words& rows, Mask& out) {
  TestStrings(batch, node.operand, rows, out,
              [&](std::string_view text) { return node.pattern.Matches(text); });
}

}  // namespace elanus::expr
