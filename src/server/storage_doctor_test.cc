#include "server/storage_doctor.h"

#include <gtest/gtest.h>

#include "storage/fault_file_system.h"
#include "storage/memory_file_system.h"

namespace elanus::server {
namespace {

TEST(StorageDoctor, FindsADirectoryFitAndLeavesNothing) {
  storage::MemoryFileSystem files;
  const DoctorReport report = ExamineStorage(Settings::Paths(), ObjectStoreSettings(), files,
                                             {.num_small = 3, .large_bytes = 1000});
  EXPECT_TRUE(report.healthy()) << FormatReport(report);
  EXPECT_NE(FormatReport(report).find("ok    put object"), std::string::npos)
      << FormatReport(report);
  EXPECT_TRUE(files.Paths().empty());
}

TEST(StorageDoctor, SaysWhatADirectoryRefuses) {
  storage::MemoryFileSystem files;
  files.set_capacity(10'000);
  const DoctorReport full =
      ExamineStorage(Settings::Paths(), ObjectStoreSettings(), files, {.num_small = 5});
  EXPECT_FALSE(full.healthy());
  EXPECT_NE(FormatReport(full).find("FAIL  put object         no space left"), std::string::npos)
      << FormatReport(full);
}

TEST(StorageDoctor, SaysThatARemoteStoreIsDown) {
  storage::MemoryFileSystem files;
  ObjectStoreSettings settings;
  settings.remote = true;
  settings.credentials_given = true;
  settings.host = "127.0.0.1:1";  // Nobody listens there.
  const DoctorReport report = ExamineStorage(Settings::Paths(), settings, files);
  EXPECT_FALSE(report.healthy());
  EXPECT_NE(FormatReport(report).find("is the store running"), std::string::npos)
      << FormatReport(report);
}

}  // namespace
}  // namespace elanus::server
