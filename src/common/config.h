// The effective configuration: every key with its value and where that came from.
//
// Sources, weakest first: built-in default, yaml files in their order, environment, command line.
// Among environment variables the spelling with the prefix MILVUS_CONF_ wins. Names are compared
// after NormalizeConfigName. Unknown names never stop the start; values that a key does not admit
// do.
//
// Threads: none of its own; Settings are made from it once, so it needs no lock.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/config_key.h"
#include "common/config_value.h"

namespace elanus {

struct ConfigSources {
  struct Flag {
    std::string option;  // "--port", as the person typed it.
    std::string key;     // "proxy.port"
    std::string value;
  };
  std::vector<std::string> files;  // Later ones win. Each must exist.
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<Flag> flags;
};

// The files to read: `config_flag` when given (a file, or a directory of the names below), else
// those of milvus.yaml, _test.yaml, default.yaml and user.yaml that exist in `directory`, in this
// order.
std::vector<std::string> FindConfigFiles(const std::string& config_flag,
                                         const std::string& directory);

class Config {
 public:
  // All defaults.
  Config();

  static absl::StatusOr<Config> Load(const ConfigSources& sources);

  // Values by the name of a row of the table; anything else is a programming error and stops.
  bool Bool(std::string_view name) const;
  int64_t Int(std::string_view name) const;
  double Float(std::string_view name) const;
  std::string Text(std::string_view name) const;  // kText and kEnum.
  int64_t DurationMs(std::string_view name) const;
  int64_t Bytes(std::string_view name) const;
  // Whether any source but the built-in default gave it.
  bool IsGiven(std::string_view name) const;
  // "default", "milvus.yaml:12", "environment PROXY_PORT", "flag --port".
  const std::string& SourceOf(std::string_view name) const;

  // What the person at the console should read, in the order found.
  const std::vector<std::string>& warnings() const { return warnings_; }

  struct Line {
    std::string name;
    std::string value;               // Secrets masked.
    std::string source;              // As SourceOf.
    const ConfigKey* key = nullptr;  // Null for accepted names that have no row.
  };
  // Every key of the table in its order, then the other names that were given.
  std::vector<Line> Explain() const;

  struct Changes {
    std::vector<std::string> applied;
    std::vector<std::string> need_restart;
  };
  // Takes the values of hot keys from `fresh` and leaves the others alone.
  Changes TakeHotKeys(const Config& fresh);

 private:
  struct Given {
    ConfigValue value;
    std::string source;
    bool is_default = true;
  };

  void Accept(std::string_view name, std::string_view text, const std::string& source,
              bool warn_unknown, std::vector<std::string>* errors);
  void ReadEnvironment(const ConfigSources& sources, std::vector<std::string>* errors);
  void AddUnknown(std::string_view name, std::string_view text, const std::string& source,
                  bool warn_unknown);
  void WarnOfPlannedKeys();
  const Given& Find(std::string_view name, ConfigType type) const;

  std::vector<Given> given_;  // One for each row of ConfigKeys().
  std::map<std::string, std::pair<std::string, std::string>> others_;  // Name: text, source.
  std::vector<std::string> warnings_;
};

// Lines of `elanus config`: key, value and source in columns.
std::string FormatConfig(const Config& config);

// docs/configuration.md, whole.
std::string ConfigurationPage();

}  // namespace elanus
