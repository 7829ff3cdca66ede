// HTTP/1.1 by libcurl: one thread drives every request of the process, connections are kept and
// used again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "s3/sigv4.h"

namespace elanus::s3 {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<NameValue> headers;      // Host included, if it is to differ from the URL's.
  std::vector<std::string_view> body;  // Must live until the exchange has ended.
  size_t answer_bytes_max = 64 << 20;  // A longer body ends the exchange.
  int64_t connect_timeout_ms = 5000;
  int64_t stall_timeout_ms = 10'000;  // Without a byte in either direction.
  int64_t total_timeout_ms = 0;       // 0: none.
  bool proxy = true;                  // Use the proxy that the environment names.
};

// Why no whole answer came.
enum class HttpFailure {
  kNone,
  kResolve,    // The host name is unknown.
  kConnect,    // Nobody listens there, or no way there.
  kUntrusted,  // TLS: the certificate.
  kTls,        // TLS: anything else.
  kStalled,    // Time ran out.
  kShortBody,  // Less came than Content-Length said.
  kTooLong,    // More came than admitted.
  kBroken,     // The connection ended or sent nonsense.
  kCancelled,
};

struct HttpAnswer {
  HttpFailure failure = HttpFailure::kNone;
  std::string reason;              // Of a failure, in words.
  int status = 0;                  // 0: none came.
  std::vector<NameValue> headers;  // Names in lower case.
  std::string body;

  bool complete() const { return failure == HttpFailure::kNone; }
  // Empty if it was not sent.
  std::string_view Header(std::string_view lower_case_name) const;
};

// Lets one thread wait for several exchanges.
struct HttpBell {
  std::mutex mutex;
  std::condition_variable rang;
};

// A request under way. Threads: any.
class HttpExchange {
 public:
  using Time = std::chrono::steady_clock::time_point;

  HttpExchange(HttpRequest request, std::shared_ptr<HttpBell> bell)
      : request_(std::move(request)), bell_(std::move(bell)) {}

  bool done() const { return done_.load(std::memory_order_acquire); }
  // Only once done. What was moved out is gone.
  HttpAnswer& answer() { return answer_; }
  void Wait();  // Until done.

 private:
  friend class HttpDriver;

  HttpRequest request_;
  const std::shared_ptr<HttpBell> bell_;
  HttpAnswer answer_;  // Of the driver's thread until done.
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> done_{false};
};

struct HttpOptions {
  int connections_max = 64;  // Requests under way at once; more wait.
  std::string ca_file;       // PEM; empty: the machine's own.
  std::string tls_min;       // "1.0" to "1.3"; empty or "default": 1.2.
};

// Threads: any.
class HttpClient {
 public:
  // kParameterInvalid for options that cannot be.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Make(const HttpOptions& options);
  ~HttpClient();  // Ends every exchange with kCancelled.

  std::shared_ptr<HttpExchange> Start(HttpRequest request, std::shared_ptr<HttpBell> bell);
  // Ends it with kCancelled unless it has ended; returns once nothing of the request is in use.
  void Finish(HttpExchange& exchange);

 private:
  explicit HttpClient(std::unique_ptr<class HttpDriver> driver);
  const std::unique_ptr<class HttpDriver> driver_;
};

}  // namespace elanus::s3
