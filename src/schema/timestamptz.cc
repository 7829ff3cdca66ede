#include "schema/timestamptz.h"

#include <optional>
#include <span>

namespace elanus::schema {
namespace {

// Reads a text from its front; every step says whether it succeeded.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool Digits(int count, int* value) {
    if (text_.size() < static_cast<size_t>(count)) return false;
    *value = 0;
    for (int i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      *value = *value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return true;
  }
  bool Any(std::string_view characters) {
    if (text_.empty() || characters.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Digits behind the point, as microseconds; more than six are cut off.
  bool Fraction(int* micros) {
    int digits = 0;
    *micros = 0;
    for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; text_.remove_prefix(1)) {
      if (digits++ < 6) *micros = *micros * 10 + (text_.front() - '0');
    }
    for (int i = digits; i < 6; ++i) *micros *= 10;
    return digits > 0;
  }
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0;
  std::optional<int> offset_minutes;
};

bool ReadOffset(Reader& reader, Parts& parts) {
  if (reader.done()) return true;
  if (reader.Any("Zz")) {
    parts.offset_minutes = 0;
    return true;
  }
  const int sign = reader.front() == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!reader.Any("+-") || !reader.Digits(2, &hours)) return false;
  if (!reader.done()) {
    reader.Any(":");
    if (!reader.Digits(2, &minutes)) return false;
  }
  const int total = sign * (hours * 60 + minutes);
  if (minutes > 59 || total < -12 * 60 || total > 14 * 60) return false;
  parts.offset_minutes = total;
  return true;
}

bool ReadParts(std::string_view text, Parts& parts) {
  Reader reader(text);
  if (!reader.Digits(4, &parts.year) || !reader.Any("-") || !reader.Digits(2, &parts.month) ||
      !reader.Any("-") || !reader.Digits(2, &parts.day)) {
    return false;
  }
  if (reader.done()) return true;
  if (!reader.Any("Tt ") || !reader.Digits(2, &parts.hour) || !reader.Any(":") ||
      !reader.Digits(2, &parts.minute)) {
    return false;
  }
  if (reader.Any(":") && !reader.Digits(2, &parts.second)) return false;
  if (reader.Any(".") && !reader.Fraction(&parts.micros)) return false;
  return ReadOffset(reader, parts) && reader.done();
}

}  // namespace

absl::StatusOr<absl::TimeZone> FindTimeZone(std::string_view name) {
  if (name.empty()) return absl::UTCTimeZone();
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(name), &zone)) {
    return UserError(ErrorCode::kParameterInvalid, "unknown or invalid IANA Time Zone ID: {}",
                     name);
  }
  return zone;
}

absl::StatusOr<int64_t> ParseTimestamptz(std::string_view text, absl::TimeZone zone) {
  Parts parts;
  bool good = ReadParts(text, parts);
  const absl::CivilSecond civil(parts.year, parts.month, parts.day, parts.hour, parts.minute,
                                parts.second);
  // A civil time carries over what is out of range; such texts are mistakes here.
  good = good && civil.month() == parts.month && civil.day() == parts.day &&
         civil.hour() == parts.hour && civil.minute() == parts.minute;
  if (!good) {
    return UserError(ErrorCode::kParameterInvalid,
                     "got invalid timestamptz string '{}': invalid format", text);
  }
  if (parts.offset_minutes) zone = absl::UTCTimeZone();
  const absl::Time time = absl::FromCivil(civil, zone) -
                          absl::Minutes(parts.offset_minutes.value_or(0)) +
                          absl::Microseconds(parts.micros);
  return absl::ToUnixMicros(time);
}

std::string FormatTimestamptz(int64_t micros, absl::TimeZone zone) {
  const absl::Time time = absl::FromUnixMicros(micros);
  const bool is_utc = zone.At(time).offset == 0;
  return absl::FormatTime(is_utc ? "%E4Y-%m-%dT%H:%M:%E*SZ" : "%E4Y-%m-%dT%H:%M:%E*S%Ez", time,
                          zone);
}

namespace {

// The digits in front of a part's letter; nothing if there are none, or too many.
std::optional<int64_t> TakeNumber(std::string_view& text) {
  constexpr size_t kDigitsMax = 9;
  int64_t number = 0;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits < kDigitsMax) number = number * 10 + (text[digits] - '0');
  }
  if (digits == 0 || digits > kDigitsMax) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

constexpr int64_t kIntervalSecondsMax = 8'000'000'000'000;  // 250,000 years; as micros in an int64.

struct IntervalPart {
  char letter;
  int64_t months;
  int64_t seconds;
};
constexpr IntervalPart kDateParts[] = {{'Y', 12, 0}, {'M', 1, 0}, {'D', 0, 86400}};
constexpr IntervalPart kTimeParts[] = {{'H', 0, 3600}, {'M', 0, 60}, {'S', 0, 1}};

// Reads parts in their order until the text ends or a T comes.
bool ReadIntervalParts(std::string_view& text, std::span<const IntervalPart> parts,
                       Interval& interval) {
  while (!text.empty() && text.front() != 'T') {
    const std::optional<int64_t> number = TakeNumber(text);
    if (!number || text.empty()) return false;
    while (!parts.empty() && parts.front().letter != text.front()) parts = parts.subspan(1);
    if (parts.empty()) return false;
    interval.months += *number * parts.front().months;
    const int64_t seconds = interval.micros / 1'000'000 + *number * parts.front().seconds;
    if (seconds > kIntervalSecondsMax) return false;
    interval.micros = seconds * 1'000'000;
    parts = parts.subspan(1);
    text.remove_prefix(1);
  }
  return true;
}

}  // namespace

absl::StatusOr<Interval> ParseInterval(std::string_view text) {
  Interval interval;
  std::string_view rest = text;
  bool good = rest.starts_with('P');
  if (good) rest.remove_prefix(1);
  good = good && ReadIntervalParts(rest, kDateParts, interval);
  if (good && rest.starts_with('T')) {
    rest.remove_prefix(1);
    good = !rest.empty() && ReadIntervalParts(rest, kTimeParts, interval) && rest.empty();
  }
  if (good) return interval;
  return UserError(ErrorCode::kParameterInvalid,
                   "invalid interval '{}': expected an ISO 8601 duration of whole numbers such as "
                   "P1Y2M3DT4H5M6S",
                   text);
}

int64_t AddInterval(int64_t micros, const Interval& interval, int sign) {
  absl::Time time = absl::FromUnixMicros(micros);
  if (interval.months != 0) {
    const absl::TimeZone utc = absl::UTCTimeZone();
    const absl::TimeZone::CivilInfo from = utc.At(time);
    const absl::CivilSecond civil(from.cs.year(), from.cs.month() + sign * interval.months,
                                  from.cs.day(), from.cs.hour(), from.cs.minute(),
                                  from.cs.second());
    time = absl::FromCivil(civil, utc) + from.subsecond;
  }
  return absl::ToUnixMicros(time + sign * absl::Microseconds(interval.micros));
}

}  // namespace elanus::schema
