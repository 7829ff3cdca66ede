#include "storage/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace elanus::storage {
namespace {

TEST(Crc32c, GivesThePublishedValues) {
  // RFC 3720 appendix B.4.
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending(32, '\0');
  for (int i = 0; i < 32; ++i) ascending[i] = static_cast<char>(i);
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32c, AgreesWithTheTableAtEveryLengthAndStart) {
  std::mt19937_64 random(1);
  std::string bytes(40000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  const std::string_view all = bytes;
  for (size_t length = 0; length < 2000; ++length) {
    const std::string_view part = all.substr(length % 13, length);
    ASSERT_EQ(Crc32c(part), Crc32cPortable(part)) << length;
  }
  for (int i = 0; i < 300; ++i) {
    const std::string_view part = all.substr(random() % 5000, random() % 35000);
    ASSERT_EQ(Crc32c(part, 77), Crc32cPortable(part, 77)) << part.size();
  }
}

TEST(Crc32c, ContinuesFromASeed) {
  const std::string bytes(9001, 'q');
  const std::string_view all = bytes;
  for (size_t cut : {0, 1, 8, 767, 768, 6144, 9000, 9001}) {
    EXPECT_EQ(Crc32c(all.substr(cut), Crc32c(all.substr(0, cut))), Crc32c(all)) << cut;
  }
}

}  // namespace
}  // namespace elanus::storage
