#include "expr/json_paths.h"

#include <gtest/gtest.h>

#include "common/check.h"
#include "index/scalar/path_index.h"
#include "index/scalar/path_keys.h"

namespace elanus::expr {
namespace {

using index::ScalarQuery;

// An index over documents, asked at a path: 'y' and 'n' for rows that pass or not, '-' for those
// without a value of the type, 'o' for those that the documents decide.
class Documents {
 public:
  explicit Documents(std::vector<std::string> rows, const char* root = "")
      : root_(PathOfPointer(root)), num_rows_(static_cast<int64_t>(rows.size())) {
    schema::Column column({.type = schema::DataType::kJson});
    for (const std::string& row : rows) row == "NULL" ? column.AppendNull() : column.AppendRaw(row);
    file_ = *BuildJsonPathIndex(column.View(), root_, Cancellation());
    const index::Bytes bytes(reinterpret_cast<const uint8_t*>(file_.data()), file_.size());
    index_ = *index::PathIndex::Open(bytes, num_rows_);
  }

  std::string Ask(const char* pointer, const ScalarQuery& query, bool elements = false) const {
    const auto place = PlaceBelow(root_, PathOfPointer(pointer));
    if (!place.has_value()) return "no such place";
    const auto at = index::PathIndex::At(index_, {.path = *place, .elements = elements});
    const auto plan = at->Plan(query, 1e18);
    ELANUS_CHECK(plan.ok());
    if (!plan->has_value()) return "declined";
    const auto rows = at->Rows(query, **plan, Cancellation());
    ELANUS_CHECK(rows.ok());
    std::string out;
    for (int64_t row = 0; row < num_rows_; ++row) {
      const auto has = [&](const index::ScalarRows::Set& set) { return set && set->Test(row); };
      out += has(rows->odd) ? 'o' : has(rows->absent) ? '-' : rows->found.Test(row) ? 'y' : 'n';
    }
    return out;
  }
  std::string Equal(const char* pointer, index::ScalarKey key) const {
    return Ask(pointer, {.keys = {std::move(key)}});
  }
  std::string Has(const char* pointer, index::ScalarKey key) const {
    return Ask(pointer, {.keys = {std::move(key)}}, /*elements=*/true);
  }
  std::string Exists(const char* pointer) const {
    return Ask(pointer, {.kind = ScalarQuery::Kind::kExists});
  }

