// Something that is opened when it is first asked for, and then kept.
#pragma once

#include <functional>
#include <memory>

#include "absl/synchronization/mutex.h"
#include "common/cancellation.h"
#include "common/status.h"

namespace elanus::segment {

// Threads: Get, Forget and memory_bytes from any; others before these.
template <typename T>
class OpenedLater {
 public:
  using Opener = std::function<absl::StatusOr<std::unique_ptr<T>>()>;

  OpenedLater() = default;
  OpenedLater& operator=(std::unique_ptr<T> opened) {
    absl::MutexLock lock(&mutex_);
    opened_ = std::move(opened);
    set_ = true;
    return *this;
  }
  void OpenWith(Opener opener) {
    opener_ = std::move(opener);
    set_ = true;
  }

  // There is something to open.
  explicit operator bool() const { return set_; }

  // One opens it while others wait, each no longer than its own cancellation says. A failure is
  // tried again by the next one.
  absl::StatusOr<std::shared_ptr<T>> Get(const Cancellation& cancellation) const
      ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      while (opening_) {
        ELANUS_RETURN_IF_ERROR(cancellation.Check());
        changed_.WaitWithTimeout(&mutex_, absl::Milliseconds(20));
      }
      if (opened_ != nullptr) return opened_;
      opening_ = true;
    }
    absl::StatusOr<std::unique_ptr<T>> opened = opener_();
    absl::MutexLock lock(&mutex_);
    opening_ = false;
    changed_.SignalAll();
    ELANUS_RETURN_IF_ERROR(opened.status());
    opened_ = *std::move(opened);
    return opened_;
  }
  // Opens it anew at the next question, if it can.
  void Forget() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (opener_) opened_ = nullptr;
  }
  int64_t memory_bytes() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return opened_ == nullptr ? 0 : opened_->memory_bytes();
  }

 private:
  bool set_ = false;  // Constant once it is shared, as is the next one.
  Opener opener_;
  mutable absl::Mutex mutex_;
  mutable absl::CondVar changed_;
  mutable bool opening_ ABSL_GUARDED_BY(mutex_) = false;
  mutable std::shared_ptr<T> opened_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
