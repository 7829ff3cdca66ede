#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "storage/file_system.h"

namespace elanus::storage {
namespace {

class PosixFileSystemTest : public testing::Test {
 protected:
  PosixFileSystemTest() {
    char pattern[] = "/tmp/elanus-files-XXXXXX";
    root_ = ::mkdtemp(pattern);
  }
  ~PosixFileSystemTest() override { EXPECT_TRUE(files_.RemoveRecursively(root_).ok()); }

  std::string Path(const std::string& name) const { return root_ + "/" + name; }
  void Write(const std::string& name, std::string_view bytes) {
    auto file = files_.Create(Path(name));
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Append({&bytes, 1}).ok());
    ASSERT_TRUE((*file)->Sync().ok());
    ASSERT_TRUE((*file)->Close().ok());
  }

  FileSystem& files_ = PosixFileSystem();
  std::string root_;
};

TEST_F(PosixFileSystemTest, WritesManyPartsAndReadsThemBack) {
  std::string expected;
  std::vector<std::string> pieces;
  for (int i = 0; i < 3000; ++i)
    pieces.push_back(std::string(i % 7, static_cast<char>('a' + i % 26)));
  for (const std::string& piece : pieces) expected += piece;
  const std::vector<std::string_view> parts(pieces.begin(), pieces.end());
  auto file = files_.Create(Path("f"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append(parts).ok());
  EXPECT_EQ((*file)->size(), expected.size());
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(*files_.Read(Path("f")), expected);
  const auto map = files_.Map(Path("f"));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(std::string((*map)->data().begin(), (*map)->data().end()), expected);
}

TEST_F(PosixFileSystemTest, AppendsBehindWhatIsThere) {
  Write("f", "abc");
  auto file = files_.OpenForAppend(Path("f"));
  ASSERT_TRUE(file.ok());
  const std::string_view part = "def";
  ASSERT_TRUE((*file)->Append({&part, 1}).ok());
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(*files_.Read(Path("f")), "abcdef");
}

TEST_F(PosixFileSystemTest, GivesBackTheRoomItSetAside) {
  auto file = files_.Create(Path("f"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Preallocate(100000).ok());
  const std::string_view part = "x";
  ASSERT_TRUE((*file)->Append({&part, 1}).ok());
  EXPECT_EQ(files_.Read(Path("f"))->size(), 100000u);
  EXPECT_EQ((*file)->size(), 1u);
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(*files_.Read(Path("f")), "x");
}

TEST_F(PosixFileSystemTest, MapsAnEmptyFile) {
  Write("f", "");
  const auto map = files_.Map(Path("f"));
  ASSERT_TRUE(map.ok());
  EXPECT_TRUE((*map)->data().empty());
}

TEST_F(PosixFileSystemTest, ListsSortedWithoutLinks) {
  Write("b", "22");
  Write("a", "1");
  ASSERT_TRUE(files_.CreateDirectories(Path("c/d")).ok());
  ASSERT_EQ(::symlink("/etc", Path("link").c_str()), 0);
  const auto found = files_.List(root_);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].name, "a");
  EXPECT_EQ((*found)[1].size, 2u);
  EXPECT_TRUE((*found)[2].is_directory);
}

TEST_F(PosixFileSystemTest, DoesNotFollowALinkPutInPlaceOfAFile) {
  Write("secret", "s");
  ASSERT_EQ(::symlink(Path("secret").c_str(), Path("link").c_str()), 0);
  EXPECT_FALSE(files_.Read(Path("link")).ok());
  EXPECT_FALSE(files_.Create(Path("link")).ok());
  EXPECT_EQ(*files_.Read(Path("secret")), "s");
}

TEST_F(PosixFileSystemTest, RemovesATreeButNotWhatLinksPointTo) {
  Write("kept", "k");
  ASSERT_TRUE(files_.CreateDirectories(Path("t/u")).ok());
  Write("t/u/f", "x");
  ASSERT_EQ(::symlink(root_.c_str(), Path("t/link").c_str()), 0);
  ASSERT_TRUE(files_.RemoveRecursively(Path("t")).ok());
  ASSERT_TRUE(files_.RemoveRecursively(Path("t")).ok());
  EXPECT_FALSE(files_.List(Path("t")).ok());
  EXPECT_EQ(*files_.Read(Path("kept")), "k");
}

TEST_F(PosixFileSystemTest, NamesPathAndReason) {
  const auto missing = files_.Read(Path("nothing"));
  EXPECT_EQ(CodeOf(missing.status()), ErrorCode::kIoKeyNotFound);
  EXPECT_NE(MessageOf(missing.status()).find("nothing: No such file"), std::string_view::npos);
  EXPECT_EQ(CodeOf(files_.Read(root_).status()), ErrorCode::kIoFailed);
  EXPECT_TRUE(files_.Remove(Path("nothing")).ok());
}

TEST_F(PosixFileSystemTest, GoesOnAfterAShortWriteAndReportsTheLimit) {
  // A file size limit makes the kernel write a part first, then fail.
  struct rlimit old {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  auto file = files_.Create(Path("f"));
  ASSERT_TRUE(file.ok());
  struct rlimit small = old;
  small.rlim_cur = 5000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string bytes(3000, 'x');
  const std::string_view parts[] = {bytes, bytes};
  const absl::Status status = (*file)->Append(parts);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(CodeOf(status), ErrorCode::kIoFailed);
  EXPECT_NE(MessageOf(status).find("File too large"), std::string_view::npos);
  EXPECT_EQ(files_.Read(Path("f"))->size(), 5000u);
}

}  // namespace
}  // namespace elanus::storage
