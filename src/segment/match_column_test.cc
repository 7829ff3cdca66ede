#include "segment/match_column.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "index/scalar/text_build.h"
#include "schema/text_params.h"
#include "segment/segment_fixture_test.h"
#include "storage/block_reader.h"

namespace elanus::segment {
namespace {

constexpr FieldId kText{104};

schema::CollectionSchema TextSchema() {
  schema::CollectionSchema schema = TestSchema();
  schema::FieldSchema text{.id = kText, .name = "text", .type = schema::DataType::kVarChar};
  text.nullable = true;
  text.type_params = {{"max_length", "100"}, {"enable_analyzer", "true"}, {"enable_match", "true"}};
  schema.fields.push_back(text);
  return schema;
}

schema::RowBatch TextRows(const schema::CollectionSchema& schema, int64_t first, int64_t count,
                          std::mt19937_64& random) {
  std::vector<int64_t> keys;
  for (int64_t i = 0; i < count; ++i) keys.push_back(first + i);
  schema::RowBatch rows = TestRows(TestSchema(), keys);
  schema::Column texts(schema.Find(kText)->column_type());
  for (int64_t i = 0; i < count; ++i) {
    std::string text;
    for (uint64_t words = random() % 6; words > 0; --words) {
      text += std::string("w") + static_cast<char>('a' + random() % 5) + " ";
    }
    if (random() % 7 == 0) {
      texts.AppendNull();
    } else {
      texts.AppendRaw(text);
    }
  }
  rows.columns.emplace_back(kText, std::move(texts));
  return rows;
}

// The rows of a segment without its indexes.
class Plain final : public expr::ColumnSource {
 public:
  explicit Plain(const expr::ColumnSource& source) : source_(source) {}
  int64_t num_rows() const override { return source_.num_rows(); }
  int64_t ContiguousRows(int64_t begin) const override { return source_.ContiguousRows(begin); }
  schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
    return source_.Rows(field, begin, count);
  }

 private:
  const expr::ColumnSource& source_;
};

// Has the segment use a file of its text index, read by blocks. With `on_damage` its rows are
// damaged.
void UseTextFile(SealedSegment& sealed, const schema::CollectionSchema& schema,
                 std::function<void(const absl::Status&)> on_damage = nullptr) {
  const schema::ColumnView rows = sealed.Find(kText)->View();
  auto built = index::BuildTextIndex(
      {.rows = rows,
       .analyzer = *text::SharedAnalyzer(schema::AnalyzerParams(*schema.Find(kText)))});
  ASSERT_TRUE(built.ok()) << built.status();
  const auto file = std::make_shared<std::string>(*std::move(built));
  auto loaded = std::make_shared<LoadedScalarIndex>();
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(file->data()),
                                       file->size());
  auto texts = index::TextIndex::Open(storage::MakeMemoryReader(bytes, file), rows.num_rows);
  ASSERT_TRUE(texts.ok()) << texts.status();
  loaded->texts = *std::move(texts);
  loaded->field = kText;
  // Blocks are verified as they are read.
  if (on_damage != nullptr) file->at(file->size() / 2) ^= 1;
  loaded->on_damage = std::move(on_damage);
  sealed.scalar_indexes().Set(IndexId(1), loaded);
  sealed.match_columns().Drop(kText);
}

constexpr const char* kFilters[] = {
    "text_match(text, 'wa')",
    "text_match(text, 'wa wb we', minimum_should_match=2)",
    "phrase_match(text, 'wa wb')",
    "phrase_match(text, 'wc wb wa', 2)",
    "not phrase_match(text, 'wa wa', 1)",
    "not text_match(text, 'wd nobody')",
};

void ExpectSameAsPlain(const Segment& segment, const schema::CollectionSchema& schema,
                       int64_t num_rows) {
  const auto source = segment.Source(schema, num_rows);
  for (const char* filter : kFilters) {
    const auto plan = expr::Compile(filter, schema);
    ASSERT_TRUE(plan.ok()) << plan.status();
    kernels::Bitset with(num_rows), without(num_rows);
    ASSERT_TRUE(expr::Evaluate(**plan, *source, {}, with, Cancellation()).ok());
    ASSERT_TRUE(expr::Evaluate(**plan, Plain(*source), {}, without, Cancellation()).ok());
    for (int64_t row = 0; row < num_rows; ++row) {
      ASSERT_EQ(with.Test(row), without.Test(row)) << filter << " row " << row;
    }
  }
}

