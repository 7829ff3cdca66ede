#pragma once

#include <string_view>

namespace elanus::meta {

// Where a crash test can stop the process (see common/crash_point.h).
inline constexpr std::string_view kCommitBefore = "meta.commit.before";
inline constexpr std::string_view kCommitAfter = "meta.commit.after";
inline constexpr std::string_view kCrashPoints[] = {kCommitBefore, kCommitAfter};

}  // namespace elanus::meta
