#include "server/data_dir_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "common/status.h"

namespace elanus::server {
namespace {

class DataDirLockTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(root_); }
  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("elanus_lock_test_" + std::to_string(getpid()));
  const std::string directory_ = (root_ / "a" / "b").string();
};

TEST_F(DataDirLockTest, MakesTheDirectoryForItsOwnerOnly) {
  ASSERT_TRUE(DataDirLock::Acquire(directory_).ok());
  struct stat info {};
  ASSERT_EQ(stat(directory_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(DataDirLockTest, RefusesASecondServerAndNamesTheFirst) {
  auto first = DataDirLock::Acquire(directory_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = DataDirLock::Acquire(directory_);
  ASSERT_FALSE(second.ok());
  const std::string message(MessageOf(second.status()));
  EXPECT_NE(message.find("process " + std::to_string(getpid())), std::string::npos) << message;
  EXPECT_NE(message.find(directory_), std::string::npos) << message;
  { const DataDirLock gone = *std::move(first); }
  EXPECT_TRUE(DataDirLock::Acquire(directory_).ok());
}

TEST_F(DataDirLockTest, EndsWithTheProcessHoweverThatEnds) {
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = DataDirLock::Acquire(directory_);
    if (lock.ok()) kill(getpid(), SIGKILL);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(DataDirLock::Acquire(directory_).ok());
}

TEST_F(DataDirLockTest, RefusesAFileAndALinkInPlaceOfTheLock) {
  std::filesystem::create_directories(root_);
  std::ofstream(root_ / "file") << "x";
  EXPECT_FALSE(DataDirLock::Acquire((root_ / "file").string()).ok());
  EXPECT_FALSE(DataDirLock::Acquire("/proc/nothing").ok());
  std::filesystem::create_directories(directory_);
  std::filesystem::create_symlink(root_ / "file", std::filesystem::path(directory_) / "LOCK");
  EXPECT_FALSE(DataDirLock::Acquire(directory_).ok());
}

}  // namespace
}  // namespace elanus::server
