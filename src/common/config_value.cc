#include "common/config_value.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <vector>

#include "common/status.h"

namespace elanus {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool SameLetters(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// A finite decimal number at the front of `text`, which is moved past it.
std::optional<double> TakeNumber(std::string_view& text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::general);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<double> DurationUnitMs(std::string_view unit) {
  if (unit == "ns") return 1e-6;
  if (unit == "us" || unit == "µs") return 1e-3;
  if (unit == "ms") return 1;
  if (unit == "s") return 1e3;
  if (unit == "m") return 60e3;
  if (unit == "h") return 3600e3;
  return std::nullopt;
}

// "1h30m" in milliseconds; each number has a unit.
std::optional<double> ParseGoDuration(std::string_view text) {
  double sign = 1;
  if (!text.empty() && text.front() == '-') {
    sign = -1;
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    if (text.front() == '-' || text.front() == '+') return std::nullopt;
    const std::optional<double> number = TakeNumber(text);
    if (!number) return std::nullopt;
    const size_t unit_size = std::min(text.find_first_of("0123456789.-+"), text.size());
    const std::optional<double> unit = DurationUnitMs(text.substr(0, unit_size));
    if (!unit) return std::nullopt;
    text.remove_prefix(unit_size);
    total += *number * *unit;
  }
  return sign * total;
}

std::optional<double> BytesOfSuffix(std::string_view suffix) {
  constexpr std::string_view kLetters = "kmgt";
  if (SameLetters(suffix, "b")) return 1;
  if (suffix.empty()) return std::nullopt;
  const size_t power = kLetters.find(Lower(suffix.front()));
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = suffix.substr(1);
  if (!rest.empty() && !SameLetters(rest, "b") && !SameLetters(rest, "ib")) return std::nullopt;
  return std::pow(1024.0, static_cast<double>(power + 1));
}

absl::Status Refuse(const ConfigAdmits& admits) {
  const std::string why = admits.why.empty() ? "" : fmt::format(" ({})", admits.why);
  return UserError(ErrorCode::kParameterInvalid, "expected {}{}", DescribeAdmitted(admits), why);
}

absl::StatusOr<ConfigValue> ParseEnum(const ConfigAdmits& admits, std::string_view text) {
  for (const std::string_view choice : Split(admits.choices, '|')) {
    if (SameLetters(choice, text)) return ConfigValue{.text = std::string(choice)};
  }
  return Refuse(admits);
}

absl::StatusOr<ConfigValue> ParseBool(const ConfigAdmits& admits, std::string_view text) {
  for (const std::string_view yes : {"true", "t", "1"}) {
    if (SameLetters(text, yes)) return ConfigValue{.text = "true", .number = 1};
  }
  for (const std::string_view no : {"false", "f", "0"}) {
    if (SameLetters(text, no)) return ConfigValue{.text = "false", .number = 0};
  }
  return Refuse(admits);
}

absl::StatusOr<ConfigValue> ParseNumber(const ConfigAdmits& admits, std::string_view text) {
  ConfigValue value{.text = std::string(text)};
  std::string_view rest = text;
  const std::optional<double> number = TakeNumber(rest);
  if (!number || !rest.empty()) return Refuse(admits);
  if (admits.type == ConfigType::kInt && *number != std::trunc(*number)) return Refuse(admits);
  if (*number < admits.min || *number > admits.max) return Refuse(admits);
  value.real = *number;
  if (std::fabs(*number) < 9e18) value.number = static_cast<int64_t>(*number);
  return value;
}

absl::StatusOr<ConfigValue> ParseMeasure(const ConfigAdmits& admits, std::string_view text) {
  std::string_view rest = text;
  const std::optional<double> number = TakeNumber(rest);
  if (!number) return Refuse(admits);
  const double unit = static_cast<double>(admits.unit);
  double measured = *number * unit;  // In milliseconds or bytes.
  if (!rest.empty() && admits.type == ConfigType::kDuration) {
    const std::optional<double> parsed = ParseGoDuration(text);
    if (!parsed) return Refuse(admits);
    measured = *parsed;
  } else if (!rest.empty()) {
    const std::optional<double> factor = BytesOfSuffix(Trim(rest));
    if (!factor) return Refuse(admits);
    measured = *number * *factor;
  }
  if (measured < admits.min * unit || measured > admits.max * unit) return Refuse(admits);
  // A negative value is a word ("no limit"), not a measure.
  if (measured < 0) measured = *number;
  return ConfigValue{.text = std::string(text),
                     .number = static_cast<int64_t>(std::llround(measured)),
                     .real = measured};
}

std::string Bound(double value) {
  return value == std::trunc(value) ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

std::string Range(const ConfigAdmits& admits, double widest) {
  if (admits.min <= -widest && admits.max >= widest) return "";
  if (admits.max >= widest) return fmt::format(", at least {}", Bound(admits.min));
  return fmt::format(" from {} to {}", Bound(admits.min), Bound(admits.max));
}

std::string UnitName(const ConfigAdmits& admits) {
  if (admits.type == ConfigType::kBytes) return admits.unit == 1 ? "bytes" : "MB";
  switch (admits.unit) {
    case 1:
      return "milliseconds";
    case 1000:
      return "seconds";
    case 60'000:
      return "minutes";
    case 3'600'000:
      return "hours";
    default:
      return "days";
  }
}

}  // namespace

std::string DescribeAdmitted(const ConfigAdmits& admits) {
  constexpr double kWidest = 1e15;
  switch (admits.type) {
    case ConfigType::kBool:
      return "true or false";
    case ConfigType::kInt:
      return "an integer" + Range(admits, kWidest);
    case ConfigType::kFloat:
      return "a number" + Range(admits, kWidest);
    case ConfigType::kText:
      return "text";
    case ConfigType::kDuration:
      return fmt::format("a duration (such as 90s or 1h30m) or a number of {}{}", UnitName(admits),
                         Range(admits, 1e12));
    case ConfigType::kBytes:
      return fmt::format("a size (such as 64m or 2g) or a number of {}{}", UnitName(admits),
                         Range(admits, 8e9));
    case ConfigType::kEnum: {
      const std::vector<std::string_view> choices = Split(admits.choices, '|');
      if (choices.size() == 1) return std::string(choices.front());
      return fmt::format("one of {}", fmt::join(choices, ", "));
    }
  }
  return {};
}

absl::StatusOr<ConfigValue> ParseConfigValue(const ConfigAdmits& admits, std::string_view text) {
  text = Trim(text);
  switch (admits.type) {
    case ConfigType::kBool:
      return ParseBool(admits, text);
    case ConfigType::kInt:
    case ConfigType::kFloat:
      return ParseNumber(admits, text);
    case ConfigType::kText:
      return ConfigValue{.text = std::string(text)};
    case ConfigType::kDuration:
    case ConfigType::kBytes:
      return ParseMeasure(admits, text);
    case ConfigType::kEnum:
      return ParseEnum(admits, text);
  }
  return Refuse(admits);
}

}  // namespace elanus
