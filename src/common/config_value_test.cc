#include "common/config_value.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/status.h"

namespace elanus {
namespace {

constexpr ConfigAdmits kSeconds{.type = ConfigType::kDuration, .min = 0, .max = 1e12, .unit = 1000};
constexpr ConfigAdmits kMegabytes{
    .type = ConfigType::kBytes, .min = -1, .max = 8589934592.0, .unit = 1 << 20};
constexpr ConfigAdmits kPort{ConfigType::kInt, 1, 65535};

int64_t NumberOf(const ConfigAdmits& admits, std::string_view text) {
  const auto value = ParseConfigValue(admits, text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? value->number : -999;
}

TEST(ConfigValue, ReadsDurationsInGoFormAndBareNumbersInTheirUnit) {
  EXPECT_EQ(NumberOf(kSeconds, "90"), 90'000);
  EXPECT_EQ(NumberOf(kSeconds, "1h30m"), 5'400'000);
  EXPECT_EQ(NumberOf(kSeconds, "250ms"), 250);
  EXPECT_EQ(NumberOf(kSeconds, "1.5s"), 1500);
  EXPECT_EQ(NumberOf(kSeconds, "0s"), 0);
}

TEST(ConfigValue, ReadsSizesWithSuffixesAndBareNumbersInTheirUnit) {
  EXPECT_EQ(NumberOf(kMegabytes, "1024"), int64_t{1} << 30);
  EXPECT_EQ(NumberOf(kMegabytes, "64m"), 64 << 20);
  EXPECT_EQ(NumberOf(kMegabytes, "64MiB"), 64 << 20);
  EXPECT_EQ(NumberOf(kMegabytes, "2 G"), int64_t{2} << 30);
  EXPECT_EQ(NumberOf(kMegabytes, "512b"), 512);
}

TEST(ConfigValue, KeepsMinusOneAsTheWordForNoLimit) {
  EXPECT_EQ(NumberOf(kMegabytes, "-1"), -1);
}

TEST(ConfigValue, RefusesWhatIsNotAdmittedAndSaysWhatIs) {
  for (const char* text : {"", "abc", "1x", "0", "65536", "1.5", "-1", "1 2", "0x10", "tcp://h:1",
                           "nan", "inf", "1e400"}) {
    const auto value = ParseConfigValue(kPort, text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_EQ(MessageOf(value.status()), "expected an integer from 1 to 65535");
  }
  for (const char* text : {"", "s", "1h30", "1x", "-5s", "1h-3m", "--1s", "1s1"}) {
    EXPECT_FALSE(ParseConfigValue(kSeconds, text).ok()) << text;
  }
  for (const char* text : {"", "m", "1q", "-2", "1mm", "-5m"}) {
    EXPECT_FALSE(ParseConfigValue(kMegabytes, text).ok()) << text;
  }
}

TEST(ConfigValue, ReadsChoicesInAnyCaseAndGivesTheirOwnSpelling) {
  constexpr ConfigAdmits kLevel{.type = ConfigType::kEnum, .choices = "debug|info"};
  EXPECT_EQ(ParseConfigValue(kLevel, " INFO ")->text, "info");
  EXPECT_FALSE(ParseConfigValue(kLevel, "inf").ok());
  EXPECT_FALSE(ParseConfigValue(kLevel, "").ok());
}

TEST(ConfigValue, ReadsBoolsAsTheReferenceDoes) {
  constexpr ConfigAdmits kBool{ConfigType::kBool};
  for (const char* yes : {"true", "True", "t", "1"}) EXPECT_EQ(NumberOf(kBool, yes), 1);
  for (const char* no : {"false", "FALSE", "f", "0"}) EXPECT_EQ(NumberOf(kBool, no), 0);
  EXPECT_FALSE(ParseConfigValue(kBool, "yes").ok());
}

TEST(ConfigValue, SurvivesRandomTextForEveryKey) {
  std::mt19937 random(7);
  const std::string alphabet = "0123456789.-+eEkmgbhsnuµ ixX|tfru\"\n\t\x80";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 12, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    const ConfigKey& key = ConfigKeys()[random() % ConfigKeys().size()];
    const auto value = ParseConfigValue(key.admits, text);
    if (value.ok() && key.admits.type == ConfigType::kInt) {
      EXPECT_GE(value->real, key.admits.min) << text;
      EXPECT_LE(value->real, key.admits.max) << text;
    }
  }
}

}  // namespace
}  // namespace elanus
