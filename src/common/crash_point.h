// Named points before and after every durable step, at which a crash test can stop the process.
//
// A point costs one relaxed load when none is armed. ELANUS_CRASH_POINT=name[:n] in the environment
// arms one: the process ends by SIGKILL at its n-th passing (default 1).
#pragma once

#include <atomic>
#include <string_view>

namespace elanus {

namespace crash_internal {
extern std::atomic<bool> armed;
void Pass(std::string_view name);
}  // namespace crash_internal

// Reads the environment. Called once by main before any thread starts.
void ArmCrashPointsFromEnvironment();

inline void CrashPoint(std::string_view name) {
  if (crash_internal::armed.load(std::memory_order_relaxed)) [[unlikely]] crash_internal::Pass(name);
}

}  // namespace elanus
