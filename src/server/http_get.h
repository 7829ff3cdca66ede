// Reads pages of a server's management port.
#pragma once

#include <string>

#include "common/status.h"
#include "s3/http.h"

namespace elanus::server {

// What the URL answers, past any proxy; complete() tells whether anything did.
absl::StatusOr<s3::HttpAnswer> AskManagementPort(std::string url, int64_t stall_timeout_ms);

// The body of a page of this machine. Who does not answer with 200 within five seconds is an error
// that names the address.
absl::StatusOr<std::string> GetPage(const std::string& address, int port, const std::string& path);

}  // namespace elanus::server
