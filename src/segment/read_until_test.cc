#include "segment/read_until.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/synchronization/notification.h"
#include "expr/plan.h"
#include "index/scalar/scalar_build.h"
#include "segment/scalar_indexes.h"
#include "segment/segment_fixture_test.h"
#include "segment/tiers_fixture_test.h"

namespace elanus::segment {
namespace {

// A store whose reads wait until the request gives up, as one that does not answer.
class SilentStore final : public storage::ObjectStore {
 public:
  explicit SilentStore(storage::ObjectStore& store) : store_(store) {}

  absl::Status ReadRanges(const std::string& key, std::span<const storage::BlockReader::Read> reads,
                          const Cancellation& cancellation) override {
    {
      absl::MutexLock lock(&mutex_);
      if (silent_ && !asked.HasBeenNotified()) asked.Notify();
      while (silent_) {
        ELANUS_RETURN_IF_ERROR(cancellation.Check());
        changed_.WaitWithTimeout(&mutex_, absl::Milliseconds(1));
      }
    }
    return store_.ReadRanges(key, reads, cancellation);
  }
  absl::Status Put(const std::string& key, std::span<const std::string_view> parts) override {
    return store_.Put(key, parts);
  }
  absl::StatusOr<std::shared_ptr<storage::MappedFile>> Get(const std::string& key) override {
    return store_.Get(key);
  }
  absl::StatusOr<std::vector<storage::FileInfo>> List(const std::string& prefix) override {
    return store_.List(prefix);
  }
  absl::Status Remove(const std::string& key) override { return store_.Remove(key); }
  absl::Status RemovePrefix(const std::string& prefix) override {
    return store_.RemovePrefix(prefix);
  }

  void SetSilent(bool silent) {
    absl::MutexLock lock(&mutex_);
    silent_ = silent;
    changed_.SignalAll();
  }
  absl::Notification asked;  // For the first time while it was silent.

 private:
  storage::ObjectStore& store_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;
};

class ReadUntilTest : public testing::Test {
 protected:
  static constexpr int64_t kRows = 5000;

  void SetUp() override {
    schema::Column numbers({.type = schema::DataType::kInt64});
    for (int64_t i = 0; i < kRows; ++i) numbers.Append(i);
    const auto file = index::BuildScalarIndex({.rows = numbers.View()});
    ASSERT_TRUE(file.ok());
    const std::string_view part = *file;
    ASSERT_TRUE(store->Put("index_files/1", {&part, 1}).ok());
    auto loaded = std::make_shared<LoadedScalarIndex>();
    loaded->field = kNumber;
    loaded->blocks = std::make_shared<CachedBlocks>(
        *tiers.options().tiers, cache::Identity{cache::Kind::kScalarIndex, 1, "index_files/1"},
        file->size());
    loaded->index.OpenWith([blocks = loaded->blocks] {
      return index::OpenScalarIndex(CachedBlocks::Reader(blocks), kRows);
    });
    indexes.Set(IndexId(1), loaded);
    schema.fields[1].nullable = false;
  }

  std::optional<expr::IndexAnswer> Ask(const Cancellation& cancellation) {
    const auto plan = expr::Compile("number == 77", schema);
    ELANUS_CHECK_OK(plan.status());
    const expr::IndexQuestion question = *expr::QuestionOf(**plan, *(*plan)->root);
    return indexes.Ask(question, 1e12, cancellation);
  }

  schema::CollectionSchema schema = TestSchema();
  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
  SilentStore silent{*store};
  TightTiers tiers{silent, 64 << 20};
  ScalarIndexes indexes;
};

TEST_F(ReadUntilTest, AnIndexThatTheStoreDoesNotGiveIsGivenUpWithTheRequest) {
  silent.SetSilent(true);
  const auto flag = std::make_shared<std::atomic<bool>>(false);
  std::thread client([&] {
    silent.asked.WaitForNotification();
    *flag = true;
  });
  EXPECT_FALSE(Ask(Cancellation(flag, 0)).has_value());
  client.join();
  // Nothing is broken by it.
  silent.SetSilent(false);
  const auto answer = Ask(Cancellation());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->found.Count(), 1);
  EXPECT_TRUE(answer->found.Test(77));
}

TEST_F(ReadUntilTest, WhoWaitsForAnothersOpeningGivesUpByItself) {
  silent.SetSilent(true);
  const auto patient = std::make_shared<std::atomic<bool>>(false);
  std::optional<expr::IndexAnswer> answer;
  std::thread opener([&] { answer = Ask(Cancellation(patient, 0)); });
  silent.asked.WaitForNotification();
  EXPECT_FALSE(Ask(Cancellation(std::make_shared<std::atomic<bool>>(true), 0)).has_value());
  EXPECT_FALSE(*patient);
  silent.SetSilent(false);
  opener.join();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->found.Test(77));
}

TEST(ReadUntil, IsOfTheInnermostRequestOfTheThread) {
  const Cancellation outer(std::make_shared<std::atomic<bool>>(true), 0), inner;
  EXPECT_FALSE(ReadUntil::Current().cancelled());
  {
    const ReadUntil first(outer);
    EXPECT_TRUE(ReadUntil::Current().cancelled());
    {
      const ReadUntil second(inner);
      EXPECT_FALSE(ReadUntil::Current().cancelled());
    }
    EXPECT_TRUE(ReadUntil::Current().cancelled());
    std::thread([] { EXPECT_FALSE(ReadUntil::Current().cancelled()); }).join();
  }
  EXPECT_FALSE(ReadUntil::Current().cancelled());
}

}  // namespace
}  // namespace elanus::segment
