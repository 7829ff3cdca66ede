#include "query/accumulator.h"

#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace elanus::query {
namespace {

using schema::Column;
using schema::ColumnView;
using schema::DataType;

// Count rows, all or the valid ones.
class Count final : public Accumulator {
 public:
  explicit Count(bool all) : all_(all) {}
  void Resize(int64_t num_groups) override { counts_.resize(num_groups); }
  void Add(const ColumnView& column, std::span<const int32_t> rows,
           std::span<const int32_t> groups) override {
    const bool every = all_ || column.validity == nullptr;
    for (size_t i = 0; i < rows.size(); ++i) {
      counts_[groups[i]] += every || column.IsValid(rows[i]) ? 1 : 0;
    }
  }
  void Merge(const Accumulator& other, std::span<const int32_t> groups) override {
    const auto& from = static_cast<const Count&>(other);
    for (size_t i = 0; i < groups.size(); ++i) counts_[groups[i]] += from.counts_[i];
  }
  absl::Status AppendTo(int64_t group, Column& out) const override {
    out.Append(counts_[group]);
    return absl::OkStatus();
  }

 private:
  const bool all_;
  std::vector<int64_t> counts_;
};

// Sums and averages of T. Integers are summed in 128 bits, which 2^63 values cannot overflow.
template <typename T>
class Sum final : public Accumulator {
 public:
  explicit Sum(bool average) : average_(average) {}
  void Resize(int64_t num_groups) override { totals_.resize(num_groups); }
  void Add(const ColumnView& column, std::span<const int32_t> rows,
           std::span<const int32_t> groups) override {
    const T* const values = column.Values<T>();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!column.IsValid(rows[i])) continue;
      Total& total = totals_[groups[i]];
      total.sum += values[rows[i]];
      ++total.count;
    }
  }
  void Merge(const Accumulator& other, std::span<const int32_t> groups) override {
    const auto& from = static_cast<const Sum&>(other);
    for (size_t i = 0; i < groups.size(); ++i) {
      totals_[groups[i]].sum += from.totals_[i].sum;
      totals_[groups[i]].count += from.totals_[i].count;
    }
  }
  absl::Status AppendTo(int64_t group, Column& out) const override {
    const Total& total = totals_[group];
    if (total.count == 0) {
      out.AppendNull();
    } else if (average_) {
      out.Append(static_cast<double>(total.sum) / static_cast<double>(total.count));
    } else if constexpr (std::is_integral_v<T>) {
      if (total.sum < std::numeric_limits<int64_t>::min() ||
          total.sum > std::numeric_limits<int64_t>::max()) {
        return UserError(ErrorCode::kParameterInvalid,
                         "the sum of {} values is out of the range of Int64", total.count);
      }
      out.Append(static_cast<int64_t>(total.sum));
    } else {
      out.Append(total.sum);
    }
    return absl::OkStatus();
  }

 private:
  struct Total {
    std::conditional_t<std::is_integral_v<T>, __int128, double> sum = 0;
    int64_t count = 0;
  };
  const bool average_;
  std::vector<Total> totals_;
};

// The least or greatest T.
template <typename T>
class Extreme final : public Accumulator {
 public:
  explicit Extreme(bool greatest) : greatest_(greatest) {}
  void Resize(int64_t num_groups) override { best_.resize(num_groups); }
  void Add(const ColumnView& column, std::span<const int32_t> rows,
           std::span<const int32_t> groups) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!column.IsValid(rows[i])) continue;
      if constexpr (std::is_arithmetic_v<T>) {
        Offer(column.Value<T>(rows[i]), best_[groups[i]]);
      } else {
        Offer(column.Bytes(rows[i]), best_[groups[i]]);
      }
    }
  }
  void Merge(const Accumulator& other, std::span<const int32_t> groups) override {
    const auto& from = static_cast<const Extreme&>(other);
    for (size_t i = 0; i < groups.size(); ++i) {
      if (from.best_[i].valid) Offer(from.best_[i].value, best_[groups[i]]);
    }
  }
  absl::Status AppendTo(int64_t group, Column& out) const override {
    const Best& best = best_[group];
    if (!best.valid) {
      out.AppendNull();
    } else if constexpr (std::is_arithmetic_v<T>) {
      out.Append(best.value);
    } else {
      out.AppendRaw(best.value);
    }
    return absl::OkStatus();
  }

 private:
  struct Best {
    T value{};
    bool valid = false;
  };
  template <typename Given>
  void Offer(const Given& value, Best& best) const {
    if (best.valid && !(greatest_ ? best.value < value : value < best.value)) return;
    best.value = value;
    best.valid = true;
  }

  const bool greatest_;
  std::vector<Best> best_;
};

// Calls make.operator()<T>() for the type that values of `type` have in a column.
template <typename Make>
std::unique_ptr<Accumulator> ForType(DataType type, const Make& make) {
  switch (type) {
    case DataType::kInt8:
      return make.template operator()<int8_t>();
    case DataType::kInt16:
      return make.template operator()<int16_t>();
    case DataType::kInt32:
      return make.template operator()<int32_t>();
    case DataType::kFloat:
      return make.template operator()<float>();
    case DataType::kDouble:
      return make.template operator()<double>();
    default:
      return make.template operator()<int64_t>();
  }
}

}  // namespace

schema::ColumnType ResultType(const Aggregate& aggregate) {
  switch (aggregate.kind) {
    case AggregateKind::kCountRows:
    case AggregateKind::kCount:
      return {.type = DataType::kInt64};
    case AggregateKind::kSum:
      return {.type =
                  schema::IsInteger(aggregate.type.type) ? DataType::kInt64 : DataType::kDouble};
    case AggregateKind::kAvg:
      return {.type = DataType::kDouble};
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      break;
  }
  return aggregate.type;
}

bool Admits(AggregateKind kind, DataType type) {
  switch (kind) {
    case AggregateKind::kCountRows:
    case AggregateKind::kCount:
      return true;
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      return schema::IsNumeric(type);
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      break;
  }
  return schema::IsNumeric(type) || type == DataType::kVarChar || type == DataType::kTimestamptz;
}

std::unique_ptr<Accumulator> MakeAccumulator(const Aggregate& aggregate) {
  const AggregateKind kind = aggregate.kind;
  if (kind == AggregateKind::kCountRows || kind == AggregateKind::kCount) {
    return std::make_unique<Count>(kind == AggregateKind::kCountRows);
  }
  const DataType type = aggregate.type.type;
  if (kind == AggregateKind::kSum || kind == AggregateKind::kAvg) {
    return ForType(type, [&]<typename T>() -> std::unique_ptr<Accumulator> {
      return std::make_unique<Sum<T>>(kind == AggregateKind::kAvg);
    });
  }
  const bool greatest = kind == AggregateKind::kMax;
  if (type == DataType::kVarChar) return std::make_unique<Extreme<std::string>>(greatest);
  return ForType(type, [&]<typename T>() -> std::unique_ptr<Accumulator> {
    return std::make_unique<Extreme<T>>(greatest);
  });
}

}  // namespace elanus::query
