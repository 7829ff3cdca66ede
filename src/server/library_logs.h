#pragma once

namespace elanus::server {

// Sends what gRPC and protobuf write to standard error through our log, in its form and at its
// level. Messages about a client's bytes are throttled: whoever sends garbage cannot fill a disk.
// Call once at start, before other threads exist.
void AdoptLibraryLogs();

}  // namespace elanus::server
