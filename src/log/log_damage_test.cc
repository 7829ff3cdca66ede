// Every damage to a log's files is reported or harmless; a torn end is cut.

#include <gtest/gtest.h>

#include "log/log_file.h"
#include "log/log_for_test.h"
#include "storage/memory_file_system.h"

namespace elanus::log {
namespace {

using storage::MemoryFileSystem;
using Image = std::vector<std::pair<std::string, std::string>>;  // Path, bytes.

constexpr uint64_t kFileBytes = 300;

class LogDamageTest : public testing::Test {
 protected:
  LogDamageTest() {
    MemoryFileSystem files;
    {
      const auto log = OpenFileLog(files, TestOptions(kFileBytes));
      for (int i = 0; i < 12; ++i) {
        AppendAll(**log, {fmt::format("record {} {}", i, std::string(i * 3, 'r')), "second"},
                  journal_);
      }
    }
    image_ = Snapshot(files);
    EXPECT_GE(image_.size(), 4u);
    const Replayed replayed = Replay(image_);
    EXPECT_TRUE(replayed.status.ok()) << replayed.status;
    for (size_t i = 0; i < journal_.size(); ++i) {
      EXPECT_EQ(replayed.records.at(i).second, journal_[i].text);
    }
  }

  static Image Snapshot(MemoryFileSystem& files) {
    Image image;
    for (const std::string& path : files.Paths()) image.emplace_back(path, *files.Read(path));
    return image;
  }
  static void Restore(const Image& image, MemoryFileSystem& files) {
    for (const auto& [path, bytes] : image) files.Put(path, bytes);
  }
  static Replayed Replay(const Image& image) {
    MemoryFileSystem files;
    Restore(image, files);
    return OpenAndReplay(files, TestOptions(kFileBytes));
  }
  bool HasAll(const Replayed& replayed) const { return HasFirst(replayed, journal_.size()); }
  bool HasFirst(const Replayed& replayed, size_t count) const {
    if (replayed.records.size() != count) return false;
    for (size_t i = 0; i < count; ++i) {
      if (replayed.records[i].second != journal_[i].text) return false;
    }
    return true;
  }
  std::string& Newest() { return image_.back().second; }