 private:
  const JsonPath root_;
  const int64_t num_rows_;
  std::string file_;
  std::shared_ptr<const index::PathIndex> index_;
};

TEST(JsonPathIndex, TellsTypesApart) {
  const Documents documents({R"({"a":1})", R"({"a":1.0})", R"({"a":"1"})", R"({"a":true})",
                             R"({"a":null})", R"({"a":[1]})", R"({"a":{"a":1}})", "{}", "NULL"});
  EXPECT_EQ(documents.Equal("/a", 1.0), "yy-------");
  EXPECT_EQ(documents.Equal("/a", 2.0), "nn-------");
  EXPECT_EQ(documents.Equal("/a", "1"), "--y------");
  EXPECT_EQ(documents.Equal("/a", int64_t{1}), "---y-----");
  EXPECT_EQ(documents.Has("/a", 1.0), "-----y---");
  EXPECT_EQ(documents.Equal("/a/a", 1.0), "------y--");
}

TEST(JsonPathIndex, LeavesNumbersThatNoDoubleStandsForAndLongTextsOpen) {
  const std::string text(index::kPathTextBytesMax + 1, 'x');
  const Documents documents({R"({"a":9007199254740993})", R"({"a":18446744073709551615})",
                             "{\"a\":\"" + text + "\"}", R"({"a":9007199254740992})",
                             R"({"a":[1,9007199254740993]})", "{\"a\":[\"" + text + "\"]}"});
  EXPECT_EQ(documents.Equal("/a", 1.0), "ooon--");
  EXPECT_EQ(documents.Equal("/a", 9007199254740992.0), "oooy--");
  EXPECT_EQ(documents.Equal("/a", "x"), "ooo---");
  EXPECT_EQ(documents.Equal("/a", int64_t{1}), "------");
  EXPECT_EQ(documents.Has("/a", 1.0), "----oo");
  EXPECT_EQ(documents.Exists("/a"), "yyyyyy");
}

TEST(JsonPathIndex, KnowsWhatExists) {
  const Documents documents({R"({"a":0})", R"({"a":""})", R"({"a":false})", R"({"a":null})",
                             R"({"a":{}})", R"({"a":[]})", R"({"a":[null,{"b":null}]})",
                             R"({"a":{"b":[{"c":0}]}})", "{}", "NULL", "7"});
  EXPECT_EQ(documents.Exists("/a"), "yyynnnnynnn");
  EXPECT_EQ(documents.Exists("/a/b"), "nnnnnnnynnn");
  EXPECT_EQ(documents.Exists(""), "yyynnnnynny");
}

TEST(JsonPathIndex, OfEqualKeysTheFirstCounts) {
  const Documents documents({R"({"a":1,"a":2})", R"({"\u0061":1,"a":2})", R"({"a":1,"a":{"b":1}})",
                             R"({"a":1e999,"a":1})"});
  EXPECT_EQ(documents.Equal("/a", 1.0), "yyy-");
  EXPECT_EQ(documents.Equal("/a", 2.0), "nnn-");
  EXPECT_EQ(documents.Exists("/a/b"), "nnnn");
}

TEST(JsonPathIndex, LeavesBrokenDocumentsOpen) {
  const Documents documents({R"({"a":1,"b":)", R"({"a":1 "b":2})", R"({"b":1})"});
  EXPECT_EQ(documents.Equal("/b", 1.0), "ooy");
  EXPECT_EQ(documents.Exists("/a"), "oon");
}

TEST(JsonPathIndex, BeginsAtItsRoot) {
  const Documents documents({R"({"r":[{"a":1},{"a":2}]})", R"({"r":[1]})", R"({"a":1})"}, "/r/0");
  EXPECT_EQ(documents.Equal("/r/0/a", 1.0), "y--");
  EXPECT_EQ(documents.Equal("/r/0", 1.0), "-y-");
  EXPECT_EQ(documents.Equal("/a", 1.0), "no such place");
  EXPECT_EQ(documents.Equal("/r/0/a/0", 1.0), "no such place") << "elements belong to their array";
}

TEST(JsonPathIndex, EndsWhereDocumentsAreTooDeep) {
  std::string json = "1", pointer;
  for (int depth = 0; depth <= index::kPathStepsMax; ++depth) json = "{\"a\":" + json + "}";
  for (int depth = 0; depth < index::kPathStepsMax; ++depth) pointer += "/a";
  const Documents documents({json});
  EXPECT_EQ(documents.Exists(pointer.c_str()), "y") << "what is below counts";
  EXPECT_EQ(documents.Exists((pointer + "/a").c_str()), "no such place");
  const std::string long_key(index::kPathKeyBytesMax + 1, 'k');
  EXPECT_EQ(documents.Exists(("/" + long_key).c_str()), "no such place");
}

TEST(JsonPathIndex, TellsBeforehandWhatABuildTakes) {
  schema::Column same({.type = schema::DataType::kJson}),
      different({.type = schema::DataType::kJson});
  for (int i = 0; i < 20'000; ++i) {
    same.AppendRaw(R"({"a":1,"b":"text"})");
    different.AppendRaw("{\"a\":" + std::to_string(i) + ",\"b\":\"" + std::to_string(i) + "\"}");
  }
  const int64_t few = JsonPathBuildMemoryBytes(same.View(), {});
  const int64_t many = JsonPathBuildMemoryBytes(different.View(), {});
  EXPECT_GT(few, 20'000 * 4) << "an entry for each value and each that there is one";
  EXPECT_LT(few, 20'000 * 40);
  EXPECT_GT(many, 2 * 20'000 * 200) << "two different values a row";
  EXPECT_LT(many, 2 * 20'000 * 300);
  EXPECT_EQ(JsonPathBuildMemoryBytes(different.View(), PathOfPointer("/none")), 0);
  EXPECT_EQ(JsonPathBuildMemoryBytes(schema::Column({.type = schema::DataType::kJson}).View(), {}),
            0);
}

TEST(JsonPathIndex, EndsABuildThatIsCancelled) {
  schema::Column column({.type = schema::DataType::kJson});
  column.AppendRaw("{}");
  const Cancellation cancelled(std::make_shared<std::atomic<bool>>(true), 0);
  EXPECT_EQ(CodeOf(BuildJsonPathIndex(column.View(), {}, cancelled).status()),
            ErrorCode::kCancelled);
}

}  // namespace
}  // namespace elanus::expr