TEST(MatchColumns, AnswerAsReadingEveryTextWhileRowsCome) {
  const schema::CollectionSchema schema = TextSchema();
  for (uint64_t seed = 0; seed < 3; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    GrowingSegment growing(SegmentId(1), PartitionId(2), 0, schema);
    for (int64_t first = 0; first < 1500;) {
      const auto count = static_cast<int64_t>(1 + random() % 200);
      growing.Insert(schema, TextRows(schema, first, count, random), Timestamp(first + 1));
      first += count;
      if (random() % 3 != 0) ExpectSameAsPlain(growing, schema, first);
      ExpectSameAsPlain(growing, schema, first / 2);
    }
    EXPECT_GT(growing.memory_bytes(), growing.byte_size());
    storage::MemoryFileSystem files;
    const auto store = storage::MakeLocalObjectStore(files, "objects");
    const auto sealed = Seal(growing, schema, *store);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    ExpectSameAsPlain(**sealed, schema, (*sealed)->num_rows());
    UseTextFile(**sealed, schema);
    ExpectSameAsPlain(**sealed, schema, (*sealed)->num_rows());
    EXPECT_EQ((*sealed)->match_columns().memory_bytes(), 0) << "the file answers";
    ExpectSameAsPlain(**sealed, schema, (*sealed)->num_rows() / 2);
  }
}

TEST(MatchColumns, AnswerWhereTheFileOfTheIndexIsDamaged) {
  const schema::CollectionSchema schema = TextSchema();
  std::mt19937_64 random(1);
  GrowingSegment growing(SegmentId(1), PartitionId(2), 0, schema);
  growing.Insert(schema, TextRows(schema, 0, 3000, random), Timestamp(1));
  storage::MemoryFileSystem files;
  const auto store = storage::MakeLocalObjectStore(files, "objects");
  const auto sealed = Seal(growing, schema, *store);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  int damaged = 0;
  UseTextFile(**sealed, schema, [&](const absl::Status& status) {
    EXPECT_EQ(CodeOf(status), ErrorCode::kDataIntegrity) << status;
    ++damaged;
  });
  ExpectSameAsPlain(**sealed, schema, 3000);
  EXPECT_EQ(damaged, 1) << "it is used no more";
  EXPECT_FALSE((*sealed)->scalar_indexes().HasTexts(kText));
}

TEST(MatchColumns, ServeReadersWhileRowsCome) {
  const schema::CollectionSchema schema = TextSchema();
  std::mt19937_64 random(1);
  GrowingSegment growing(SegmentId(1), PartitionId(2), 0, schema);
  std::vector<std::thread> readers;
  std::atomic<bool> stop{false};
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) ExpectSameAsPlain(growing, schema, growing.num_rows());
    });
  }
  for (int64_t first = 0; first < 2000; first += 50) {
    growing.Insert(schema, TextRows(schema, first, 50, random), Timestamp(first + 1));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  ExpectSameAsPlain(growing, schema, 2000);
}

TEST(MatchColumns, KnowAFieldThatRowsAreOlderThan) {
  schema::CollectionSchema schema = TextSchema();
  GrowingSegment growing(SegmentId(1), PartitionId(2), 0, TestSchema());
  growing.Insert(TestSchema(), TestRows(TestSchema(), {1, 2, 3}), Timestamp(1));
  schema.fields.back().default_value = std::string("wa wb");
  ExpectSameAsPlain(growing, schema, 3);
  std::mt19937_64 random(1);
  growing.Insert(schema, TextRows(schema, 10, 100, random), Timestamp(2));
  ExpectSameAsPlain(growing, schema, 103);
}

}  // namespace
}  // namespace elanus::segment
