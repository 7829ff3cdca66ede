#include "coord/store_stamp.h"

#include <gtest/gtest.h>

#include "storage/memory_file_system.h"

namespace elanus::coord {
namespace {

class StoreStampTest : public testing::Test {
 protected:
  storage::MemoryFileSystem files_;
  std::unique_ptr<storage::ObjectStore> objects_ = storage::MakeLocalObjectStore(files_, "root");
};

TEST_F(StoreStampTest, TheFirstStartStampsAndLaterOnesCompare) {
  EXPECT_TRUE(CheckStoreStamp(*objects_, "one", "").ok());
  EXPECT_TRUE(CheckStoreStamp(*objects_, "one", "").ok());
  EXPECT_TRUE(CheckStoreStamp(*objects_, "one", "insert_log/1").ok());
  const absl::Status refused = CheckStoreStamp(*objects_, "two", "");
  EXPECT_EQ(CodeOf(refused), ErrorCode::kIoFailed);
  EXPECT_NE(MessageOf(refused).find("belongs to cluster one"), std::string::npos) << refused;
  EXPECT_NE(MessageOf(refused).find("minio.rootPath"), std::string::npos) << refused;
}

TEST_F(StoreStampTest, AStoreOfAnOlderVersionIsAdoptedIfItHasWhatTheCatalogNames) {
  const absl::Status refused = CheckStoreStamp(*objects_, "one", "insert_log/1");
  EXPECT_NE(MessageOf(refused).find("is this the right store"), std::string::npos) << refused;
  files_.Put("root/insert_log/1", "x");
  EXPECT_TRUE(CheckStoreStamp(*objects_, "one", "insert_log/1").ok());
  EXPECT_FALSE(CheckStoreStamp(*objects_, "two", "insert_log/1").ok());
}

TEST_F(StoreStampTest, AStampThatCannotBeReadIsNotOverwritten) {
  for (const char* bytes : {"", "x", "elanus 1 \n", "elanus 2 one\n", "elanus 1 one"}) {
    files_.Put("root/elanus_cluster", bytes);
    EXPECT_EQ(CodeOf(CheckStoreStamp(*objects_, "one", "")), ErrorCode::kDataIntegrity) << bytes;
  }
}

TEST_F(StoreStampTest, AStoreThatWasExchangedMeanwhileIsNoticed) {
  ASSERT_TRUE(CheckStoreStamp(*objects_, "one", "").ok());
  EXPECT_TRUE(VerifyStoreStamp(*objects_, "one").ok());
  EXPECT_EQ(CodeOf(VerifyStoreStamp(*objects_, "two")), ErrorCode::kIoFailed);
  ASSERT_TRUE(objects_->Remove("elanus_cluster").ok());
  const absl::Status refused = VerifyStoreStamp(*objects_, "one");
  EXPECT_NE(MessageOf(refused).find("lost the stamp"), std::string::npos) << refused;
  ASSERT_TRUE(objects_->List("elanus_cluster")->empty()) << "it is not written again";
}

}  // namespace
}  // namespace elanus::coord
