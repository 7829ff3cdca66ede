// Any bytes given as a configuration file: an error or a list, never a crash or a hang.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/config_value.h"
#include "common/config_yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto settings = elanus::ParseConfigYaml(text);
  if (!settings.ok()) return 0;
  for (const elanus::YamlSetting& setting : *settings) {
    for (const elanus::ConfigKey& key : elanus::ConfigKeys()) {
      (void)elanus::ParseConfigValue(key.admits, setting.value).ok();
    }
    break;
  }
  return 0;
}
