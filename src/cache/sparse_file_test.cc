#include "cache/sparse_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cache/cache_directory.h"

namespace elanus::cache {
namespace {

class SparseFileTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/sparse_file_test";
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  static std::string ReadOf(const SparseFile& file, uint64_t offset, size_t bytes) {
    std::string out(bytes, '?');
    EXPECT_TRUE(file.Read(offset, {reinterpret_cast<uint8_t*>(out.data()), out.size()}).ok());
    return out;
  }

  std::string root_;
};

TEST_F(SparseFileTest, HoldsWhatWasWrittenUntilItIsPunchedOut) {
  auto file = *SparseFile::Open(root_ + "/a/b", 1 << 20);
  EXPECT_FALSE(file->was_there());
  EXPECT_FALSE(file->HasData(65536, 8192));
  ASSERT_TRUE(file->Write(65536, std::string(8192, 'x')).ok());
  EXPECT_TRUE(file->HasData(65536, 8192));
  EXPECT_EQ(ReadOf(*file, 65536, 8192), std::string(8192, 'x'));
  const uint8_t* mapped = *file->Map();
  EXPECT_EQ(mapped[65536], 'x');
  file->PunchHole(65536, 8192);
  EXPECT_EQ(mapped[65536], 0);
  EXPECT_FALSE(file->HasData(65536, 8192));
}

TEST_F(SparseFileTest, AFileOfAnotherLengthIsNotTheObjects) {
  {
    auto file = *SparseFile::Open(root_ + "/a", 100);
    ASSERT_TRUE(file->Write(0, "text").ok());
  }
  EXPECT_TRUE((*SparseFile::Open(root_ + "/a", 100))->was_there());
  auto other = *SparseFile::Open(root_ + "/a", 101);
  EXPECT_FALSE(other->was_there());
  EXPECT_EQ(ReadOf(*other, 0, 4), std::string(4, '\0'));
}

TEST_F(SparseFileTest, FilesGoWithTheirUsersAndStayWhenTheProcessStops) {
  auto directory = *CacheDirectory::Open(root_);
  const auto count = [&] {
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      files += entry.is_regular_file();
    }
    return files;
  };
  {
    auto file = *directory->Claim("insert_log/1/2", 100);
    auto again = *directory->Claim("insert_log/1/2", 100);  // Not shared.
    ASSERT_TRUE((*file)->Write(0, "one").ok());
    EXPECT_EQ(ReadOf(**again, 0, 3), std::string(3, '\0'));
    EXPECT_EQ(count(), 2);
  }
  EXPECT_EQ(count(), 0);
  {
    auto kept = *directory->Claim("insert_log/1/2", 100);
    auto orphan = *directory->Claim("insert_log/1/3", 100);
    ASSERT_TRUE((*kept)->Write(0, "one").ok());
    directory->KeepFiles();
  }
  EXPECT_EQ(count(), 2);
  auto next = *CacheDirectory::Open(root_);
  auto found = *next->Claim("insert_log/1/2", 100);
  EXPECT_TRUE((*found)->was_there());
  EXPECT_EQ(ReadOf(**found, 0, 3), "one");
  EXPECT_EQ(next->RemoveLeftOver(), 1);
  EXPECT_EQ(count(), 1);
}

}  // namespace
}  // namespace elanus::cache
