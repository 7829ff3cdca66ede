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
    EXPECT_EQ(ParseCommandLine(name, {"doctor", "storage"})->action, Action::kDoctorStorage);
    EXPECT_FALSE(ParseCommandLine(name, {"doctor"}).ok());
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

TEST(Flags, ReadsWhatToBench) {
  const auto line = ParseCommandLine("elanus", {"bench",
                                                "index",
                                                "--base",
                                                "b.npy",
                                                "--query",
                                                "q.npy",
                                                "--metric",
                                                "IP",
                                                "--index",
                                                "HNSW",
                                                "--params",
                                                "M=16,efConstruction=200",
                                                "--search",
                                                "ef=16;ef=32",
                                                "--k",
                                                "7",
                                                "--threads",
                                                "2",
                                                "--filter-fraction",
                                                "0.5,0.01",
                                                "--json"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->action, Action::kBenchIndex);
  EXPECT_EQ(line->index_bench.base, "b.npy");
  EXPECT_EQ(line->index_bench.params, "M=16,efConstruction=200");
  EXPECT_EQ(line->index_bench.search, "ef=16;ef=32");
  EXPECT_EQ(line->index_bench.k, 7);
  EXPECT_EQ(line->index_bench.threads, 2);
  EXPECT_EQ(line->index_bench.filter_fractions, (std::vector<double>{0.5, 0.01}));
  EXPECT_TRUE(line->json);
  EXPECT_FALSE(line->index_bench.report_ids);
  const std::vector<std::string> shortest = {"bench", "index", "--base", "b", "--query", "q"};
  auto arguments = shortest;
  arguments.insert(arguments.end(), {"--ids", "--metric", "L2", "--index", "FLAT"});
  const auto bare = ParseCommandLine("elanus", arguments);
  ASSERT_TRUE(bare.ok()) << bare.status();
  EXPECT_TRUE(bare->index_bench.report_ids);
  arguments = shortest;
  arguments.insert(arguments.end(), {"--ids", "i.npy", "--metric", "L2", "--index", "FLAT"});
  const auto named = ParseCommandLine("elanus", arguments);
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->index_bench.ids, "i.npy");
  EXPECT_FALSE(named->index_bench.report_ids);
  EXPECT_FALSE(ParseCommandLine("elanus", {"bench"}).ok());
  EXPECT_FALSE(ParseCommandLine("elanus", {"bench", "index", "--base", "b.npy"}).ok());
  EXPECT_NE(
      ParseCommandLine("elanus", {"bench", "index", "--help"})->help.find("--filter-fraction"),
      std::string::npos);
}

TEST(Flags, ReadsWhatToExplain) {
  const auto line =
      ParseCommandLine("elanus", {"explain", "filter", "--server", "h:1", "--db", "d",
                                  "--collection", "c", "--filter", "a > 1", "--analyze"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->action, Action::kExplainFilter);
  EXPECT_EQ(line->filter_question.server, "h:1");
  EXPECT_EQ(line->filter_question.database, "d");
  EXPECT_EQ(line->filter_question.collection, "c");
  EXPECT_EQ(line->filter_question.filter, "a > 1");
  EXPECT_TRUE(line->filter_question.analyze);
  EXPECT_FALSE(ParseCommandLine("elanus", {"explain", "filter", "--filter", "a > 1"}).ok());
  EXPECT_FALSE(ParseCommandLine("elanus", {"explain"}).ok());
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
