// Inverted lists that are read as searches want them, beside the same file in memory.
#include <gtest/gtest.h>

#include "index/index_kinds.h"
#include "index/ivf.h"
#include "index/ivf_list_cache.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

struct Case {
  const char* kind;
  Params params;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"IVF_FLAT", {{"nlist", "40"}}},
      {"BIN_IVF_FLAT", {{"nlist", "40"}}},
      {"IVF_SQ8", {{"nlist", "40"}}},
      {"IVF_SQ8", {{"nlist", "40"}, {"refine", "true"}, {"refine_type", "FP16"}}},
      {"IVF_PQ", {{"nlist", "40"}, {"m", "8"}}},
      {"IVF_RABITQ", {{"nlist", "40"}, {"refine", "true"}, {"refine_type", "FP32"}}},
      {"SCANN", {{"nlist", "40"}}},
  };
  return cases;
}

Bytes AsBytes(const std::string& file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

// A file with every 11th row null, opened in both ways.
class IvfBlocksTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    type_ = GetParam().kind == std::string_view("BIN_IVF_FLAT") ? DataType::kBinaryVector
                                                                : DataType::kFloatVector;
    metric_ = type_ == DataType::kBinaryVector ? Metric::kHamming : Metric::kL2;
    data_ = ClusteredVectors(type_, 32, kRows, 60, 3);
    queries_ = ClusteredVectors(type_, 32, 12, 60, 3, 1);
    for (int64_t row = 0; row < kRows; row += 11) valid_.Reset(row);
    BuildOptions options{.rows = data_.rows(), .valid = valid_.view(), .metric = metric_};
    options.params = GetParam().params;
    const auto file = kind_->build(options);
    ASSERT_TRUE(file.ok()) << file.status();
    file_ = *file;
    auto whole = kind_->open(AsBytes(file_), data_.rows(), metric_, {});
    ASSERT_TRUE(whole.ok()) << whole.status();
    whole_ = *std::move(whole);
  }
  absl::StatusOr<std::unique_ptr<VectorIndex>> OpenBlocks(const std::string& file) const {
    return kind_->open_blocks(storage::MakeMemoryReader(AsBytes(file)), data_.rows(), metric_, {});
  }

  static constexpr int64_t kRows = 6000;
  const IndexKind* const kind_ = FindIndexKind(GetParam().kind);
  DataType type_ = DataType::kNone;
  Metric metric_ = Metric::kL2;
  TestVectors data_, queries_;
  kernels::Bitset valid_{kRows, true};
  std::string file_;
  std::unique_ptr<VectorIndex> whole_;
};

INSTANTIATE_TEST_SUITE_P(All, IvfBlocksTest, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<Case>& info) {
                           return info.param.kind + std::to_string(info.index);
                         });

TEST_P(IvfBlocksTest, GivesTheHitsOfTheWholeFileAndReadsWhatItTouchesOnce) {
  auto opened = OpenBlocks(file_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const VectorIndex& blocks = **opened;
  kernels::Bitset most(kRows), few(kRows);
  for (int64_t row = 0; row < kRows; ++row) {
    if (row % 3 != 0) most.Set(row);
    if (row % 400 == 1) few.Set(row);
  }
  const kernels::Bitset all;
  const kernels::Bitset* const filters[] = {&all, &most, &few};
  SearchStatistics first, again;
  for (SearchStatistics* statistics : {&first, &again}) {
    for (int64_t q = 0; q < queries_.num_rows; ++q) {
      for (const char* nprobe : {"1", "7", "40"}) {
        for (const kernels::Bitset* allowed : filters) {
          const Params params = {{"nprobe", nprobe}, {"refine_k", "3"}};
          SearchRequest request{.query = queries_.row(q), .k = 30, .params = &params};
          request.allowed = allowed->view();
          request.num_allowed = allowed == &all ? kRows : allowed->Count();
          const auto expected = whole_->Search(request, nullptr);
          const auto found = blocks.Search(request, statistics);
          ASSERT_TRUE(expected.ok() && found.ok()) << found.status();
          ASSERT_EQ(*found, *expected);
          for (const Neighbor& hit : *found) EXPECT_TRUE(valid_.Test(hit.row));
          if (expected->size() < 30) continue;
          request.range = {.nearest = (*expected)[5].distance,
                           .farthest = (*expected)[20].distance};
          ASSERT_EQ(*blocks.Search(request, statistics), *whole_->Search(request, nullptr));
        }
      }
    }
  }
  EXPECT_GT(first.reads, 0);
  EXPECT_GT(first.bytes_read, 0);
  EXPECT_EQ(again.reads, 0) << "all of it is small enough to be kept";
}

TEST_P(IvfBlocksTest, DamageIsFoundWhereItIsLookedAt) {
  const Params params = {{"nprobe", "40"}};
  for (size_t at = 0; at < file_.size(); at += 997) {
    std::string damaged = file_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const auto opened = OpenBlocks(damaged);
    if (!opened.ok()) {
      EXPECT_EQ(CodeOf(opened.status()), ErrorCode::kDataIntegrity) << at;
      continue;
    }
    const SearchRequest request{.query = queries_.row(0), .k = 30, .params = &params};
    const auto found = (*opened)->Search(request, nullptr);
    if (!found.ok()) {
      EXPECT_EQ(CodeOf(found.status()), ErrorCode::kDataIntegrity) << at;
    } else {
      EXPECT_EQ(*found, *whole_->Search(request, nullptr)) << "damage went unseen at " << at;
    }
  }
  for (const size_t size :
       {size_t{0}, size_t{63}, size_t{64}, file_.size() / 2, file_.size() - 1}) {
    EXPECT_FALSE(OpenBlocks(file_.substr(0, size)).ok()) << size;
  }
}

TEST(IvfListCache, KeepsTheLatestListsUpToItsSize) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 16, 4000, 30, 3);
  BuildOptions options{.rows = data.rows(), .metric = Metric::kL2, .params = {{"nlist", "20"}}};
  const auto file = BuildIvfFlat(options);
  ASSERT_TRUE(file.ok());
  const auto blocks = OpenIvfBlocks(storage::MakeMemoryReader(AsBytes(*file)), false);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  constexpr int64_t kBytes = 4000 * 4 / 4;
  IvfListCache cache(**blocks, nullptr, kBytes);
  SearchStatistics statistics;
  const auto get = [&](std::vector<uint64_t> lists) {
    const int64_t before = statistics.reads;
    const auto got = cache.Get(lists, statistics);
    EXPECT_TRUE(got.ok());
    for (size_t i = 0; i < lists.size(); ++i) {
      EXPECT_EQ((*got)[i]->rows.size(), (*blocks)->lists.ListSize(lists[i]));
    }
    EXPECT_LE(cache.bytes(), kBytes);
    return statistics.reads - before;
  };
  EXPECT_EQ(get({3, 5}), 2);
  EXPECT_EQ(get({5, 3}), 0);
  for (uint64_t list = 6; list < 20; ++list) {
    get({list});
    EXPECT_EQ(get({3}), 0) << "3 was just used";
  }
  EXPECT_EQ(get({5}), 1) << "5 was not";
  const auto all = [] {
    std::vector<uint64_t> lists(20);
    for (size_t i = 0; i < lists.size(); ++i) lists[i] = i;
    return lists;
  }();
  get(all);
}

}  // namespace
}  // namespace elanus::index
