#include "storage/crash_points.h"

#include <gtest/gtest.h>

#include "common/crash_points_test.h"

namespace elanus::storage {
namespace {

TEST(StorageCrashPoints, AreListedAndPassed) {
  const std::set<std::string> listed(std::begin(kCrashPoints), std::end(kCrashPoints));
  EXPECT_EQ(CrashPointsPassedIn("src/storage"), listed);
}

}  // namespace
}  // namespace elanus::storage
