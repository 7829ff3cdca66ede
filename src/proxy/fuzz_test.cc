// The fuzz target's driver on damaged requests, so that every build runs some of it.
#include <random>

#include "proxy/fuzz_driver_test.h"
#include "proxy/fuzz_seeds_test.h"

namespace elanus::proxy {
namespace {

TEST(ProxyFuzz, DamagedRequestsNeverCrash) {
  std::mt19937 random(7);
  const auto run = [](const std::string& input) {
    RunFuzzInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  };
  for (const auto& [name, seed] : FuzzSeeds()) {
    for (size_t size = 0; size <= seed.size(); ++size) run(seed.substr(0, size));
    for (int round = 0; round < 300; ++round) {
      std::string input = seed;
      for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
        input[1 + random() % (input.size() - 1)] = static_cast<char>(random());
      }
      run(input);
    }
  }
  for (int round = 0; round < 2000; ++round) {
    std::string input(1 + random() % 40, '\0');
    for (char& c : input) c = static_cast<char>(random());
    run(input);
  }
}

}  // namespace
}  // namespace elanus::proxy
