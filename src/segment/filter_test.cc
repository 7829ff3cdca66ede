#include "segment/filter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "expr/foresight.h"
#include "index/scalar/scalar_build.h"
#include "index/scalar/text_build.h"
#include "schema/text_params.h"
#include "segment/segment_fixture_test.h"
#include "segment/tiers_fixture_test.h"
#include "storage/block_reader.h"

namespace elanus::segment {
namespace {

constexpr FieldId kText{104};
constexpr FieldId kJson{105};
constexpr int64_t kRows = 40'000;  // Five zones.

class FilterTest : public testing::Test {
 protected:
  void SetUp() override {
    schema::FieldSchema text{.id = kText, .name = "text", .type = schema::DataType::kVarChar};
    text.nullable = true;
    text.type_params = {
        {"max_length", "100"}, {"enable_analyzer", "true"}, {"enable_match", "true"}};
    schema::FieldSchema json{.id = kJson, .name = "j", .type = schema::DataType::kJson};
    schema.fields.push_back(text);
    schema.fields.push_back(json);
    std::vector<int64_t> keys(kRows);
    std::iota(keys.begin(), keys.end(), 0);
    schema::RowBatch rows = TestRows(TestSchema(), keys);
    schema::Column texts(text.column_type()), objects(json.column_type());
    std::mt19937_64 random(3);
    for (int64_t i = 0; i < kRows; ++i) {
      if (i % 11 == 0) {
        texts.AppendNull();
      } else {
        texts.AppendRaw(fmt::format("w{} x{} common", random() % 300, random() % 4));
      }
    }
    for (int64_t i = 0; i < kRows; ++i) {
      objects.AppendRaw(fmt::format(R"({{"n": {}, "padding": "{}"}})", i % 300, random()));
    }
    rows.columns.emplace_back(kText, std::move(texts));
    rows.columns.emplace_back(kJson, std::move(objects));
    growing.Insert(schema, rows, Timestamp(10));
    whole = *Seal(growing, schema, *store);
    tiered = *Seal(growing, schema, *store, {}, tiers.options());
  }

  void UseNumberIndex() {
    Use(index::BuildScalarIndex({.rows = whole->Find(kNumber)->View()}), kNumber, 1);
  }
  void UseGrams() {
    Use(index::BuildScalarIndex({.form = index::ScalarForm::kGrams,
                                 .rows = whole->Find(kText)->View(),
                                 .params = {{"min_gram", "2"}, {"max_gram", "3"}}}),
        kText, 2);
  }
  void UseTexts() {
    const auto file = index::BuildTextIndex(
        {.rows = whole->Find(kText)->View(),
         .analyzer = *text::SharedAnalyzer(schema::AnalyzerParams(*schema.Find(kText)))});
    Use(file, kText, 3);
  }
  void Use(const absl::StatusOr<std::string>& built, FieldId field, int64_t id) {
    ASSERT_TRUE(built.ok()) << built.status();
    const auto file = std::make_shared<std::string>(*built);
    const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(file->data()),
                                         file->size());
    auto loaded = std::make_shared<LoadedScalarIndex>();
    auto reader = storage::MakeMemoryReader(bytes, file);
    if (id == 3) {
      loaded->texts = *index::TextIndex::Open(std::move(reader), kRows);
    } else {
      loaded->index = *index::OpenScalarIndex(std::move(reader), kRows);
    }
    loaded->field = field;
    tiered->scalar_indexes().Set(IndexId(id), loaded);
  }

  kernels::Bitset Rows(const SealedSegment& segment, const std::string& filter,
                       const kernels::Bitset& rows) {
    const auto plan = expr::Compile(filter, schema);
    EXPECT_TRUE(plan.ok()) << plan.status();
    auto found = Filter(segment, schema, **plan, rows, Cancellation());
    EXPECT_TRUE(found.ok()) << found.status();
    return std::move(*found).ToBits();
  }
  // What the filter brought of a segment of which nothing was here.
  uint64_t BytesBrought(const std::string& filter) {
    tiers.memory().DropAll();
    EXPECT_EQ(tiers.memory().used_bytes(), 0u);
    const kernels::Bitset all(kRows, true);
    const kernels::Bitset found = Rows(*tiered, filter, all);
    const uint64_t bytes = tiers.memory().used_bytes();
    const kernels::Bitset expected = Rows(*whole, filter, all);
    for (int64_t row = 0; row < kRows; ++row) EXPECT_EQ(found.Test(row), expected.Test(row)) << row;
    return bytes;
  }

