#include "s3/http.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <thread>
#include <unordered_map>

#include "common/check.h"

namespace elanus::s3 {
namespace {

constexpr int kPollMs = 1000;  // Wake-ups come by curl_multi_wakeup; this only bounds a lost one.

HttpFailure FailureOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return HttpFailure::kResolve;
    case CURLE_COULDNT_CONNECT:
      return HttpFailure::kConnect;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return HttpFailure::kUntrusted;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
      return HttpFailure::kTls;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpFailure::kStalled;
    case CURLE_PARTIAL_FILE:
      return HttpFailure::kShortBody;
    case CURLE_WRITE_ERROR:
      return HttpFailure::kTooLong;
    default:
      return HttpFailure::kBroken;
  }
}

long TlsVersion(std::string_view name) {
  if (name.empty() || name == "default" || name == "1.2") return CURL_SSLVERSION_TLSv1_2;
  if (name == "1.0") return CURL_SSLVERSION_TLSv1_0;
  if (name == "1.1") return CURL_SSLVERSION_TLSv1_1;
  if (name == "1.3") return CURL_SSLVERSION_TLSv1_3;
  return -1;
}

}  // namespace

std::string_view HttpAnswer::Header(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (header == name) return value;
  }
  return {};
}

void HttpExchange::Wait() {
  std::unique_lock lock(bell_->mutex);
  bell_->rang.wait(lock, [&] { return done(); });
}

// The thread, and what it alone touches.
class HttpDriver {
 public:
  explicit HttpDriver(const HttpOptions& options) : options_(options), multi_(curl_multi_init()) {
    ELANUS_CHECK(multi_ != nullptr);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections_max));
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    thread_ = std::thread([this] { Run(); });
  }

  ~HttpDriver() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
  }

  void Start(std::shared_ptr<HttpExchange> exchange) {
    {
      std::lock_guard lock(mutex_);
      arrived_.push_back(std::move(exchange));
    }
    curl_multi_wakeup(multi_);
  }

  void Cancel(HttpExchange& exchange) {
    exchange.cancelled_.store(true);
    any_cancelled_.store(true);
    curl_multi_wakeup(multi_);
  }

 private:
  // One exchange while curl works on it.
  struct Transfer {
    std::shared_ptr<HttpExchange> exchange;
    curl_slist* headers = nullptr;
    size_t part = 0, offset = 0;  // Of the next byte to send.
    char error[CURL_ERROR_SIZE] = {};
  };

  void Run() {
    for (;;) {
      bool stopping;
      {
        std::lock_guard lock(mutex_);
        waiting_.insert(waiting_.end(), arrived_.begin(), arrived_.end());
        arrived_.clear();
        stopping = stopping_;
      }
      if (stopping) {
        CancelWhere([](const HttpExchange&) { return true; });
        return;
      }
      if (any_cancelled_.exchange(false)) {
        CancelWhere([](const HttpExchange& exchange) { return exchange.cancelled_.load(); });
      }
      Fill();
      int running = 0;
      curl_multi_perform(multi_, &running);
      const bool ended = Reap();
      if (!ended) curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
    }
  }

  template <typename Which>
  void CancelWhere(Which which) {
    std::vector<CURL*> ended;
    for (const auto& [easy, transfer] : active_) {
      if (which(*transfer->exchange)) ended.push_back(easy);
    }
    for (CURL* easy : ended) End(easy, HttpFailure::kCancelled, "cancelled");
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      if (!which(**it)) {
        ++it;
        continue;
      }
      const std::shared_ptr<HttpExchange> exchange = *it;
      it = waiting_.erase(it);
      Tell(*exchange, HttpFailure::kCancelled, "cancelled");
    }
  }

  void Fill() {
    while (!waiting_.empty() && active_.size() < static_cast<size_t>(options_.connections_max)) {
      auto transfer = std::make_unique<Transfer>();
      transfer->exchange = std::move(waiting_.front());
      waiting_.pop_front();
      CURL* easy = nullptr;
      if (idle_.empty()) {
        easy = curl_easy_init();
        ELANUS_CHECK(easy != nullptr);
      } else {
        easy = idle_.back();
        idle_.pop_back();
      }
      Prepare(easy, *transfer);
      active_[easy] = std::move(transfer);
      curl_multi_add_handle(multi_, easy);
    }
  }

  void Prepare(CURL* easy, Transfer& transfer) {
    const HttpRequest& request = transfer.exchange->request_;
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    if (!request.proxy) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    SetTimes(easy, request);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, TlsVersion(options_.tls_min));
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
      curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpDriver::OnHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.exchange.get());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpDriver::OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.exchange.get());
    SetBody(easy, request, transfer);
    // Without "Expect: 100-continue" a large body needs no round trip of its own.
    transfer.headers = curl_slist_append(nullptr, "Expect:");
    transfer.headers = curl_slist_append(transfer.headers, "Content-Type:");
    for (const auto& [name, value] : request.headers) {
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      transfer.headers = curl_slist_append(transfer.headers, line.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
  }

  static void SetTimes(CURL* easy, const HttpRequest& request) {
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.connect_timeout_ms));
    const long stall_s = std::max<long>((request.stall_timeout_ms + 999) / 1000, 1);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stall_s);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout_ms));
  }

  static void SetBody(CURL* easy, const HttpRequest& request, Transfer& transfer) {
    if (request.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request.method == "PUT" || request.method == "POST") {
      curl_off_t size = 0;
      for (const std::string_view part : request.body) size += static_cast<curl_off_t>(part.size());
      curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, size);
      curl_easy_setopt(easy, CURLOPT_READFUNCTION, &HttpDriver::OnRead);
      curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
      curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &HttpDriver::OnSeek);
      curl_easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    } else {
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
  }

  static size_t OnHeader(char* data, size_t one, size_t size, void* user) {
    HttpAnswer& answer = static_cast<HttpExchange*>(user)->answer_;
    std::string_view line(data, one * size);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // Of this answer: those before it were 1xx.
      answer.headers.clear();
      return one * size;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || answer.headers.size() >= 200) return one * size;
    std::string name(line.substr(0, colon));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    answer.headers.emplace_back(std::move(name), value);
    return one * size;
  }

  static size_t OnBody(char* data, size_t one, size_t size, void* user) {
    HttpExchange& exchange = *static_cast<HttpExchange*>(user);
    const size_t count = one * size;
    if (exchange.answer_.body.size() + count > exchange.request_.answer_bytes_max) return 0;
    exchange.answer_.body.append(data, count);
    return count;
  }

  static size_t OnRead(char* out, size_t one, size_t size, void* user) {
    Transfer& transfer = *static_cast<Transfer*>(user);
    const std::vector<std::string_view>& body = transfer.exchange->request_.body;
    size_t room = one * size, copied = 0;
    while (room > 0 && transfer.part < body.size()) {
      const std::string_view rest = body[transfer.part].substr(transfer.offset);
      const size_t count = std::min(room, rest.size());
      std::memcpy(out + copied, rest.data(), count);
      copied += count;
      room -= count;
      transfer.offset += count;
      if (transfer.offset == body[transfer.part].size()) ++transfer.part, transfer.offset = 0;
    }
    return copied;
  }

  // Back to the begin, when a kept connection turned out to be closed.
  static int OnSeek(void* user, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset != 0) return CURL_SEEKFUNC_CANTSEEK;
    Transfer& transfer = *static_cast<Transfer*>(user);
    transfer.part = transfer.offset = 0;
    return CURL_SEEKFUNC_OK;
  }

  bool Reap() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      CURL* easy = message->easy_handle;
      const CURLcode code = message->data.result;
      if (code == CURLE_OK) {
        End(easy, HttpFailure::kNone, "");
      } else {
        const char* words = active_.at(easy)->error;
        End(easy, FailureOf(code), *words != 0 ? words : curl_easy_strerror(code));
      }
    }
    return any;
  }

  void End(CURL* easy, HttpFailure failure, std::string reason) {
    const auto it = active_.find(easy);
    const std::unique_ptr<Transfer> transfer = std::move(it->second);
    active_.erase(it);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->exchange->answer_.status = static_cast<int>(status);
    curl_multi_remove_handle(multi_, easy);
    curl_slist_free_all(transfer->headers);
    curl_easy_reset(easy);
    idle_.push_back(easy);
    Tell(*transfer->exchange, failure, std::move(reason));
  }

  static void Tell(HttpExchange& exchange, HttpFailure failure, std::string reason) {
    exchange.answer_.failure = failure;
    exchange.answer_.reason = std::move(reason);
    const std::shared_ptr<HttpBell> bell = exchange.bell_;
    std::lock_guard lock(bell->mutex);
    exchange.done_.store(true, std::memory_order_release);
    bell->rang.notify_all();
  }

  const HttpOptions options_;
  CURLM* const multi_;

  std::mutex mutex_;
  std::deque<std::shared_ptr<HttpExchange>> arrived_;  // By mutex_.
  bool stopping_ = false;                              // By mutex_.
  std::atomic<bool> any_cancelled_{false};

  // Of the thread.
  std::deque<std::shared_ptr<HttpExchange>> waiting_;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> active_;
  std::vector<CURL*> idle_;
  std::thread thread_;
};

