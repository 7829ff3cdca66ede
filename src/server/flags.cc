#include "server/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "common/status.h"

namespace elanus::server {
namespace {

struct SettingFlag {
  const char* option;
  const char* key;
  const char* help;
};

constexpr SettingFlag kSettingFlags[] = {
    {"--data-dir", "elanus.dataDir", "Directory that holds everything the server keeps"},
    {"--address", "proxy.ip", "Address to listen on (default 127.0.0.1)"},
    {"--port", "proxy.port", "Client port (default 19530)"},
    {"--http-port", "elanus.metrics.port", "Port of /healthz, /livez and /metrics (default 9091)"},
};

constexpr std::array<std::string_view, 14> kClusterRoles = {
    "proxy",         "coordinator", "mixcoord",  "rootcoord", "querycoord",
    "datacoord",     "indexcoord",  "querynode", "datanode",  "indexnode",
    "streamingnode", "mixture",     "cluster",   "embedded"};

absl::Status CheckRole(const std::string& role) {
  if (role == "standalone") return absl::OkStatus();
  const bool known =
      std::find(kClusterRoles.begin(), kClusterRoles.end(), role) != kClusterRoles.end();
  if (known) {
    return UserError(ErrorCode::kParameterInvalid,
                     "role {}: cluster roles are not in this version; use `run standalone`", role);
  }
  return UserError(ErrorCode::kParameterInvalid, "unknown role \"{}\"; use `run standalone`", role);
}

// One subcommand's share of the options that stand for settings.
class SettingOptions {
 public:
  explicit SettingOptions(CLI::App* command) {
    command->add_option("--config", config_, "A milvus.yaml, or the directory of one")
        ->type_name("PATH");
    for (size_t i = 0; i < std::size(kSettingFlags); ++i) {
      options_[i] = command->add_option(kSettingFlags[i].option, values_[i], kSettingFlags[i].help);
    }
  }

  void MoveTo(CommandLine* line) const {
    line->config = config_;
    for (size_t i = 0; i < std::size(kSettingFlags); ++i) {
      if (options_[i]->count() == 0) continue;
      line->flags.push_back({kSettingFlags[i].option, kSettingFlags[i].key, values_[i]});
    }
  }

