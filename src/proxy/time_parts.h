// time_fields: parts of times instead of their text (query.md 2.6).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/status.h"

namespace elanus::proxy {

enum class TimePart { kYear, kMonth, kDay, kHour, kMinute, kSecond, kMicrosecond, kNanosecond };

// Names with commas or blanks between them, in any case: "year, month". None for an empty text;
// kParameterInvalid for an unknown name.
absl::StatusOr<std::vector<TimePart>> ParseTimeParts(std::string_view text);

// One part of a time (microseconds since the epoch) in a zone. Micro- and nanoseconds count from
// the second.
int64_t TimePartOf(int64_t micros, TimePart part, absl::TimeZone zone);

}  // namespace elanus::proxy
