#include "storage/metered_object_store.h"

#include <gtest/gtest.h>

#include "storage/fault_file_system.h"
#include "storage/memory_file_system.h"
#include "storage/object_store_contract_test.h"

namespace elanus::storage {
namespace {

class MeteredObjectStoreTest : public testing::Test {
 protected:
  bool Shows(const std::string& line) {
    return metrics_.Render().find(line + "\n") != std::string::npos;
  }

  MetricRegistry metrics_;
  MemoryFileSystem files_;
  FaultFileSystem faults_{files_};
  std::unique_ptr<ObjectStore> store_ =
      MakeMeteredObjectStore(MakeLocalObjectStore(faults_, "root"), metrics_);
};

TEST_F(MeteredObjectStoreTest, DoesWhatTheStoreDoes) {
  ExpectGivesBackWhatWasPut(*store_);
}
TEST_F(MeteredObjectStoreTest, ListsAndRemoves) {
  ExpectListsAndRemovesByWholeComponents(*store_);
}
TEST_F(MeteredObjectStoreTest, RefusesWhatTheStoreRefuses) {
  ExpectRefusesKeysThatLeaveTheStore(*store_);
}

TEST_F(MeteredObjectStoreTest, CountsByOperationAndOutcome) {
  ASSERT_TRUE(PutBytes(*store_, "a", "12345").ok());
  EXPECT_EQ(GetBytes(*store_, "a"), "12345");
  EXPECT_EQ(GetBytes(*store_, "b"), "code 1000");
  EXPECT_TRUE(Shows(R"(internal_storage_kv_size_sum{persistent_data_op_type="put"} 5)"));
  EXPECT_TRUE(Shows(R"(internal_storage_kv_size_sum{persistent_data_op_type="get"} 5)"));
  faults_.Inject({.at_call = 1, .kind = FaultKind::kIoError, .forever = true});
  EXPECT_FALSE(store_->Get("a").ok());
  const std::string name = "milvus_storage_op_count{persistent_data_op_type=\"get\",status=";
  EXPECT_TRUE(Shows(name + "\"total\"} 3")) << metrics_.Render();
  EXPECT_TRUE(Shows(name + "\"success\"} 2"));
  EXPECT_TRUE(Shows(name + "\"fail\"} 1"));
  EXPECT_TRUE(Shows("milvus_storage_kv_size_sum{persistent_data_op_type=\"put\"} 5"));
  EXPECT_TRUE(Shows("milvus_storage_request_latency_count{persistent_data_op_type=\"put\"} 1"));
}

}  // namespace
}  // namespace elanus::storage
