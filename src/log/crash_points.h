// Every crash point of this folder. crash_points_test.cc holds the list and the sources together.
#pragma once

#include <string_view>

namespace elanus::log {

inline constexpr std::string_view kCrashPoints[] = {
    "log.open.before_cut",      // A torn tail was found.
    "log.open.after_cut",       // Cut, not durable.
    "log.open.before_rewrite",  // The tail that may not be durable is about to be.
    "log.open.after_rewrite",
    "log.open.after_sync",      // What will be replayed is durable.
    "log.append.before_write",  // Nothing of the batch written.
    "log.append.after_write",   // Written, not durable.
    "log.append.after_sync",    // Durable, not acknowledged.
    "log.mark.before_write",    // Acknowledged; the mark that says so is not written.
    "log.mark.after_write",
    "log.rotate.before_create",         // The old file is complete.
    "log.rotate.after_create",          // Empty file.
    "log.rotate.after_write",           // Header written, not durable.
    "log.rotate.after_sync",            // Header durable, its name perhaps not.
    "log.rotate.after_directory_sync",  // The new file counts.
    "log.abandon.before_cut",           // A write or sync failed.
    "log.abandon.after_cut",
    "log.truncate.before_remove",
    "log.truncate.after_remove",  // Gone, perhaps not durably.
    "log.truncate.after_directory_sync",
};

}  // namespace elanus::log
