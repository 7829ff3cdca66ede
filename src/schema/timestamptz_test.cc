#include "schema/timestamptz.h"

#include <gtest/gtest.h>

namespace elanus::schema {
namespace {

constexpr int64_t kSecond = 1'000'000;

int64_t MicrosOf(std::string_view text, std::string_view zone = "") {
  const auto micros = ParseTimestamptz(text, *FindTimeZone(zone));
  EXPECT_TRUE(micros.ok()) << text;
  return micros.value_or(-1);
}

TEST(Timestamptz, IsReadInItsOwnOffsetOrTheZoneGiven) {
  EXPECT_EQ(MicrosOf("1970-01-01T00:00:01Z"), kSecond);
  EXPECT_EQ(MicrosOf("1970-01-01 00:00:01.5"), kSecond * 3 / 2);
  EXPECT_EQ(MicrosOf("1970-01-01T08:00:00+08:00"), 0);
  EXPECT_EQ(MicrosOf("1970-01-01T08:00:00", "Asia/Shanghai"), 0);
  EXPECT_EQ(MicrosOf("1970-01-01T08:00:00Z", "Asia/Shanghai"), 8 * 3600 * kSecond);
  EXPECT_EQ(MicrosOf("1969-12-31T23:59:59.999999Z"), -1);
}

TEST(Timestamptz, RefusesWhatIsNoTime) {
  for (const char* text : {"", "today", "2025-02-30T00:00:00Z", "2025-01-01T24:00:00Z",
                           "2025-01-01T00:00:00+15:00", "2025-01-01T00:00:00Zx", "2025-1-1"}) {
    EXPECT_EQ(CodeOf(ParseTimestamptz(text, absl::UTCTimeZone()).status()),
              ErrorCode::kParameterInvalid)
        << text;
  }
  EXPECT_EQ(CodeOf(FindTimeZone("Mars/Phobos").status()), ErrorCode::kParameterInvalid);
}

std::string Shifted(std::string_view time, std::string_view interval, int sign = 1) {
  const auto parsed = ParseInterval(interval);
  EXPECT_TRUE(parsed.ok()) << interval;
  return FormatTimestamptz(AddInterval(MicrosOf(time), *parsed, sign), absl::UTCTimeZone());
}

TEST(Interval, IsCalendarArithmeticThatCarriesOver) {
  EXPECT_EQ(Shifted("2025-01-31T00:00:00Z", "P1M"), "2025-03-03T00:00:00Z");
  EXPECT_EQ(Shifted("2024-02-29T10:00:00.25Z", "P1Y"), "2025-03-01T10:00:00.25Z");
  EXPECT_EQ(Shifted("2025-01-01T00:00:00Z", "P1Y2M3DT4H5M6S"), "2026-03-04T04:05:06Z");
  EXPECT_EQ(Shifted("2025-03-01T00:00:00Z", "P1D", -1), "2025-02-28T00:00:00Z");
  EXPECT_EQ(Shifted("2025-03-01T00:00:00Z", "P"), "2025-03-01T00:00:00Z");
  EXPECT_EQ(Shifted("2025-03-31T00:00:00Z", "P1M", -1), "2025-03-03T00:00:00Z");
}

TEST(Interval, RefusesWeeksFractionsAndNonsense) {
  for (const char* text : {"", "1D", "P1W", "P1.5D", "PT", "P1", "P1H", "PT1D", "P1D1Y", "P-1D",
                           "P99999999999Y", "P1DT", "p1d"}) {
    EXPECT_EQ(CodeOf(ParseInterval(text).status()), ErrorCode::kParameterInvalid) << text;
  }
}

TEST(Interval, IsAFixedNumberOfMicrosecondsWithoutYearsAndMonths) {
  EXPECT_EQ(ParseInterval("P1DT1S")->micros, 86401 * kSecond);
  EXPECT_EQ(ParseInterval("P1DT1S")->months, 0);
  EXPECT_EQ(ParseInterval("P2Y1M")->months, 25);
}

}  // namespace
}  // namespace elanus::schema