  Journal journal_;
  Image image_;
};

TEST_F(LogDamageTest, ReportsEveryDamagedByteOrReplaysTheSame) {
  int harmless = 0;
  int reported = 0;
  for (size_t file = 0; file < image_.size(); ++file) {
    for (size_t at = 0; at < image_[file].second.size(); ++at) {
      const char original = image_[file].second[at];
      for (const char value : {static_cast<char>(original ^ (1 << (at % 8))), '\0', '\xff'}) {
        if (value == original) continue;
        image_[file].second[at] = value;
        const Replayed replayed = Replay(image_);
        image_[file].second[at] = original;
        if (replayed.status.ok()) {
          ++harmless;
          ASSERT_TRUE(HasAll(replayed)) << image_[file].first << " at " << at;
          continue;
        }
        ++reported;
        ASSERT_EQ(CodeOf(replayed.status), ErrorCode::kDataIntegrity);
        ASSERT_NE(MessageOf(replayed.status).find(image_[file].first), std::string_view::npos);
        ASSERT_NE(MessageOf(replayed.status).find("offset"), std::string_view::npos);
      }
    }
  }
  EXPECT_GT(reported, 1000);
  // Only the mark at the very end holds nothing that was acknowledged, and the marks at the end of
  // the other files, which a next file made superfluous.
  EXPECT_LE(harmless, static_cast<int>(3 * kFrameHeaderBytes * image_.size()));
}

TEST_F(LogDamageTest, CutsATornTailAtEveryByteAndGoesOn) {
  const std::string whole = Newest();
  size_t last = 0;
  for (size_t length = 0; length <= whole.size(); ++length) {
    Newest() = whole.substr(0, length);
    MemoryFileSystem files;
    Restore(image_, files);
    const Replayed replayed = OpenAndReplay(files, TestOptions(kFileBytes));
    ASSERT_TRUE(replayed.status.ok()) << replayed.status << " at " << length;
    ASSERT_TRUE(HasFirst(replayed, replayed.records.size())) << length;
    ASSERT_GE(replayed.records.size(), last);
    last = replayed.records.size();
    {
      const auto log = OpenFileLog(files, TestOptions(kFileBytes));
      ASSERT_TRUE((*log)->AppendAndWait("new").ok());
    }
    const Replayed after = OpenAndReplay(files, TestOptions(kFileBytes));
    ASSERT_TRUE(after.status.ok()) << after.status << " at " << length;
    ASSERT_EQ(after.records.size(), last + 1) << length;
    ASSERT_EQ(after.records.back().second, "new");
  }
  EXPECT_EQ(last, journal_.size());
}

TEST_F(LogDamageTest, ReportsEveryTruncationOfAnOlderFile) {
  for (size_t file = 0; file + 1 < image_.size(); ++file) {
    const std::string whole = image_[file].second;
    for (size_t length = 0; length < whole.size(); ++length) {
      image_[file].second = whole.substr(0, length);
      const Replayed replayed = Replay(image_);
      if (replayed.status.ok()) {
        // The first file may lose its header: then it is as if it had been dropped; the rest is
        // whole.
        const bool only_the_mark = HasAll(replayed);
        ASSERT_TRUE(only_the_mark || (file == 0 && length < kFileHeaderBytes)) << length;
      } else {
        ASSERT_EQ(CodeOf(replayed.status), ErrorCode::kDataIntegrity);
      }
    }
    image_[file].second = whole;
  }
}

TEST_F(LogDamageTest, TakesZerosAndOldBytesBehindTheEndAsATornTail) {
  const std::string whole = Newest();
  for (const std::string& tail : {std::string(5000, '\0'), std::string(777, '\xab'),
                                  whole.substr(kFileHeaderBytes), std::string(3, 'x')}) {
    Newest() = whole + tail;
    const Replayed replayed = Replay(image_);
    ASSERT_TRUE(replayed.status.ok()) << replayed.status;
    EXPECT_TRUE(HasAll(replayed));
  }
}

TEST_F(LogDamageTest, ReportsDamageToTheLastRecordOfAKilledProcessOnceItsMarkIsThere) {
  Newest()[Newest().size() - kFrameHeaderBytes - 3] ^= 1;  // In the record before the mark.
  EXPECT_EQ(CodeOf(Replay(image_).status), ErrorCode::kDataIntegrity);
}

TEST_F(LogDamageTest, CutsAnUnfinishedLastBatchThatHasNoMark) {
  Newest().resize(Newest().size() - kFrameHeaderBytes);
  Newest()[Newest().size() - 3] ^= 1;
  const Replayed replayed = Replay(image_);
  ASSERT_TRUE(replayed.status.ok()) << replayed.status;
  EXPECT_TRUE(HasFirst(replayed, replayed.records.size()));
  EXPECT_LT(replayed.records.size(), journal_.size());
}

TEST_F(LogDamageTest, ReportsAMissingFileInTheMiddle) {
  for (size_t file = 1; file + 1 < image_.size(); ++file) {
    Image image = image_;
    image.erase(image.begin() + static_cast<long>(file));
    EXPECT_EQ(CodeOf(Replay(image).status), ErrorCode::kDataIntegrity) << file;
  }
}

TEST_F(LogDamageTest, ReportsABlockThatLandedElsewhere) {
  // The same offset of another file: right in itself, wrong here.
  Image image = image_;
  const size_t length = std::min(image[1].second.size(), image[2].second.size()) - kFileHeaderBytes;
  image[1].second.replace(kFileHeaderBytes, length,
                          image[2].second.substr(kFileHeaderBytes, length));
  EXPECT_EQ(CodeOf(Replay(image).status), ErrorCode::kDataIntegrity);
  image = image_;
  std::swap(image[1].second, image[2].second);
  EXPECT_EQ(CodeOf(Replay(image).status), ErrorCode::kDataIntegrity);
}

TEST_F(LogDamageTest, PassesOverAFileThatWasJustBeingCreated) {
  for (const std::string& bytes : {std::string(), std::string(20, 'E'), std::string(4096, '\0')}) {
    Image image = image_;
    image.emplace_back(std::string(kTestDirectory) + "/00000000000000ff.log", bytes);
    MemoryFileSystem files;
    Restore(image, files);
    const Replayed replayed = OpenAndReplay(files, TestOptions(kFileBytes));
    ASSERT_TRUE(replayed.status.ok()) << replayed.status;
    EXPECT_TRUE(HasAll(replayed));
    ASSERT_TRUE((*OpenFileLog(files, TestOptions(kFileBytes)))->AppendAndWait("new").ok());
    EXPECT_EQ(OpenAndReplay(files, TestOptions(kFileBytes)).records.size(), journal_.size() + 1);
  }
}

TEST_F(LogDamageTest, IgnoresForeignFiles) {
  image_.emplace_back(std::string(kTestDirectory) + "/notes.txt", "hello");
  image_.emplace_back(std::string(kTestDirectory) + "/1.log", "hello");
  EXPECT_TRUE(HasAll(Replay(image_)));
}

TEST_F(LogDamageTest, RefusesAVersionItDoesNotKnow) {
  std::string header = Newest().substr(0, kFileHeaderBytes);
  header[8] = 9;
  EXPECT_FALSE(ParseFileHeader(header, "x").ok());
}

}  // namespace
}  // namespace elanus::log
