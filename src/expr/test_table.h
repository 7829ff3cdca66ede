// For tests, benches and fuzz targets: a small collection whose rows come from JSON lines, as a
// ColumnSource that is cut into pieces.
#pragma once

#include <charconv>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/check.h"
#include "expr/expr.h"
#include "expr/json_cursor.h"
#include "expr/json_shredding.h"
#include "geometry/wkt_reader.h"
#include "schema/array_value.h"

namespace elanus::expr {

class TestTable final : public ColumnSource {
 public:
  // `rows_per_piece`: 0 = all rows in one piece, else a multiple of 64.
  explicit TestTable(int64_t rows_per_piece = 0) : rows_per_piece_(rows_per_piece) {
    schema_.name = "test";
  }

  // "id Int64 primary", "tags Array VarChar nullable", "$meta JSON dynamic", "s VarChar english":
  // `match` and `english` are for text_match, with the standard or the English analyzer.
  void AddField(std::string_view line) {
    const std::vector<std::string> words = Words(line);
    ELANUS_CHECK(words.size() >= 2);
    schema::FieldSchema field;
    field.id = FieldId(100 + static_cast<int64_t>(schema_.fields.size()));
    field.name = words[0];
    field.type = TypeNamed(words[1]);
    for (size_t i = 2; i < words.size(); ++i) {
      field.nullable |= words[i] == "nullable";
      field.is_primary_key |= words[i] == "primary";
      field.is_dynamic |= words[i] == "dynamic";
      if (words[i] == "match" || words[i] == "english") {
        field.type_params["enable_analyzer"] = field.type_params["enable_match"] = "true";
      }
      if (words[i] == "english") field.type_params["analyzer_params"] = R"({"type": "english"})";
      if (field.type == schema::DataType::kArray && field.element_type == schema::DataType::kNone) {
        field.element_type = TypeNamed(words[i]);
      }
    }
    if (schema::IsDenseVector(field.type)) field.type_params.emplace("dim", "2");
    // "st[n] Array Int32": a field of a struct array.
    if (const size_t bracket = field.name.find('['); bracket != std::string::npos) {
      field.struct_name = field.name.substr(0, bracket);
      if (schema_.FindStruct(field.struct_name) == nullptr) {
        schema_.structs.push_back({.name = field.struct_name, .nullable = field.nullable});
      }
    }
    schema_.enable_dynamic_field |= field.is_dynamic;
    schema_.fields.push_back(field);
    columns_.emplace_back(field.column_type());
  }

  // {"id": 1, "tags": ["a"], "j": {"k": 1}}: fields that are absent or null are null; a JSON field
  // keeps its text. A nullable JSON field is null by being absent, JSON's null is a value.
  void AddRow(std::string_view json) {
    std::map<std::string, JsonValue> values;
    JsonCursor cursor(json);
    ELANUS_CHECK(cursor.Take('{'));
    while (!cursor.Take('}')) {
      std::string_view key;
      bool escaped = false;
      ELANUS_CHECK(cursor.ReadString(key, escaped) && cursor.Take(':'));
      cursor.Peek();
      const char* const begin = cursor.position();
      JsonValue value;
      ELANUS_CHECK(cursor.Read(value));
      const std::string_view text(begin, static_cast<size_t>(cursor.position() - begin));
      const schema::FieldSchema* field = schema_.Find(key);
      ELANUS_CHECK(field != nullptr);
      if (field->type == schema::DataType::kJson) value.text = text;
      values[std::string(key)] = value;
      cursor.Take(',');
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const auto found = values.find(schema_.fields[i].name);
      AppendValue(schema_.fields[i], found == values.end() ? JsonValue() : found->second,
                  columns_[i]);
    }
    ++num_rows_;
  }

  const schema::CollectionSchema& schema() const { return schema_; }
  schema::Column& column(std::string_view name) { return columns_[PlaceOf(name)]; }
  void set_num_rows(int64_t num_rows) { num_rows_ = num_rows; }

