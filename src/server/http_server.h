// The management port: a small HTTP/1.1 server for read-only pages.
//
// It answers GET and HEAD of the given paths, 404 for other paths, 405 for other methods; it reads
// no request body. Pages change nothing but what operators ask of garbage_pages.h. One thread serves all connections. Every connection is
// bounded: the size of a head, the time to send one (however slowly bytes trickle in), the time to
// take an answer, and the time to sit idle. When all places are taken the connection that has
// waited longest gives way, so that a health check gets through whoever else holds connections
// open.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "server/http_request.h"

namespace elanus::server {

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;
using HttpRoutes = std::map<std::string, HttpHandler, std::less<>>;

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6, without brackets.
  int port = 9091;                    // 0: any free one, see port().
  size_t connections_max = 256;
  size_t head_bytes_max = 8192;
  int head_timeout_ms = 5'000;    // From the first byte of a request to the end of its head.
  int idle_timeout_ms = 60'000;   // Without a request.
  int write_timeout_ms = 10'000;  // To take one answer.
};

// Threads: any may call; handlers run on the server's own thread and must not block.
class HttpServer {
 public:
  // Listens when it returns. The error says which address could not be had, and why.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                           HttpRoutes routes,
                                                           const Clock& clock = SystemClock());
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }

 private:
  struct Connection {
    int descriptor = -1;
    std::string in;
    std::string out;
    size_t written = 0;
    uint64_t since_ns = 0;     // When it began what it is doing now.
    uint64_t deadline_ns = 0;  // When that must be done.
    bool head_started = false;
    bool close_after = false;  // Once `out` is written.
    bool draining = false;     // Answered and closed on our side; reads until the peer closes too.
    bool broken = false;       // To be closed.
  };

  HttpServer(HttpServerOptions options, HttpRoutes routes, const Clock& clock);
  absl::Status Listen();
  void Run();
  void Accept(uint64_t now);
  void Serve(Connection& connection, short events, uint64_t now);
  void Read(Connection& connection, uint64_t now);
  void Answer(Connection& connection, uint64_t now);
  void Write(Connection& connection, uint64_t now);
  HttpResponse Handle(const HttpRequest& request) const;
  void Wait(Connection& connection, uint64_t now, int timeout_ms) const;
  void MakeRoom();
  void CloseBroken();

  const HttpServerOptions options_;
  const HttpRoutes routes_;
  const Clock& clock_;
  int listener_ = -1;
  int wake_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<Connection>> connections_;  // Of the thread.
  std::thread thread_;
};

}  // namespace elanus::server
