#include "proxy/wire_status.h"

#include <string>

#include "common.pb.h"
#include "common/logging.h"

namespace elanus::proxy {

void FillStatus(const absl::Status& error, common_pb::Status* status) {
  status->Clear();
  if (error.ok()) return;
  const ErrorCode code = CodeOf(error);
  const ErrorKind kind = KindOf(code);
  const std::string& request_id = CurrentRequestId();
  std::string reason = WireReason(error);
  if (!request_id.empty()) {
    (*status->mutable_extra_info())["request_id"] = request_id;
    // A person can only report what is in the text; a caller's own mistake needs no report.
    if (kind == ErrorKind::kInternal) reason += " [request_id=" + request_id + "]";
  }
  status->set_code(static_cast<int32_t>(code));
  // Clients look at one of the two codes only, so both are set.
  status->set_error_code(static_cast<common_pb::ErrorCode>(LegacyCode(code)));
  status->set_detail(reason);
  status->set_reason(std::move(reason));
  status->set_retriable(kind == ErrorKind::kRetryable);
  const bool gave_up = code == ErrorCode::kCancelled || code == ErrorCode::kDeadlineExceeded;
  if (kind == ErrorKind::kUser && !gave_up) {
    (*status->mutable_extra_info())["is_input_error"] = "true";
  }
}

void FillMutationStatus(const absl::Status& error, common_pb::Status* status) {
  FillStatus(error, status);
  if (!status->extra_info().empty()) (*status->mutable_extra_info())["report_value"] = "0";
}

bool IsTransportError(const absl::Status& status) {
  // Errors of ours carry a code in a payload and map to other canonical codes than these, but for
  // InvalidArgument, which handlers never use for the transport.
  switch (status.code()) {
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace elanus::proxy