  // Zone maps of what is there now, as sealed segments have them.
  void KeepZones() {
    zones_.clear();
    for (const schema::Column& column : columns_) {
      zones_.push_back(storage::MakeZoneMap(column.View()));
    }
  }
  void KeepStatistics() {
    ForgetStatistics();
    for (const schema::Column& column : columns_) {
      statistics_.push_back(std::make_shared<const ColumnStatistics>(column.View()));
    }
  }
  void ForgetStatistics() { statistics_.clear(); }
  // Frequent JSON paths as columns, as sealed segments have them.
  void KeepShredded(const ShreddingLimits& limits = {}) {
    shredded_.clear();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].type().type != schema::DataType::kJson) continue;
      ELANUS_CHECK_OK(
          ShredJson(columns_[i].View(), limits, Cancellation(), [&](ShreddedColumn column) {
            Shred(FieldId(100 + static_cast<int64_t>(i)), std::move(column));
            return absl::OkStatus();
          }));
    }
  }
  size_t num_shredded() const { return shredded_.size(); }
  // How often rows of a field were asked for.
  int64_t num_reads() const { return num_reads_; }

  int64_t num_rows() const override { return num_rows_; }
  int64_t ContiguousRows(int64_t begin) const override {
    const int64_t rest = num_rows_ - begin;
    return rows_per_piece_ == 0 ? rest : std::min(rest, rows_per_piece_ - begin % rows_per_piece_);
  }
  schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
    ++num_reads_;
    return columns_[field.value() - 100].View().Slice(begin, count);
  }
  const storage::ZoneMap* Zones(FieldId field) const override {
    return zones_.empty() ? nullptr : &zones_[field.value() - 100];
  }

  std::shared_ptr<const ColumnStatistics> Statistics(FieldId field) const override {
    return statistics_.empty() ? nullptr : statistics_[field.value() - 100];
  }

  ShreddedPrefix Shredded(FieldId field, const JsonPath& path) const override {
    std::vector<std::string> keys;
    ShreddedPrefix longest;
    for (const JsonStep& step : path) {
      if (step.is_index) break;
      keys.push_back(step.key);
      const auto found = shredded_.find({field, keys});
      if (found != shredded_.end()) longest = {found->second, keys.size()};
    }
    return longest;
  }

  // The rows (by the primary key "id") that a plan keeps.
  std::vector<int64_t> Matching(const Plan& plan) const {
    kernels::Bitset out(num_rows_);
    ELANUS_CHECK_OK(Evaluate(plan, *this, {}, out, Cancellation()));
    std::vector<int64_t> ids;
    const schema::ColumnView keys = columns_[PlaceOf("id")].View();
    out.view().ForEach([&](int64_t row) { ids.push_back(keys.Value<int64_t>(row)); });
    return ids;
  }

 private:
  static std::vector<std::string> Words(std::string_view line) {
    std::vector<std::string> words;
    for (size_t at = 0; at < line.size();) {
      const size_t end = std::min(line.find(' ', at), line.size());
      if (end > at) words.emplace_back(line.substr(at, end - at));
      at = end + 1;
    }
    return words;
  }
  static schema::DataType TypeNamed(std::string_view name) {
    for (int32_t wire = 0; wire < 256; ++wire) {
      const auto type = schema::DataTypeFromWire(wire);
      if (type.has_value() && schema::DataTypeName(*type) == name) return *type;
    }
    std::fprintf(stderr, "no type is called %.*s\n", static_cast<int>(name.size()), name.data());
    std::abort();
  }
  struct OwnedPath : ShreddedPath {
    ShreddedColumn column;
    storage::ZoneMap own_zones;
  };
  void Shred(FieldId field, ShreddedColumn column) {
    const auto path = std::make_shared<OwnedPath>();
    path->column = std::move(column);
    path->values = path->column.values.View();
    if (path->column.others.has_value()) path->others = path->column.others->View();
    path->own_zones = storage::MakeZoneMap(path->values);
    path->zones = &path->own_zones;
    shredded_[{field, path->column.keys}] = path;
  }
  size_t PlaceOf(std::string_view name) const {
    for (size_t i = 0; i < schema_.fields.size(); ++i) {
      if (schema_.fields[i].name == name) return i;
    }
    ELANUS_CHECK(false && "a field of that name");
    return 0;
  }

  // Hands the bytes of one scalar to `append`.
  template <typename Append>
  static void Scalar(schema::DataType type, const JsonValue& value, Append append) {
    using schema::DataType;
    switch (type) {
      case DataType::kBool:
        return append(static_cast<uint8_t>(value.boolean));
      case DataType::kInt8:
        return append(static_cast<int8_t>(value.integer));
      case DataType::kInt16:
        return append(static_cast<int16_t>(value.integer));
      case DataType::kInt32:
        return append(static_cast<int32_t>(value.integer));
      case DataType::kInt64:
      case DataType::kTimestamptz:
        return append(value.integer);
      case DataType::kFloat:
        return append(static_cast<float>(value.as_double()));
      case DataType::kDouble:
        return append(value.as_double());
      default:
        ELANUS_CHECK(false && "a scalar type");
    }
  }

  static void AppendValue(const schema::FieldSchema& field, const JsonValue& value,
                          schema::Column& column) {
    using schema::DataType;
    std::string scratch;
    const bool absent = value.type == JsonType::kMissing;
    if (absent || (value.type == JsonType::kNull && field.type != DataType::kJson)) {
      if (field.nullable) return column.AppendNull();
      // What the tests say nothing about: zeros, or nothing.
      return column.AppendRaw(std::string(field.column_type().width(), '\0'));
    }
    if (field.type == DataType::kJson) return column.AppendRaw(value.text);
    if (field.type == DataType::kArray) {
      schema::ArrayBuilder array(field.element_type);
      ForEachJsonElement(value.text, [&](const JsonValue& element) {
        if (field.element_type == DataType::kVarChar) {
          array.AppendRaw(JsonText(element, scratch));
        } else {
          Scalar(field.element_type, element, [&](auto scalar) { array.Append(scalar); });
        }
        return true;
      });
      return column.AppendRaw(array.Finish());
    }
    if (field.type == DataType::kGeometry) {
      const auto wkb = geometry::WktReader().Read(JsonText(value, scratch));
      ELANUS_CHECK_OK(wkb.status());
      return column.AppendRaw(*wkb);
    }
    if (column.type().width() == 0) return column.AppendRaw(JsonText(value, scratch));
    Scalar(field.type, value, [&](auto scalar) { column.Append(scalar); });
  }

  const int64_t rows_per_piece_;
  schema::CollectionSchema schema_;
  std::vector<schema::Column> columns_;
  std::vector<storage::ZoneMap> zones_;
  std::vector<std::shared_ptr<const ColumnStatistics>> statistics_;
  std::map<std::pair<FieldId, std::vector<std::string>>, std::shared_ptr<const OwnedPath>>
      shredded_;
  int64_t num_rows_ = 0;
  mutable int64_t num_reads_ = 0;
};

