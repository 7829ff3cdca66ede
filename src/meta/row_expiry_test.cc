#include "meta/row_expiry.h"

#include <gtest/gtest.h>

namespace elanus::meta {
namespace {

constexpr FieldId kOwnTime{101};

Collection WithProperties(KeyValues properties) {
  Collection out;
  schema::FieldSchema field;
  field.id = kOwnTime;
  field.name = "gone_at";
  field.type = schema::DataType::kTimestamptz;
  out.schema.fields.push_back(field);
  out.properties = std::move(properties);
  return out;
}

Segment Inserted(uint64_t first_ms, uint64_t last_ms) {
  Segment out;
  out.num_rows = 1000;
  out.min_timestamp = MakeTimestamp(first_ms);
  out.max_timestamp = MakeTimestamp(last_ms);
  return out;
}

TEST(RowExpiry, IsTheCollectionsOwnOrTheServers) {
  EXPECT_EQ(ExpiryOf(WithProperties({}), -1).ttl_ms, 0);
  EXPECT_EQ(ExpiryOf(WithProperties({}), 7).ttl_ms, 7000);
  EXPECT_EQ(ExpiryOf(WithProperties({{"collection.ttl.seconds", "3"}}), 7).ttl_ms, 3000);
  EXPECT_FALSE(ExpiryOf(WithProperties({{"collection.ttl.seconds", "0"}}), 7).any());
  EXPECT_FALSE(ExpiryOf(WithProperties({{"collection.ttl.seconds", "-1"}}), 7).any());
  const RowExpiry own = ExpiryOf(WithProperties({{"ttl_field", "gone_at"}}), 7);
  EXPECT_EQ(own.field, kOwnTime);
  EXPECT_EQ(own.ttl_ms, 0) << "each row says itself when it goes";
}

TEST(RowExpiry, BeginsExactlyWhenTheTimeHasPassed) {
  const RowExpiry expiry{.ttl_ms = 1000};
  EXPECT_FALSE(expiry.InsertedUpTo(MakeTimestamp(999, 5)).valid());
  const Timestamp up_to = expiry.InsertedUpTo(MakeTimestamp(5000, 3));
  EXPECT_GE(up_to, MakeTimestamp(4000, (1 << kLogicalBits) - 1));
  EXPECT_LT(up_to, MakeTimestamp(4001));
}

TEST(RowExpiry, CountsNoRowOfASegmentThatIsTooYoungAndAllOfAnOldOne) {
  const RowExpiry expiry{.ttl_ms = 1000};
  EXPECT_EQ(ExpiredRows(Inserted(5000, 6000), expiry, MakeTimestamp(5999)), 0);
  EXPECT_EQ(ExpiredRows(Inserted(5000, 6000), expiry, MakeTimestamp(7000)), 1000);
  EXPECT_EQ(ExpiredRows(Inserted(5000, 6000), expiry, MakeTimestamp(6500)), 0) << "not known";
  EXPECT_EQ(ExpiredRows(Inserted(5000, 6000), {}, MakeTimestamp(700000)), 0);
  EXPECT_EQ(FirstExpiryMs(Inserted(5000, 6000), expiry), 6000);
  EXPECT_EQ(FirstExpiryMs(Inserted(5000, 6000), {}), UINT64_MAX);
}

TEST(RowExpiry, CountsByTheTenthsOfItsTimesButNeverTooMany) {
  Segment segment = Inserted(5000, 6000);
  segment.files.push_back({kTimestampField, "k", 1, {}});
  for (const uint64_t ms : {5000, 5010, 5020, 5030, 5040, 5050, 5060, 5070, 5080, 5090, 6000}) {
    segment.files[0].quantiles.push_back(static_cast<int64_t>(MakeTimestamp(ms).value()));
  }
  const RowExpiry expiry{.ttl_ms = 1000};
  EXPECT_EQ(ExpiredRows(segment, expiry, MakeTimestamp(6000)), 0) << "one row at least, no tenth";
  EXPECT_EQ(ExpiredRows(segment, expiry, MakeTimestamp(6045)), 400);
  EXPECT_EQ(ExpiredRows(segment, expiry, MakeTimestamp(6999)), 900);
  EXPECT_EQ(ExpiredRows(segment, expiry, MakeTimestamp(7000)), 1000);
}

TEST(RowExpiry, CountsRowsByTheirOwnTimeAndNeverThoseOfNull) {
  Segment segment = Inserted(5000, 6000);
  const RowExpiry expiry{.field = kOwnTime};
  EXPECT_EQ(ExpiredRows(segment, expiry, MakeTimestamp(99'000)), 0) << "nothing is known of it";
  EXPECT_EQ(FirstExpiryMs(segment, expiry), UINT64_MAX);
  segment.files.push_back({kOwnTime, "k", 1, {0, 1'000'000, 2'000'000, INT64_MAX}});
  EXPECT_EQ(ExpiredRows(segment, expiry, MakeTimestamp(1000)), 333);
  EXPECT_EQ(ExpiredRows(segment, expiry, MakeTimestamp(99'000)), 666);
  EXPECT_EQ(FirstExpiryMs(segment, expiry), 0);
}

}  // namespace
}  // namespace elanus::meta
