#pragma once

#include <string_view>

namespace elanus::meta {

// Where a crash test can stop the process (see common/crash_point.h).
inline constexpr std::string_view kCommitBefore = "meta.commit.before";
inline constexpr std::string_view kCommitWritten = "meta.commit.written";  // Rows, no commit.
inline constexpr std::string_view kCommitAfter = "meta.commit.after";
inline constexpr std::string_view kCrashPoints[] = {kCommitBefore, kCommitWritten, kCommitAfter};

}  // namespace elanus::meta
