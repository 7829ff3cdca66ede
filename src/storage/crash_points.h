// Every crash point of this folder. crash_points_test.cc holds the list and the sources together.
#pragma once

#include <string_view>

namespace elanus::storage {

inline constexpr std::string_view kCrashPoints[] = {
    "object.put.before_write",          // Nothing done.
    "object.put.after_write",           // Temporary file written, not durable.
    "object.put.after_sync",            // Temporary file durable, object not there.
    "object.put.after_rename",          // Object there, its name perhaps not durable.
    "object.put.after_directory_sync",  // Durable, not yet reported.
    "object.remove.before_remove",
    "object.remove.after_remove",  // Gone, perhaps not durably.
    "object.remove.after_directory_sync",
};

}  // namespace elanus::storage
