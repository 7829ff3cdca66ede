// One filter, two sources: growing rows and the sealed ones they become give the same answers,
// which are those of a loop over the rows.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "segment/segment_fixture_test.h"

namespace elanus::segment {
namespace {

struct Rule {
  std::string text;
  std::function<bool(int64_t key)> says;  // number = 10 * key, null for multiples of 5; added = 7.
};

std::vector<Rule> RandomRules(uint64_t seed, int64_t num_rows) {
  std::mt19937_64 random(seed);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % n); };
  std::vector<Rule> rules;
  for (int i = 0; i < 40; ++i) {
    const int64_t at = below(num_rows);
    const int64_t width = 1 + below(num_rows);
    const int64_t rest = below(10);
    rules.push_back({fmt::format("{} <= key < {}", at, at + width),
                     [=](int64_t key) { return at <= key && key < at + width; }});
    rules.push_back({fmt::format("number > {} and key % 10 == {}", at * 10, rest),
                     [=](int64_t key) { return key % 5 != 0 && key > at && key % 10 == rest; }});
    rules.push_back({fmt::format("not (number > {}) or key == {}", at * 10, at),
                     [=](int64_t key) { return (key % 5 != 0 && key <= at) || key == at; }});
    rules.push_back(
        {fmt::format("number is null and added == 7 and key in [{}, {}, -1]", at, width),
         [=](int64_t key) { return key % 5 == 0 && (key == at || key == width); }});
    rules.push_back({fmt::format("(number < {} and key > {}) or (number < {} and added != 7)",
                                 width * 10, at, width * 10),
                     [=](int64_t key) { return key % 5 != 0 && key < width && key > at; }});
  }
  return rules;
}

std::vector<int64_t> KeysFound(const Segment& segment, const schema::CollectionSchema& schema,
                               const std::string& filter) {
  const auto plan = expr::Compile(filter, schema, {}, {});
  ELANUS_CHECK_OK(plan.status());
  const auto source = segment.Source(schema, segment.num_rows());
  kernels::Bitset out(segment.num_rows());
  ELANUS_CHECK_OK(expr::Evaluate(**plan, *source, {}, out, Cancellation()));
  std::vector<int64_t> keys;
  out.view().ForEach([&](int64_t row) { keys.push_back(segment.Key(row).as_int()); });
  std::sort(keys.begin(), keys.end());
  return keys;
}

TEST(FilterSources, GrowingAndSealedRowsAnswerAlike) {
  // More than two zones, and enough rows for an order to be chosen; inserted in no order.
  constexpr int64_t kRows = 20'000;
  const schema::CollectionSchema written = TestSchema();
  const schema::CollectionSchema schema = TestSchema(false, true);
  std::vector<int64_t> keys(kRows);
  for (int64_t i = 0; i < kRows; ++i) keys[i] = i * 7919 % kRows;
  GrowingSegment growing(SegmentId(1), PartitionId(1), 0, written);
  growing.Insert(written, TestRows(written, keys), Timestamp(10));
  storage::MemoryFileSystem files;
  const auto store = storage::MakeLocalObjectStore(files, "objects");
  const auto sealed = Seal(growing, written, *store);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  const uint64_t seed = std::random_device{}();
  for (const Rule& rule : RandomRules(seed, kRows)) {
    std::vector<int64_t> expected;
    for (int64_t key = 0; key < kRows; ++key) {
      if (rule.says(key)) expected.push_back(key);
    }
    ASSERT_EQ(KeysFound(growing, schema, rule.text), expected) << rule.text << " seed " << seed;
    ASSERT_EQ(KeysFound(**sealed, schema, rule.text), expected) << rule.text << " seed " << seed;
  }
}

}  // namespace
}  // namespace elanus::segment
