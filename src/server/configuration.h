// Where this process's configuration comes from, and how it is read again.
#pragma once

#include "absl/status/statusor.h"
#include "common/config.h"
#include "common/settings.h"
#include "server/flags.h"

namespace elanus::server {

// The files, the environment of this process and the flags, by the rules of docs/configuration.md.
ConfigSources GatherSources(const CommandLine& line);

// Reads every source again and takes over the hot keys: `config` changes and `live` hands out the
// new settings. When something cannot be read, says so in the log and changes nothing.
void Reload(const CommandLine& line, Config* config, SettingsHolder* live);

}  // namespace elanus::server
