#include "storage/object_store.h"

#include <gtest/gtest.h>

#include "storage/crash_states.h"
#include "storage/fault_file_system.h"
#include "storage/memory_file_system.h"

namespace elanus::storage {
namespace {

absl::Status Put(ObjectStore& store, const std::string& key, std::string_view bytes) {
  return store.Put(key, {&bytes, 1});
}

std::string Get(ObjectStore& store, const std::string& key) {
  const auto object = store.Get(key);
  if (!object.ok()) return fmt::format("code {}", static_cast<int>(CodeOf(object.status())));
  const auto data = (*object)->data();
  return std::string(data.begin(), data.end());
}

std::vector<std::string> Keys(ObjectStore& store, const std::string& prefix) {
  const auto found = store.List(prefix);
  EXPECT_TRUE(found.ok()) << found.status();
  std::vector<std::string> keys;
  for (const FileInfo& info : *found) keys.push_back(info.name);
  return keys;
}

class LocalObjectStoreTest : public testing::Test {
 protected:
  MemoryFileSystem files_;
  std::unique_ptr<ObjectStore> store_ = MakeLocalObjectStore(files_, "root/files");
};

TEST_F(LocalObjectStoreTest, GivesBackWhatWasPut) {
  const std::string_view parts[] = {"ab", "", "cd"};
  ASSERT_TRUE(store_->Put("a/1/x", parts).ok());
  EXPECT_EQ(Get(*store_, "a/1/x"), "abcd");
  ASSERT_TRUE(Put(*store_, "a/1/x", "again").ok());
  EXPECT_EQ(Get(*store_, "a/1/x"), "again");
  EXPECT_EQ(Get(*store_, "a/1/y"), "code 1000");
}

TEST_F(LocalObjectStoreTest, ListsAndRemovesByWholeComponents) {
  for (const char* key : {"a/1/x", "a/1/y", "a/12/x", "b"})
    ASSERT_TRUE(Put(*store_, key, key).ok());
  using List = std::vector<std::string>;
  EXPECT_EQ(Keys(*store_, ""), (List{"a/1/x", "a/1/y", "a/12/x", "b"}));
  EXPECT_EQ(Keys(*store_, "a/1"), (List{"a/1/x", "a/1/y"}));
  EXPECT_EQ(Keys(*store_, "a/1/"), (List{"a/1/x", "a/1/y"}));
  EXPECT_EQ(Keys(*store_, "a/1/x"), (List{"a/1/x"}));
  EXPECT_EQ(Keys(*store_, "nowhere/at/all"), List{});
  ASSERT_TRUE(store_->RemovePrefix("a/1").ok());
  ASSERT_TRUE(store_->Remove("b").ok());
  ASSERT_TRUE(store_->Remove("b").ok());
  ASSERT_TRUE(store_->RemovePrefix("nowhere/at/all").ok());
  EXPECT_EQ(Keys(*store_, ""), (List{"a/12/x"}));
}

TEST_F(LocalObjectStoreTest, RefusesKeysThatLeaveTheDirectory) {
  for (const std::string& key :
       {std::string(""), std::string("/etc/passwd"), std::string("../x"), std::string("a/../../x"),
        std::string("a/./x"), std::string("a//x"), std::string("a/"), std::string(".tmp/x"),
        std::string("a\\b"), std::string("a\0b", 3), std::string("a\nb"), std::string(2000, 'k'),
        std::string(300, 'k') + "/x"}) {
    EXPECT_EQ(CodeOf(Put(*store_, key, "x")), ErrorCode::kParameterInvalid) << key;
    EXPECT_EQ(CodeOf(store_->Get(key).status()), ErrorCode::kParameterInvalid) << key;
    EXPECT_EQ(CodeOf(store_->Remove(key)), ErrorCode::kParameterInvalid) << key;
  }
  EXPECT_EQ(CodeOf(store_->RemovePrefix("")), ErrorCode::kParameterInvalid);
  EXPECT_EQ(CodeOf(store_->RemovePrefix("..")), ErrorCode::kParameterInvalid);
  EXPECT_FALSE(store_->List("../x").ok());
  EXPECT_TRUE(files_.Paths().empty());
}

TEST_F(LocalObjectStoreTest, ForgetsUnfinishedObjectsAtStart) {
  ASSERT_TRUE(Put(*store_, "a", "kept").ok());
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
        ASSERT_TRUE(Put(*store, "a/b", "old").ok());
        faults.Inject({at, kind, forever});
        const bool ok = Put(*store, "a/b", "new").ok();
        faults.StopFaults();
        const std::string found = Get(*store, "a/b");
        EXPECT_TRUE(found == "new" || (!ok && found == "old")) << found << " at " << at;
        ASSERT_TRUE(Put(*store, "a/b", "newer").ok());
        EXPECT_EQ(Get(*store, "a/b"), "newer");
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
    ASSERT_TRUE(Put(*store, fmt::format("d{}/o{}", i % 2, i), large + std::to_string(i)).ok());
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
        const std::string found = Get(*after, key);
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
