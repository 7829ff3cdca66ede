#include "log/crash_points.h"

#include <gtest/gtest.h>

#include "common/crash_points_test.h"

namespace elanus::log {
namespace {

TEST(LogCrashPoints, AreListedAndPassed) {
  const std::set<std::string> listed(std::begin(kCrashPoints), std::end(kCrashPoints));
  EXPECT_EQ(CrashPointsPassedIn("src/log"), listed);
}

}  // namespace
}  // namespace elanus::log
