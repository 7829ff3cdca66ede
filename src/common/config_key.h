// The one table of settings: what the server knows, refuses and documents.
//
// Reading, checking, `elanus config`, the reload and docs/configuration.md all follow this table;
// to add a setting add a row to config_keys.cc, a field to settings.h and its line in settings.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace elanus {

enum class ConfigType { kBool, kInt, kFloat, kText, kDuration, kBytes, kEnum };

// How far this version follows a key.
enum class ConfigSupport {
  kHonoured,  // Does what it says.
  kPartly,    // Carried over to our design; the meaning column says how.
  kPlanned,   // Belongs to a part that this version lacks; a value other than the default warns.
  kIgnored,   // Describes a component that Elanus does not have; accepted in silence.
};

// What values a key takes. Numbers are compared before their unit is applied.
struct ConfigAdmits {
  ConfigType type;
  double min = 0;
  double max = 0;
  std::string_view choices = {};  // kEnum: "a|b|c".
  int64_t unit = 1;               // kDuration: milliseconds of a bare number. kBytes: bytes of one.
  std::string_view why = {};      // kEnum and kBool: said when another value is refused.
};

struct ConfigKey {
  std::string_view name;
  ConfigAdmits admits;
  std::string_view default_value;
  bool hot = false;
  ConfigSupport support = ConfigSupport::kHonoured;
  std::string_view meaning = {};
  bool secret = false;
  std::string_view environment = {};  // A variable that names the key beside its own spelling.
  std::string_view fallback = {};  // A legacy key, read while this one is absent or at its default.
};

// In the order of docs/configuration.md.
std::span<const ConfigKey> ConfigKeys();

// Names, with `*` for any run of characters, that are accepted without a row of their own.
std::span<const std::string_view> IgnoredConfigPatterns();

// By any spelling of its name; null if there is none.
const ConfigKey* FindConfigKey(std::string_view name);

}  // namespace elanus
