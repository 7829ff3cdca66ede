#include "s3/crash_points.h"

#include <gtest/gtest.h>

#include "common/crash_points_test.h"

namespace elanus::s3 {
namespace {

TEST(S3CrashPoints, AreListedAndPassed) {
  const std::set<std::string> listed(std::begin(kCrashPoints), std::end(kCrashPoints));
  EXPECT_EQ(CrashPointsPassedIn("src/s3"), listed);
}

}  // namespace
}  // namespace elanus::s3
