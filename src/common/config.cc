#include "common/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "common/check.h"
#include "common/config_name.h"
#include "common/config_yaml.h"
#include "common/status.h"

namespace elanus {
namespace {

constexpr std::string_view kPrefix = "MILVUS_CONF_";
constexpr std::string_view kMask = "*****";

size_t IndexOf(const ConfigKey* key) {
  return static_cast<size_t>(key - ConfigKeys().data());
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// Kubernetes sets <SERVICE>_PORT=tcp://10.0.0.5:9000 for each service it knows.
bool IsServiceLink(const ConfigKey& key, std::string_view text) {
  return key.admits.type == ConfigType::kInt &&
         (StartsWith(text, "tcp://") || StartsWith(text, "udp://"));
}

bool IsSecret(const ConfigKey* key, std::string_view name) {
  return (key != nullptr && key->secret) || IsSecretConfigName(name);
}

// The value as a person may see it: no secret, and no user:password inside an address.
std::string Shown(const ConfigKey* key, std::string_view name, std::string_view text) {
  if (text.empty()) return "";
  if (IsSecret(key, name)) return std::string(kMask);
  const size_t scheme = text.find("://");
  const size_t at = text.rfind('@');
  if (scheme == std::string_view::npos || at == std::string_view::npos || at < scheme) {
    return std::string(text);
  }
  return fmt::format("{}{}{}", text.substr(0, scheme + 3), kMask, text.substr(at));
}

}  // namespace

std::vector<std::string> FindConfigFiles(const std::string& config_flag,
                                         const std::string& directory) {
  std::error_code ignored;
  const bool flag_is_directory =
      !config_flag.empty() && std::filesystem::is_directory(config_flag, ignored);
  if (!config_flag.empty() && !flag_is_directory) return {config_flag};
  const std::filesystem::path base = flag_is_directory ? config_flag : directory;
  std::vector<std::string> files;
  if (base.empty()) return files;
  for (const char* name : {"milvus.yaml", "_test.yaml", "default.yaml", "user.yaml"}) {
    const std::filesystem::path file = base / name;
    if (std::filesystem::exists(file, ignored)) files.push_back(file.string());
  }
  return files;
}

Config::Config() {
  for (const ConfigKey& key : ConfigKeys()) {
    auto value = ParseConfigValue(key.admits, key.default_value);
    // The default of a key that may be left empty is empty, whatever its type.
    ELANUS_CHECK(value.ok());
    given_.push_back({*std::move(value), "default"});
  }
}

absl::StatusOr<Config> Config::Load(const ConfigSources& sources) {
  Config config;
  std::vector<std::string> errors;
  for (const std::string& file : sources.files) {
    ELANUS_ASSIGN_OR_RETURN(const std::vector<YamlSetting> settings, ReadConfigYaml(file));
    std::set<std::string> seen;
    for (const YamlSetting& setting : settings) {
      const std::string source = fmt::format("{}:{}", file, setting.line);
      if (!seen.insert(NormalizeConfigName(setting.name)).second) {
        config.warnings_.push_back(fmt::format(
            "{}: {} is given twice in this file; the last one counts", source, setting.name));
      }
      config.Accept(setting.name, setting.value, source, /*warn_unknown=*/true, &errors);
    }
  }
  config.ReadEnvironment(sources, &errors);
  for (const ConfigSources::Flag& flag : sources.flags) {
    config.Accept(flag.key, flag.value, "flag " + flag.option, /*warn_unknown=*/true, &errors);
  }
  if (!errors.empty()) {
    return UserError(ErrorCode::kParameterInvalid, "{}", fmt::join(errors, "\n"));
  }
  config.WarnOfPlannedKeys();
  return config;
}

void Config::ReadEnvironment(const ConfigSources& sources, std::vector<std::string>* errors) {
  for (const bool prefixed : {false, true}) {  // The prefixed spelling wins, so it comes last.
    for (const auto& [variable, text] : sources.environment) {
      if (StartsWith(variable, kPrefix) != prefixed) continue;
      const std::string name = prefixed ? variable.substr(kPrefix.size()) : variable;
      const ConfigKey* key = FindConfigKey(name);
      const std::string source = "environment " + variable;
      if (text.empty()) continue;                 // Compose files write FOO= for "not set".
      if (key == nullptr && !prefixed) continue;  // Most of the environment is not for us.
      if (key != nullptr && !prefixed && IsServiceLink(*key, text)) {
        warnings_.push_back(fmt::format(
            "{}: ignored, since {} looks like a Kubernetes service link; set {}{} to mean {}",
            source, text, kPrefix, name, key->name));
        continue;
      }
      Accept(name, text, source, /*warn_unknown=*/true, errors);
    }
  }
}

void Config::Accept(std::string_view name, std::string_view text, const std::string& source,
                    bool warn_unknown, std::vector<std::string>* errors) {
  const ConfigKey* key = FindConfigKey(name);
  if (key == nullptr) return AddUnknown(name, text, source, warn_unknown);
  if (text.empty() && key->admits.type != ConfigType::kText) return;  // `key: ""` says nothing.
  auto value = ParseConfigValue(key->admits, text);
  if (!value.ok()) {
    errors->push_back(fmt::format("{}: {} = \"{}\" is refused: {}", source, key->name,
                                  Shown(key, key->name, text), MessageOf(value.status())));
    return;
  }
  given_[IndexOf(key)] = {*std::move(value), source, /*is_default=*/false};
}

void Config::AddUnknown(std::string_view name, std::string_view text, const std::string& source,
                        bool warn_unknown) {
  others_[std::string(name)] = {std::string(text), source};
  if (!warn_unknown) return;
  const std::string nearest = NearestConfigName(name);
  const bool ignored = IsIgnoredConfigName(name);
  // Inside an ignored section only a slip of one letter counts as a mistake: its real keys are
  // many.
  if (ignored && (nearest.empty() || EditDistance(name, nearest, 1) > 1)) return;
  if (nearest.empty()) {
    warnings_.push_back(fmt::format("{}: unknown key {} is ignored", source, name));
  } else {
    warnings_.push_back(
        fmt::format("{}: unknown key {} is ignored; did you mean {}?", source, name, nearest));
  }
}

void Config::WarnOfPlannedKeys() {
  for (const ConfigKey& key : ConfigKeys()) {
    const Given& given = given_[IndexOf(&key)];
    if (key.support != ConfigSupport::kPlanned || given.is_default) continue;
    auto usual = ParseConfigValue(key.admits, key.default_value);
    if (usual.ok() && usual->text == given.value.text) continue;
    warnings_.push_back(
        fmt::format("{}: {} has no effect in this version", given.source, key.name));
  }
}

const Config::Given& Config::Find(std::string_view name, ConfigType type) const {
  const ConfigKey* key = FindConfigKey(name);
  ELANUS_CHECK(key != nullptr);
  ELANUS_CHECK(key->admits.type == type ||
               (type == ConfigType::kText && key->admits.type == ConfigType::kEnum));
  const Given& given = given_[IndexOf(key)];
  if (key->fallback.empty()) return given;
  // As in the reference, a legacy key also counts when the key itself says its default.
  const Config::Given& legacy = Find(key->fallback, type);
  const auto usual = ParseConfigValue(key->admits, key->default_value);
  const bool at_default = given.is_default || given.value.text == usual->text;
  return at_default && !legacy.is_default ? legacy : given;
}

bool Config::Bool(std::string_view name) const {
  return Find(name, ConfigType::kBool).value.number != 0;
}
int64_t Config::Int(std::string_view name) const {
  return Find(name, ConfigType::kInt).value.number;
}
double Config::Float(std::string_view name) const {
  return Find(name, ConfigType::kFloat).value.real;
}
std::string Config::Text(std::string_view name) const {
  return Find(name, ConfigType::kText).value.text;
}
int64_t Config::DurationMs(std::string_view name) const {
  return Find(name, ConfigType::kDuration).value.number;
}
int64_t Config::Bytes(std::string_view name) const {
  return Find(name, ConfigType::kBytes).value.number;
}
bool Config::IsGiven(std::string_view name) const {
  const ConfigKey* key = FindConfigKey(name);
  ELANUS_CHECK(key != nullptr);
  return !given_[IndexOf(key)].is_default;
}

const std::string& Config::SourceOf(std::string_view name) const {
  const ConfigKey* key = FindConfigKey(name);
  ELANUS_CHECK(key != nullptr);
  return given_[IndexOf(key)].source;
}

std::vector<Config::Line> Config::Explain() const {
  std::vector<Line> lines;
  for (const ConfigKey& key : ConfigKeys()) {
    const Given& given = given_[IndexOf(&key)];
    lines.push_back(
        {std::string(key.name), Shown(&key, key.name, given.value.text), given.source, &key});
  }
  for (const auto& [name, given] : others_) {
    lines.push_back({name, Shown(nullptr, name, given.first), given.second, nullptr});
  }
  return lines;
}

Config::Changes Config::TakeHotKeys(const Config& fresh) {
  Changes changes;
  for (const ConfigKey& key : ConfigKeys()) {
    Given& mine = given_[IndexOf(&key)];
    const Given& theirs = fresh.given_[IndexOf(&key)];
    if (mine.value.text == theirs.value.text) continue;
    if (!key.hot) {
      changes.need_restart.emplace_back(key.name);
      continue;
    }
    mine = theirs;
    changes.applied.emplace_back(key.name);
  }
  return changes;
}

}  // namespace elanus
