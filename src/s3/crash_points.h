// Every crash point of this folder; tests/e2e/s3_crash_test.py stops a server at each.
#pragma once

#include <string_view>

namespace elanus::s3 {

inline constexpr std::string_view kCrashPoints[] = {
    "s3.put.before_send",          // Nothing done.
    "s3.put.after_answer",         // Durable, not yet reported.
    "s3.multipart.before_finish",  // All parts are there, the object is not.
    "s3.multipart.after_finish",  "s3.remove.before_send", "s3.remove.after_answer",
};

}  // namespace elanus::s3
