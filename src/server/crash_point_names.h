#pragma once

#include <string>

namespace elanus::server {

// Every named crash point of this binary, one a line.
std::string CrashPointNames();

}  // namespace elanus::server
