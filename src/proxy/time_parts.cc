#include "proxy/time_parts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"

namespace elanus::proxy {
namespace {

constexpr std::pair<std::string_view, TimePart> kNames[] = {
    {"year", TimePart::kYear},
    {"month", TimePart::kMonth},
    {"day", TimePart::kDay},
    {"hour", TimePart::kHour},
    {"minute", TimePart::kMinute},
    {"second", TimePart::kSecond},
    {"microsecond", TimePart::kMicrosecond},
    {"nanosecond", TimePart::kNanosecond},
};

absl::StatusOr<TimePart> PartOf(std::string_view text) {
  const std::string name = absl::AsciiStrToLower(std::string(text));
  for (const auto& [known, part] : kNames) {
    if (name == known) return part;
  }
  return UserError(ErrorCode::kParameterInvalid,
                   "time_fields [{}] is invalid, it should be of year, month, day, hour, minute, "
                   "second, microsecond, nanosecond",
                   text);
}

}  // namespace

absl::StatusOr<std::vector<TimePart>> ParseTimeParts(std::string_view text) {
  constexpr std::string_view kBetween = ", \t";
  std::vector<TimePart> parts;
  for (size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    ELANUS_ASSIGN_OR_RETURN(const TimePart part, PartOf(text.substr(at, end - at)));
    parts.push_back(part);
    at = text.find_first_not_of(kBetween, end);
  }
  return parts;
}

int64_t TimePartOf(int64_t micros, TimePart part, absl::TimeZone zone) {
  const absl::TimeZone::CivilInfo info = zone.At(absl::FromUnixMicros(micros));
  switch (part) {
    case TimePart::kYear:
      return info.cs.year();
    case TimePart::kMonth:
      return info.cs.month();
    case TimePart::kDay:
      return info.cs.day();
    case TimePart::kHour:
      return info.cs.hour();
    case TimePart::kMinute:
      return info.cs.minute();
    case TimePart::kSecond:
      return info.cs.second();
    case TimePart::kMicrosecond:
      return absl::ToInt64Microseconds(info.subsecond);
    case TimePart::kNanosecond:
      return absl::ToInt64Nanoseconds(info.subsecond);
  }
  return 0;
}

}  // namespace elanus::proxy
