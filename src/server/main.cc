// elanus: one binary for every role; `milvus` is a link to it.
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/index_bench.h"
#include "common/config.h"
#include "common/crash_point.h"
#include "common/logging.h"
#include "common/metric_families.h"
#include "common/object_store_settings.h"
#include "common/process_metrics.h"
#include "common/settings.h"
#include "common/status.h"
#include "common/version.h"
#include "server/configuration.h"
#include "server/crash_point_names.h"
#include "server/data_dir_lock.h"
#include "server/filter_page.h"
#include "server/flags.h"
#include "server/garbage_command.h"
#include "server/garbage_pages.h"
#include "server/health.h"
#include "server/http_get.h"
#include "server/http_server.h"
#include "server/library_logs.h"
#include "server/standalone.h"
#include "server/stop_signal.h"
#include "server/storage_doctor.h"

namespace elanus::server {
namespace {

bool IsLoopback(std::string_view address) {
  return address.substr(0, 4) == "127." || address == "::1";
}

absl::Status StartLogging(const Settings::Logging& logging) {
  return elanus::StartLogging({.level = LogLevelOf(logging.level),
                               .json = logging.json,
                               .directory = logging.directory,
                               .file_bytes_max = logging.file_bytes_max,
                               .files_max = logging.files_max,
                               .age_max_ms = logging.age_max_ms,
                               .also_stderr = logging.also_stderr});
}

bool IsBelow(const std::string& path, const std::string& directory) {
  const auto relative = std::filesystem::absolute(path).lexically_relative(
      std::filesystem::absolute(directory).lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

// The data directory, and those that a milvus.yaml put elsewhere.
absl::StatusOr<std::vector<DataDirLock>> LockDirectories(const Settings::Paths& paths) {
  std::vector<DataDirLock> locks;
  ELANUS_ASSIGN_OR_RETURN(DataDirLock lock, DataDirLock::Acquire(paths.data_dir));
  locks.push_back(std::move(lock));
  for (const std::string& directory : {paths.objects_dir, paths.log_dir}) {
    if (IsBelow(directory, paths.data_dir)) continue;
    ELANUS_ASSIGN_OR_RETURN(DataDirLock other, DataDirLock::Acquire(directory));
    locks.push_back(std::move(other));
  }
  return locks;
}

// Whoever reaches the port may do everything; says so wherever others can reach it.
void WarnOfOpenListener(const Settings& settings, MetricRegistry* metrics) {
  const std::string& address = settings.network.address;
  if (settings.security.authorization || IsLoopback(address)) return;
  ELANUS_LOG(Warn, "listening without authorization on an address that others can reach",
             Field("address", address), Field("port", settings.network.port));
  metrics->GetGauge(metric::kUnprotectedListener, {address})->Set(1);
}

HttpRoutes ManagementPages(const Health& health, const MetricRegistry& metrics,
                           RolePages& pages) {
  HttpRoutes routes;
  routes["/healthz"] = [&health](const HttpRequest&) { return HealthPage(health); };
  routes["/livez"] = [](const HttpRequest&) {
    return HttpResponse{.content_type = "application/json", .body = R"({"status":"ok"})"};
  };
  routes["/metrics"] = [&metrics](const HttpRequest&) {
    return HttpResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                        .body = metrics.Render()};
  };
  routes[kFilterPagePath] = [&pages](const HttpRequest& request) {
    return pages.filter.Answer(request);
  };
  routes["/cache"] = [&pages](const HttpRequest&) {
    return HttpResponse{.content_type = "application/json", .body = pages.cache.Text()};
  };
  pages.garbage.AddTo(routes);
  return routes;
}

absl::Status Run(const CommandLine& line) {
  ELANUS_ASSIGN_OR_RETURN(Config config, Config::Load(GatherSources(line)));
  ELANUS_ASSIGN_OR_RETURN(const Settings settings, MakeSettings(config));
  ELANUS_ASSIGN_OR_RETURN(const ObjectStoreSettings object_store, MakeObjectStoreSettings(config));
  ELANUS_RETURN_IF_ERROR(StartLogging(settings.logging));
  for (const std::string& warning : config.warnings()) {
    ELANUS_LOG(Warn, "configuration", Field("warning", warning));
  }
  AdoptLibraryLogs();
  SettingsHolder live(settings);
  StopSignal stop;
  const SignalWatcher signals(&stop, [&] { Reload(line, &config, &live); });
  ELANUS_ASSIGN_OR_RETURN(const auto locks, LockDirectories(settings.paths));
  MetricRegistry metrics;
  AddProcessMetrics(&metrics);
  Health health;
  RolePages pages;
  ELANUS_ASSIGN_OR_RETURN(const auto http,
                          HttpServer::Start({.address = settings.network.http_address,
                                             .port = settings.network.http_port},
                                            ManagementPages(health, metrics, pages)));
  ELANUS_LOG(Info, "starting", Field("version", ElanusVersion()),
             Field("data_dir", std::filesystem::absolute(settings.paths.data_dir).string()),
             Field("address", settings.network.address), Field("port", settings.network.port),
             Field("http_port", http->port()));
  WarnOfOpenListener(settings, &metrics);
  if (settings.log.sync == Settings::WalSync::kNone) {
    ELANUS_LOG(Warn, "acknowledged writes may be lost when the machine stops",
               Field("elanus.walSyncMode", "none"));
  }
  const absl::Status ended =
      RunStandalone({settings, object_store, live, metrics, health, pages, stop});
  ELANUS_LOG(Info, "stopped");
  return ended;
}

int Print(std::string_view text) {
  fmt::print("{}", text);
  return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

absl::StatusOr<std::string> ConfigText(const CommandLine& line) {
  ELANUS_ASSIGN_OR_RETURN(const Config config, Config::Load(GatherSources(line)));
  ELANUS_RETURN_IF_ERROR(MakeSettings(config).status());
  ELANUS_RETURN_IF_ERROR(MakeObjectStoreSettings(config).status());
  for (const std::string& warning : config.warnings()) fmt::print(stderr, "warning: {}\n", warning);
  return FormatConfig(config);
}

absl::StatusOr<DoctorReport> Examine(const CommandLine& line) {
  ELANUS_ASSIGN_OR_RETURN(const Config config, Config::Load(GatherSources(line)));
  ELANUS_ASSIGN_OR_RETURN(const Settings settings, MakeSettings(config));
  ELANUS_ASSIGN_OR_RETURN(const ObjectStoreSettings object_store, MakeObjectStoreSettings(config));
  return ExamineStorage(settings.paths, object_store, storage::PosixFileSystem());
}

absl::StatusOr<std::string> GarbageText(const CommandLine& line) {
  ELANUS_ASSIGN_OR_RETURN(const Config config, Config::Load(GatherSources(line)));
  ELANUS_ASSIGN_OR_RETURN(const Settings settings, MakeSettings(config));
  ELANUS_ASSIGN_OR_RETURN(const ObjectStoreSettings object_store, MakeObjectStoreSettings(config));
  ELANUS_ASSIGN_OR_RETURN(const auto locks, LockDirectories(settings.paths));
  ELANUS_ASSIGN_OR_RETURN(const coord::GarbageReport report,
                          ListGarbage(settings, object_store, storage::PosixFileSystem()));
  return line.json ? coord::GarbageAsJson(report) + "\n" : coord::FormatGarbage(report);
}

// The management port of the server that these settings belong to.
absl::StatusOr<std::string> InspectCache(const CommandLine& line) {
  ELANUS_ASSIGN_OR_RETURN(const Config config, Config::Load(GatherSources(line)));
  ELANUS_ASSIGN_OR_RETURN(const Settings settings, MakeSettings(config));
  return GetPage(settings.network.http_address, settings.network.http_port, "/cache");
}

int Fail(std::string_view name, const absl::Status& status) {
  fmt::print(stderr, "{}: {}\n", name, MessageOf(status));
  return EXIT_FAILURE;
}

int Main(const std::string& name, std::vector<std::string> arguments) {
  const auto line = ParseCommandLine(name, std::move(arguments));
  if (!line.ok()) return Fail(name, line.status());
  switch (line->action) {
    case CommandLine::Action::kPrintHelp:
      return Print(line->help);
    case CommandLine::Action::kPrintVersion:
      return Print(
          fmt::format("elanus {} ({}, {})\n", ElanusVersion(), ElanusCommit(), ElanusCommitDate()));
    case CommandLine::Action::kPrintCrashPoints:
      return Print(CrashPointNames());
    case CommandLine::Action::kPrintConfigPage:
      return Print(ConfigurationPage());
    case CommandLine::Action::kBenchIndex: {
      const auto figures = bench::BenchIndex(line->index_bench);
      if (!figures.ok()) return Fail(name, figures.status());
      return Print(line->json ? bench::FiguresAsJson(*figures) : bench::FiguresAsText(*figures));
    }
    case CommandLine::Action::kExplainFilter: {
      const auto page = AskFilterPage(line->filter_question);
      return page.ok() ? Print(*page) : Fail(name, page.status());
    }
    case CommandLine::Action::kDoctorStorage: {
      const auto report = Examine(*line);
      if (!report.ok()) return Fail(name, report.status());
      const int printed = Print(FormatReport(*report));
      return report->healthy() ? printed : EXIT_FAILURE;
    }
    case CommandLine::Action::kFindGarbage: {
      const auto text = GarbageText(*line);
      return text.ok() ? Print(*text) : Fail(name, text.status());
    }
    case CommandLine::Action::kInspectCache: {
      const auto text = InspectCache(*line);
      return text.ok() ? Print(*text) : Fail(name, text.status());
    }
    case CommandLine::Action::kPrintConfig: {
      const auto text = ConfigText(*line);
      return text.ok() ? Print(*text) : Fail(name, text.status());
    }
    case CommandLine::Action::kRunStandalone: {
      const absl::Status ended = Run(*line);
      FlushLog();
      return ended.ok() ? EXIT_SUCCESS : Fail(name, ended);
    }
  }
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace elanus::server

int main(int argc, char** argv) {
  umask(0077);  // What the server keeps is for its owner.
  elanus::ArmCrashPointsFromEnvironment();
  const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "elanus";
  return elanus::server::Main(name, {argv + std::min(argc, 1), argv + argc});
}
