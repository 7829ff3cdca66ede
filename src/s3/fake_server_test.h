// An HTTP server of this process for tests: answers by a function, and misbehaves when told so.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/check.h"

namespace elanus::s3 {

struct FakeRequest {
  std::string method, target, path, query;     // path and query as sent, undecoded.
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
};

struct FakeAnswer {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;
  // Faults:
  int64_t body_bytes_sent = -1;  // Then the connection is closed; Content-Length tells the truth.
  bool hang_up = false;          // Close without an answer.
  std::function<void()> before;  // Runs before the answer is sent, for example until released.
};

// Threads: one a connection; the handler is called by one at a time unless it releases.
class FakeServer {
 public:
  using Handler = std::function<FakeAnswer(const FakeRequest&)>;

  explicit FakeServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ELANUS_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    ELANUS_CHECK(::listen(listener_, 64) == 0);
    socklen_t size = sizeof(address);
    ELANUS_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { Accept(); });
  }

  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
  }

  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  size_t num_connections() {
    std::lock_guard lock(mutex_);
    return sockets_.size();
  }
  std::vector<FakeRequest> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Accept() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] {
        while (ServeOne(socket)) {
        }
        ::shutdown(socket, SHUT_RDWR);
      });
    }
  }

  static bool Send(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  static bool Receive(int socket, std::string& bytes) {
    char buffer[65536];
    const ssize_t count = ::recv(socket, buffer, sizeof(buffer), 0);
    if (count <= 0) return false;
    bytes.append(buffer, static_cast<size_t>(count));
    return true;
  }

  bool ServeOne(int socket) {
    std::string bytes;
    size_t end;
    while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive(socket, bytes)) return false;
    }
    FakeRequest request = Parse(bytes.substr(0, end + 2));
    request.body = bytes.substr(end + 4);
    const size_t length = request.headers.contains("content-length")
                              ? std::stoul(request.headers.at("content-length"))
                              : 0;
    while (request.body.size() < length) {
      if (!Receive(socket, request.body)) return false;
    }
    FakeAnswer answer;
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    {
      std::lock_guard lock(handler_mutex_);
      answer = handler_(request);
    }
    if (answer.before) answer.before();
    if (answer.hang_up) return false;
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\n";
    if (!answer.headers.contains("Content-Length")) {
      answer.headers["Content-Length"] = std::to_string(answer.body.size());
    }
    for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
    const bool cut = answer.body_bytes_sent >= 0;
    if (cut) answer.body.resize(static_cast<size_t>(answer.body_bytes_sent));
    if (request.method == "HEAD") answer.body.clear();
    return Send(socket, head + "\r\n" + answer.body) && !cut;
  }

  static FakeRequest Parse(const std::string& head) {
    FakeRequest request;
    size_t line = head.find("\r\n");
    const size_t space = head.find(' '), second = head.find(' ', space + 1);
    request.method = head.substr(0, space);
    request.target = head.substr(space + 1, second - space - 1);
    const size_t mark = request.target.find('?');
    request.path = request.target.substr(0, mark);
    if (mark != std::string::npos) request.query = request.target.substr(mark + 1);
    while (line + 2 < head.size()) {
      const size_t next = head.find("\r\n", line + 2);
      const std::string text = head.substr(line + 2, next - line - 2);
      std::string name = text.substr(0, text.find(':'));
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      const size_t value = text.find_first_not_of(": ", name.size());
      request.headers[name] = value == std::string::npos ? "" : text.substr(value);
      line = next;
    }
    return request;
  }

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::thread accepting_;
  std::mutex handler_mutex_;
  std::mutex mutex_;
  std::vector<int> sockets_;           // By mutex_.
  std::vector<std::thread> threads_;   // By mutex_.
  std::vector<FakeRequest> requests_;  // By mutex_.
};

}  // namespace elanus::s3
