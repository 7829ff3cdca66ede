#include "common/crash_point.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace elanus {
namespace crash_internal {
std::atomic<bool> armed{false};
namespace {
std::string armed_name;
std::atomic<int> remaining{0};
}  // namespace

void Pass(std::string_view name) {
  if (name != armed_name) return;
  if (remaining.fetch_sub(1) == 1) ::kill(::getpid(), SIGKILL);
}
}  // namespace crash_internal

void ArmCrashPointsFromEnvironment() {
  const char* value = std::getenv("ELANUS_CRASH_POINT");
  if (value == nullptr || *value == '\0') return;
  std::string spec(value);
  int count = 1;
  if (const size_t colon = spec.find(':'); colon != std::string::npos) {
    count = std::atoi(spec.c_str() + colon + 1);
    spec.resize(colon);
  }
  crash_internal::armed_name = spec;
  crash_internal::remaining = count;
  crash_internal::armed = true;
}

}  // namespace elanus
