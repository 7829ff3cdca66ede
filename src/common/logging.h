// The server's log: one line for each event, as text or JSON.
//
//   ELANUS_LOG(Info, "collection created", Field("collection", name), Field("rows", count));
//   ELANUS_LOG_EVERY(10, Warn, "disk nearly full", Field("free_bytes", free));
//
// Fields are evaluated only when the level is on. Control characters in values are escaped, so a
// value cannot forge a line. Inside a RequestScope each line carries its request_id. Never log a
// secret: passwords, tokens and keys have no business in a Field.
//
// The log is the one thing here that is global, so that every folder can reach it. Threads: any.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"

namespace elanus {

enum class LogLevel : int { kTrace, kDebug, kInfo, kWarn, kError, kFatal };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  bool json = false;
  std::string
      directory;  // Empty: no file. Else elanus.log there, and elanus.1.log … after rotation.
  int64_t file_bytes_max = int64_t{300} << 20;
  int files_max = 20;  // Rotated files kept.
  int64_t age_max_ms =
      0;  // Rotated files older than this go at the next rotation or start; 0: never.
  bool also_stderr = true;
};

// Before the first call lines go to standard error as text. May be called again.
absl::Status StartLogging(const LogOptions& options);
// Writes what is buffered.
void FlushLog();

void SetLogLevel(LogLevel level);
// "trace", "debug", "info", "warn", "error", "fatal"; kInfo for anything else.
LogLevel LogLevelOf(std::string_view name);

struct LogField {
  std::string_view name;
  std::string text;
  bool bare = false;  // A number or bool: no quotes in JSON.
};

template <typename T>
LogField Field(std::string_view name, const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return {name, fmt::format("{}", value), true};
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return {name, std::string(std::string_view(value))};
  } else {
    return {name, fmt::format("{}", value)};
  }
}
// Message and public code of an error.
LogField Field(std::string_view name, const absl::Status& status);

// Gives every line that this thread writes during its life the same request_id. Scopes nest.
class RequestScope {
 public:
  explicit RequestScope(std::string_view request_id);
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

 private:
  std::string previous_;
};
// Of this thread; empty outside any RequestScope.
const std::string& CurrentRequestId();
// 16 hexadecimal digits, different for each call in any process.
std::string NewRequestId();

namespace logging_internal {

extern std::atomic<int> level;
inline bool IsOn(LogLevel wanted) {
  return static_cast<int>(wanted) >= level.load(std::memory_order_relaxed);
}
void Write(LogLevel level, const char* file, int line, std::string_view message,
           std::initializer_list<LogField> fields);

// Lets one line through in each interval and counts the others.
class Throttle {
 public:
  // The number of lines held back since the last one, or -1 when this one is held back too.
  int64_t Pass(int64_t interval_seconds);

 private:
  std::atomic<int64_t> next_ns_{0};
  std::atomic<int64_t> held_back_{0};
};

// One line without time and end of line; for tests as well.
std::string FormatLine(bool json, LogLevel level, std::string_view place, std::string_view message,
                       std::string_view request_id, std::initializer_list<LogField> fields);

}  // namespace logging_internal

}  // namespace elanus

#define ELANUS_LOG(severity, message, ...)                                                   \
  do {                                                                                       \
    if (::elanus::logging_internal::IsOn(::elanus::LogLevel::k##severity)) {                 \
      ::elanus::logging_internal::Write(::elanus::LogLevel::k##severity, __FILE__, __LINE__, \
                                        message, {__VA_ARGS__});                             \
    }                                                                                        \
  } while (false)

// At most one line in `seconds` from this place; the field held_back counts the others.
#define ELANUS_LOG_EVERY(seconds, severity, message, ...)                                   \
  do {                                                                                      \
    static ::elanus::logging_internal::Throttle elanus_throttle_;                           \
    if (::elanus::logging_internal::IsOn(::elanus::LogLevel::k##severity)) {                \
      if (const int64_t elanus_held_ = elanus_throttle_.Pass(seconds); elanus_held_ >= 0) { \
        ::elanus::logging_internal::Write(                                                  \
            ::elanus::LogLevel::k##severity, __FILE__, __LINE__, message,                   \
            {::elanus::Field("held_back", elanus_held_) __VA_OPT__(, ) __VA_ARGS__});       \
      }                                                                                     \
    }                                                                                       \
  } while (false)
