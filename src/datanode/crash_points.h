#pragma once

#include <string_view>

namespace elanus::datanode {

// Where a crash test can stop the process (see common/crash_point.h).
inline constexpr std::string_view kCrashPoints[] = {
    "flush.before_files",    "flush.before_commit",  "flush.after_commit",
    "flush.before_truncate", "compact.before_files", "compact.between_segments",
    "compact.after_files",   "deltas.before_file",   "deltas.after_file",
};

}  // namespace elanus::datanode
