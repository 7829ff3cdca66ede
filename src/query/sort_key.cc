#include "query/sort_key.h"

#include <bit>
#include <cstring>

namespace elanus::query {
namespace {

using schema::DataType;

constexpr char kValue =
    1;  // Before it 0: nulls that come first; behind it 2: nulls that come last.
constexpr uint64_t kSignBit = uint64_t{1} << 63;

void AppendBits(uint64_t bits, bool descending, std::string& key) {
  if (descending) bits = ~bits;
  bits = __builtin_bswap64(bits);
  char bytes[1 + sizeof(bits)] = {kValue};
  std::memcpy(bytes + 1, &bits, sizeof(bits));
  key.append(bytes, sizeof(bytes));
}

void AppendInteger(int64_t value, bool descending, std::string& key) {
  AppendBits(static_cast<uint64_t>(value) ^ kSignBit, descending, key);
}

}  // namespace

bool IsSortable(DataType type) {
  return schema::IsNumeric(type) || type == DataType::kBool || type == DataType::kVarChar ||
         type == DataType::kTimestamptz;
}

void AppendNullKey(SortDirection direction, std::string& key) {
  key.push_back(direction.nulls_first ? kValue - 1 : kValue + 1);
}

void AppendNumberKey(double value, SortDirection direction, std::string& key) {
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // -0.0 + 0.0 is 0.0.
  // Negative numbers grow with their bits falling.
  AppendBits((bits & kSignBit) != 0 ? ~bits : bits ^ kSignBit, direction.descending, key);
}

void AppendTextKey(std::string_view value, SortDirection direction, std::string& key) {
  const size_t begin = key.size();
  key.push_back(kValue);
  for (const char c : value) {
    key.push_back(c);
    if (c == '\0') key.push_back('\xff');
  }
  key.append(2, '\0');  // Below every other continuation: a prefix comes before longer texts.
  if (!direction.descending) return;
  for (size_t i = begin + 1; i < key.size(); ++i) key[i] = static_cast<char>(~key[i]);
}

void AppendSortKey(const schema::ColumnView& column, int64_t row, SortDirection direction,
                   std::string& key) {
  if (!column.IsValid(row)) return AppendNullKey(direction, key);
  const bool descending = direction.descending;
  switch (column.type.type) {
    case DataType::kBool:
    case DataType::kInt8:
      return AppendInteger(column.Value<int8_t>(row), descending, key);
    case DataType::kInt16:
      return AppendInteger(column.Value<int16_t>(row), descending, key);
    case DataType::kInt32:
      return AppendInteger(column.Value<int32_t>(row), descending, key);
    case DataType::kFloat:
      return AppendNumberKey(column.Value<float>(row), direction, key);
    case DataType::kDouble:
      return AppendNumberKey(column.Value<double>(row), direction, key);
    case DataType::kVarChar:
      return AppendTextKey(column.Bytes(row), direction, key);
    default:
      return AppendInteger(column.Value<int64_t>(row), descending, key);
  }
}

}  // namespace elanus::query
