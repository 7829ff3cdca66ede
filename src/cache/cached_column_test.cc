#include "cache/cached_column.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <random>

#include "common/clock.h"
#include "storage/random_columns.h"

namespace elanus::cache {
namespace {

// An object store in memory that counts what is read, and fails as told.
class FakeStore final : public storage::ObjectStore {
 public:
  absl::Status Put(const std::string& key, std::span<const std::string_view> parts) override {
    std::string& object = objects_[key];
    object.clear();
    for (const std::string_view part : parts) object += part;
    return absl::OkStatus();
  }
  absl::StatusOr<std::shared_ptr<storage::MappedFile>> Get(const std::string&) override {
    return InternalError(ErrorCode::kUnexpected, "whole objects are not asked for");
  }
  absl::Status ReadRanges(const std::string& key, std::span<const storage::BlockReader::Read> reads,
                          const Cancellation& cancellation) override {
    std::lock_guard lock(mutex_);
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    if (down) return RetryableError(ErrorCode::kServiceUnavailable, "the store is down");
    const std::string& object = objects_[key];
    for (const auto& read : reads) {
      if (read.offset + read.into.size() > object.size()) {
        return InternalError(ErrorCode::kIoFailed, "behind the end");
      }
      std::memcpy(read.into.data(), object.data() + read.offset, read.into.size());
      if (flips_left > 0 && !read.into.empty()) {
        --flips_left;
        read.into[read.into.size() / 2] ^= 1;
      }
      bytes_read += read.into.size();
      ++num_reads;
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<storage::FileInfo>> List(const std::string&) override {
    return std::vector<storage::FileInfo>();
  }
  absl::Status Remove(const std::string& key) override {
    objects_.erase(key);
    return absl::OkStatus();
  }
  absl::Status RemovePrefix(const std::string&) override { return absl::OkStatus(); }

  std::string& object(const std::string& key) { return objects_[key]; }

  bool down = false;
  int flips_left = 0;
  uint64_t bytes_read = 0;
  int num_reads = 0;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
};

using schema::Column;
using schema::ColumnType;
using schema::DataType;

class CachedColumnTest : public testing::TestWithParam<int> {
 protected:
  static constexpr char kKey[] = "insert_log/1/2/3/4";

  void SetUp() override {
    root_ = testing::TempDir() + "/cached_column_test";
    std::filesystem::remove_all(root_);
    Restart();
  }
  void TearDown() override {
    tiers_ = {};
    directory_.reset();
    std::filesystem::remove_all(root_);
  }

  // Tiers of a new process on the old directory.
  void Restart(uint64_t memory_bytes = 1 << 30, uint64_t disk_bytes = 1 << 30) {
    if (directory_ != nullptr) directory_->KeepFiles();
    memory_ = std::make_unique<CacheManager>(CacheManager::Options{.tier = "memory",
                                                                   .budget_key = "memory.key",
                                                                   .bytes_high = memory_bytes,
                                                                   .bytes_low = memory_bytes,
                                                                   .wait_ms = 0},
                                             SystemClock(), nullptr, nullptr);
    disk_ = std::make_unique<CacheManager>(CacheManager::Options{.tier = "disk",
                                                                 .budget_key = "disk.key",
                                                                 .bytes_high = disk_bytes,
                                                                 .bytes_low = disk_bytes,
                                                                 .wait_ms = 0},
                                           SystemClock(), nullptr, nullptr);
    directory_ = *CacheDirectory::Open(root_);
    tiers_ = {.store = &store_, .memory = memory_.get()};
    if (GetParam() > 0) {
      tiers_.disk = disk_.get();
      tiers_.directory = directory_.get();
      tiers_.map_vectors = GetParam() > 1;
    }
  }

  uint64_t Store(const Column& column) {
    const std::string bytes = *storage::EncodeColumnFile(column.View());
    const std::string_view part = bytes;
    EXPECT_TRUE(store_.Put(kKey, {&part, 1}).ok());
    return bytes.size();
  }
  absl::StatusOr<std::shared_ptr<const CachedColumn>> Open(uint64_t bytes, Kind kind) {
    return CachedColumn::Open(tiers_, {kind, 1, kKey}, bytes, {});
  }
  absl::StatusOr<TierPins> PinAll(const CachedColumn& column) {
    TierWants wants;
    column.WantAll(wants);
    return std::move(wants).Pin(tiers_, {}, nullptr);
  }
  static void ExpectRow(const schema::ColumnView& expected, const schema::ColumnView& got,
                        int64_t row) {
    ASSERT_EQ(got.IsValid(row), expected.IsValid(row)) << row;
    ASSERT_EQ(got.Raw(row), expected.Raw(row)) << row;
  }

  static Column Vectors(int64_t rows, uint32_t dim) {
    Column column({.type = DataType::kFloatVector, .dim = dim});
    std::mt19937_64 random(7);
    for (int64_t row = 0; row < rows; ++row) {
      std::vector<float> values(dim);
      for (float& value : values) value = static_cast<float>(random() % 1000);
      column.AppendRaw({reinterpret_cast<const char*>(values.data()), dim * sizeof(float)});
    }
    return column;
  }
  static Column Texts(int64_t rows) {
    Column column({.type = DataType::kVarChar});
    std::mt19937_64 random(9);
    for (int64_t row = 0; row < rows; ++row) {
      std::string text;
      for (uint64_t i = random() % 200; i > 0; --i) text += static_cast<char>('a' + random() % 26);
      column.AppendRaw(text);
    }
    return column;
  }

  std::string root_;
  FakeStore store_;
  std::unique_ptr<CacheManager> memory_, disk_;
  std::unique_ptr<CacheDirectory> directory_;
  Tiers tiers_;
};

// 0: memory alone; 1: a disk tier below; 2: vectors mapped from it.
INSTANTIATE_TEST_SUITE_P(Tiers, CachedColumnTest, testing::Values(0, 1, 2));

TEST_P(CachedColumnTest, IsTheSameColumnOfEveryType) {
  storage::Random random(5);
  for (const ColumnType& type : storage::EveryColumnType()) {
    SCOPED_TRACE(schema::DataTypeName(type.type));
    const Column column = storage::RandomColumn(random, type, 1 + random() % 30'000, 10);
    const uint64_t bytes = Store(column);
    const Kind kind =
        schema::IsDenseVector(column.type().type) ? Kind::kVectorField : Kind::kScalarField;
    const auto opened = Open(bytes, kind);
    ASSERT_TRUE(opened.ok()) << opened.status();
    const auto pins = PinAll(**opened);
    ASSERT_TRUE(pins.ok()) << pins.status();
    const schema::ColumnView view = (*opened)->View();
    ASSERT_EQ(view.num_rows, column.num_rows());
    for (int64_t row = 0; row < column.num_rows(); ++row) ExpectRow(column.View(), view, row);
  }
}

TEST_P(CachedColumnTest, RowsAreReadBySmallPartsOfTheObject) {
  const Column column = Vectors(40'000, 64);  // 10 MB in ten blocks.
  const uint64_t bytes = Store(column);
  const auto opened = *Open(bytes, Kind::kVectorField);
  EXPECT_LT(store_.bytes_read, 64u << 10);
  store_.bytes_read = 0;
  const std::vector<int64_t> rows = {39'000, 17, 39'001};
  const auto pins = opened->PinRows(rows, {}, nullptr);
  ASSERT_TRUE(pins.ok()) << pins.status();
  for (const int64_t row : rows) ExpectRow(column.View(), opened->View(), row);
  EXPECT_LE(store_.bytes_read, 2u << 20);
  store_.bytes_read = 0;
  ASSERT_TRUE(opened->PinRows(rows, {}, nullptr).ok());
  EXPECT_EQ(store_.bytes_read, 0u);
}

TEST_P(CachedColumnTest, TextsAreReadBySmallPartsToo) {
  const Column column = Texts(50'000);
  const uint64_t bytes = Store(column);
  const auto opened = *Open(bytes, Kind::kScalarField);
  store_.bytes_read = 0;
  const std::vector<int64_t> rows = {49'999, 3, 25'000};
  const auto pins = opened->PinRows(rows, {}, nullptr);
  ASSERT_TRUE(pins.ok()) << pins.status();
  for (const int64_t row : rows) ExpectRow(column.View(), opened->View(), row);
  EXPECT_LT(store_.bytes_read, bytes / 3);
}

TEST_P(CachedColumnTest, ABudgetFarBelowTheColumnServesAllOfItPieceByPiece) {
  Restart(/*memory_bytes=*/3 << 20, /*disk_bytes=*/3 << 20);
  const Column column = Vectors(40'000, 64);
  const auto opened = *Open(Store(column), Kind::kVectorField);
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    const std::vector<int64_t> rows = {static_cast<int64_t>(random() % 40'000)};
    const auto pins = opened->PinRows(rows, {}, nullptr);
    ASSERT_TRUE(pins.ok()) << pins.status();
    ExpectRow(column.View(), opened->View(), rows[0]);
    ASSERT_LE(memory_->used_bytes(), 3u << 20);
    ASSERT_LE(disk_->used_bytes(), 3u << 20);
  }
  EXPECT_FALSE(PinAll(*opened).ok());
}

TEST_P(CachedColumnTest, AByteThatFlipsOnItsWayIsReadAgain) {
  const Column column = Vectors(1000, 64);
  const auto opened = *Open(Store(column), Kind::kVectorField);
  store_.flips_left = 1;
  const auto pins = PinAll(*opened);
  ASSERT_TRUE(pins.ok()) << pins.status();
  for (int64_t row = 0; row < 1000; ++row) ExpectRow(column.View(), opened->View(), row);
}

TEST_P(CachedColumnTest, DamageAnywhereInTheObjectIsNamedOrHarmless) {
  for (const Column& column : {Vectors(600, 16), Texts(600)}) {
    const uint64_t bytes = Store(column);
    const std::string intact = store_.object(kKey);
    for (uint64_t at = 0; at < bytes; at += 131) {
      SCOPED_TRACE(at);
      store_.object(kKey)[at] ^= 4;
      const auto opened = Open(bytes, Kind::kScalarField);
      absl::Status status = opened.status();
      if (opened.ok()) {
        const auto pins = PinAll(**opened);
        status = pins.status();
        for (int64_t row = 0; pins.ok() && row < 600; ++row) {
          ExpectRow(column.View(), (*opened)->View(), row);
        }
      }
      if (!status.ok()) {
        EXPECT_EQ(CodeOf(status), ErrorCode::kDataIntegrity) << status;
        EXPECT_NE(MessageOf(status).find(kKey), std::string_view::npos);
      }
      store_.object(kKey) = intact;
    }
    store_.object(kKey).resize(bytes / 2);
    EXPECT_FALSE(Open(bytes, Kind::kScalarField).ok());
  }
}

TEST_P(CachedColumnTest, WhatIsThereServesWhileTheStoreIsDown) {
  const Column column = Vectors(40'000, 64);
  const auto opened = *Open(Store(column), Kind::kVectorField);
  const std::vector<int64_t> known = {5}, unknown = {39'000};
  ASSERT_TRUE(opened->PinRows(known, {}, nullptr).ok());
  store_.down = true;
  ASSERT_TRUE(opened->PinRows(known, {}, nullptr).ok());
  ExpectRow(column.View(), opened->View(), 5);
  EXPECT_EQ(CodeOf(opened->PinRows(unknown, {}, nullptr).status()), ErrorCode::kServiceUnavailable);
  if (tiers_.disk != nullptr) {
    memory_->DropAll();  // The disk still has it.
    ASSERT_TRUE(opened->PinRows(known, {}, nullptr).ok());
    ExpectRow(column.View(), opened->View(), 5);
  }
  store_.down = false;
  EXPECT_TRUE(opened->PinRows(unknown, {}, nullptr).ok());
}

TEST_P(CachedColumnTest, ARestartReusesWhatIsOnDiskAndBelievesNoneOfItUnseen) {
  if (tiers_.disk == nullptr) GTEST_SKIP() << "no disk tier";
  const Column column = Vectors(40'000, 64);
  const uint64_t bytes = Store(column);
  {
    const auto opened = *Open(bytes, Kind::kVectorField);
    ASSERT_TRUE(PinAll(*opened).ok());
    directory_->KeepFiles();
  }
  Restart();
  store_.down = true;
  {
    const auto opened = Open(bytes, Kind::kVectorField);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_GT(disk_->used_bytes(), 10'000'000u);  // Counted before it is used.
    const auto pins = PinAll(**opened);
    ASSERT_TRUE(pins.ok()) << pins.status();
    for (int64_t row = 0; row < 40'000; row += 99) {
      ExpectRow(column.View(), (*opened)->View(), row);
    }
    directory_->KeepFiles();
  }
  store_.down = false;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
    if (!entry.is_regular_file()) continue;
    auto file = *SparseFile::Open(entry.path(), bytes);
    for (uint64_t at = 5000; at < bytes; at += 300'000) {
      ASSERT_TRUE(file->Write(at, "not what it was").ok());
    }
  }
  Restart();
  const auto opened = Open(bytes, Kind::kVectorField);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const auto pins = PinAll(**opened);
  ASSERT_TRUE(pins.ok()) << pins.status();
  for (int64_t row = 0; row < 40'000; ++row) ExpectRow(column.View(), (*opened)->View(), row);
}

TEST_P(CachedColumnTest, ARequestIsToldWhatItReadAndHowMuchOfItCameFromTheStore) {
  const Column column = Vectors(40'000, 64);
  const uint64_t bytes = Store(column);
  const uint64_t values = 40'000 * 64 * 4;
  const auto request = [&](const auto& work) {
    auto read = std::make_shared<ReadBytes>();
    work(Cancellation().Counted(read));
    return std::pair<uint64_t, uint64_t>(read->fetched, read->total);
  };
  std::shared_ptr<const CachedColumn> opened;
  const auto open = [&](const Cancellation& caller) {
    opened = *CachedColumn::Open(tiers_, {Kind::kVectorField, 1, kKey}, bytes, caller);
  };
  const auto pin_all = [&](const Cancellation& caller) {
    TierWants wants;
    opened->WantAll(wants);
    EXPECT_TRUE(std::move(wants).Pin(tiers_, caller, nullptr).ok());
  };
  auto [fetched, total] = request(open);
  EXPECT_EQ(fetched, store_.bytes_read);
  EXPECT_EQ(total, store_.bytes_read);
  store_.bytes_read = 0;
  std::tie(fetched, total) = request(pin_all);
  EXPECT_EQ(fetched, store_.bytes_read);
  EXPECT_EQ(total, fetched);
  EXPECT_GE(fetched, values);
  EXPECT_EQ(request(pin_all), (std::pair<uint64_t, uint64_t>(0, values)));
  if (tiers_.disk == nullptr) return;
  memory_->DropAll();
  EXPECT_EQ(request(pin_all), (std::pair<uint64_t, uint64_t>(0, values)));
  // Of what an earlier process left.
  directory_->KeepFiles();
  opened = nullptr;
  Restart();
  EXPECT_EQ(request(open), (std::pair<uint64_t, uint64_t>(0, 0)));
  EXPECT_EQ(request(pin_all), (std::pair<uint64_t, uint64_t>(0, values)));
}

TEST_P(CachedColumnTest, WhatIsFetchedAheadCountsOnce) {
  const std::string object(100'000, 'x');
  const std::string_view part = object;
  ASSERT_TRUE(store_.Put(kKey, {&part, 1}).ok());
  const StoredObject stored(tiers_, {Kind::kVectorIndex, 1, kKey}, object.size(),
                            {{.offset = 0, .bytes = 100'000, .checked = false}});
  const auto read = std::make_shared<ReadBytes>();
  const Cancellation request = Cancellation().Counted(read);
  stored.Prefetch(request);
  const uint32_t first = 0;
  const auto ignore = [](uint32_t, std::string_view) { return absl::OkStatus(); };
  ASSERT_TRUE(stored.Read({&first, 1}, request, ignore).ok());
  EXPECT_EQ(read->fetched, object.size());
  EXPECT_EQ(read->total, object.size());
}

TEST_P(CachedColumnTest, WhatWasPrefetchedIsNotAskedForAgain) {
  const std::string object(100'000, 'x');
  const std::string_view part = object;
  ASSERT_TRUE(store_.Put(kKey, {&part, 1}).ok());
  const auto read = [&](const StoredObject& stored) {
    const std::vector<uint32_t> both = {0, 1};
    std::string bytes;
    const absl::Status status = stored.Read(both, {}, [&](uint32_t, std::string_view got) {
      bytes += got;
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(bytes, object);
  };
  const std::vector<Extent> extents = {{.offset = 0, .bytes = 60'000, .checked = false},
                                       {.offset = 60'000, .bytes = 40'000, .checked = false}};
  {
    const StoredObject stored(tiers_, {Kind::kVectorIndex, 1, kKey}, object.size(), extents);
    stored.Prefetch({});
    EXPECT_EQ(store_.bytes_read, tiers_.disk != nullptr ? object.size() : 0u);
    read(stored);
    EXPECT_EQ(store_.bytes_read, object.size());
  }
  // Without room, or a store that answers, nothing is lost but time.
  Restart(1 << 30, /*disk_bytes=*/1000);
  const StoredObject stored(tiers_, {Kind::kVectorIndex, 1, kKey}, object.size(), extents);
  stored.Prefetch({});
  store_.down = true;
  stored.Prefetch({});
  store_.down = false;
  read(stored);
}

}  // namespace
}  // namespace elanus::cache
