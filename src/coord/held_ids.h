#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>

namespace elanus::coord {

// From which id on somebody may be writing objects that no transaction lists yet.
//
// A writer holds before it asks for the ids of its objects, and lets go when they are in the
// catalog or given up. Ids only grow: every object with an id below the oldest held one is listed,
// or nobody will ever list it. Threads: any; a hold may outlive this.
class HeldIds {
 public:
  // Holds `next`, which is the next id to be given, and all after it while the result lives.
  std::shared_ptr<void> Hold(int64_t next);
  // The oldest id held; `next` if none is. `next` is taken before this is called.
  int64_t OldestOr(int64_t next) const;

 private:
  struct State {
    std::mutex mutex;
    std::multiset<int64_t> held;  // By mutex.
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace elanus::coord
