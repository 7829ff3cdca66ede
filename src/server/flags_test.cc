#include "server/flags.h"

#include <gtest/gtest.h>

#include <string>

#include "common/status.h"

namespace elanus::server {
namespace {

using Action = CommandLine::Action;

TEST(Flags, ReadsTheCommandsUnderEitherName) {
  for (const char* name : {"elanus", "milvus"}) {
    EXPECT_EQ(ParseCommandLine(name, {"run", "standalone"})->action, Action::kRunStandalone);
    EXPECT_EQ(ParseCommandLine(name, {"version"})->action, Action::kPrintVersion);
    EXPECT_EQ(ParseCommandLine(name, {"config"})->action, Action::kPrintConfig);
    EXPECT_EQ(ParseCommandLine(name, {"config", "--docs"})->action, Action::kPrintConfigPage);
  }
}

TEST(Flags, HandsOnOnlyTheSettingsThatWereGiven) {
  const auto line = ParseCommandLine(
      "elanus", {"run", "standalone", "--config", "m.yaml", "--data-dir=/d", "--port", "5"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->config, "m.yaml");
  ASSERT_EQ(line->flags.size(), 2u);
  EXPECT_EQ(line->flags[0].key, "elanus.dataDir");
  EXPECT_EQ(line->flags[0].value, "/d");
  EXPECT_EQ(line->flags[1].option, "--port");
}

TEST(Flags, EveryFlagStandsForAKnownSetting) {
  const auto line = ParseCommandLine(
      "elanus", {"config", "--data-dir", "a", "--address", "b", "--port", "c", "--http-port", "d"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->flags.size(), 4u);
  for (const ConfigSources::Flag& flag : line->flags) {
    EXPECT_NE(FindConfigKey(flag.key), nullptr) << flag.option;
  }
}

TEST(Flags, SaysThatClusterRolesAreMissingAndOthersUnknown) {
  const auto cluster = ParseCommandLine("milvus", {"run", "querynode"});
  ASSERT_FALSE(cluster.ok());
  EXPECT_NE(MessageOf(cluster.status()).find("cluster roles are not in this version"),
            std::string::npos);
  const auto unknown = ParseCommandLine("milvus", {"run", "everything"});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(MessageOf(unknown.status()).find("unknown role"), std::string::npos);
}

TEST(Flags, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(ParseCommandLine("elanus", {}).ok());
  EXPECT_FALSE(ParseCommandLine("elanus", {"run"}).ok());
  EXPECT_FALSE(ParseCommandLine("elanus", {"walk"}).ok());
  EXPECT_FALSE(ParseCommandLine("elanus", {"run", "standalone", "--prot", "5"}).ok());
  EXPECT_FALSE(ParseCommandLine("elanus", {"run", "standalone", "--port"}).ok());
  EXPECT_FALSE(ParseCommandLine("elanus", {"version", "--port", "5"}).ok());
}

TEST(Flags, ExplainsItself) {
  EXPECT_NE(ParseCommandLine("elanus", {"--help"})->help.find("config"), std::string::npos);
  EXPECT_NE(ParseCommandLine("elanus", {"run", "--help"})->help.find("--data-dir"),
            std::string::npos);
}

}  // namespace
}  // namespace elanus::server
