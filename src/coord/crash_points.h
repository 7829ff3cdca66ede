#pragma once

#include <string_view>

namespace elanus::coord {

// Where a crash test can stop the process (see common/crash_point.h).
inline constexpr std::string_view kTimeLeaseBefore = "coord.time_lease.before";
inline constexpr std::string_view kTimeLeaseAfter = "coord.time_lease.after";
inline constexpr std::string_view kIdLeaseBefore = "coord.id_lease.before";
inline constexpr std::string_view kIdLeaseAfter = "coord.id_lease.after";
inline constexpr std::string_view kChangeBefore = "coord.change.before";  // DDL and load state.
inline constexpr std::string_view kChangeAfter = "coord.change.after";
inline constexpr std::string_view kFlushBefore = "coord.flush.before";
inline constexpr std::string_view kFlushAfter = "coord.flush.after";
inline constexpr std::string_view kIndexBefore = "coord.index.before";  // A build's result.
inline constexpr std::string_view kIndexAfter = "coord.index.after";
inline constexpr std::string_view kCompactBefore = "coord.compact.before";
inline constexpr std::string_view kCompactAfter = "coord.compact.after";
inline constexpr std::string_view kDeltasBefore =
    "coord.deltas.before";  // Files of deletes merged.
inline constexpr std::string_view kDeltasAfter = "coord.deltas.after";
inline constexpr std::string_view kSnapshotBefore = "coord.snapshot.before";
inline constexpr std::string_view kSnapshotAfter = "coord.snapshot.after";
inline constexpr std::string_view kRestoreCopy = "coord.restore.copy";
inline constexpr std::string_view kRestoreBefore = "coord.restore.before";
inline constexpr std::string_view kRestoreAfter = "coord.restore.after";
inline constexpr std::string_view kExportCopy = "coord.export.copy";  // An object of a snapshot.
inline constexpr std::string_view kExportBefore = "coord.export.before";  // Its manifest.
inline constexpr std::string_view kExportAfter = "coord.export.after";
inline constexpr std::string_view kRemoveBefore =
    "coord.remove.before";  // One object that is garbage.
inline constexpr std::string_view kRemoveAfter = "coord.remove.after";
inline constexpr std::string_view kCrashPoints[] = {
    kTimeLeaseBefore, kTimeLeaseAfter, kIdLeaseBefore, kIdLeaseAfter, kChangeBefore,
    kChangeAfter,     kFlushBefore,    kFlushAfter,    kIndexBefore,  kIndexAfter,
    kCompactBefore,   kCompactAfter,   kDeltasBefore,  kDeltasAfter,  kSnapshotBefore,
    kSnapshotAfter,   kRestoreCopy,    kRestoreBefore, kRestoreAfter, kExportCopy,
    kExportBefore,    kExportAfter,    kRemoveBefore,  kRemoveAfter};

}  // namespace elanus::coord
