// Random columns of every type against a look at each row.
#include "index/scalar/scalar_index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "common/check.h"
#include "geometry/wkt_reader.h"
#include "index/scalar/scalar_build.h"
#include "schema/array_value.h"

namespace elanus::index {
namespace {

using schema::DataType;

constexpr double kAnyCost = 1e18;

struct Case {
  DataType type;
  DataType element = DataType::kNone;
  ScalarForm form = ScalarForm::kValues;
  int distinct = 20;
  bool nulls = false;
};

class Rows {
 public:
  explicit Rows(const Case& test, int64_t num_rows, uint32_t seed)
      : test_(test), random_(seed), column_({.type = test.type, .element_type = test.element}) {
    for (int64_t row = 0; row < num_rows; ++row) AppendRow();
  }

  const schema::Column& column() const { return column_; }
  // The values of a row; none for null.
  const std::vector<std::vector<ScalarKey>>& values() const { return values_; }
  const std::vector<bool>& valid() const { return valid_; }
  ScalarKey RandomKey() { return KeyOf(Below(test_.distinct + 4) - 2); }
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

 private:
  DataType KeyType() const { return test_.type == DataType::kArray ? test_.element : test_.type; }

  ScalarKey KeyOf(int64_t number) const {
    switch (KeyType()) {
      case DataType::kBool:
        return number & 1;
      case DataType::kInt8:
        return number % 128;
      case DataType::kInt16:
      case DataType::kInt32:
        return number - 10;
      case DataType::kFloat:
        return static_cast<double>(static_cast<float>(number) / 4 - 1);
      case DataType::kDouble:
        return number == 3 ? -0.0 : static_cast<double>(number) / 3 - 1;
      case DataType::kVarChar: {
        std::string text;
        for (int64_t rest = number + 2; rest > 0; rest /= 3) text += "ab\xff"[rest % 3];
        return text + (number % 5 == 0 ? std::string(300, 'z') : "");
      }
      default:
        return number * 1'000'000'007;
    }
  }

  std::string BytesOf(const ScalarKey& key) const {
    if (const auto* text = std::get_if<std::string>(&key)) return *text;
    const auto raw = [](auto value) {
      return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
    };
    switch (KeyType()) {
      case DataType::kBool:
      case DataType::kInt8:
        return raw(static_cast<int8_t>(std::get<int64_t>(key)));
      case DataType::kInt16:
        return raw(static_cast<int16_t>(std::get<int64_t>(key)));
      case DataType::kInt32:
        return raw(static_cast<int32_t>(std::get<int64_t>(key)));
      case DataType::kFloat:
        return raw(static_cast<float>(std::get<double>(key)));
      case DataType::kDouble:
        return raw(std::get<double>(key));
      default:
        return raw(std::get<int64_t>(key));
    }
  }

  void AppendRow() {
    valid_.push_back(!test_.nulls || Below(5) > 0);
    values_.emplace_back();
    if (!valid_.back()) return column_.AppendNull();
    const int64_t count = test_.type == DataType::kArray ? Below(5) : 1;
    schema::ArrayBuilder array(test_.element);
    for (int64_t i = 0; i < count; ++i) {
      const ScalarKey key = KeyOf(Below(test_.distinct));
      values_.back().push_back(key);
      if (test_.type == DataType::kArray) {
        array.AppendRaw(BytesOf(key));
      } else {
        column_.AppendRaw(BytesOf(key));
      }
    }
    if (test_.type == DataType::kArray) column_.AppendRaw(array.Finish());
  }

