// Tells the thread sanitizer about abseil's locks.
//
// Debian's abseil is not built with the sanitizer, which so sees neither its atomics nor its
// futexes, and takes everything that a lock protects for a race. The linker (--wrap,
// cmake/elanus.cmake) sends our calls of the functions below here; each tells the sanitizer what
// happens and calls the original. Conditions (Await, LockWhen) are not covered: their functions run
// inside abseil.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

#define ORIGINAL(name) __real_##name
#define WRAPPER(name) __wrap_##name

using absl::BlockingCounter;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Notification;

namespace {

constexpr unsigned kWrite = 0;
constexpr unsigned kRead = __tsan_mutex_read_lock;

}  // namespace

extern "C" {

#define DECLARE(result, name, ...)    \
  result ORIGINAL(name)(__VA_ARGS__); \
  result WRAPPER(name)(__VA_ARGS__)

DECLARE(void, _ZN4absl7debian35Mutex4LockEv, Mutex* mutex);
DECLARE(void, _ZN4absl7debian35Mutex6UnlockEv, Mutex* mutex);
DECLARE(void, _ZN4absl7debian35Mutex10ReaderLockEv, Mutex* mutex);
DECLARE(void, _ZN4absl7debian35Mutex12ReaderUnlockEv, Mutex* mutex);
DECLARE(void, _ZN4absl7debian35MutexD1Ev, Mutex* mutex);
DECLARE(void, _ZN4absl7debian37CondVar4WaitEPNS0_5MutexE, CondVar* condition, Mutex* mutex);
DECLARE(bool, _ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE,
        CondVar* condition, Mutex* mutex, Duration timeout);
DECLARE(void, _ZN4absl7debian312Notification6NotifyEv, Notification* notification);
DECLARE(void, _ZNK4absl7debian312Notification19WaitForNotificationEv,
        const Notification* notification);
DECLARE(bool, _ZN4absl7debian315BlockingCounter14DecrementCountEv, BlockingCounter* counter);
DECLARE(void, _ZN4absl7debian315BlockingCounter4WaitEv, BlockingCounter* counter);

void WRAPPER(_ZN4absl7debian35Mutex4LockEv)(Mutex* mutex) {
  __tsan_mutex_pre_lock(mutex, kWrite);
  ORIGINAL(_ZN4absl7debian35Mutex4LockEv)(mutex);
  __tsan_mutex_post_lock(mutex, kWrite, 0);
}

void WRAPPER(_ZN4absl7debian35Mutex6UnlockEv)(Mutex* mutex) {
  __tsan_mutex_pre_unlock(mutex, kWrite);
  ORIGINAL(_ZN4absl7debian35Mutex6UnlockEv)(mutex);
  __tsan_mutex_post_unlock(mutex, kWrite);
}

void WRAPPER(_ZN4absl7debian35Mutex10ReaderLockEv)(Mutex* mutex) {
  __tsan_mutex_pre_lock(mutex, kRead);
  ORIGINAL(_ZN4absl7debian35Mutex10ReaderLockEv)(mutex);
  __tsan_mutex_post_lock(mutex, kRead, 0);
}

void WRAPPER(_ZN4absl7debian35Mutex12ReaderUnlockEv)(Mutex* mutex) {
  __tsan_mutex_pre_unlock(mutex, kRead);
  ORIGINAL(_ZN4absl7debian35Mutex12ReaderUnlockEv)(mutex);
  __tsan_mutex_post_unlock(mutex, kRead);
}

void WRAPPER(_ZN4absl7debian35MutexD1Ev)(Mutex* mutex) {
  __tsan_mutex_destroy(mutex, __tsan_mutex_not_static);
  ORIGINAL(_ZN4absl7debian35MutexD1Ev)(mutex);
}

void WRAPPER(_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE)(CondVar* condition, Mutex* mutex) {
  __tsan_mutex_pre_unlock(mutex, kWrite);
  __tsan_mutex_post_unlock(mutex, kWrite);
  ORIGINAL(_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE)(condition, mutex);
  __tsan_mutex_pre_lock(mutex, kWrite);
  __tsan_mutex_post_lock(mutex, kWrite, 0);
}

bool WRAPPER(_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE)(
    CondVar* condition, Mutex* mutex, Duration timeout) {
  __tsan_mutex_pre_unlock(mutex, kWrite);
  __tsan_mutex_post_unlock(mutex, kWrite);
  const bool timed_out =
      ORIGINAL(_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE)(
          condition, mutex, timeout);
  __tsan_mutex_pre_lock(mutex, kWrite);
  __tsan_mutex_post_lock(mutex, kWrite, 0);
  return timed_out;
}

void WRAPPER(_ZN4absl7debian312Notification6NotifyEv)(Notification* notification) {
  __tsan_release(notification);
  ORIGINAL(_ZN4absl7debian312Notification6NotifyEv)(notification);
}

void WRAPPER(_ZNK4absl7debian312Notification19WaitForNotificationEv)(
    const Notification* notification) {
  ORIGINAL(_ZNK4absl7debian312Notification19WaitForNotificationEv)(notification);
  __tsan_acquire(const_cast<Notification*>(notification));
}

bool WRAPPER(_ZN4absl7debian315BlockingCounter14DecrementCountEv)(BlockingCounter* counter) {
  __tsan_release(counter);
  return ORIGINAL(_ZN4absl7debian315BlockingCounter14DecrementCountEv)(counter);
}

void WRAPPER(_ZN4absl7debian315BlockingCounter4WaitEv)(BlockingCounter* counter) {
  ORIGINAL(_ZN4absl7debian315BlockingCounter4WaitEv)(counter);
  __tsan_acquire(counter);
}

}  // extern "C"
