#include "server/http_get.h"

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <utility>

namespace elanus::server {
namespace {

constexpr int64_t kPatienceMs = 5000;

}  // namespace

absl::StatusOr<s3::HttpAnswer> AskManagementPort(std::string url, int64_t stall_timeout_ms) {
  ELANUS_ASSIGN_OR_RETURN(const auto client, s3::HttpClient::Make({}));
  s3::HttpRequest request;
  request.proxy = false;
  request.url = std::move(url);
  request.stall_timeout_ms = stall_timeout_ms;
  request.answer_bytes_max = SIZE_MAX;
  const auto exchange = client->Start(std::move(request), std::make_shared<s3::HttpBell>());
  exchange->Wait();
  return std::move(exchange->answer());
}

absl::StatusOr<std::string> GetPage(const std::string& address, int port, const std::string& path) {
  // Who listens everywhere is reached here.
  const std::string host = address == "0.0.0.0" ? "127.0.0.1" : address == "::" ? "::1" : address;
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  ELANUS_ASSIGN_OR_RETURN(
      s3::HttpAnswer answer,
      AskManagementPort(
          fmt::format("http://{}:{}{}", bare_v6 ? "[" + host + "]" : host, port, path),
          kPatienceMs));
  if (answer.complete() && answer.status == 200) return std::move(answer.body);
  return RetryableError(ErrorCode::kServiceUnavailable,
                        "no answer from the management port http://{}:{}{}: {}", address, port,
                        path,
                        answer.complete() ? fmt::format("HTTP {}", answer.status) : answer.reason);
}

}  // namespace elanus::server
