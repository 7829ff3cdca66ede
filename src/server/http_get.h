// Reads a page of a management port of this machine.
#pragma once

#include <string>

#include "common/status.h"

namespace elanus::server {

// The body. Who does not answer with 200 within five seconds is an error that names the address.
absl::StatusOr<std::string> GetPage(const std::string& address, int port, const std::string& path);

}  // namespace elanus::server
