#include "meta/sqlite_meta_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/crash_point.h"
#include "meta/crash_points.h"

namespace elanus::meta {
namespace {

class SqliteMetaStoreTest : public testing::Test {
 protected:
  SqliteMetaStoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sqlite_XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    path_ = directory_ + "/catalog.db";
  }
  ~SqliteMetaStoreTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<MetaStore> Open(int64_t pages_max = 0) {
    absl::StatusOr<std::unique_ptr<MetaStore>> store = TryOpen(pages_max);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  absl::StatusOr<std::unique_ptr<MetaStore>> TryOpen(int64_t pages_max = 0) {
    return OpenSqliteMetaStore({.path = path_, .busy_timeout_ms = 10, .pages_max = pages_max});
  }
  std::string ReadAll() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void WriteAll(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string directory_;
  std::string path_;
};

TEST_F(SqliteMetaStoreTest, KeepsCommittedRowsOverReopening) {
  Open()->Commit({.puts = {{"a", "1"}}}).value();
  EXPECT_EQ(*Open()->Get("a"), "1");
}

TEST_F(SqliteMetaStoreTest, RefusesASecondOpenerWhileTheFirstLives) {
  const std::unique_ptr<MetaStore> first = Open();
  first->Commit({.puts = {{"a", "1"}}}).value();
  const absl::Status status = TryOpen().status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kServiceUnavailable);
  EXPECT_NE(MessageOf(status).find("in use by another process"), std::string_view::npos) << status;
}

TEST_F(SqliteMetaStoreTest, ReportsAFullDiskAndGoesOnWhenThereIsRoomAgain) {
  {
    const std::unique_ptr<MetaStore> store = Open(/*pages_max=*/16);
    absl::Status status;
    int written = 0;
    for (; written < 100 && status.ok(); ++written) {
      status = store->Commit({.puts = {{"k" + std::to_string(written), std::string(4000, 'x')}}})
                   .status();
    }
    EXPECT_EQ(CodeOf(status), ErrorCode::kDiskLimitExceeded) << status;
    EXPECT_EQ(*store->Get("k" + std::to_string(written - 1)), std::nullopt);
    // Reads go on, and what frees room is possible.
    EXPECT_EQ(store->Get("k0")->value().size(), 4000);
    EXPECT_TRUE(*store->Commit({.deletes = {"k0", "k1", "k2"}}));
    EXPECT_TRUE(*store->Commit({.puts = {{"small", "1"}}}));
  }
  EXPECT_EQ(*Open()->Get("small"), "1");
  EXPECT_EQ(*Open()->Get("k0"), std::nullopt);
}

TEST_F(SqliteMetaStoreTest, WritesNothingMoreAfterAFailedWrite) {
  const std::unique_ptr<MetaStore> store = Open();
  EXPECT_TRUE(*store->Commit({.puts = {{"a", "1"}}}));
  // A file size limit makes the kernel fail writes with EFBIG, which is no lack of room.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const absl::Status failed = store->Commit({.puts = {{"b", "2"}}}).status();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(CodeOf(failed), ErrorCode::kIoFailed) << failed;
  const absl::Status later = store->Commit({.puts = {{"c", "3"}}}).status();
  EXPECT_NE(MessageOf(later).find("read-only until the server restarts"), std::string_view::npos);
  EXPECT_EQ(*store->Get("a"), "1");
}

TEST_F(SqliteMetaStoreTest, RefusesAFileThatIsNotItsOwn) {
  WriteAll(std::string(5000, 'x'));
  EXPECT_EQ(CodeOf(TryOpen().status()), ErrorCode::kDataIntegrity);
}

TEST_F(SqliteMetaStoreTest, NoticesAnyChangedByteOfARow) {
  Open()->Commit({.puts = {{"key-of-a-row", "value-of-a-row"}, {"other", "text"}}}).value();
  const std::string good = ReadAll();
  for (const std::string part : {"key-of-a-row", "value-of-a-row"}) {
    const size_t at = good.find(part);
    ASSERT_NE(at, std::string::npos);
    for (size_t i = 0; i < part.size(); ++i) {
      std::string bad = good;
      bad[at + i] ^= 0x10;
      WriteAll(bad);
      EXPECT_EQ(CodeOf(TryOpen().status()), ErrorCode::kDataIntegrity) << part << " byte " << i;
    }
  }
  WriteAll(good);
  EXPECT_EQ(*Open()->Get("other"), "text");
}

TEST_F(SqliteMetaStoreTest, NeverServesADamagedFileAsAWholeOne) {
  {
    const std::unique_ptr<MetaStore> store = Open();
    for (int i = 0; i < 40; ++i) {
      store->Commit({.puts = {{"k" + std::to_string(i), std::string(100, 'a' + i % 26)}}}).value();
    }
  }
  const std::string good = ReadAll();
  const std::vector<KeyValue> rows = *Open()->Scan("");
  for (size_t at = 0; at < good.size(); at += 19) {  // A twentieth of the bytes.
    std::string bad = good;
    bad[at] = static_cast<char>(~bad[at]);
    WriteAll(bad);
    // Unused bytes may change; then everything is there all the same.
    absl::StatusOr<std::unique_ptr<MetaStore>> store = TryOpen();
    if (store.ok()) {
      EXPECT_EQ(*(*store)->Scan(""), rows) << "byte " << at;
    }
    store = absl::UnknownError("closed");
    std::filesystem::remove(path_ + "-wal");
    std::filesystem::remove(path_ + "-shm");
    std::filesystem::remove(path_ + "-journal");
  }
}

TEST_F(SqliteMetaStoreTest, LosesNoRowToADamagedWalOfAKilledProcess) {
  std::string database;
  std::string wal;
  const auto read = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  std::vector<KeyValue> rows;
  {
    const std::unique_ptr<MetaStore> store = Open();
    for (int i = 0; i < 40; ++i) {
      store->Commit({.puts = {{"k" + std::to_string(i), std::string(100, 'a' + i % 26)}}}).value();
    }
    rows = *store->Scan("");
    database = read(path_);  // As a killed process leaves them.
    wal = read(path_ + "-wal");
  }
  ASSERT_FALSE(wal.empty());
  for (size_t at = 0; at < wal.size(); at += 61) {
    std::string bad = wal;
    bad[at] ^= 0x10;
    WriteAll(database);
    std::ofstream(path_ + "-wal", std::ios::binary | std::ios::trunc) << bad;
    const absl::StatusOr<std::unique_ptr<MetaStore>> store = TryOpen();
    if (!store.ok()) continue;
    EXPECT_EQ(*(*store)->Scan(""), rows) << "byte " << at << " of " << wal.size();
  }
}

// Runs `body` in a child that a crash point ends.
template <typename Body>
void RunUntilCrash(const char* point, const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("ELANUS_CRASH_POINT", point, 1);
    ArmCrashPointsFromEnvironment();
    body();
    ::_exit(0);
  }
  int state = 0;
  ASSERT_EQ(::waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFSIGNALED(state)) << point;
}

TEST_F(SqliteMetaStoreTest, HasAllOrNothingOfATransactionAfterACrashAtEachPoint) {
  for (const std::string_view point : kCrashPoints) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    RunUntilCrash((std::string(point) + ":2").c_str(), [&] {
      const std::unique_ptr<MetaStore> store = Open();
      (void)store->Commit({.puts = {{"a", "1"}}});
      (void)store->Commit({.puts = {{"b", "2"}, {"c", "3"}}, .deletes = {"a"}});
    });
    const std::vector<KeyValue> before = {{"a", "1"}};
    const std::vector<KeyValue> after = {{"b", "2"}, {"c", "3"}};
    EXPECT_EQ(*Open()->Scan(""), point == kCommitAfter ? after : before) << point;
  }
}

}  // namespace
}  // namespace elanus::meta
