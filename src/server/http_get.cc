#include "server/http_get.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace elanus::server {
namespace {

constexpr timeval kPatience = {.tv_sec = 5, .tv_usec = 0};

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

bool SendAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> GetPage(const std::string& address, int port, const std::string& path) {
  const auto failed = [&](std::string_view why) {
    return RetryableError(ErrorCode::kServiceUnavailable,
                          "no answer from the management port http://{}:{}{}: {}", address, port,
                          path, why);
  };
  // Who listens everywhere is reached here.
  const std::string host = address == "0.0.0.0" ? "127.0.0.1" : address == "::" ? "::1" : address;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return failed("no such address");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> target(found, &::freeaddrinfo);
  const Socket socket(::socket(target->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  if (::connect(socket.get(), target->ai_addr, target->ai_addrlen) != 0) {
    return failed(std::generic_category().message(errno));
  }
  if (!SendAll(socket.get(), fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                                         path, host))) {
    return failed("it does not take the request");
  }
  std::string answer;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::recv(socket.get(), buffer, sizeof(buffer), 0);
    if (got < 0) return failed(std::generic_category().message(errno));
    if (got == 0) break;
    answer.append(buffer, static_cast<size_t>(got));
  }
  const size_t head = answer.find("\r\n\r\n");
  if (head == std::string::npos || !answer.starts_with("HTTP/1.1 200")) {
    return failed(answer.substr(0, answer.find('\r')));
  }
  return answer.substr(head + 4);
}

}  // namespace elanus::server
