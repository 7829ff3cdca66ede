#include "s3/credentials.h"

#include <ctime>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/logging.h"

namespace elanus::s3 {
namespace {

constexpr char kMetadataAddress[] = "http://169.254.169.254";
constexpr char kContainerAddress[] = "http://169.254.170.2";
constexpr char kRolePath[] = "/latest/meta-data/iam/security-credentials/";
constexpr int64_t kRenewBeforeS = 300;  // Sessions are renewed this long before they end,
constexpr int64_t kRenewAgainS = 30;    // and if that fails, tried again after this.
constexpr int64_t kReadFileAgainS = 60;

absl::Status None(std::string_view why) {
  return RetryableError(ErrorCode::kServiceUnavailable,
                        "no credentials for the object store: {}; set minio.accessKeyID and "
                        "minio.secretAccessKey",
                        why);
}

class FixedCredentials final : public CredentialSource {
 public:
  FixedCredentials(Credentials credentials, std::string_view name)
      : credentials_(std::move(credentials)), name_(name) {}
  absl::StatusOr<Credentials> Get() override { return credentials_; }
  std::string_view name() const override { return name_; }

 private:
  const Credentials credentials_;
  const std::string_view name_;
};

// Read again every minute, so that who rotates keys needs no restart.
class FileCredentials final : public CredentialSource {
 public:
  FileCredentials(std::string path, std::string profile, const Clock& clock)
      : path_(std::move(path)), profile_(std::move(profile)), clock_(clock) {}

  absl::StatusOr<Credentials> Get() override {
    std::lock_guard lock(mutex_);
    const int64_t now = static_cast<int64_t>(clock_.WallMs() / 1000);
    if (credentials_.access_key.empty() || now >= read_again_s_ || now < read_again_s_ - 600) {
      std::ifstream file(path_);
      std::ostringstream text;
      text << file.rdbuf();
      Credentials read = ReadCredentialsFile(text.str(), profile_);
      if (!read.access_key.empty()) credentials_ = std::move(read);
      read_again_s_ = now + kReadFileAgainS;
    }
    if (credentials_.access_key.empty()) {
      return None(fmt::format("{} has no keys in profile {}", path_, profile_));
    }
    return credentials_;
  }
  bool Renew() override {
    std::lock_guard lock(mutex_);
    read_again_s_ = 0;
    return true;
  }
  std::string_view name() const override { return "the shared credentials file"; }

 private:
  const std::string path_;
  const std::string profile_;
  const Clock& clock_;
  std::mutex mutex_;
  Credentials credentials_;   // By mutex_.
  int64_t read_again_s_ = 0;  // By mutex_.
};

// Sessions of an instance (IMDSv2) or of a container, renewed before they end.
class MetadataCredentials final : public CredentialSource {
 public:
  struct Options {
    std::string endpoint;       // Of instance metadata,
    std::string container_url;  // or the whole URL of a container's.
    std::string authorization;  // Sent to the latter.
  };
  MetadataCredentials(Options options, HttpClient& http, const Clock& clock)
      : options_(std::move(options)), http_(http), clock_(clock) {}

  absl::StatusOr<Credentials> Get() override {
    std::lock_guard lock(mutex_);
    const int64_t now = static_cast<int64_t>(clock_.WallMs() / 1000);
    if (!credentials_.access_key.empty() && now < renew_at_s_) return credentials_;
    int64_t expires = 0;
    auto fresh = Fetch(&expires);
    if (fresh.ok()) {
      credentials_ = *std::move(fresh);
      expires_s_ = expires;
      renew_at_s_ = expires == 0 ? now + 3600 : std::max(expires - kRenewBeforeS, now + 1);
      return credentials_;
    }
    // What is still valid is used while the service does not answer.
    if (!credentials_.access_key.empty() && !refused_ && now < expires_s_) {
      ELANUS_LOG_EVERY(60, Warn, "credentials are not renewed", Field("reason", fresh.status()));
      renew_at_s_ = now + kRenewAgainS;
      return credentials_;
    }
    return fresh.status();
  }
  bool Renew() override {
    std::lock_guard lock(mutex_);
    renew_at_s_ = 0;
    refused_ = true;
    return true;
  }
  std::string_view name() const override {
    return options_.container_url.empty() ? "instance metadata" : "the container's endpoint";
  }

 private:
  absl::StatusOr<Credentials> Fetch(int64_t* expires_s) {
    std::string body;
    if (!options_.container_url.empty()) {
      std::vector<NameValue> headers;
      if (!options_.authorization.empty()) {
        headers.emplace_back("Authorization", options_.authorization);
      }
      ELANUS_ASSIGN_OR_RETURN(body, Ask("GET", options_.container_url, std::move(headers)));
    } else {
      ELANUS_ASSIGN_OR_RETURN(const std::string token,
                              Ask("PUT", options_.endpoint + "/latest/api/token",
                                  {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}}));
      const NameValue with_token = {"X-aws-ec2-metadata-token", token};
      const std::string roles = options_.endpoint + kRolePath;
      ELANUS_ASSIGN_OR_RETURN(std::string role, Ask("GET", roles, {with_token}));
      role = role.substr(0, role.find_first_of("\r\n"));
      if (role.empty()) return None("instance metadata names no role");
      ELANUS_ASSIGN_OR_RETURN(body, Ask("GET", roles + UriEncode(role), {with_token}));
    }
    auto parsed = ParseMetadataCredentials(body, expires_s);
    if (parsed.ok()) refused_ = false;
    return parsed;
  }

