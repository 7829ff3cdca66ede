# With the thread sanitizer: our calls of abseil's locks go through tests/tsan_absl.cc, which says why.
add_library(elanus_tsan_absl STATIC ${CMAKE_SOURCE_DIR}/tests/tsan_absl.cc)
target_link_libraries(elanus_tsan_absl PUBLIC absl::synchronization)
foreach(symbol
    _ZN4absl7debian35Mutex4LockEv
    _ZN4absl7debian35Mutex6UnlockEv
    _ZN4absl7debian35Mutex10ReaderLockEv
    _ZN4absl7debian35Mutex12ReaderUnlockEv
    _ZN4absl7debian35MutexD1Ev
    _ZN4absl7debian37CondVar4WaitEPNS0_5MutexE
    _ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE
    _ZN4absl7debian312Notification6NotifyEv
    _ZNK4absl7debian312Notification19WaitForNotificationEv
    _ZN4absl7debian315BlockingCounter14DecrementCountEv
    _ZN4absl7debian315BlockingCounter4WaitEv)
  target_link_options(elanus_tsan_absl PUBLIC -Wl,--wrap=${symbol})
endforeach()
target_link_libraries(elanus_options INTERFACE elanus_tsan_absl)