// A field of every type, ten rows with nulls, missing paths and short arrays.
inline TestTable EveryType() {
  TestTable table;
  for (const std::string_view field :
       {"id Int64 primary",          "b Bool nullable",
        "i8 Int8 nullable",          "i16 Int16 nullable",
        "i32 Int32 nullable",        "i64 Int64 nullable",
        "f Float nullable",          "d Double nullable",
        "s VarChar nullable match",  "text Text nullable match",
        "ts Timestamptz nullable",   "geo Geometry nullable",
        "ai Array Int32 nullable",   "af Array Float nullable",
        "as Array VarChar nullable", "ab Array Bool nullable",
        "j JSON nullable",           "n Int64",
        "vec FloatVector",           "$meta JSON dynamic nullable"}) {
    table.AddField(field);
  }
  for (
      const std::string_view row :
      {R"({"id":0,"b":true,"ts":1000000,"geo":"POINT EMPTY","i8":1,"i16":10,"i32":100,"i64":1000,"f":0.1,"d":0.1,"s":"abc","ai":[1,2,3],"af":[0.1,2],"as":["x","yy"],"ab":[true],"j":{"a":1,"s":"abc","l":[1,2,[3]]},"$meta":{"color":"red","n":1}})",
       R"({"id":1,"b":false,"i8":-128,"i16":-7,"i32":7,"i64":-1,"f":1.5,"d":-1.5,"s":"","ai":[],"af":[],"as":[],"ab":[],"j":{"a":1.0,"s":"","l":[]},"$meta":{"color":"blue"}})",
       R"({"id":2})",
       R"({"id":3,"b":true,"ts":-5,"geo":"POINT (7 8) ","i8":127,"i16":5,"i32":5,"i64":5,"f":-2,"d":5,"s":"a%c","ai":[5],"af":[5],"as":["a"],"ab":[false,true],"j":{"a":null},"$meta":{}})",
       R"({"id":4,"i8":3,"i64":3,"s":"\u00e9t\u00e9","j":{"a":"1"},"$meta":{"color":null}})",
       R"({"id":5,"i8":4,"i64":4,"s":"line\nbreak","j":{"a":{"b":[10,20]}},"$meta":{"color":5}})",
       R"({"id":6,"i8":5,"i64":9223372036854775807,"s":"abcabc","j":[1,2,3],"$meta":{"color":true}})",
       R"({"id":7,"i8":6,"i64":-9223372036854775808,"s":"back\\slash","j":7})",
       R"({"id":8,"i8":0,"i64":0,"f":0,"d":0,"s":"ABC","j":{"a":18446744073709551615}})",
       R"({"id":9,"i8":2,"i64":2,"s":"zz","j":null,"$meta":{"color":["red"]}})"}) {
    table.AddRow(row);
  }
  return table;
}

}  // namespace elanus::expr
