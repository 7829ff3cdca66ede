#include "kernels/find_bytes.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

TEST(FindBytes, FindsWhatTheStandardLibraryFinds) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string haystack(random() % 200, 'a');
    for (char& c : haystack) c = static_cast<char>('a' + random() % 2);
    std::string needle(random() % 8, 'a');
    for (char& c : needle) c = static_cast<char>('a' + random() % 2);
    // A copy of its own, so that a sanitizer sees a read behind the end.
    const std::vector<char> exact(haystack.begin(), haystack.end());
    const size_t expected = haystack.find(needle);
    ForEachSimdTarget([&] {
      EXPECT_EQ(FindBytes({exact.data(), exact.size()}, needle), expected)
          << haystack << " " << needle;
    });
  }
}

TEST(FindBytes, FindsNeedlesAtTheEndsAndLongerThanAVector) {
  const std::string needle(100, 'x');
  for (const size_t before : {0, 1, 31, 32, 33, 63, 64, 65, 500}) {
    for (const size_t after : {0, 1, 64}) {
      const std::string haystack = std::string(before, '.') + needle + std::string(after, '.');
      ForEachSimdTarget([&] { EXPECT_EQ(FindBytes(haystack, needle), before); });
    }
  }
  EXPECT_EQ(FindBytes("ab", "abc"), std::string_view::npos);
  EXPECT_EQ(FindBytes("", ""), 0);
  EXPECT_EQ(FindBytes("abc", "c"), 2);
}

}  // namespace
}  // namespace elanus::kernels
