// How a request is sent: signature, retries, hedges. client_operations.cc has what is sent.
#include "s3/client.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "common/logging.h"
#include "s3/client_call.h"

namespace elanus::s3 {
namespace {

// How often a wait looks whether the caller still wants the answer.
constexpr auto kLook = std::chrono::milliseconds(50);
constexpr int64_t kRetryAfterMsMax = 20'000;
constexpr double kTimeoutCost = 10, kRetryCost = 5;

std::string EndpointOf(const ClientOptions& options) {
  return (options.tls ? "https://" : "http://") + options.host;
}

int64_t RetryAfterMs(const HttpAnswer& answer) {
  int64_t seconds = 0;
  const std::string_view text = answer.Header("retry-after");
  (void)std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp<int64_t>(seconds * 1000, 0, kRetryAfterMsMax);
}

uint64_t RandomSeed() {
  std::random_device entropy;
  return (uint64_t{entropy()} << 32) | entropy();
}

}  // namespace

Client::Client(ClientOptions options, std::unique_ptr<HttpClient> http, const Clock& clock)
    : options_(std::move(options)),
      http_(std::move(http)),
      clock_(clock),
      credentials_(MakeCredentialSource(options_.credentials, *http_, clock)),
      budget_(options_.retry_tokens),
      backoff_(options_.backoff_ms, options_.backoff_ms_max, RandomSeed()),
      region_(options_.region) {}

Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Make(ClientOptions options, const Clock& clock) {
  ELANUS_ASSIGN_OR_RETURN(auto http, HttpClient::Make(options.http));
  return std::unique_ptr<Client>(new Client(std::move(options), std::move(http), clock));
}

void Client::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  wake_.notify_all();
}

std::string Client::endpoint() const {
  return EndpointOf(options_);
}

std::string Client::region() const {
  std::lock_guard lock(mutex_);
  return region_;
}

absl::StatusOr<HttpRequest> Client::Sign(const Call& call) {
  ELANUS_ASSIGN_OR_RETURN(const Credentials credentials, credentials_->Get());
  const int64_t now = static_cast<int64_t>(clock_.WallMs() / 1000) + adopted_skew_s_.load();
  const std::string date = SigningDate(now);
  const std::string hash = Sha256Hex(call.body);
  std::string path = options_.virtual_host ? "/" : "/" + options_.bucket;
  if (!call.key.empty()) {
    if (!path.ends_with('/')) path += '/';
    path += UriEncode(call.key, /*keep_slash=*/true);
  }
  const std::string host =
      options_.virtual_host ? options_.bucket + "." + options_.host : options_.host;
  const std::string query = CanonicalQuery(call.query);
  HttpRequest request;
  request.method = call.method;
  request.headers = call.headers;
  request.headers.emplace_back("Host", host);
  request.headers.emplace_back("x-amz-content-sha256", hash);
  request.headers.emplace_back("x-amz-date", date);
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  const std::string region = this->region();
  request.headers.emplace_back("Authorization", SignV4({.method = call.method,
                                                        .path = path,
                                                        .canonical_query = query,
                                                        .headers = request.headers,
                                                        .payload_sha256 = hash,
                                                        .region = region,
                                                        .date = date},
                                                       credentials));
  request.url = (options_.tls ? "https://" : "http://") + host + path;
  if (!query.empty()) request.url += "?" + query;
  request.body.assign(call.body.begin(), call.body.end());
  request.answer_bytes_max = call.answer_bytes_max;
  request.connect_timeout_ms = options_.connect_timeout_ms;
  request.stall_timeout_ms = options_.stall_timeout_ms * call.patience;
  return request;
}

