#include "server/configuration.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "common/logging.h"

namespace elanus::server {

ConfigSources GatherSources(const CommandLine& line) {
  const char* directory = std::getenv("MILVUSCONF");
  ConfigSources sources;
  sources.files = FindConfigFiles(line.config, directory != nullptr ? directory : "configs");
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    sources.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  sources.flags = line.flags;
  return sources;
}

void Reload(const CommandLine& line, Config* config, SettingsHolder* live) {
  const auto fresh = Config::Load(GatherSources(line));
  if (!fresh.ok()) {
    ELANUS_LOG(Error, "configuration not reloaded", Field("error", fresh.status()));
    return;
  }
  Config changed = *config;
  const Config::Changes changes = changed.TakeHotKeys(*fresh);
  const auto settings = MakeSettings(changed);
  if (!settings.ok()) {
    ELANUS_LOG(Error, "configuration not reloaded", Field("error", settings.status()));
    return;
  }
  *config = std::move(changed);
  SetLogLevel(LogLevelOf(settings->logging.level));
  live->Replace(*settings);
  ELANUS_LOG(Info, "configuration reloaded",
             Field("changed", fmt::format("{}", fmt::join(changes.applied, ","))),
             Field("need_restart", fmt::format("{}", fmt::join(changes.need_restart, ","))));
}

}  // namespace elanus::server
