#include "expr/json_values.h"

#include <optional>
#include <string>

#include "expr/json_cursor.h"
#include "schema/array_value.h"

namespace elanus::expr {
namespace {

using schema::DataType;

constexpr int64_t kRowsPerCheck = 1 << 14;
// Doubles stand for these integers and their neighbours, each for itself.
constexpr int64_t kExactMax = int64_t{1} << 53;

enum class Fit { kNo, kYes, kOdd };

// Whether `value` is of the type, and the bytes of its key.
Fit KeyOf(const JsonValue& value, DataType type, std::string& scratch, std::string_view* key) {
  const auto bytes = [&](auto number) {
    scratch.assign(reinterpret_cast<const char*>(&number), sizeof(number));
    *key = scratch;
    return Fit::kYes;
  };
  switch (type) {
    case DataType::kBool:
      return value.type == JsonType::kBool ? bytes(static_cast<uint8_t>(value.boolean)) : Fit::kNo;
    case DataType::kVarChar:
      if (value.type != JsonType::kString) return Fit::kNo;
      *key = JsonText(value, scratch);
      return Fit::kYes;
    default:
      if (!value.is_number()) return Fit::kNo;
      if (value.type == JsonType::kUnsigned) return Fit::kOdd;
      if (value.type == JsonType::kInt && (value.integer > kExactMax || value.integer < -kExactMax))
        return Fit::kOdd;
      return bytes(value.as_double());
  }
}

class Reader {
 public:
  Reader(const index::JsonCast& cast, JsonValues& out) : cast_(cast), out_(out) {}

  void Add(uint32_t row, const JsonValue& value) {
    switch (cast_.array ? AddArray(value) : AddValue(value)) {
      case Fit::kYes:
        return;
      case Fit::kOdd:
        out_.odd.push_back(row);
        [[fallthrough]];
      case Fit::kNo:
        out_.column.AppendNull();
    }
  }

 private:
  Fit AddValue(const JsonValue& value) {
    std::string_view key;
    const Fit fit = KeyOf(value, cast_.type, scratch_, &key);
    if (fit == Fit::kYes) out_.column.AppendRaw(key);
    return fit;
  }

  // Elements of other types equal no constant of this one.
  Fit AddArray(const JsonValue& value) {
    if (value.type != JsonType::kArray) return Fit::kNo;
    schema::ArrayBuilder array(cast_.type);
    bool odd = false;
    ForEachJsonElement(value.text, [&](const JsonValue& element) {
      std::string_view key;
      const Fit fit = KeyOf(element, cast_.type, scratch_, &key);
      if (fit == Fit::kYes) array.AppendRaw(key);
      odd |= fit == Fit::kOdd;
      return !odd;
    });
    if (odd) return Fit::kOdd;
    out_.column.AppendRaw(array.Finish());
    return Fit::kYes;
  }

  const index::JsonCast cast_;
  JsonValues& out_;
  std::string scratch_;
};

}  // namespace

absl::StatusOr<JsonValues> ReadJsonValues(const schema::ColumnView& json,
                                          const JsonPath& path, const index::JsonCast& cast,
                                          const Cancellation& cancellation) {
  const schema::ColumnType type =
      cast.array ? schema::ColumnType{.type = DataType::kArray, .element_type = cast.type}
                 : schema::ColumnType{.type = cast.type};
  JsonValues out{schema::Column(type), {}};
  Reader reader(cast, out);
  JsonPathTree paths;
  paths.Add(path);
  for (int64_t row = 0; row < json.num_rows; ++row) {
    if (row % kRowsPerCheck == 0) ELANUS_RETURN_IF_ERROR(cancellation.Check());
    JsonValue value;
    if (json.IsValid(row)) paths.Find(json.Bytes(row), &value, 1);
    reader.Add(static_cast<uint32_t>(row), value);
  }
  return out;
}

}  // namespace elanus::expr