  const Case test_;
  std::mt19937 random_;
  schema::Column column_;
  std::vector<std::vector<ScalarKey>> values_;
  std::vector<bool> valid_;
};

std::unique_ptr<ScalarIndex> Open(const std::string& file, int64_t num_rows, bool by_blocks) {
  const Bytes bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  auto opened = by_blocks ? OpenScalarIndex(storage::MakeMemoryReader(bytes), num_rows)
                          : OpenScalarIndex(bytes, num_rows);
  ELANUS_CHECK(opened.ok());
  return *std::move(opened);
}

std::string Build(const schema::Column& column, ScalarForm form, Params params = {}) {
  auto built = BuildScalarIndex({.form = form, .rows = column.View(), .params = params});
  ELANUS_CHECK(built.ok());
  return *std::move(built);
}

bool Within(const ScalarKey& key, const ScalarQuery& query) {
  if (query.lower &&
      (key < query.lower->key || (!query.lower->inclusive && key == query.lower->key)))
    return false;
  return !(query.upper &&
           (query.upper->key < key || (!query.upper->inclusive && key == query.upper->key)));
}

bool Passes(const std::vector<ScalarKey>& values, const ScalarQuery& query) {
  const auto has = [&](const ScalarKey& key) {
    return std::find(values.begin(), values.end(), key) != values.end();
  };
  switch (query.kind) {
    case ScalarQuery::Kind::kAnyOf:
      return std::any_of(query.keys.begin(), query.keys.end(), has);
    case ScalarQuery::Kind::kAllOf:
      return std::all_of(query.keys.begin(), query.keys.end(), has);
    case ScalarQuery::Kind::kInterval:
      return std::any_of(values.begin(), values.end(),
                         [&](const ScalarKey& key) { return Within(key, query); });
    default:
      return std::any_of(values.begin(), values.end(), [&](const ScalarKey& key) {
        if (query.passes == nullptr) {
          return std::get<std::string>(key).find(query.parts[0]) != std::string::npos;
        }
        return query.passes(std::get<std::string>(key));
      });
  }
}

ScalarQuery RandomQuery(Rows& rows, bool texts) {
  ScalarQuery query;
  const int64_t kind = rows.Below(texts ? 4 : 3);
  query.kind = static_cast<ScalarQuery::Kind>(kind);
  if (kind == 2) {
    if (rows.Below(4) > 0) query.lower = {rows.RandomKey(), rows.Below(2) == 0};
    if (rows.Below(4) > 0) query.upper = {rows.RandomKey(), rows.Below(2) == 0};
  } else if (kind == 3) {
    const std::string part(1 + rows.Below(3), "ab\xff"[rows.Below(3)]);
    query.parts = {part};
    if (rows.Below(2) == 0) {
      query.passes = [part](std::string_view text) { return text.find(part) != text.npos; };
    }
  } else {
    for (int64_t n = 1 + rows.Below(4); n > 0; --n) query.keys.push_back(rows.RandomKey());
  }
  return query;
}

// Who has a value is asked by itself, and told beside every other answer.
void CheckExistence(const ScalarIndex& index, const Rows& rows) {
  const ScalarQuery query{.kind = ScalarQuery::Kind::kExists};
  const auto plan = index.Plan(query, kAnyCost);
  ASSERT_TRUE(plan.ok() && plan->has_value() && (*plan)->exact);
  const auto existing = index.Rows(query, **plan, Cancellation());
  ASSERT_TRUE(existing.ok()) << existing.status();
  EXPECT_EQ((*plan)->num_entries, static_cast<uint64_t>(existing->found.Count()));
  EXPECT_TRUE(existing->absent == nullptr && existing->odd == nullptr);
  for (int64_t row = 0; row < index.num_rows(); ++row) {
    ASSERT_EQ(existing->found.Test(row), rows.valid()[row]) << row;
  }
}

TEST(ScalarIndex, GivesAListWhereRowsAreFew) {
  constexpr int64_t kRows = 100'000;
  schema::Column column({.type = DataType::kInt64});
  // Values near each other lie far from each other; some come 100 times.
  for (int64_t row = 0; row < kRows; ++row) {
    column.Append<int64_t>(row % 1000 == 0 ? -1 : row * 7919 % kRows);
  }
  for (const ScalarForm form : {ScalarForm::kValues, ScalarForm::kBitmap}) {
    const std::string file = Build(column, form);
    for (const bool by_blocks : {false, true}) {
      const auto index = Open(file, kRows, by_blocks);
      const auto ask = [&](const ScalarQuery& query) {
        const auto plan = index->Plan(query, kAnyCost);
        return index->Rows(query, **plan, Cancellation())->found;
      };
      const auto passes = [&](int64_t low, int64_t high) {
        std::vector<uint32_t> rows;
        for (int64_t row = 0; row < kRows; ++row) {
          const int64_t value = column.View().Value<int64_t>(row);
          if (low <= value && value <= high) rows.push_back(static_cast<uint32_t>(row));
        }
        return rows;
      };
      const kernels::RowSet one = ask({.keys = {int64_t{-1}}});
      EXPECT_TRUE(one.is_list());
      EXPECT_EQ(one.Rows(), passes(-1, -1));
      const kernels::RowSet some = ask({.kind = ScalarQuery::Kind::kInterval,
                                        .lower = ScalarBound{int64_t{500}, true},
                                        .upper = ScalarBound{int64_t{510}, true}});
      EXPECT_TRUE(some.is_list());
      EXPECT_EQ(some.Rows(), passes(500, 510));
      const kernels::RowSet many = ask({.kind = ScalarQuery::Kind::kInterval,
                                        .lower = ScalarBound{int64_t{500}, true},
                                        .upper = ScalarBound{int64_t{50'000}, true}});
      EXPECT_FALSE(many.is_list());
      EXPECT_EQ(many.Rows(), passes(500, 50'000));
      EXPECT_EQ(ask({.keys = {int64_t{-7}}}).Count(), 0);
    }
  }
}

void CheckAgainstRows(const Case& test, int64_t num_rows, uint32_t seed) {
  Rows rows(test, num_rows, seed);
  const std::string file = Build(rows.column(), test.form, {{"min_gram", "2"}, {"max_gram", "3"}});
  for (const bool by_blocks : {false, true}) {
    const auto index = Open(file, num_rows, by_blocks);
    CheckExistence(*index, rows);
    for (int i = 0; i < 60; ++i) {
      const ScalarQuery query = RandomQuery(rows, index->key_type() == DataType::kVarChar);
      auto plan = index->Plan(query, kAnyCost);
      ASSERT_TRUE(plan.ok()) << plan.status();
      if (!plan->has_value()) {
        EXPECT_TRUE(test.form == ScalarForm::kGrams || query.passes == nullptr);
        continue;
      }
      const auto found = index->Rows(query, **plan, Cancellation());
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_GE((*plan)->num_entries, static_cast<uint64_t>(found->found.Count()));
      for (int64_t row = 0; row < num_rows; ++row) {
        ASSERT_EQ(found->absent != nullptr && found->absent->Test(row), !rows.valid()[row]) << row;
        const bool passes = rows.valid()[row] && Passes(rows.values()[row], query);
        if ((*plan)->exact) {
          ASSERT_EQ(found->found.Test(row), passes) << "row " << row << " seed " << seed;
        } else if (passes) {
          ASSERT_TRUE(found->found.Test(row)) << "row " << row << " seed " << seed;
        }
      }
    }
  }
}

TEST(ScalarIndex, FindsWhatALookAtEachRowFinds) {
  uint32_t seed = 1;
  for (const DataType type :
       {DataType::kBool, DataType::kInt8, DataType::kInt16, DataType::kInt32, DataType::kInt64,
        DataType::kTimestamptz, DataType::kFloat, DataType::kDouble, DataType::kVarChar}) {
    for (const bool array : {false, true}) {
      for (const ScalarForm form :
           {ScalarForm::kValues, ScalarForm::kBitmap, ScalarForm::kHybrid}) {
        for (const int distinct : {1, 20, 9000}) {
          SCOPED_TRACE(fmt::format("{} array {} form {} distinct {}", schema::DataTypeName(type),
                                   array, static_cast<int>(form), distinct));
          const bool nulls = seed % 2 == 0;
          CheckAgainstRows(array ? Case{DataType::kArray, type, form, distinct, nulls}
                                 : Case{type, DataType::kNone, form, distinct, nulls},
                           distinct > 1000 ? 12'000 : 700, ++seed);
        }
      }
    }
  }
}

TEST(ScalarIndex, OffersAllRowsThatMayHoldAText) {
  for (uint32_t seed = 1; seed < 20; ++seed) {
    CheckAgainstRows({DataType::kVarChar, DataType::kNone, ScalarForm::kGrams, 200, true}, 900,
                     seed);
  }
}

TEST(ScalarIndex, HoldsNoRowsAtAll) {
  for (const ScalarForm form : {ScalarForm::kValues, ScalarForm::kBitmap}) {
    CheckAgainstRows({DataType::kInt64, DataType::kNone, form, 3, false}, 0, 1);
    CheckAgainstRows({DataType::kVarChar, DataType::kNone, form, 3, false}, 0, 1);
  }
}

TEST(ScalarIndex, LeavesNaNToTheColumn) {
  schema::Column column({.type = DataType::kDouble});
  for (const double value : {1.0, std::nan(""), 2.0}) column.Append(value);
  const std::string file = Build(column, ScalarForm::kValues);
  const auto index = Open(file, 3, false);
  const ScalarQuery query{.keys = {1.0}};
  const auto rows = index->Rows(query, **index->Plan(query, kAnyCost), Cancellation());
  ASSERT_TRUE(rows.ok() && rows->odd != nullptr);
  EXPECT_TRUE(rows->odd->Test(1));
  EXPECT_EQ(rows->odd->Count(), 1);
}

TEST(ScalarIndex, DeclinesKeysOfAnotherKindAndPlansThatCostTooMuch) {
  Rows rows({DataType::kInt64}, 1000, 1);
  const std::string file = Build(rows.column(), ScalarForm::kValues);
  const auto index = Open(file, 1000, false);
  const ScalarQuery one{.keys = {int64_t{5}}};
  EXPECT_TRUE((*index->Plan(one, kAnyCost)).has_value());
  EXPECT_FALSE((*index->Plan(one, 1)).has_value());
  EXPECT_FALSE((*index->Plan({.keys = {5.0}}, kAnyCost)).has_value());
  EXPECT_FALSE((*index->Plan({.keys = {"5"}}, kAnyCost)).has_value());
  EXPECT_FALSE((*index->Plan({.kind = ScalarQuery::Kind::kBox}, kAnyCost)).has_value());
  EXPECT_FALSE((*index->Plan({.kind = ScalarQuery::Kind::kTexts}, kAnyCost)).has_value());
}

TEST(ScalarIndex, IsSmallOverFewValues) {
  schema::Column column({.type = DataType::kInt64});
  std::mt19937 random(3);
  for (int i = 0; i < 200'000; ++i) column.Append(static_cast<int64_t>(random() % 100));
  EXPECT_LT(Build(column, ScalarForm::kValues).size(), 200'000 * 8 / 5);
}

TEST(ScalarIndex, FindsBoxesThatMeet) {
  std::mt19937 random(5);
  for (const int num_rows : {0, 1, 64, 65, 5000}) {
    schema::Column column({.type = DataType::kGeometry});
    std::vector<std::optional<geometry::Box>> boxes;
    for (int row = 0; row < num_rows; ++row) {
      if (random() % 10 == 0) {
        column.AppendNull();
        boxes.emplace_back();
        continue;
      }
      const double x = static_cast<int>(random() % 2000) / 7.0 - 140,
                   y = static_cast<int>(random() % 900) / 7.0 - 60;
      const auto wkb = geometry::WktReader().Read(
          fmt::format("LINESTRING ({} {}, {} {})", x, y, x + 0.3, y + 0.1));
      ASSERT_TRUE(wkb.ok());
      boxes.push_back(geometry::BoxOf(*wkb));
      column.AppendRaw(*wkb);
    }
    const std::string file = Build(column, ScalarForm::kBoxes);
    for (const bool by_blocks : {false, true}) {
      const auto index = Open(file, num_rows, by_blocks);
      for (int i = 0; i < 100; ++i) {
        ScalarQuery query{.kind = ScalarQuery::Kind::kBox, .in_degrees = i % 2 == 0};
        query.box.min_x = static_cast<int>(random() % 300) - 150;
        query.box.min_y = static_cast<int>(random() % 200) - 100;
        query.box.max_x = query.box.min_x + static_cast<int>(random() % 20);
        query.box.max_y = query.box.min_y + static_cast<int>(random() % 20);
        const auto plan = index->Plan(query, kAnyCost);
        ASSERT_TRUE(plan.ok() && plan->has_value());
        EXPECT_FALSE((*plan)->exact);
        const auto found = index->Rows(query, **plan, Cancellation());
        ASSERT_TRUE(found.ok());
        int64_t meeting = 0;
        for (int row = 0; row < num_rows; ++row) {
          const bool meets = boxes[row].has_value() && boxes[row]->Intersects(query.box);
          meeting += meets ? 1 : 0;
          ASSERT_TRUE(!meets || found->found.Test(row)) << row;
        }
        EXPECT_LE(found->found.Count(), meeting + 20) << "boxes far away are left out";
      }
    }
  }
}

TEST(ScalarIndex, DeclinesDegreesThatGoRoundTheGlobe) {
  schema::Column column({.type = DataType::kGeometry});
  column.AppendRaw(*geometry::WktReader().Read("POINT (190 0)"));
  const std::string file = Build(column, ScalarForm::kBoxes);
  const auto index = Open(file, 1, false);
  EXPECT_TRUE((*index->Plan({.kind = ScalarQuery::Kind::kBox}, kAnyCost)).has_value());
  EXPECT_FALSE(
      (*index->Plan({.kind = ScalarQuery::Kind::kBox, .in_degrees = true}, kAnyCost)).has_value());
}

TEST(ScalarIndex, RefusesDamagedFiles) {
  for (const DataType type : {DataType::kInt64, DataType::kVarChar}) {
    Rows rows({type, DataType::kNone, ScalarForm::kValues, 50, true}, 2000, 8);
    std::string file = Build(rows.column(), ScalarForm::kValues);
    const auto open = [&](int64_t num_rows) {
      return OpenScalarIndex(Bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size()),
                             num_rows)
          .status();
    };
    EXPECT_TRUE(open(2000).ok());
    EXPECT_EQ(CodeOf(open(1999)), ErrorCode::kDataIntegrity);
    for (size_t at = 0; at < file.size(); at += 37) {
      file[at] = static_cast<char>(file[at] ^ 4);
      EXPECT_EQ(CodeOf(open(2000)), ErrorCode::kDataIntegrity) << at;
      file[at] = static_cast<char>(file[at] ^ 4);
    }
    file.resize(file.size() - 1);
    EXPECT_EQ(CodeOf(open(2000)), ErrorCode::kDataIntegrity);
  }
}

TEST(ScalarIndex, FindsDamageWhenItReadsByBlocks) {
  Rows rows({DataType::kInt64, DataType::kNone, ScalarForm::kValues, 1 << 30, false}, 60'000, 8);
  std::string file = Build(rows.column(), ScalarForm::kValues);
  const size_t in_rows = file.size() - 100'000;
  file[in_rows] = static_cast<char>(file[in_rows] ^ 4);
  const auto index = Open(file, 60'000, true);
  ScalarQuery all{.kind = ScalarQuery::Kind::kInterval};
  const auto plan = index->Plan(all, kAnyCost);
  ASSERT_TRUE(plan.ok() && plan->has_value());
  EXPECT_EQ(CodeOf(index->Rows(all, **plan, Cancellation()).status()), ErrorCode::kDataIntegrity);
}

TEST(ScalarIndex, EndsABuildThatIsCancelled) {
  Rows rows({DataType::kInt64}, 1000, 1);
  const Cancellation cancelled(std::make_shared<std::atomic<bool>>(true), 0);
  const auto built = BuildScalarIndex(
      {.form = ScalarForm::kValues, .rows = rows.column().View(), .cancellation = &cancelled});
  EXPECT_EQ(CodeOf(built.status()), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace elanus::index