 private:
  std::string config_;
  std::array<std::string, std::size(kSettingFlags)> values_;
  std::array<CLI::Option*, std::size(kSettingFlags)> options_{};
};

// `bench index`: its options are stored into `line`.
CLI::App* AddIndexBench(CLI::App& app, CommandLine* line) {
  CLI::App* bench = app.add_subcommand("bench", "Measure a part of the engine: bench index");
  bench->require_subcommand(1);
  CLI::App* index = bench->add_subcommand("index", "Build, save, load and search one index");
  bench::IndexBenchOptions& options = line->index_bench;
  index->add_option("--base", options.base, "Vectors to index, a .npy of (n, dim)")->required();
  index->add_option("--query", options.query, "Query vectors, a .npy of (n, dim)")->required();
  index
      ->add_option_function<std::string>(
          "--ids",
          [&options](const std::string& file) {
            options.ids = file;
            options.report_ids = file.empty();
          },
          "With a file: exact neighbours, a .npy of (queries, >= k) row numbers. Without: what was "
          "found is in the JSON")
      ->expected(0, 1);
  index->add_option("--metric", options.metric, "L2, IP, COSINE, ...")->required();
  index->add_option("--index", options.index, "Index type, such as HNSW")->required();
  index->add_option("--params", options.params, "Build parameters: k=v,k=v");
  index->add_option("--search", options.search, "Search settings: k=v,k=v;k=v");
  index->add_option("--k", options.k, "Neighbours asked for (default 10)");
  index->add_option("--threads", options.threads, "Of the build and of the batched search");
  index->add_option("--filter-fraction", options.filter_fractions, "Parts of the rows allowed")
      ->delimiter(',');
  index->add_flag("--filter-cluster", options.filter_cluster,
                  "Allow rows that lie together, not any");
  index->add_option("--directory", options.directory, "Where the index file is saved meanwhile");
  index->add_flag("--json", line->json, "Print one JSON object");
  return bench;
}

// `doctor storage`.
CLI::App* AddDoctor(CLI::App& app, std::unique_ptr<SettingOptions>* options) {
  CLI::App* doctor = app.add_subcommand("doctor", "Try what the server needs: doctor storage");
  doctor->require_subcommand(1);
  CLI::App* storage = doctor->add_subcommand(
      "storage",
      "Try everything that the server asks of its object store; exit status 1 if it is "
      "not fit for use");
  *options = std::make_unique<SettingOptions>(storage);
  return doctor;
}

// `explain filter`: its options are stored into `line`.
CLI::App* AddExplain(CLI::App& app, CommandLine* line) {
  CLI::App* explain = app.add_subcommand("explain", "Show how a server works: explain filter");
  explain->require_subcommand(1);
  CLI::App* filter = explain->add_subcommand(
      "filter", "How a running server evaluates a filter, as JSON: steps in order, rows, time");
  FilterPageQuestion& question = line->filter_question;
  filter->add_option("--server", question.server,
                     "Management port of the server (default 127.0.0.1:9091)");
  filter->add_option("--db", question.database, "Database");
  filter->add_option("--collection", question.collection, "Collection or alias")->required();
  filter->add_option("--filter", question.filter, "The filter's text")->required();
  filter->add_flag("--analyze", question.analyze, "Evaluate it and show what each step did");
  return explain;
}

// `inspect cache`.
CLI::App* AddInspect(CLI::App& app, std::unique_ptr<SettingOptions>* options) {
  CLI::App* inspect = app.add_subcommand("inspect", "Look into a running server: inspect cache");
  inspect->require_subcommand(1);
  CLI::App* cache = inspect->add_subcommand(
      "cache", "Print what of the remote store is here, in memory and on disk, and why");
  *options = std::make_unique<SettingOptions>(cache);
  return inspect;
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(const std::string& name,
                                             std::vector<std::string> arguments) {
  CLI::App app("Elanus, a vector database that Milvus clients speak to", name);
  app.require_subcommand(1);
  CLI::App* run = app.add_subcommand("run", "Start the server: run standalone");
  std::string role;
  run->add_option("role", role, "standalone")->required();
  const SettingOptions run_options(run);
  CLI::App* version = app.add_subcommand("version", "Print the version");
  // For the crash tests; not shown in the help.
  CLI::App* points = app.add_subcommand("crash-points", "Print the named crash points")->group("");
  CLI::App* config = app.add_subcommand("config", "Print every setting, its value and its source");
  const SettingOptions config_options(config);
  bool docs = false;
  config->add_flag("--docs", docs, "Print the reference page of all settings instead");

  CommandLine line;
  const CLI::App* bench = AddIndexBench(app, &line);
  std::unique_ptr<SettingOptions> doctor_options;
  const CLI::App* doctor = AddDoctor(app, &doctor_options);
  const CLI::App* explain = AddExplain(app, &line);
  CLI::App* gc = app.add_subcommand(
      "gc", "List the objects in the store that nothing names, while no server runs: gc --dry-run");
  const SettingOptions gc_options(gc);
  // Removing is the server's own work: it knows what is being written.
  bool dry_run = false;
  gc->add_flag("--dry-run", dry_run, "Only list them")->required();
  gc->add_flag("--json", line.json, "Print one JSON object");
  std::unique_ptr<SettingOptions> inspect_options;
  const CLI::App* inspect = AddInspect(app, &inspect_options);
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back.
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    CLI::App* chosen = &app;
    while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
    line.help = chosen->help();
    return line;
  } catch (const CLI::Error& error) {
    return UserError(ErrorCode::kParameterInvalid, "{}\nTry `{} --help`.", error.what(), name);
  }
  if (version->parsed()) {
    line.action = CommandLine::Action::kPrintVersion;
  } else if (bench->parsed()) {
    line.action = CommandLine::Action::kBenchIndex;
  } else if (doctor->parsed()) {
    line.action = CommandLine::Action::kDoctorStorage;
    doctor_options->MoveTo(&line);
  } else if (explain->parsed()) {
    line.action = CommandLine::Action::kExplainFilter;
  } else if (gc->parsed()) {
    line.action = CommandLine::Action::kFindGarbage;
    gc_options.MoveTo(&line);
  } else if (inspect->parsed()) {
    line.action = CommandLine::Action::kInspectCache;
    inspect_options->MoveTo(&line);
  } else if (points->parsed()) {
    line.action = CommandLine::Action::kPrintCrashPoints;
  } else if (config->parsed()) {
    line.action = docs ? CommandLine::Action::kPrintConfigPage : CommandLine::Action::kPrintConfig;
    config_options.MoveTo(&line);
  } else {
    ELANUS_RETURN_IF_ERROR(CheckRole(role));
    line.action = CommandLine::Action::kRunStandalone;
    run_options.MoveTo(&line);
  }
  return line;
}

}  // namespace elanus::server