HttpClient::HttpClient(std::unique_ptr<HttpDriver> driver) : driver_(std::move(driver)) {}
HttpClient::~HttpClient() = default;

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Make(const HttpOptions& options) {
  if (TlsVersion(options.tls_min) < 0) {
    return UserError(ErrorCode::kParameterInvalid,
                     "minio.ssl.tlsMinVersion = \"{}\" is refused: expected default, 1.0, 1.1, 1.2 "
                     "or 1.3",
                     options.tls_min);
  }
  if (!options.ca_file.empty() && ::access(options.ca_file.c_str(), R_OK) != 0) {
    return UserError(ErrorCode::kParameterInvalid,
                     "minio.ssl.tlsCACert = \"{}\" cannot be read: give the path of a PEM file",
                     options.ca_file);
  }
  static std::once_flag once;
  static CURLcode initialized = CURLE_OK;
  std::call_once(once, [] { initialized = curl_global_init(CURL_GLOBAL_DEFAULT); });
  if (initialized != CURLE_OK) {
    return InternalError(ErrorCode::kInternal, "libcurl cannot start: {}",
                         curl_easy_strerror(initialized));
  }
  return std::unique_ptr<HttpClient>(new HttpClient(std::make_unique<HttpDriver>(options)));
}

std::shared_ptr<HttpExchange> HttpClient::Start(HttpRequest request,
                                                std::shared_ptr<HttpBell> bell) {
  auto exchange = std::make_shared<HttpExchange>(std::move(request), std::move(bell));
  driver_->Start(exchange);
  return exchange;
}

void HttpClient::Finish(HttpExchange& exchange) {
  if (!exchange.done()) driver_->Cancel(exchange);
  exchange.Wait();
}

}  // namespace elanus::s3
