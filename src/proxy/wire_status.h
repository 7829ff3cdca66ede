// The Status message of an answer.
#pragma once

#include "common/status.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {

// Fills all parts of `status` from `error`; an OK status gives the message of success, which is
// empty. A caller's mistake is marked with extra_info is_input_error=true.
void FillStatus(const absl::Status& error, common_pb::Status* status);

// For MutationResult: some clients read extra_info["report_value"] as an integer whenever
// extra_info is not empty.
void FillMutationStatus(const absl::Status& error, common_pb::Status* status);

// True for statuses that end a call at the transport level (a missing method, authentication).
bool IsTransportError(const absl::Status& status);

}  // namespace elanus::proxy
