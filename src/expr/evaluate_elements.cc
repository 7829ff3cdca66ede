// Tests of the elements of struct arrays: the arrays of some rows are laid out as columns with an
// element a row, the plan for elements runs over those, and its answers are counted by array.
#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "expr/element_filter.h"
#include "expr/evaluate_leaves.h"
#include "schema/array_value.h"

namespace elanus::expr {
namespace {

using schema::ArrayView;
using schema::DataType;

// Elements laid out before the plan runs over them: enough for its batches to be worth while, and
// few enough to stay in the cache.
constexpr int64_t kElementsPerRun = 4096;

class Elements final : public ColumnSource {
 public:
  explicit Elements(const Plan& plan) : plan_(plan) {
    for (const FieldUse& field : plan.fields) {
      columns_.emplace_back(schema::ColumnType{.type = field.type});
    }
  }

  void Clear() {
    for (schema::Column& column : columns_) column = schema::Column(column.type());
    num_elements_ = 0;
  }

  // Appends the `count` elements of one row; `arrays` are the row's values of the plan's fields. An
  // array that is too short, which only a damaged file has, is filled up with zeros.
  void Add(int64_t count, const std::vector<ArrayView>& arrays) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      schema::Column& column = columns_[i];
      const int64_t width = column.type().width();
      const int64_t there = std::min(count, arrays[i].size());
      if (width > 0 && there > 0) {
        column.AppendFixedRows(arrays[i].Raw(0).data(), there);
      } else {
        for (int64_t e = 0; e < there; ++e) column.AppendRaw(arrays[i].Raw(e));
      }
      for (int64_t e = there; e < count; ++e) {
        column.AppendRaw(std::string(static_cast<size_t>(width), '\0'));
      }
    }
    num_elements_ += count;
  }

  int64_t num_rows() const override { return num_elements_; }
  int64_t ContiguousRows(int64_t begin) const override { return num_elements_ - begin; }
  schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (plan_.fields[i].id == field) return columns_[i].View().Slice(begin, count);
    }
    return {};
  }

 private:
  const Plan& plan_;
  std::vector<schema::Column> columns_;  // Of the plan's fields, in their order.
  int64_t num_elements_ = 0;
};

bool Decides(const MatchElements& node, int64_t matching, int64_t count) {
  switch (node.mode) {
    case MatchElements::Mode::kAll:
      return matching == count;
    case MatchElements::Mode::kAny:
      return matching > 0;
    case MatchElements::Mode::kLeast:
      return matching >= node.threshold;
    case MatchElements::Mode::kMost:
      return matching <= node.threshold;
    case MatchElements::Mode::kExact:
      return matching == node.threshold;
  }
  return false;
}

class Counter {
 public:
  Counter(Batch& batch, const MatchElements& node, Mask& out)
      : batch_(batch), node_(node), out_(out), elements_(*node.elements) {}

  void Add(int64_t row) {
    const int64_t count = schema::ElementCount(batch_.Column(node_.slots.front()), row);
    arrays_.clear();
    for (size_t i = 0; i < node_.elements->fields.size(); ++i) {
      const schema::ColumnView& column = batch_.Column(node_.slots[i]);
      arrays_.emplace_back(column.type.element_type, column.Bytes(row));
    }
    elements_.Add(count, arrays_);
    rows_.push_back({row, count});
    if (elements_.num_rows() >= kElementsPerRun) Flush();
  }

  // Answers the rows added since the last time.
  void Flush() {
    kernels::Bitset matching(elements_.num_rows());
    // It fails when it is cancelled only, and then so is all that this is a part of.
    if (!expr::Evaluate(*node_.elements, elements_, {}, matching, batch_.cancellation()).ok()) {
      return;
    }
    int64_t begin = 0;
    for (const auto& [row, count] : rows_) {
      int64_t found = 0;
      for (int64_t e = begin; e < begin + count; ++e) found += matching.Test(e) ? 1 : 0;
      begin += count;
      if (Decides(node_, found, count)) {
        out_.truth[row / 64] |= uint64_t{1} << (row % 64);
      }
    }
    rows_.clear();
    elements_.Clear();
  }

 private:
  struct RowElements {
    int64_t row = 0;
    int64_t count = 0;
  };
  Batch& batch_;
  const MatchElements& node_;
  Mask& out_;
  Elements elements_;
  std::vector<ArrayView> arrays_;
  std::vector<RowElements> rows_;
};

}  // namespace

