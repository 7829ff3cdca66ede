#include "segment/key_split.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

#include "schema/integer_at.h"
#include "schema/row_batch.h"
#include "storage/column_file.h"

namespace elanus::segment {
namespace {

constexpr int64_t kSampleRows = 1 << 16;
constexpr size_t kSampleTextBytes = 256;  // What a longer text begins with cuts as well.
constexpr int64_t kPartsMax = 1 << 13;    // With two cuts each, and cut again, fewer than 2^16.

// Values as they compare: int64_t, double or std::string_view; nothing for null and NaN.
template <typename T>
std::optional<T> ValueAt(const schema::ColumnView& column, int64_t row) {
  if (!column.IsValid(row)) return std::nullopt;
  if constexpr (std::is_same_v<T, std::string_view>) {
    return column.Bytes(row);
  } else if constexpr (std::is_same_v<T, double>) {
    const double value =
        column.type.width() == 4 ? column.Value<float>(row) : column.Value<double>(row);
    return std::isnan(value) ? std::nullopt : std::optional(value);
  } else {
    return schema::IntegerAt(column, row);
  }
}

template <typename T>
class Splitter {
 public:
  using Owned = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;

  Splitter(std::span<const MergeInput> inputs, const schema::FieldSchema& key,
           const Cancellation& cancellation)
      : inputs_(inputs),
        key_(key),
        default_(schema::DefaultColumn(key, 1)),
        cancellation_(cancellation) {
    for (const MergeInput& input : inputs) num_rows_ += input.kept.Count();
  }

  absl::StatusOr<KeySplit> Run(int64_t rows_wanted) {
    rows_wanted = std::max<int64_t>({rows_wanted, 1, num_rows_ / kPartsMax});
    ELANUS_RETURN_IF_ERROR(MakeCuts((num_rows_ + rows_wanted - 1) / rows_wanted));
    ELANUS_RETURN_IF_ERROR(CountRanges());
    AssignParts(rows_wanted);
    return std::move(split_);
  }

 private:
  // `visit(input, row, value)` for each kept row, in the same order each time.
  template <typename Visit>
  absl::Status ForEach(const Visit& visit) const {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      ELANUS_RETURN_IF_ERROR(cancellation_.Check());
      const storage::ColumnFile* file = inputs_[i].segment->Find(key_.id);
      const schema::ColumnView column = file != nullptr ? file->View() : default_.View();
      inputs_[i].kept.view().ForEach(
          [&](int64_t row) { visit(i, row, ValueAt<T>(column, file != nullptr ? row : 0)); });
    }
    return absl::OkStatus();
  }

  // Values that begin a range. One that fills half a part has a range for itself.
  absl::Status MakeCuts(int64_t parts_wanted) {
    if (parts_wanted <= 1) return absl::OkStatus();
    // At irregular distances: keys often repeat at regular ones.
    std::mt19937_64 random(1);
    const int64_t distance = std::max<int64_t>(num_rows_ / kSampleRows, 1);
    std::vector<Owned> sample;
    int64_t skip = 0;
    ELANUS_RETURN_IF_ERROR(ForEach([&](size_t, int64_t, const std::optional<T>& value) {
      if (skip-- > 0) return;
      skip = static_cast<int64_t>(random() % static_cast<uint64_t>(2 * distance - 1));
      if (!value.has_value()) return;
      if constexpr (std::is_same_v<T, std::string_view>) {
        sample.emplace_back(value->substr(0, kSampleTextBytes));
      } else {
        sample.push_back(*value);
      }
    }));
    std::sort(sample.begin(), sample.end());
    for (int64_t part = 1; part < parts_wanted; ++part) {
      const size_t place = sample.size() * static_cast<size_t>(part) / parts_wanted;
      if (place >= sample.size()) break;
      const auto [first, next] = std::equal_range(sample.begin(), sample.end(), sample[place]);
      if (cuts_.empty() || cuts_.back() < *first) cuts_.push_back(*first);
      const bool fills = (next - first) * 2 * parts_wanted >= std::ssize(sample);
      if (fills && next != sample.end() && cuts_.back() < *next) cuts_.push_back(*next);
    }
    return absl::OkStatus();
  }

