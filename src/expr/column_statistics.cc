#include "expr/column_statistics.h"

#include <algorithm>
#include <cmath>

namespace elanus::expr {
namespace {

using schema::DataType;

// What lies behind is left out: it tells texts apart that an estimate need not.
constexpr size_t kTextBytes = 32;
// Texts kept, of those sampled: 40 KB a column at most.
constexpr size_t kTextsMax = 512;

double NumberAt(const schema::ColumnView& column, int64_t row) {
  switch (column.type.type) {
    case DataType::kBool:
      return column.Value<uint8_t>(row);
    case DataType::kInt8:
      return column.Value<int8_t>(row);
    case DataType::kInt16:
      return column.Value<int16_t>(row);
    case DataType::kInt32:
      return column.Value<int32_t>(row);
    case DataType::kFloat:
      return column.Value<float>(row);
    case DataType::kDouble:
      return column.Value<double>(row);
    default:
      return static_cast<double>(column.Value<int64_t>(row));
  }
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

template <typename T>
void Thin(std::vector<T>& values, size_t count_max) {
  if (values.size() <= count_max) return;
  for (size_t i = 0; i < count_max; ++i) {
    values[i] = std::move(values[i * values.size() / count_max]);
  }
  values.resize(count_max);
}

template <typename T, typename U>
double PartBelow(const std::vector<T>& sorted, const U& value) {
  if (sorted.empty()) return 0;
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
  return static_cast<double>(at - sorted.begin()) / static_cast<double>(sorted.size());
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

ColumnStatistics::ColumnStatistics(const schema::ColumnView& column) {
  const DataType type = column.type.type;
  const int64_t count = std::min(column.num_rows, kSampleRows);
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
  Thin(texts_, kTextsMax);
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

}  // namespace elanus::expr
