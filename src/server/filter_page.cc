#include "server/filter_page.h"

#include <fmt/format.h>

#include "common/status.h"
#include "proxy/filter_explain.h"
#include "s3/sigv4.h"
#include "server/http_get.h"

namespace elanus::server {
namespace {

constexpr uint64_t kTimeMaxNs = 1'000'000'000;

HttpResponse Json(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body) + "\n"};
}

HttpResponse Error(int status, std::string_view reason) {
  return Json(status, fmt::format(R"({{"error": {}}})", proxy::JsonString(reason)));
}

HttpResponse Error(const absl::Status& status) {
  switch (CodeOf(status)) {
    case ErrorCode::kCollectionNotFound:
    case ErrorCode::kDatabaseNotFound:
      return Error(404, MessageOf(status));
    case ErrorCode::kDeadlineExceeded:
      return Error(504, "the filter takes longer than a second; ask a query with elanus.explain");
    default:
      return Error(400, MessageOf(status));
  }
}

}  // namespace

void FilterPage::Open(proxy::ProxyContext& proxy) {
  absl::MutexLock lock(&mutex_);
  proxy_ = &proxy;
}

void FilterPage::Close() {
  absl::MutexLock lock(&mutex_);
  proxy_ = nullptr;
}

HttpResponse FilterPage::Answer(const HttpRequest& request) {
  auto parameters = ParseHttpQuery(request.query);
  if (!parameters.has_value()) return Error(400, "the query string is not well-formed");
  proxy::FilterQuestion question;
  for (auto& [name, value] : *parameters) {
    if (name == "db") {
      question.database = std::move(value);
    } else if (name == "collection") {
      question.collection = std::move(value);
    } else if (name == "filter") {
      question.filter = std::move(value);
    } else if (name == "analyze" && (value == "true" || value == "false")) {
      question.analyze = value == "true";
    } else {
      return Error(400, fmt::format("parameter not understood: {}", name));
    }
  }
  if (question.collection.empty()) return Error(400, "parameter missing: collection");
  absl::MutexLock lock(&mutex_);
  if (proxy_ == nullptr) return Error(503, "the server is not serving");
  if (proxy_->Now()->security.authorization) {
    return Error(403, "authorization is on: ask a query with elanus.explain");
  }
  const Cancellation cancellation(nullptr, SystemClock().MonotonicNs() + kTimeMaxNs);
  auto answer = proxy::ExplainFilter(*proxy_, question, cancellation);
  return answer.ok() ? Json(200, *std::move(answer)) : Error(answer.status());
}

absl::StatusOr<std::string> AskFilterPage(const FilterPageQuestion& question) {
  ELANUS_ASSIGN_OR_RETURN(
      s3::HttpAnswer answer,
      AskManagementPort(
          fmt::format("http://{}{}?db={}&collection={}&filter={}&analyze={}", question.server,
                      kFilterPagePath, s3::UriEncode(question.database),
                      s3::UriEncode(question.collection), s3::UriEncode(question.filter),
                      question.analyze),
          s3::HttpRequest().stall_timeout_ms));
  if (!answer.complete()) {
    return RetryableError(ErrorCode::kServiceNotReady, "no answer from {}: {}", question.server,
                          answer.reason);
  }
  if (answer.status != 200) {
    return UserError(ErrorCode::kParameterInvalid, "{} answers {}: {}", question.server,
                     answer.status, answer.body);
  }
  return std::move(answer.body);
}

}  // namespace elanus::server
