// What this build is called.
#pragma once

#include <string_view>

namespace elanus {

std::string_view ElanusVersion();  // "0.1.0"
// The commit it was configured from, or "unknown" outside a repository.
std::string_view ElanusCommit();
// The day of that commit, "2026-11-21", or "unknown"; the same for every build of it.
std::string_view ElanusCommitDate();

}  // namespace elanus
