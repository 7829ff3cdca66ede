#include "server/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "common/status.h"

namespace elanus::server {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr int kDrainMs = 1000;

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 414:
      return "URI Too Long";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

HttpResponse Plain(int status) {
  return {.status = status, .body = fmt::format("{}\n", ReasonOf(status))};
}

std::string Serialize(const HttpResponse& response, bool with_body, bool keep_alive) {
  std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: {}\r\n",
      response.status, ReasonOf(response.status), response.content_type, response.body.size(),
      keep_alive ? "keep-alive" : "close");
  if (response.status == 405) text += "Allow: GET, HEAD\r\n";
  text += "\r\n";
  if (with_body) text += response.body;
  return text;
}

// A socket address from text; 0 length if it is none.
socklen_t MakeAddress(const std::string& text, int port, sockaddr_storage* storage) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(storage);
  std::memset(storage, 0, sizeof(*storage));
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    return sizeof(*v4);
  }
  if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    return sizeof(*v6);
  }
  return 0;
}

}  // namespace

HttpServer::HttpServer(HttpServerOptions options, HttpRoutes routes, const Clock& clock)
    : options_(std::move(options)), routes_(std::move(routes)), clock_(clock) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                              HttpRoutes routes,
                                                              const Clock& clock) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(options), std::move(routes), clock));
  ELANUS_RETURN_IF_ERROR(server->Listen());
  server->thread_ = std::thread([raw = server.get()] { raw->Run(); });
  return server;
}

absl::Status HttpServer::Listen() {
  const auto failed = [&](std::string_view what) {
    return UserError(ErrorCode::kServiceUnavailable, "cannot {} {} port {}: {}", what,
                     options_.address, options_.port, std::strerror(errno));
  };
  sockaddr_storage address;
  const socklen_t size = MakeAddress(options_.address, options_.port, &address);
  if (size == 0) {
    return UserError(ErrorCode::kParameterInvalid, "not an IPv4 or IPv6 address: {}",
                     options_.address);
  }
  listener_ = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (listener_ < 0 || wake_ < 0) return failed("make a socket for");
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) return failed("listen on");
  if (listen(listener_, 128) != 0) return failed("listen on");
  socklen_t bound_size = sizeof(address);
  if (getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &bound_size) != 0) {
    return failed("find the port of");
  }
  // The port sits at the same place for both families.
  port_ = ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  return absl::OkStatus();
}

