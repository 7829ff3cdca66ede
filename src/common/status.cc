#include "common/status.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"

namespace elanus {
namespace {
constexpr std::string_view kPayloadUrl = "elanus/code";

absl::StatusCode CanonicalCode(ErrorCode code) {
  switch (KindOf(code)) {
    case ErrorKind::kUser:
      return absl::StatusCode::kInvalidArgument;
    case ErrorKind::kRetryable:
      return absl::StatusCode::kUnavailable;
    case ErrorKind::kInternal:
      return absl::StatusCode::kInternal;
  }
  return absl::StatusCode::kInternal;
}
}  // namespace

absl::Status MakeError(ErrorCode code, std::string message) {
  absl::Status status(CanonicalCode(code), message);
  status.SetPayload({kPayloadUrl.data(), kPayloadUrl.size()}, absl::Cord(std::to_string(static_cast<int32_t>(code))));
  return status;
}

ErrorCode CodeOf(const absl::Status& status) {
  if (status.ok()) return ErrorCode::kOk;
  if (auto payload = status.GetPayload({kPayloadUrl.data(), kPayloadUrl.size()})) {
    int32_t value = 0;
    if (absl::SimpleAtoi(std::string(*payload), &value)) return static_cast<ErrorCode>(value);
  }
  if (absl::IsCancelled(status)) return ErrorCode::kCancelled;
  if (absl::IsDeadlineExceeded(status)) return ErrorCode::kDeadlineExceeded;
  return ErrorCode::kUnexpected;
}

absl::Status WithContext(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  return MakeError(CodeOf(status), fmt::format("{}: {}", context, MessageOf(status)));
}

std::string WireReason(const absl::Status& status) {
  if (status.ok()) return "";
  const std::string_view base = BaseText(CodeOf(status));
  const std::string message(MessageOf(status));
  if (base.empty() || message.find(base) != std::string::npos) return message;
  return message.empty() ? std::string(base) : fmt::format("{}: {}", message, base);
}

}  // namespace elanus