  // Range 0 holds what has no value.
  absl::Status CountRanges() {
    counts_.resize(cuts_.size() + 2);
    for (const MergeInput& input : inputs_) split_.part_of.emplace_back(input.kept.size());
    return ForEach([&](size_t input, int64_t row, const std::optional<T>& value) {
      size_t range = 0;
      if (value.has_value()) {
        range = 1 + (std::upper_bound(cuts_.begin(), cuts_.end(), *value) - cuts_.begin());
      }
      ++counts_[range];
      split_.part_of[input][row] = static_cast<uint16_t>(range);
    });
  }

  // Small ranges that lie together become one part; a large one becomes several, in the order in
  // which its rows come.
  void AssignParts(int64_t rows_wanted) {
    struct Place {
      int first = 0;      // Part.
      int64_t parts = 1;  // Of the range alone, if more than one.
      int64_t seen = 0;
    };
    std::vector<Place> places(counts_.size());
    int64_t open = 0;  // Rows in the last part, if more may be put there.
    for (size_t range = 0; range < counts_.size(); ++range) {
      const int64_t count = counts_[range];
      if (count == 0) continue;
      const bool large = count > rows_wanted + rows_wanted / 2;
      const bool joins = open > 0 && !large && open + count <= rows_wanted + rows_wanted / 4;
      if (!joins) {
        places[range].first = split_.num_parts;
        places[range].parts = large ? (count + rows_wanted - 1) / rows_wanted : 1;
        split_.num_parts += static_cast<int>(places[range].parts);
        open = large ? 0 : count;
      } else {
        places[range].first = split_.num_parts - 1;
        open += count;
      }
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      inputs_[i].kept.view().ForEach([&](int64_t row) {
        uint16_t& part = split_.part_of[i][row];
        const size_t range = part;
        Place& place = places[range];
        part = static_cast<uint16_t>(place.first + place.seen++ * place.parts / counts_[range]);
      });
    }
  }

  const std::span<const MergeInput> inputs_;
  const schema::FieldSchema& key_;
  const schema::Column default_;  // One row.
  const Cancellation& cancellation_;
  int64_t num_rows_ = 0;  // That are kept.
  std::vector<Owned> cuts_;
  std::vector<int64_t> counts_;
  KeySplit split_;
};

}  // namespace

std::vector<MergeInput> KeySplit::RowsOf(int part, std::span<const MergeInput> inputs) const {
  std::vector<MergeInput> out;
  for (size_t i = 0; i < inputs.size(); ++i) {
    kernels::Bitset rows(inputs[i].kept.size());
    bool any = false;
    inputs[i].kept.view().ForEach([&](int64_t row) {
      if (part_of[i][row] != part) return;
      rows.Set(row);
      any = true;
    });
    if (any) out.push_back({inputs[i].segment, std::move(rows)});
  }
  return out;
}

bool CanSplitBy(schema::DataType type) {
  return schema::IsInteger(type) || schema::IsFloating(type) || type == schema::DataType::kVarChar;
}

absl::StatusOr<KeySplit> SplitByKey(std::span<const MergeInput> inputs,
                                    const schema::FieldSchema& key, int64_t rows_wanted,
                                    const Cancellation& cancellation) {
  if (key.type == schema::DataType::kVarChar) {
    return Splitter<std::string_view>(inputs, key, cancellation).Run(rows_wanted);
  }
  if (schema::IsFloating(key.type)) {
    return Splitter<double>(inputs, key, cancellation).Run(rows_wanted);
  }
  return Splitter<int64_t>(inputs, key, cancellation).Run(rows_wanted);
}

}  // namespace elanus::segment
