#include "server/stop_signal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <future>

namespace elanus::server {
namespace {

// Runs `body` in a process of its own, since signals reach every thread that does not block them;
// the status it ended with.
int InChild(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(StopSignal, TermRequestsTheStopAndHangUpTheReload) {
  const int status = InChild([] {
    StopSignal stop;
    std::promise<void> reloaded;
    const SignalWatcher watcher(&stop, [&] { reloaded.set_value(); });
    kill(getpid(), SIGHUP);
    reloaded.get_future().wait();
    if (stop.Requested()) _exit(1);
    kill(getpid(), SIGPIPE);
    kill(getpid(), SIGXFSZ);
    kill(getpid(), SIGTERM);
    stop.Wait();
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(StopSignal, ASecondTermEndsTheProcessAtOnce) {
  const int status = InChild([] {
    StopSignal stop;
    const SignalWatcher watcher(&stop, [] {});
    kill(getpid(), SIGTERM);
    stop.Wait();
    kill(getpid(), SIGTERM);
    while (true) pause();  // Never ends by itself.
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
}

}  // namespace
}  // namespace elanus::server
