#include "common/logging.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "common/status.h"

namespace elanus {
namespace {

using logging_internal::FormatLine;

TEST(Logging, TextLinesQuoteOnlyWhatNeedsIt) {
  EXPECT_EQ(
      FormatLine(
          false, LogLevel::kInfo, "a/b.cc:1", "row added", "r1",
          {Field("name", "plain"), Field("text", "two words"), Field("n", 5), Field("empty", "")}),
      "info  a/b.cc:1 \"row added\" request_id=r1 name=plain text=\"two words\" n=5 empty=\"\"");
}

TEST(Logging, JsonLinesKeepNumbersBareAndTextQuoted) {
  EXPECT_EQ(
      FormatLine(true, LogLevel::kWarn, "x.cc:2", "m", "",
                 {Field("n", 5), Field("b", true), Field("f", 0.5), Field("s", std::string("q\"")),
                  Field("inf", 1.0 / 0.0)}),
      R"("level":"warn","place":"x.cc:2","message":"m","n":5,"b":true,"f":0.5,"s":"q\"","inf":"inf")");
}

TEST(Logging, AValueCannotForgeALine) {
  const std::string line =
      FormatLine(false, LogLevel::kInfo, "p", "m", "", {Field("v", "x\nfatal fake\r\x1b[31m")});
  EXPECT_EQ(line.find_first_of("\n\r\x1b"), std::string::npos) << line;
}

TEST(Logging, AnErrorFieldCarriesItsPublicCode) {
  const LogField field = Field("error", UserError(ErrorCode::kCollectionNotFound, "no {}", "x"));
  EXPECT_NE(field.text.find("(code 100)"), std::string::npos) << field.text;
}

TEST(Logging, RequestScopesNest) {
  EXPECT_EQ(CurrentRequestId(), "");
  const RequestScope outer("a");
  {
    const RequestScope inner("b");
    EXPECT_EQ(CurrentRequestId(), "b");
  }
  EXPECT_EQ(CurrentRequestId(), "a");
}

TEST(Logging, RequestIdsDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewRequestId());
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_EQ(ids.begin()->size(), 16u);
}

class LogFileTest : public testing::Test {
 protected:
  void TearDown() override {
    ASSERT_TRUE(StartLogging({}).ok());
    std::filesystem::remove_all(directory_);
  }
  std::string Text(const std::string& name) const {
    std::ifstream file(directory_ / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("elanus_log_test_" + std::to_string(getpid()));
};

TEST_F(LogFileTest, WritesToItsFileFromTheLevelOnThatIsSet) {
  ASSERT_TRUE(StartLogging({.directory = directory_.string(), .also_stderr = false}).ok());
  int evaluated = 0;
  const auto count = [&] { return ++evaluated; };
  ELANUS_LOG(Debug, "hidden", Field("n", count()));
  EXPECT_EQ(evaluated, 0);
  ELANUS_LOG(Info, "shown");
  SetLogLevel(LogLevel::kDebug);
  ELANUS_LOG(Debug, "now shown", Field("n", count()));
  const std::string text = Text("elanus.log");
  EXPECT_EQ(text.find("hidden"), std::string::npos);
  EXPECT_NE(text.find("\"shown\""), std::string::npos);
  EXPECT_NE(text.find("common/logging_test.cc:"), std::string::npos) << text;
  EXPECT_NE(text.find("\"now shown\" n=1"), std::string::npos);
}

TEST_F(LogFileTest, RotatesAtItsSizeAndKeepsSoManyFiles) {
  ASSERT_TRUE(StartLogging({.json = true,
                            .directory = directory_.string(),
                            .file_bytes_max = 2000,
                            .files_max = 2,
                            .also_stderr = false})
                  .ok());
  for (int i = 0; i < 200; ++i) ELANUS_LOG(Info, "a line of the log", Field("i", i));
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    ++files;
    EXPECT_LE(entry.file_size(), 2200u);
  }
  EXPECT_EQ(files, 3u);
  EXPECT_EQ(Text("elanus.1.log").substr(0, 9), "{\"time\":\"");
}

TEST_F(LogFileTest, HoldsBackRepeatedLines) {
  ASSERT_TRUE(StartLogging({.directory = directory_.string(), .also_stderr = false}).ok());
  for (int i = 0; i < 100; ++i) ELANUS_LOG_EVERY(3600, Info, "again", Field("i", i));
  const std::string text = Text("elanus.log");
  EXPECT_NE(text.find("held_back=0 i=0"), std::string::npos) << text;
  EXPECT_EQ(text.find("i=1"), std::string::npos);
}

TEST_F(LogFileTest, RefusesADirectoryItCannotUse) {
  EXPECT_FALSE(StartLogging({.directory = "/proc/nothing/here"}).ok());
}

}  // namespace
}  // namespace elanus
