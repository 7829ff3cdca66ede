#include "server/crash_point_names.h"

#include <span>
#include <string_view>

#include "coord/crash_points.h"
#include "datanode/crash_points.h"
#include "indexnode/crash_points.h"
#include "log/crash_points.h"
#include "meta/crash_points.h"
#include "s3/crash_points.h"
#include "storage/crash_points.h"

namespace elanus::server {

std::string CrashPointNames() {
  const std::span<const std::string_view> folders[] = {
      coord::kCrashPoints, datanode::kCrashPoints, indexnode::kCrashPoints,
      log::kCrashPoints,   meta::kCrashPoints,     storage::kCrashPoints,
      s3::kCrashPoints};
  std::string out;
  for (const std::span<const std::string_view> folder : folders) {
    for (const std::string_view name : folder) out.append(name).append("\n");
  }
  return out;
}

}  // namespace elanus::server
