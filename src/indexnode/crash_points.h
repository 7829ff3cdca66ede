#pragma once

#include <string_view>

namespace elanus::indexnode {

// Where a crash test can stop the process (see common/crash_point.h).
inline constexpr std::string_view kCrashPoints[] = {
    "index.before_put",
    "index.after_put",
};

}  // namespace elanus::indexnode
