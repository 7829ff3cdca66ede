#pragma once

#include <cstdint>

namespace elanus {

// Time, handed in so that a test can replay any moment. Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since the Unix epoch; may step.
  virtual uint64_t WallMs() const = 0;
  // Nanoseconds that never go back; only differences mean something.
  virtual uint64_t MonotonicNs() const = 0;
};

// The machine's clock.
const Clock& SystemClock();

}  // namespace elanus
