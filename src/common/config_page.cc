#include <fmt/format.h>

#include <algorithm>

#include "common/config.h"

namespace elanus {
namespace {

std::string_view SupportName(ConfigSupport support) {
  switch (support) {
    case ConfigSupport::kHonoured:
      return "yes";
    case ConfigSupport::kPartly:
      return "partly";
    case ConfigSupport::kPlanned:
      return "not yet";
    case ConfigSupport::kIgnored:
      return "ignored";
  }
  return "";
}

std::string EscapeCell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Row(const ConfigKey& key) {
  const std::string value = key.default_value.empty() ? "" : fmt::format("`{}`", key.default_value);
  std::string name = fmt::format("`{}`", key.name);
  if (!key.environment.empty()) name += fmt::format(", variable `{}`", key.environment);
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", name, EscapeCell(value),
                     EscapeCell(DescribeAdmitted(key.admits)), key.hot ? "yes" : "",
                     SupportName(key.support), EscapeCell(key.meaning));
}

std::string_view SectionOf(const ConfigKey& key) {
  return key.name.substr(0, key.name.find('.'));
}

constexpr std::string_view kIntroduction = R"(# Configuration

This page is printed by `elanus config --docs` from the table in
[config_keys.cc](../src/common/config_keys.cc); a test holds the two together.

Elanus reads the `milvus.yaml` keys and environment variables that operators already have. Sources,
weakest first:

1. the built-in default;
2. yaml files: the one of `--config FILE`, or `milvus.yaml`, `_test.yaml`, `default.yaml` and
   `user.yaml` of `--config DIR`, else of `$MILVUSCONF`, else of `./configs`, each over the one before;
3. environment variables: the key with `_` for `.`, in any case (`PROXY_PORT`, `LOG_LEVEL`); with the
   prefix `MILVUS_CONF_` (`MILVUS_CONF_PROXY_PORT`) it wins over the plain spelling, which Kubernetes
   may have set to a service link (`tcp://…`; ignored for numbers, with a warning);
4. flags: `--data-dir`, `--address`, `--port`, `--http-port`.

Names are compared in lower case without `/`, `_` and `.`; names that start with `knowhere.` are taken
as they are. A key without a value (`ip:`) changes nothing. Lists become comma-separated text.

- An unknown key warns, with the nearest known name. Keys of components that Elanus does not have are
  accepted in silence (the last table).
- A value that a key does not admit stops the start with file, line, key, value and what is admitted.
- `elanus config` prints each setting, its value (secrets masked) and its source.
- SIGHUP reads everything again and applies the keys marked *hot*; for changes of the others it says
  that a restart is needed.

Without an address the server listens on 127.0.0.1 only, because this version has no users: whoever
reaches the port may do everything. `--address`, `proxy.ip` or `PROXY_IP` is obeyed, with a warning at
each start and the metric `milvus_unprotected_listener`. The container image sets `PROXY_IP=0.0.0.0`.

Everything is kept below one data directory, `--data-dir`. Where a `milvus.yaml` names
`localStorage.path` or `rocksmq.path`, those are obeyed, unless the data directory is given too and they
only repeat the reference's own defaults (`/var/lib/milvus/data/`, `/var/lib/milvus/rdb_data`).

*Followed*: yes; partly (the meaning says how); not yet (belongs to a part this version lacks; another
value than the default warns); ignored.
)";

}  // namespace

std::string FormatConfig(const Config& config) {
  const std::vector<Config::Line> lines = config.Explain();
  size_t name_width = 0;
  size_t value_width = 0;
  for (const Config::Line& line : lines) {
    name_width = std::max(name_width, line.name.size());
    value_width = std::max(value_width, std::min<size_t>(line.value.size(), 32));
  }
  std::string text;
  for (const Config::Line& line : lines) {
    const std::string_view note = line.key == nullptr ? "  (no such setting)" : "";
    text += fmt::format("{:<{}}  {:<{}}  {}{}\n", line.name, name_width, line.value, value_width,
                        line.source, note);
  }
  return text;
}

std::string ConfigurationPage() {
  std::string page(kIntroduction);
  std::vector<std::string_view> sections;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string_view section = SectionOf(key);
    if (std::find(sections.begin(), sections.end(), section) == sections.end()) {
      sections.push_back(section);
    }
  }
  for (const std::string_view section : sections) {
    page += fmt::format(
        "\n## {}\n\n| key | default | admitted | hot | followed | meaning |\n"
        "|---|---|---|---|---|---|\n",
        section);
    for (const ConfigKey& key : ConfigKeys()) {
      if (SectionOf(key) == section) page += Row(key);
    }
  }
  page += "\n## Accepted and ignored\n\n| names |\n|---|\n";
  for (const std::string_view pattern : IgnoredConfigPatterns()) {
    page += fmt::format("| `{}` |\n", EscapeCell(pattern));
  }
  return page;
}

}  // namespace elanus
