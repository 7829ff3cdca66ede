// The command line.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/index_bench.h"
#include "common/config.h"
#include "server/filter_page.h"

namespace elanus::server {

struct CommandLine {
  enum class Action {
    kRunStandalone,
    kPrintVersion,
    kPrintConfig,
    kPrintConfigPage,
    kPrintCrashPoints,
    kBenchIndex,
    kDoctorStorage,
    kExplainFilter,
    kFindGarbage,
    kInspectCache,
    kPrintHelp
  };
  Action action = Action::kPrintHelp;
  std::string config;                      // --config: a file or a directory.
  std::vector<ConfigSources::Flag> flags;  // Those that stand for a setting.
  std::string help;                        // kPrintHelp.
  bench::IndexBenchOptions index_bench;    // kBenchIndex,
  bool json = false;                       // these and kFindGarbage as one JSON object.
  FilterPageQuestion filter_question;      // kExplainFilter.
};

// `name` is what the program was called as ("elanus", "milvus"); `arguments` what follows it.
absl::StatusOr<CommandLine> ParseCommandLine(const std::string& name,
                                             std::vector<std::string> arguments);

}  // namespace elanus::server
