// Errors: absl::Status that carries one of our public ErrorCodes.
//
// UserError      the request would fail again anywhere
// RetryableError a retry or another replica would help
// InternalError  the server is at fault
// Messages put fixed words first, values last. A message that lacks the base text of its code gets
// it appended when it leaves the server (see WireReason).
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/error_code.h"

namespace elanus {

absl::Status MakeError(ErrorCode code, std::string message);

template <typename... Args>
absl::Status UserError(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return MakeError(code, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
absl::Status RetryableError(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return MakeError(code, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
absl::Status InternalError(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return MakeError(code, fmt::format(format, std::forward<Args>(args)...));
}

// The message as a std::string_view (Debian's absl::string_view is a type of its own).
inline std::string_view MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// kOk for an OK status; kUnexpected (or kCancelled, kDeadlineExceeded) for one made elsewhere.
ErrorCode CodeOf(const absl::Status& status);

// Puts `context` in front: "context: message". The code stays.
absl::Status WithContext(const absl::Status& status, std::string_view context);

// The text sent to a client: the message, with the code's base text at its end if it is not in it.
std::string WireReason(const absl::Status& status);

}  // namespace elanus

#define ELANUS_CONCAT_INNER_(a, b) a##b
#define ELANUS_CONCAT_(a, b) ELANUS_CONCAT_INNER_(a, b)

#define ELANUS_RETURN_IF_ERROR(expression)                 \
  do {                                                     \
    ::absl::Status elanus_status_ = (expression);          \
    if (!elanus_status_.ok()) return elanus_status_;       \
  } while (false)

#define ELANUS_ASSIGN_OR_RETURN(lhs, expression) \
  ELANUS_ASSIGN_OR_RETURN_IMPL_(ELANUS_CONCAT_(elanus_statusor_, __LINE__), lhs, expression)
#define ELANUS_ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expression) \
  auto statusor = (expression);                                  \
  if (!statusor.ok()) return std::move(statusor).status();       \
  lhs = std::move(statusor).value()