  schema::CollectionSchema schema = TestSchema();
  GrowingSegment growing{SegmentId(5), PartitionId(2), 0, schema};
  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
  TightTiers tiers{*store, 64 << 20};
  std::shared_ptr<SealedSegment> whole, tiered;
};

TEST_F(FilterTest, BringsNoColumnThatAnIndexAnswersFor) {
  EXPECT_GT(BytesBrought("number == 770"), 0u);
  EXPECT_GT(BytesBrought("text_match(text, 'w7')"), 0u);
  UseNumberIndex();
  UseTexts();
  for (const char* filter :
       {"number == 770", "number in [10, 20, 7]", "100 < number < 900", "text_match(text, 'w7')",
        "phrase_match(text, 'w7 x1')", "not text_match(text, 'common')",
        "number == 770 or number == 30", "number > 399000 and text_match(text, 'x2 w1')"}) {
    EXPECT_EQ(BytesBrought(filter), 0u) << filter;
  }
}

TEST_F(FilterTest, BringsOfOtherColumnsWhatTheIndexLeaves) {
  const uint64_t all = BytesBrought("text like '%common%'");
  UseNumberIndex();
  const uint64_t some = BytesBrought("number == 770 and text like '%common%'");
  EXPECT_GT(some, 0u);
  EXPECT_LT(some, all);
  EXPECT_EQ(BytesBrought("number == 771 and text like '%common%'"), 0u) << "no row is left";
  EXPECT_EQ(BytesBrought("number == 770 or text like '%common%'"), all);
}

TEST_F(FilterTest, BringsOfJsonWhatTheIndexLeaves) {
  const uint64_t all = BytesBrought("j['n'] == 77");
  UseNumberIndex();
  const uint64_t some = BytesBrought("number == 770 and j['n'] == 77");
  EXPECT_GT(some, 0u);
  EXPECT_LT(some, all);
  EXPECT_EQ(BytesBrought("number == 771 and j['n'] == 77"), 0u) << "no row is left";
}

TEST_F(FilterTest, MakesItsIndexOfWordsOfAllTextsOrOfNone) {
  UseNumberIndex();
  BytesBrought("number == 770 and text_match(text, 'w7')");
  BytesBrought("text_match(text, 'w9')");
  BytesBrought("phrase_match(text, 'x3 common')");
}

TEST_F(FilterTest, BringsNothingWhereZonesSettleIt) {
  EXPECT_EQ(BytesBrought("number < 0"), 0u);
  EXPECT_EQ(BytesBrought("number < 0 and text like '%common%'"), 0u);
  EXPECT_EQ(BytesBrought("key >= 0 or number < 7"), 0u);
}

TEST_F(FilterTest, AnswersAlikeWithAnyIndexesAndAnyRows) {
  const char* const leaves[] = {"number < {}",
                                "number >= {}",
                                "number == {}",
                                "number in [{0}, 30, 770]",
                                "number is null",
                                "text_match(text, 'w{}')",
                                "text like '%w{}%'",
                                "text like 'w1%'",
                                "text == 'w{} x1 common'",
                                "phrase_match(text, 'w{} x1')",
                                "key % 7 == {}",
                                "text is not null",
                                "text like '%nowhere%'",
                                "key < {}",
                                "number != {}",
                                "j['n'] < {}",
                                "exists j['n'] and j['padding'] like '%7{}%'"};
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    if (seed == 15) UseNumberIndex();
    if (seed == 30) UseGrams();
    if (seed == 45) UseTexts();
    const auto leaf = [&] {
      const uint64_t values[] = {random() % 300, random() % 400'000 / 10 * 10, 5};
      std::string text =
          fmt::format(fmt::runtime(leaves[random() % std::size(leaves)]), values[random() % 3]);
      return random() % 4 == 0 ? "not (" + text + ")" : text;
    };
    std::string filter = leaf();
    for (uint64_t more = random() % 4; more > 0; --more) {
      filter = fmt::format("({}) {} {}", filter, random() % 3 == 0 ? "or" : "and", leaf());
    }
    kernels::Bitset rows(kRows);
    const uint64_t one_in = 1 + random() % 3 * (random() % 1000);
    for (int64_t row = 0; row < kRows; ++row) {
      if (random() % one_in == 0) rows.Set(row);
    }
    tiers.memory().DropAll();
    const kernels::Bitset found = Rows(*tiered, filter, rows);
    const kernels::Bitset expected = Rows(*whole, filter, rows);
    for (int64_t row = 0; row < kRows; ++row) {
      ASSERT_EQ(found.Test(row), expected.Test(row)) << filter << " row " << row;
    }
  }
}

}  // namespace
}  // namespace elanus::segment
