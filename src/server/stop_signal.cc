#include "server/stop_signal.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "common/logging.h"

namespace elanus::server {
namespace {

// SIGUSR1 is how the watcher is told to end; nobody else need send it.
constexpr int kWatched[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

sigset_t WatchedSet() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kWatched) sigaddset(&set, signal);
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher(StopSignal* stop, std::function<void()> reload)
    : stop_(stop), reload_(std::move(reload)) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  const sigset_t set = WatchedSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this, set] {
    while (true) {
      int received = 0;
      if (sigwait(&set, &received) != 0 || received == SIGUSR1) return;
      if (received == SIGHUP) {
        reload_();
      } else if (stop_->Requested()) {
        _exit(128 + received);
      } else {
        ELANUS_LOG(Info, "stopping", Field("signal", received == SIGTERM ? "SIGTERM" : "SIGINT"));
        stop_->Request();
      }
    }
  });
}

SignalWatcher::~SignalWatcher() {
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

}  // namespace elanus::server
