#include "storage/object_store.h"

#include <gtest/gtest.h>

#include "storage/crash_states.h"
#include "storage/fault_file_system.h"
#include "storage/memory_file_system.h"
#include "storage/object_store_contract_test.h"

namespace elanus::storage {
namespace {

class LocalObjectStoreTest : public testing::Test {
 protected:
  MemoryFileSystem files_;
  std::unique_ptr<ObjectStore> store_ = MakeLocalObjectStore(files_, "root/files");
};

TEST_F(LocalObjectStoreTest, GivesBackWhatWasPut) {
  ExpectGivesBackWhatWasPut(*store_);
}

TEST_F(LocalObjectStoreTest, PutsIfAbsent) {
  ExpectPutsIfAbsent(*store_);
}

TEST_F(LocalObjectStoreTest, ListsAndRemovesByWholeComponents) {
  ExpectListsAndRemovesByWholeComponents(*store_);
}

TEST_F(LocalObjectStoreTest, RefusesKeysThatLeaveTheDirectory) {
  ExpectRefusesKeysThatLeaveTheStore(*store_);
  EXPECT_TRUE(files_.Paths().empty());
}

TEST_F(LocalObjectStoreTest, ForgetsUnfinishedObjectsAtStart) {
  ASSERT_TRUE(PutBytes(*store_, "a", "kept").ok());
  files_.Put("root/files/.tmp/left", "half");
  ASSERT_TRUE(RemoveStaleObjectParts(files_, "root/files").ok());
  EXPECT_EQ(files_.Paths(), (std::vector<std::string>{"root/files/a"}));
}

TEST(LocalObjectStore, LeavesTheOldObjectOrTheNewWhateverFails) {
  const FaultKind kinds[] = {FaultKind::kIoError, FaultKind::kNoSpace, FaultKind::kShortWrite,
                             FaultKind::kSyncError};
  for (const FaultKind kind : kinds) {
    for (uint64_t at = 1; at < 15; ++at) {
      for (const bool forever : {false, true}) {
        MemoryFileSystem memory;
        FaultFileSystem faults(memory);
        const auto store = MakeLocalObjectStore(faults, "root");
        ASSERT_TRUE(PutBytes(*store, "a/b", "old").ok());
        faults.Inject({at, kind, forever});
        const bool ok = PutBytes(*store, "a/b", "new").ok();
        faults.StopFaults();
        const std::string found = GetBytes(*store, "a/b");
        EXPECT_TRUE(found == "new" || (!ok && found == "old")) << found << " at " << at;
        ASSERT_TRUE(PutBytes(*store, "a/b", "newer").ok());
        EXPECT_EQ(GetBytes(*store, "a/b"), "newer");
      }
    }
  }
}

TEST(LocalObjectStore, KeepsWhatWasPutThroughAPowerCutAtAnyMoment) {
  MemoryFileSystem memory;
  FaultFileSystem faults(memory);
  faults.StartTrace();
  const auto store = MakeLocalObjectStore(faults, "root");
  std::vector<size_t> done;  // Trace length when object i was reported durable.
  const std::string large(3000, 'v');
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(PutBytes(*store, fmt::format("d{}/o{}", i % 2, i), large + std::to_string(i)).ok());
    done.push_back(faults.trace_size());
  }
  const std::vector<DiskOperation> trace = faults.TakeTrace();
  for (size_t cut = 0; cut <= trace.size(); ++cut) {
    for (uint64_t seed = 0; seed < 40; ++seed) {
      const auto disk =
          MakeCrashState({trace.data(), cut}, {seed * 1000 + cut, seed % 2 == 0 ? 512u : 4096u});
      ASSERT_TRUE(RemoveStaleObjectParts(*disk, "root").ok());
      const auto after = MakeLocalObjectStore(*disk, "root");
      for (int i = 0; i < 6; ++i) {
        const std::string key = fmt::format("d{}/o{}", i % 2, i);
        const std::string found = GetBytes(*after, key);
        const bool whole = found == large + std::to_string(i);
        const bool missing = found == "code 1000";
        ASSERT_TRUE(whole || (missing && done[i] > cut))
            << key << " cut " << cut << " seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace elanus::storage