HttpServer::~HttpServer() {
  stopping_ = true;
  if (thread_.joinable()) {
    const uint64_t one = 1;
    while (write(wake_, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    thread_.join();
  }
  for (const auto& connection : connections_) close(connection->descriptor);
  if (listener_ >= 0) close(listener_);
  if (wake_ >= 0) close(wake_);
}

void HttpServer::Run() {
  std::vector<pollfd> polled;
  bool accepting = true;
  while (!stopping_) {
    polled.clear();
    polled.push_back({wake_, POLLIN, 0});
    polled.push_back({accepting ? listener_ : -1, POLLIN, 0});
    uint64_t next_deadline = std::numeric_limits<uint64_t>::max();
    for (const auto& connection : connections_) {
      const bool writing = connection->written < connection->out.size();
      polled.push_back({connection->descriptor, static_cast<short>(writing ? POLLOUT : POLLIN), 0});
      next_deadline = std::min(next_deadline, connection->deadline_ns);
    }
    uint64_t now = clock_.MonotonicNs();
    int timeout_ms = accepting ? 60'000 : 100;
    if (next_deadline <= now) {
      timeout_ms = 0;
    } else {
      const uint64_t until_ms = (next_deadline - now) / kMs + 1;
      timeout_ms =
          static_cast<int>(std::min<uint64_t>(until_ms, static_cast<uint64_t>(timeout_ms)));
    }
    if (poll(polled.data(), polled.size(), timeout_ms) < 0 && errno != EINTR) break;
    now = clock_.MonotonicNs();
    // Descriptors first: Accept changes the list that `polled` follows.
    for (size_t i = 2; i < polled.size(); ++i) {
      Connection& connection = *connections_[i - 2];
      if (polled[i].revents != 0) Serve(connection, polled[i].revents, now);
      if (now >= connection.deadline_ns) connection.broken = true;
    }
    CloseBroken();
    const bool was_accepting = accepting;
    accepting = true;
    if (was_accepting && (polled[1].revents & POLLIN) != 0) {
      Accept(now);
      // Out of descriptors with nobody to send away: look again after a while instead of spinning.
      if (errno == EMFILE || errno == ENFILE) accepting = false;
    }
  }
}

void HttpServer::Accept(uint64_t now) {
  while (true) {
    errno = 0;
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      const bool no_descriptors = errno == EMFILE || errno == ENFILE;
      if (!no_descriptors || connections_.empty()) return;
      MakeRoom();
      continue;
    }
    while (connections_.size() >= options_.connections_max) MakeRoom();
    auto connection = std::make_unique<Connection>();
    connection->descriptor = descriptor;
    Wait(*connection, now, options_.idle_timeout_ms);
    connections_.push_back(std::move(connection));
  }
}

void HttpServer::MakeRoom() {
  const auto oldest =
      std::min_element(connections_.begin(), connections_.end(),
                       [](const auto& a, const auto& b) { return a->since_ns < b->since_ns; });
  close((*oldest)->descriptor);
  connections_.erase(oldest);
}

void HttpServer::CloseBroken() {
  for (const auto& connection : connections_) {
    if (connection->broken) close(connection->descriptor);
  }
  std::erase_if(connections_, [](const auto& connection) { return connection->broken; });
}

void HttpServer::Wait(Connection& connection, uint64_t now, int timeout_ms) const {
  connection.since_ns = now;
  connection.deadline_ns = now + static_cast<uint64_t>(timeout_ms) * kMs;
}

void HttpServer::Serve(Connection& connection, short events, uint64_t now) {
  if (connection.written < connection.out.size()) {
    if ((events & (POLLERR | POLLHUP)) != 0) {
      connection.broken = true;
    } else {
      Write(connection, now);
    }
    return;
  }
  Read(connection, now);
}

void HttpServer::Read(Connection& connection, uint64_t now) {
  char buffer[4096];
  const ssize_t size = recv(connection.descriptor, buffer, sizeof(buffer), 0);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (size <= 0) {
    connection.broken = true;
    return;
  }
  if (connection.draining) return;  // Thrown away; the deadline stands.
  connection.in.append(buffer, static_cast<size_t>(size));
  Answer(connection, now);
}

// Answers the request at the front of `in`, if it is whole.
void HttpServer::Answer(Connection& connection, uint64_t now) {
  if (connection.in.empty()) return;
  if (!connection.head_started) {
    connection.head_started = true;
    Wait(connection, now, options_.head_timeout_ms);
  }
  HttpRequest request;
  const HttpParse parse = ParseHttpHead(connection.in, options_.head_bytes_max, &request);
  if (parse.state == HttpParse::State::kIncomplete) return;
  if (parse.state == HttpParse::State::kBad) {
    connection.close_after = true;
    connection.out = Serialize(Plain(parse.status), true, false);
  } else {
    connection.in.erase(0, parse.consumed);
    connection.close_after = request.has_body || !request.keep_alive;
    connection.out = Serialize(Handle(request), request.method != "HEAD", !connection.close_after);
  }
  connection.head_started = false;
  connection.written = 0;
  Wait(connection, now, options_.write_timeout_ms);
  Write(connection, now);
}

HttpResponse HttpServer::Handle(const HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") return Plain(405);
  const auto route = routes_.find(request.path);
  return route == routes_.end() ? Plain(404) : route->second(request);
}

void HttpServer::Write(Connection& connection, uint64_t now) {
  while (connection.written < connection.out.size()) {
    const ssize_t size = send(connection.descriptor, connection.out.data() + connection.written,
                              connection.out.size() - connection.written, MSG_NOSIGNAL);
    if (size < 0) {
      if (errno == EINTR) continue;
      connection.broken = errno != EAGAIN && errno != EWOULDBLOCK;
      return;
    }
    connection.written += static_cast<size_t>(size);
  }
  connection.out = std::string();  // Gives back what a large page took.
  connection.written = 0;
  if (connection.close_after) {
    // Closing with unread bytes would make the kernel throw the answer away.
    shutdown(connection.descriptor, SHUT_WR);
    connection.draining = true;
    Wait(connection, now, kDrainMs);
    return;
  }
  Wait(connection, now, options_.idle_timeout_ms);
  Answer(connection, now);  // The next request may have come along with this one.
}

}  // namespace elanus::server
