#include "coord/held_ids.h"

#include <algorithm>

namespace elanus::coord {

std::shared_ptr<void> HeldIds::Hold(int64_t next) {
  std::lock_guard lock(state_->mutex);
  state_->held.insert(next);
  // The pointer is never looked at; it must not be null to have its deleter called.
  return {state_.get(), [state = state_, next](void*) {
            std::lock_guard held_lock(state->mutex);
            state->held.erase(state->held.find(next));
          }};
}

int64_t HeldIds::OldestOr(int64_t next) const {
  std::lock_guard lock(state_->mutex);
  return state_->held.empty() ? next : std::min(next, *state_->held.begin());
}

}  // namespace elanus::coord