HttpAnswer Client::Exchange(const Call& call, const HttpRequest& request,
                            const Cancellation& cancellation) {
  const auto bell = std::make_shared<HttpBell>();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<HttpExchange>> racing = {http_->Start(request, bell)};
  const int64_t hedge_ms = call.hedge && options_.hedge ? hedges_.DelayMs() : -1;
  std::shared_ptr<HttpExchange> first;
  for (;;) {
    {
      const bool may_hedge = hedge_ms >= 0 && racing.size() == 1;
      std::unique_lock lock(bell->mutex);
      bell->rang.wait_for(lock, may_hedge ? std::chrono::milliseconds(5) : kLook, [&] {
        return std::all_of(racing.begin(), racing.end(), [](const auto& e) { return e->done(); }) ||
               std::any_of(racing.begin(), racing.end(),
                           [](const auto& e) { return e->done() && e->answer().complete(); });
      });
    }
    size_t ended = 0;
    for (const auto& exchange : racing) {
      if (!exchange->done()) continue;
      ++ended;
      if (first == nullptr || exchange->answer().complete()) first = exchange;
    }
    if (first != nullptr && (first->answer().complete() || ended == racing.size())) break;
    bool stopped;
    {
      std::lock_guard lock(mutex_);
      stopped = stopped_;
    }
    if (stopped || cancellation.cancelled()) {
      for (const auto& exchange : racing) http_->Finish(*exchange);
      return racing.front()->answer();
    }
    const auto waited = std::chrono::steady_clock::now() - begin;
    if (hedge_ms >= 0 && racing.size() == 1 && waited >= std::chrono::milliseconds(hedge_ms) &&
        hedges_.Take()) {
      num_hedges_.fetch_add(1);
      racing.push_back(http_->Start(request, bell));
    }
  }
  for (const auto& exchange : racing) http_->Finish(*exchange);
  if (call.hedge && first->answer().complete()) {
    hedges_.NoteMs(std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now() - begin)
                       .count());
  }
  return std::move(first->answer());
}

bool Client::SleepMs(int64_t ms, const Cancellation& cancellation) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  std::unique_lock lock(mutex_);
  while (!stopped_ && !cancellation.cancelled()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return true;
    wake_.wait_for(lock, std::min<std::chrono::nanoseconds>(until - now, kLook));
  }
  return false;
}

bool Client::Prepare(const S3Error& error, const HttpAnswer& answer, int attempts, bool* adapted,
                     const Cancellation& cancellation) {
  if (attempts >= options_.attempts_max) return false;
  switch (error.turn()) {
    case S3Error::Turn::kGiveUp:
      return false;
    case S3Error::Turn::kSkewed:
      if (std::exchange(*adapted, true) || error.skew_s == 0) return false;
      adopted_skew_s_.store(error.skew_s);
      ELANUS_LOG_EVERY(600, Warn, "this machine's clock differs from the object store's; set it",
                       Field("seconds", error.skew_s));
      return true;
    case S3Error::Turn::kCredentials:
      return !std::exchange(*adapted, true) && credentials_->Renew();
    case S3Error::Turn::kRegion: {
      if (options_.region_given || std::exchange(*adapted, true)) return false;
      std::lock_guard lock(mutex_);
      region_ = error.region;
      return true;
    }
    case S3Error::Turn::kRetry:
    case S3Error::Turn::kThrottled:
      break;
  }
  const bool timed_out = error.failure == HttpFailure::kStalled;
  if (!budget_.Take(timed_out ? kTimeoutCost : kRetryCost)) return false;
  return SleepMs(std::max(backoff_.DelayMs(attempts), RetryAfterMs(answer)), cancellation);
}

absl::StatusOr<HttpAnswer> Client::Send(const Call& call, const Cancellation& cancellation) {
  const Subject subject = {EndpointOf(options_), options_.bucket, call.key, call.operation,
                           call.writes};
  bool adapted = false;
  for (int attempts = 1;; ++attempts) {
    ELANUS_RETURN_IF_ERROR(cancellation.Check());
    ELANUS_ASSIGN_OR_RETURN(const HttpRequest request, Sign(call));
    HttpAnswer answer = Exchange(call, request, cancellation);
    if (answer.failure == HttpFailure::kCancelled) {
      ELANUS_RETURN_IF_ERROR(cancellation.Check());
      return UserError(ErrorCode::kCancelled, "context canceled: the object store is closed");
    }
    const int64_t now = static_cast<int64_t>(clock_.WallMs() / 1000);
    if (const auto date = ParseHttpDate(answer.Header("date"))) skew_s_.store(*date - now);
    std::optional<S3Error> error = ErrorOf(answer, now);
    const bool accepted =
        std::find(call.accepted.begin(), call.accepted.end(), answer.status) != call.accepted.end();
    if (answer.complete() && accepted) return answer;
    if (!error.has_value() && call.check) error = call.check(answer);
    if (!error.has_value()) {
      budget_.NoteSuccess();
      return answer;
    }
    if (!Prepare(*error, answer, attempts, &adapted, cancellation)) {
      ELANUS_RETURN_IF_ERROR(cancellation.Check());
      return StatusOf(*error, subject, attempts);
    }
    num_retries_.fetch_add(1);
  }
}

}  // namespace elanus::s3
