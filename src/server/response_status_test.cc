#include "server/response_status.h"

#include <gtest/gtest.h>

#include "common/status.h"
#include "milvus.pb.h"

namespace elanus::server {
namespace {

namespace wire = ::milvus::proto::milvus;

TEST(ResponseStatus, IsFoundInEveryShapeOfResponse) {
  milvus::proto::common::Status itself;
  EXPECT_EQ(StatusField::Of(*itself.GetDescriptor()).In(&itself), &itself);

  wire::SearchResults first_field;
  EXPECT_EQ(StatusField::Of(*first_field.GetDescriptor()).In(&first_field),
            first_field.mutable_status());

  wire::ComponentStates later_field;
  EXPECT_EQ(StatusField::Of(*later_field.GetDescriptor()).In(&later_field),
            later_field.mutable_status());

  wire::AlterCollectionSchemaResponse other_name;
  EXPECT_EQ(StatusField::Of(*other_name.GetDescriptor()).In(&other_name),
            other_name.mutable_alter_status());
}

TEST(ResponseStatus, IsAbsentWhereTheProtocolHasNone) {
  wire::DummyResponse response;
  EXPECT_FALSE(StatusField::Of(*response.GetDescriptor()).exists());
  EXPECT_EQ(StatusField::Of(*response.GetDescriptor()).In(&response), nullptr);
}

TEST(ResponseStatus, ReadsAnUnsetStatusAsNone) {
  const wire::SearchResults response;
  EXPECT_EQ(StatusField::Of(*response.GetDescriptor()).In(response), nullptr);
}

TEST(ResponseStatus, SaysTheSameInTheOldAndTheNewParts) {
  milvus::proto::common::Status status;
  FillPlainStatus(RetryableError(ErrorCode::kTooManyRequests, "later"), &status);
  EXPECT_EQ(status.code(), 4);
  EXPECT_EQ(status.error_code(), milvus::proto::common::UnexpectedError);
  EXPECT_TRUE(status.retriable());
  EXPECT_EQ(status.reason(), "later: too many concurrent requests, queue is full");
}

}  // namespace
}  // namespace elanus::server
