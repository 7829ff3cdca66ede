#include "s3/crash_points.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace elanus::s3 {
namespace {

// Tests run in the root of the repository.
TEST(S3CrashPoints, AreListedAndPassed) {
  std::set<std::string> passed;
  constexpr std::string_view kCall = "CrashPoint(\"";
  for (const auto& entry : std::filesystem::directory_iterator("src/s3")) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".cc" || path.stem().string().ends_with("_test")) continue;
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    const std::string source = text.str();
    for (size_t at = source.find(kCall); at != std::string::npos; at = source.find(kCall, at)) {
      at += kCall.size();
      passed.insert(source.substr(at, source.find('"', at) - at));
    }
  }
  const std::set<std::string> listed(std::begin(kCrashPoints), std::end(kCrashPoints));
  EXPECT_EQ(passed, listed);
}

}  // namespace
}  // namespace elanus::s3
