// The Status message of an answer.
#pragma once

#include "common/status.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {

// Fills all parts of `status` from `error`; an OK status gives the message of success, which is
// empty. extra_info carries the request_id (that of the server's log lines) inside a RequestScope,
// and is_input_error=true for a caller's mistake; the text of an internal error ends with the id.
void FillStatus(const absl::Status& error, common_pb::Status* status);

// For MutationResult: some clients read extra_info["report_value"] as an integer whenever
// extra_info is not empty.
void FillMutationStatus(const absl::Status& error, common_pb::Status* status);

// True for statuses that end a call at the transport level (a missing method, authentication).
bool IsTransportError(const absl::Status& status);

}  // namespace elanus::proxy