void CountElements(Batch& batch, const MatchElements& node, const Words& rows, Mask& out) {
  const schema::ColumnView& column = batch.Column(node.slots.front());
  Counter counter(batch, node, out);
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    out.truth[word] = 0;
    out.unknown[word] = ~valid;
    for (uint64_t todo = rows[word] & valid & batch.RowsOfWord(word); todo != 0; todo &= todo - 1) {
      if (batch.cancelled()) return;
      counter.Add(word * 64 + std::countr_zero(todo));
    }
  }
  counter.Flush();
}

const std::string& ElementStructOf(const Plan& plan) {
  return plan.element_struct;
}

std::vector<FieldId> ElementFieldsOf(const Plan& plan) {
  std::vector<FieldId> fields;
  for (const int slot : plan.element_filter->slots) fields.push_back(plan.fields[slot].id);
  return fields;
}

namespace {

// The arrays of rows [begin, begin + count), by slot of the test.
std::vector<schema::ColumnView> ArraysOf(const Plan& plan, const MatchElements& test,
                                         const ColumnSource& source, int64_t begin, int64_t count) {
  std::vector<schema::ColumnView> out;
  for (const int slot : test.slots) {
    out.push_back(source.Rows(plan.fields[slot].id, begin, count));
  }
  return out;
}

// Calls piece(arrays, begin, count) for all rows of the source.
template <typename Piece>
absl::Status ForEachPiece(const Plan& plan, const ColumnSource& source, Piece&& piece) {
  int64_t count = 0;
  for (int64_t begin = 0; begin < source.num_rows(); begin += count) {
    count = source.ContiguousRows(begin);
    ELANUS_RETURN_IF_ERROR(
        piece(ArraysOf(plan, *plan.element_filter, source, begin, count), begin, count));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ElementMatches> EvaluateElements(const Plan& plan, const ColumnSource& source,
                                                kernels::BitView rows,
                                                const Cancellation& cancellation) {
  const MatchElements& test = *plan.element_filter;
  ElementMatches out;
  out.begins.push_back(0);
  using Arrays = std::vector<schema::ColumnView>;
  ELANUS_RETURN_IF_ERROR(
      ForEachPiece(plan, source, [&](const Arrays& arrays, int64_t begin, int64_t count) {
        for (int64_t i = 0; i < count; ++i) {
          const bool asked = rows.Test(begin + i);
          const int64_t elements = asked ? schema::ElementCount(arrays.front(), i) : 0;
          out.begins.push_back(out.begins.back() + elements);
        }
        return absl::OkStatus();
      }));
  out.elements = kernels::Bitset(out.begins.back());
  Elements laid_out(*test.elements);
  std::vector<int64_t> pending;  // Rows.
  const auto flush = [&]() -> absl::Status {
    kernels::Bitset matching(laid_out.num_rows());
    ELANUS_RETURN_IF_ERROR(Evaluate(*test.elements, laid_out, {}, matching, cancellation));
    int64_t at = 0;
    for (const int64_t row : pending) {
      for (int64_t element = out.begins[row]; element < out.begins[row + 1]; ++element, ++at) {
        if (matching.Test(at)) out.elements.Set(element);
      }
    }
    pending.clear();
    laid_out.Clear();
    return absl::OkStatus();
  };
  std::vector<ArrayView> values;
  ELANUS_RETURN_IF_ERROR(
      ForEachPiece(plan, source, [&](const Arrays& arrays, int64_t begin, int64_t count) {
        for (int64_t i = 0; i < count; ++i) {
          const int64_t row = begin + i;
          if (out.begins[row] == out.begins[row + 1]) continue;
          values.clear();
          for (size_t f = 0; f < test.elements->fields.size(); ++f) {
            values.emplace_back(arrays[f].type.element_type, arrays[f].Bytes(i));
          }
          laid_out.Add(out.begins[row + 1] - out.begins[row], values);
          pending.push_back(row);
          if (laid_out.num_rows() >= kElementsPerRun) ELANUS_RETURN_IF_ERROR(flush());
        }
        return absl::OkStatus();
      }));
  ELANUS_RETURN_IF_ERROR(flush());
  return out;
}

}  // namespace elanus::expr
