// Points in time as clients write them, and as they are stored: microseconds since the Unix epoch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/status.h"

namespace elanus::proxy {

// The zone of an IANA name; empty = UTC. kParameterInvalid for an unknown one.
absl::StatusOr<absl::TimeZone> FindTimeZone(std::string_view name);

// "2025-01-31T08:00:00.25+08:00": a blank instead of the T, no fraction, no seconds and no offset
// are fine too. Without offset the time is in `zone`.
absl::StatusOr<int64_t> ParseTimestamptz(std::string_view text, absl::TimeZone zone);

// In `zone`, with "Z" for UTC and no more digits of the fraction than needed.
std::string FormatTimestamptz(int64_t micros, absl::TimeZone zone);

}  // namespace elanus::proxy
