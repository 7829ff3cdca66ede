#include "storage/fault_file_system.h"

#include <gtest/gtest.h>

#include <set>

#include "storage/crash_states.h"
#include "storage/memory_file_system.h"

namespace elanus::storage {
namespace {

absl::Status Append(WritableFile& file, std::string_view bytes) {
  return file.Append({&bytes, 1});
}

class FaultFileSystemTest : public testing::Test {
 protected:
  FaultFileSystemTest() {
    faults_.StartTrace();
    EXPECT_TRUE(faults_.CreateDirectories("d").ok());
  }
  std::unique_ptr<WritableFile> Create(const std::string& path) {
    auto file = faults_.Create(path);
    EXPECT_TRUE(file.ok()) << file.status();
    return std::move(*file);
  }
  // What the file held in each of many crash states; "-" where it was missing.
  std::set<std::string> Outcomes(const std::string& path, const std::vector<DiskOperation>& trace,
                                 uint64_t sector_bytes = 512) {
    std::set<std::string> outcomes;
    for (uint64_t seed = 0; seed < 300; ++seed) {
      const auto disk = MakeCrashState(trace, {seed, sector_bytes});
      const auto bytes = disk->Read(path);
      outcomes.insert(bytes.ok() ? *bytes : "-");
    }
    return outcomes;
  }

  MemoryFileSystem memory_;
  FaultFileSystem faults_{memory_};
};

TEST_F(FaultFileSystemTest, FailsTheCallItIsToldToOnce) {
  faults_.Inject({.at_call = 2});
  EXPECT_TRUE(faults_.List("d").ok());
  EXPECT_EQ(CodeOf(faults_.List("d").status()), ErrorCode::kIoFailed);
  EXPECT_TRUE(faults_.List("d").ok());
  EXPECT_EQ(faults_.num_faults(), 1u);
}

TEST_F(FaultFileSystemTest, FailsForEverFromACallOn) {
  faults_.Inject({.at_call = 2, .forever = true});
  EXPECT_TRUE(faults_.List("d").ok());
  EXPECT_FALSE(faults_.List("d").ok());
  EXPECT_FALSE(faults_.List("d").ok());
  faults_.StopFaults();
  EXPECT_TRUE(faults_.List("d").ok());
}

TEST_F(FaultFileSystemTest, LetsCallsThatNeedNoRoomPassOnAFullDisk) {
  const auto file = Create("d/f");
  faults_.Inject({.at_call = 1, .kind = FaultKind::kNoSpace, .forever = true});
  EXPECT_EQ(CodeOf(Append(*file, "x")), ErrorCode::kDiskLimitExceeded);
  EXPECT_TRUE(faults_.Read("d/f").ok());
  EXPECT_TRUE(faults_.Remove("d/f").ok());
}

TEST_F(FaultFileSystemTest, WritesHalfOnAShortWrite) {
  const auto file = Create("d/f");
  faults_.Inject({.at_call = 1, .kind = FaultKind::kShortWrite});
  EXPECT_FALSE(Append(*file, "abcdef").ok());
  EXPECT_EQ(*memory_.Read("d/f"), "abc");
}

TEST_F(FaultFileSystemTest, KeepsSyncedBytesInEveryCrashState) {
  const auto file = Create("d/f");
  ASSERT_TRUE(Append(*file, "kept").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(faults_.SyncDirectory("d").ok());
  ASSERT_TRUE(Append(*file, "?").ok());
  EXPECT_EQ(Outcomes("d/f", faults_.TakeTrace()), (std::set<std::string>{"kept", "kept?"}));
}

TEST_F(FaultFileSystemTest, MayLoseAFileWhoseDirectoryWasNotSynced) {
  const auto file = Create("d/f");
  ASSERT_TRUE(Append(*file, "x").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Outcomes("d/f", faults_.TakeTrace()), (std::set<std::string>{"-", "x"}));
}

TEST_F(FaultFileSystemTest, MayLoseARenameThatWasNotSynced) {
  for (const char* name : {"d/old", "d/new"}) {
    const auto file = Create(name);
    ASSERT_TRUE(Append(*file, name).ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  ASSERT_TRUE(faults_.SyncDirectory("d").ok());
  ASSERT_TRUE(faults_.Rename("d/new", "d/old").ok());
  EXPECT_EQ(Outcomes("d/old", faults_.TakeTrace()), (std::set<std::string>{"d/old", "d/new"}));
}

TEST_F(FaultFileSystemTest, TearsAWriteAtSectors) {
  const auto file = Create("d/f");
  ASSERT_TRUE(faults_.SyncDirectory("d").ok());
  ASSERT_TRUE(Append(*file, std::string(1024, 'x')).ok());
  const std::string x(512, 'x');
  const std::string zeros(512, '\0');
  EXPECT_EQ(Outcomes("d/f", faults_.TakeTrace()), (std::set<std::string>{"", x, zeros + x, x + x}));
}

TEST_F(FaultFileSystemTest, LeavesBytesInDoubtAfterAFailedSync) {
  const auto file = Create("d/f");
  ASSERT_TRUE(faults_.SyncDirectory("d").ok());
  ASSERT_TRUE(Append(*file, "x").ok());
  faults_.Inject({.at_call = 1, .kind = FaultKind::kSyncError});
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(Outcomes("d/f", faults_.TakeTrace()), (std::set<std::string>{"", "x"}));
}

TEST(MemoryFileSystem, RunsFullAndTakesMoreWhenThereIsRoom) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.CreateDirectories("d").ok());
  files.set_capacity(10);
  auto file = files.Create("d/f");
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(Append(**file, "12345678").ok());
  EXPECT_EQ(CodeOf(Append(**file, "9abc")), ErrorCode::kDiskLimitExceeded);
  EXPECT_EQ(files.used_bytes(), 10u);
  files.set_capacity(100);
  EXPECT_TRUE(Append(**file, "c").ok());
}

}  // namespace
}  // namespace elanus::storage
