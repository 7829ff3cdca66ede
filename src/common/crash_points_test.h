// What the crash point tests of all folders share.
#pragma once

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace elanus {

// The names in the CrashPoint("...") calls of a folder's sources, tests left out. Tests run in the
// root of the repository: "src/log".
inline std::set<std::string> CrashPointsPassedIn(std::string_view folder) {
  std::set<std::string> passed;
  constexpr std::string_view kCall = "CrashPoint(\"";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".cc" || path.stem().string().ends_with("_test")) continue;
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    const std::string source = text.str();
    for (size_t at = source.find(kCall); at != std::string::npos; at = source.find(kCall, at)) {
      at += kCall.size();
      passed.insert(source.substr(at, source.find('"', at) - at));
    }
  }
  return passed;
}

}  // namespace elanus
