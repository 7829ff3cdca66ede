#include "common/config_yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/status.h"

namespace elanus {
namespace {

using Settings = std::vector<YamlSetting>;

Settings Read(std::string_view text) {
  auto settings = ParseConfigYaml(text);
  EXPECT_TRUE(settings.ok()) << settings.status();
  return settings.ok() ? *settings : Settings{};
}

TEST(ConfigYaml, JoinsKeysFromTheRootDownAndRemembersLines) {
  EXPECT_EQ(Read("proxy:\n  http:\n    port: 8080\nlog.level: debug\n"),
            (Settings{{"proxy.http.port", "8080", 3}, {"log.level", "debug", 4}}));
}

TEST(ConfigYaml, LeavesOutKeysWithoutAValue) {
  EXPECT_EQ(Read("proxy:\n  ip:  # chosen by the server\n  port: 1\n"),
            (Settings{{"proxy.port", "1", 3}}));
  EXPECT_EQ(Read("a: ~\nb: null\n"), Settings{});
  EXPECT_EQ(Read(""), Settings{});
  EXPECT_EQ(Read("# nothing\n"), Settings{});
}

TEST(ConfigYaml, JoinsListsByCommas) {
  EXPECT_EQ(Read("etcd:\n  endpoints:\n    - a:1\n    - b:2\nx: [1, two, 3.5]\n"),
            (Settings{{"etcd.endpoints", "a:1,b:2", 3}, {"x", "1,two,3.5", 5}}));
  EXPECT_EQ(Read("x: [{a: 1}, {a: 2}]\n"), (Settings{{"x.0.a", "1", 1}, {"x.1.a", "2", 1}}));
}

TEST(ConfigYaml, KeepsScalarsAsWritten) {
  EXPECT_EQ(Read("a: 0.10\nb: True\nc: \"\"\nd: '{\"x\":1}'\ne: 1e3\n"),
            (Settings{{"a", "0.10", 1},
                      {"b", "True", 2},
                      {"c", "", 3},
                      {"d", "{\"x\":1}", 4},
                      {"e", "1e3", 5}}));
}

TEST(ConfigYaml, FollowsAnchorsAndMergedMaps) {
  EXPECT_EQ(Read("base: &b\n  n: 1\nuse:\n  <<: *b\n"),
            (Settings{{"base.n", "1", 2}, {"use.n", "1", 2}}));
}

TEST(ConfigYaml, SaysTheLineOfWhatItCannotRead) {
  const auto bad = ParseConfigYaml("a: 1\nb: [1,\n");
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(MessageOf(bad.status()).find("line "), std::string::npos) << bad.status();
  EXPECT_FALSE(ParseConfigYaml("just text").ok());
  EXPECT_FALSE(ParseConfigYaml("- a\n- b\n").ok());
  EXPECT_FALSE(ParseConfigYaml("? [a, b]\n: 1\n").ok());
  EXPECT_FALSE(ParseConfigYaml("a: 1\n---\nb: 2\n").ok());
  EXPECT_TRUE(ParseConfigYaml("# licence\n\n---\na: 1\n").ok());
  EXPECT_FALSE(ParseConfigYaml("a: *nothing\n").ok());
}

TEST(ConfigYaml, BoundsDepthAndRepetitionByAliases) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "{a: ";
  EXPECT_FALSE(ParseConfigYaml(deep).ok());
  EXPECT_FALSE(ParseConfigYaml(std::string(10'000, '[')).ok());
  // Nine levels of nine references each would make 9^9 values.
  std::string bomb = "a0: &a0 {x: 1}\n";
  for (int i = 1; i < 10; ++i) {
    bomb += fmt::format("a{0}: &a{0} {{", i);
    for (int j = 0; j < 9; ++j) bomb += fmt::format("k{}: *a{}, ", j, i - 1);
    bomb += "}\n";
  }
  const auto settings = ParseConfigYaml(bomb);
  ASSERT_FALSE(settings.ok());
  EXPECT_NE(MessageOf(settings.status()).find("too many values"), std::string::npos);
}

TEST(ConfigYaml, NamesTheFileItCannotOpen) {
  const auto missing = ReadConfigYaml("/nonexistent/milvus.yaml");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(MessageOf(missing.status()).find("/nonexistent/milvus.yaml"), std::string::npos);
  EXPECT_FALSE(ReadConfigYaml("/tmp").ok());
}

TEST(ConfigYaml, SurvivesRandomAndTruncatedText) {
  const std::string good =
      "etcd:\n  endpoints: [a, b]\nproxy: &p {port: 1, ip: }\nother:\n  <<: *p\n  text: |\n    x\n";
  for (size_t size = 0; size <= good.size(); ++size)
    (void)ParseConfigYaml(good.substr(0, size)).ok();
  std::mt19937 random(11);
  const std::string alphabet = "ab:-[]{}&*!|>'\"#%@`,? \n\t0\\\x01\xff<~";
  for (int round = 0; round < 3000; ++round) {
    std::string text(random() % 60, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    (void)ParseConfigYaml(text).ok();
  }
}

}  // namespace
}  // namespace elanus
