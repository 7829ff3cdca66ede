#include "storage/column_statistics.h"

#include <algorithm>
#include <cmath>

#include "schema/integer_at.h"

namespace elanus::storage {
namespace {

using schema::DataType;

// What lies behind is left out: it tells texts apart that an estimate need not.
constexpr size_t kTextBytes = 32;
// Texts kept, of those sampled: 40 KB a column at most.
constexpr size_t kTextsMax = 512;

// What kept values are, in a file.
constexpr uint8_t kNumbers = 0, kTexts = 1;

double NumberAt(const schema::ColumnView& column, int64_t row) {
  if (column.type.type == DataType::kFloat) return column.Value<float>(row);
  if (column.type.type == DataType::kDouble) return column.Value<double>(row);
  return static_cast<double>(schema::IntegerAt(column, row));
}

bool IsNumber(DataType type) {
  return schema::IsInteger(type) || schema::IsFloating(type) || type == DataType::kBool ||
         type == DataType::kTimestamptz;
}

// Distinct values among `total`, from a sorted sample of n: d / (1 - f1/n + f1/total), where d
// differ and f1 occur once.
// Haas, Naughton, Seshadri, Stokes, VLDB 1995: the estimator Duj1.
template <typename T>
double EstimateDistinct(const std::vector<T>& sorted, double total) {
  double differ = 0;
  double once = 0;
  for (size_t i = 0; i < sorted.size();) {
    size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    differ += 1;
    once += end - i == 1 ? 1 : 0;
    i = end;
  }
  const double n = static_cast<double>(sorted.size());
  if (n == 0) return 1;
  return std::clamp(differ / (1 - once / n + once / total), 1.0, std::max(total, 1.0));
}

// Keeps some, with the first and the last one.
template <typename T>
void Thin(std::vector<T>& values, size_t count_max) {
  if (values.size() <= count_max) return;
  const size_t last = values.size() - 1;
  for (size_t i = 0; i < count_max; ++i) values[i] = std::move(values[i * last / (count_max - 1)]);
  values.resize(count_max);
}

template <typename T, typename U>
double PartBelow(const std::vector<T>& sorted, const U& value) {
  if (sorted.empty()) return 0;
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
  auto below = static_cast<double>(at - sorted.begin());
  if constexpr (std::is_same_v<T, double>) {
    // Between two values rows are spread evenly.
    if (at != sorted.begin() && at != sorted.end()) {
      const double part = (value - at[-1]) / (at[0] - at[-1]);
      if (part >= 0 && part <= 1) below += part - 1;
    }
    if (at != sorted.end() && sorted.size() > 1) {
      return below / static_cast<double>(sorted.size() - 1);
    }
  }
  return below / static_cast<double>(sorted.size());
}

// A value that was seen more than once is frequent; of others there are as many as of each.
template <typename T, typename U>
double PartEqual(const std::vector<T>& sorted, const U& value, double distinct) {
  const auto [begin, end] = std::equal_range(sorted.begin(), sorted.end(), value);
  if (end - begin > 1) {
    return static_cast<double>(end - begin) / static_cast<double>(sorted.size());
  }
  return 1 / distinct;
}

}  // namespace

ColumnStatistics::ColumnStatistics(const schema::ColumnView& column, int64_t sample_rows,
                                   size_t values_max) {
  const DataType type = column.type.type;
  const int64_t count = std::min(column.num_rows, sample_rows);
  int64_t nulls = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto row = static_cast<int64_t>(static_cast<double>(i) / static_cast<double>(count) *
                                          static_cast<double>(column.num_rows));
    if (!column.IsValid(row)) {
      ++nulls;
    } else if (IsNumber(type)) {
      const double number = NumberAt(column, row);
      if (!std::isnan(number)) numbers_.push_back(number);
    } else if (type == DataType::kVarChar) {
      texts_.emplace_back(column.Bytes(row).substr(0, kTextBytes));
    }
  }
  if (count > 0) null_fraction_ = static_cast<double>(nulls) / static_cast<double>(count);
  std::sort(numbers_.begin(), numbers_.end());
  std::sort(texts_.begin(), texts_.end());
  const double values = static_cast<double>(column.num_rows) * (1 - null_fraction_);
  distinct_ =
      texts_.empty() ? EstimateDistinct(numbers_, values) : EstimateDistinct(texts_, values);
  Thin(texts_, std::min(kTextsMax, values_max));
  Thin(numbers_, values_max);
}

double ColumnStatistics::FractionEqual(double value) const {
  return PartEqual(numbers_, value, distinct_) * (1 - null_fraction_);
}
double ColumnStatistics::FractionEqual(std::string_view value) const {
  return PartEqual(texts_, value.substr(0, kTextBytes), distinct_) * (1 - null_fraction_);
}
double ColumnStatistics::FractionBelow(double value) const {
  return PartBelow(numbers_, value) * (1 - null_fraction_);
}
double ColumnStatistics::FractionBelow(std::string_view value) const {
  return PartBelow(texts_, value) * (1 - null_fraction_);
}

int64_t ColumnStatistics::memory_bytes() const {
  int64_t sum = static_cast<int64_t>(sizeof(*this) + numbers_.capacity() * sizeof(double));
  for (const std::string& text : texts_)
    sum += static_cast<int64_t>(sizeof(text) + text.capacity());
  return sum;
}

void ColumnStatistics::Encode(std::string& out) const {
  AppendNumber(out, null_fraction_);
  AppendNumber(out, distinct_);
  AppendNumber(out, static_cast<uint8_t>(!texts_.empty() ? kTexts : kNumbers));
  AppendNumber(out, static_cast<uint16_t>(numbers_.size() + texts_.size()));
  for (const double number : numbers_) AppendNumber(out, number);
  for (const std::string& text : texts_) {
    AppendNumber(out, static_cast<uint8_t>(text.size()));
    out.append(text);
  }
}

absl::StatusOr<ColumnStatistics> ColumnStatistics::Decode(ByteReader& in) {
  const auto damaged = [] {
    return InternalError(ErrorCode::kDataIntegrity, "column statistics are damaged");
  };
  ColumnStatistics out;
  uint8_t form = 0;
  uint16_t count = 0;
  if (!in.Read(out.null_fraction_) || !in.Read(out.distinct_) || !in.Read(form) ||
      !in.Read(count) || form > kTexts) {
    return damaged();
  }
  for (uint16_t i = 0; i < count; ++i) {
    if (form == kNumbers && !in.Read(out.numbers_.emplace_back())) return damaged();
    if (form == kNumbers) continue;
    uint8_t size = 0;
    std::string_view text;
    if (!in.Read(size) || size > kTextBytes || !in.ReadBytes(size, text)) return damaged();
    out.texts_.emplace_back(text);
  }
  const auto is_nan = [](double number) { return std::isnan(number); };
  const bool possible = out.null_fraction_ >= 0 && out.null_fraction_ <= 1 && out.distinct_ >= 1 &&
                        std::isfinite(out.distinct_) &&
                        std::none_of(out.numbers_.begin(), out.numbers_.end(), is_nan) &&
                        std::is_sorted(out.numbers_.begin(), out.numbers_.end()) &&
                        std::is_sorted(out.texts_.begin(), out.texts_.end());
  if (!possible) return damaged();
  return out;
}

}  // namespace elanus::storage
