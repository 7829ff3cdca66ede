// Points in time as clients write them, and as they are stored: microseconds since the Unix epoch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/status.h"

namespace elanus::schema {

// The zone of an IANA name; empty = UTC. kParameterInvalid for an unknown one.
absl::StatusOr<absl::TimeZone> FindTimeZone(std::string_view name);

// "2025-01-31T08:00:00.25+08:00": a blank instead of the T, no fraction, no seconds and no offset
// are fine too. Without offset the time is in `zone`.
absl::StatusOr<int64_t> ParseTimestamptz(std::string_view text, absl::TimeZone zone);

// In `zone`, with "Z" for UTC and no more digits of the fraction than needed.
std::string FormatTimestamptz(int64_t micros, absl::TimeZone zone);

// A duration of ISO 8601 with whole numbers: "P1Y2M3DT4H5M6S", any of its parts, "P" alone.
struct Interval {
  int64_t months = 0;  // Years are twelve.
  int64_t micros = 0;  // Days have 24 hours: all arithmetic is in UTC.
};
// kParameterInvalid for weeks, fractions and what is no duration. Each
// part is below 10^9, and days and less together are below 250,000 years.
absl::StatusOr<Interval> ParseInterval(std::string_view text);

// `micros` moved by `sign` (1 or -1) times the interval, months first. A day that the month lacks
// carries over: January 31 and a month is March 3 (March 2 in leap years).
int64_t AddInterval(int64_t micros, const Interval& interval, int sign);

}  // namespace elanus::schema