  absl::StatusOr<std::string> Ask(std::string method, std::string url,
                                  std::vector<NameValue> headers) {
    HttpRequest request;
    request.method = std::move(method);
    request.url = url;
    request.headers = std::move(headers);
    request.answer_bytes_max = 64 << 10;
    request.connect_timeout_ms = 2000;
    request.stall_timeout_ms = 2000;
    request.total_timeout_ms = 5000;
    request.proxy = false;
    const auto exchange = http_.Start(std::move(request), std::make_shared<HttpBell>());
    exchange->Wait();
    const HttpAnswer& answer = exchange->answer();
    if (!answer.complete() || answer.status >= 500) {
      return RetryableError(
          ErrorCode::kServiceUnavailable, "credentials cannot be had from {}: {}", url,
          answer.complete() ? fmt::format("HTTP {}", answer.status) : answer.reason);
    }
    if (answer.status != 200) return None(fmt::format("{} answers HTTP {}", url, answer.status));
    return answer.body;
  }

  const Options options_;
  HttpClient& http_;
  const Clock& clock_;
  std::mutex mutex_;  // Of all below; held while asking, so that one asks for all.
  Credentials credentials_;
  int64_t renew_at_s_ = 0;
  int64_t expires_s_ = 0;
  bool refused_ = false;
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string TextOf(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::unique_ptr<CredentialSource> FromFile(const CredentialOptions& options, const Clock& clock) {
  std::string path = options.environment("AWS_SHARED_CREDENTIALS_FILE");
  if (path.empty() && !options.environment("HOME").empty()) {
    path = options.environment("HOME") + "/.aws/credentials";
  }
  std::string profile = options.environment("AWS_PROFILE");
  if (profile.empty()) profile = "default";
  if (path.empty() || !std::ifstream(path).good()) return nullptr;
  auto source = std::make_unique<FileCredentials>(path, profile, clock);
  if (!source->Get().ok()) return nullptr;
  return source;
}

std::unique_ptr<CredentialSource> FromEnvironment(const CredentialOptions& options) {
  Credentials keys = {options.environment("AWS_ACCESS_KEY_ID"),
                      options.environment("AWS_SECRET_ACCESS_KEY"),
                      options.environment("AWS_SESSION_TOKEN")};
  if (keys.access_key.empty() || keys.secret_key.empty()) return nullptr;
  return std::make_unique<FixedCredentials>(std::move(keys), "the environment");
}

std::unique_ptr<CredentialSource> FromMetadata(const CredentialOptions& options, HttpClient& http,
                                               const Clock& clock) {
  MetadataCredentials::Options metadata;
  metadata.container_url = options.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const std::string relative = options.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative.empty()) metadata.container_url = kContainerAddress + relative;
  if (!options.iam_endpoint.empty()) metadata.container_url.clear();
  metadata.authorization = options.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  metadata.endpoint = options.iam_endpoint.empty() ? kMetadataAddress : options.iam_endpoint;
  while (metadata.endpoint.ends_with('/')) metadata.endpoint.pop_back();
  return std::make_unique<MetadataCredentials>(std::move(metadata), http, clock);
}

}  // namespace

Credentials ReadCredentialsFile(std::string_view text, std::string_view profile) {
  Credentials found;
  bool inside = false;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      inside = line.back() == ']' && Trim(line.substr(1, line.size() - 2)) == profile;
      continue;
    }
    const size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    const std::string_view name = Trim(line.substr(0, equals));
    const std::string_view value = Trim(line.substr(equals + 1));
    if (name == "aws_access_key_id") found.access_key = value;
    if (name == "aws_secret_access_key") found.secret_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  if (found.secret_key.empty()) return {};
  return found;
}

absl::StatusOr<Credentials> ParseMetadataCredentials(std::string_view text, int64_t* expires_s) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return None("the metadata service answers no JSON object");
  const std::string code = TextOf(json, "Code");
  if (!code.empty() && code != "Success") return None("the metadata service says " + code);
  Credentials found = {TextOf(json, "AccessKeyId"), TextOf(json, "SecretAccessKey"),
                       TextOf(json, "Token")};
  if (found.access_key.empty() || found.secret_key.empty()) {
    return None("the metadata service answers no keys");
  }
  std::tm utc{};
  const std::string expiration = TextOf(json, "Expiration");
  *expires_s = 0;
  if (strptime(expiration.c_str(), "%Y-%m-%dT%H:%M:%S", &utc) != nullptr) {
    *expires_s = static_cast<int64_t>(timegm(&utc));
  }
  return found;
}

std::unique_ptr<CredentialSource> MakeCredentialSource(const CredentialOptions& options,
                                                       HttpClient& http, const Clock& clock) {
  if (options.given && !options.use_iam) {
    return std::make_unique<FixedCredentials>(options.settings, "settings");
  }
  if (auto source = FromEnvironment(options)) return source;
  if (auto source = FromFile(options, clock)) return source;
  if (options.use_iam) return FromMetadata(options, http, clock);
  return std::make_unique<FixedCredentials>(options.settings, "the default settings");
}

}  // namespace elanus::s3
