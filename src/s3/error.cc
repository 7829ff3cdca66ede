#include "s3/error.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "s3/xml.h"

namespace elanus::s3 {
namespace {

template <size_t n>
bool IsOneOf(std::string_view text, const std::array<std::string_view, n>& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

constexpr std::array<std::string_view, 7> kThrottledCodes = {
    "SlowDown",   "SlowDownRead",    "SlowDownWrite",         "RequestLimitExceeded",
    "Throttling", "TooManyRequests", "BandwidthLimitExceeded"};
constexpr std::array<std::string_view, 9> kPassingCodes = {"InternalError",
                                                           "ServiceUnavailable",
                                                           "RequestTimeout",
                                                           "OperationAborted",
                                                           "Busy",
                                                           "BadDigest",
                                                           "IncompleteBody",
                                                           "XAmzContentSHA256Mismatch",
                                                           "XMinioServerNotInitialized"};
constexpr std::array<std::string_view, 5> kSessionCodes = {"ExpiredToken", "ExpiredTokenException",
                                                           "InvalidToken", "TokenRefreshRequired",
                                                           "InvalidClientTokenId"};
constexpr std::array<std::string_view, 2> kMissingCodes = {"NoSuchKey", "NoSuchUpload"};
constexpr std::array<std::string_view, 4> kWrongRegionCodes = {
    "AuthorizationHeaderMalformed", "PermanentRedirect", "IncorrectEndpoint",
    "IllegalLocationConstraintException"};

// Whether the first element is <Error>; parses no more than it must.
bool RootIsError(std::string_view body) {
  const auto skip_space = [&] {
    while (!body.empty() && (body[0] == ' ' || body[0] == '\n' || body[0] == '\r')) {
      body.remove_prefix(1);
    }
  };
  skip_space();
  if (body.starts_with("<?")) {
    const size_t end = body.find("?>");
    if (end == std::string_view::npos) return false;
    body.remove_prefix(end + 2);
    skip_space();
  }
  return body.starts_with("<Error>") || body.starts_with("<Error ");
}

bool IsUnknownKey(std::string_view code) {
  return code == "InvalidAccessKeyId" || code == "XAdminUserNotFound";  // The latter: VersityGW.
}

bool IsDenied(const S3Error& error) {
  return error.code == "AccessDenied" || error.code == "AllAccessDisabled" ||
         error.code == "AccountProblem" || (error.code.empty() && error.http_status == 403);
}

bool IsSkewed(std::string_view code) {
  return code == "RequestTimeTooSkewed" || code == "RequestExpired";
}

std::string WordsOf(const S3Error& error) {
  if (error.failure != HttpFailure::kNone && error.http_status == 0) {
    return fmt::format("no answer: {}", error.message);
  }
  std::string words = fmt::format("HTTP {}", error.http_status);
  if (!error.code.empty()) words += ", " + error.code;
  if (!error.message.empty()) words += ": " + error.message;
  return words;
}

// The messages of S3 servers that got HTTP on their TLS port, or TLS on their HTTP port.
bool SpeaksTls(const S3Error& error) {
  return error.message.find("HTTP request to an HTTPS server") != std::string::npos ||
         error.message.find("plain HTTP request was sent to HTTPS") != std::string::npos;
}

std::string TransportAdvice(const S3Error& error, const Subject& subject) {
  switch (error.failure) {
    case HttpFailure::kNone:
    case HttpFailure::kCancelled:
      return "";
    case HttpFailure::kResolve:
      return "the host name is not known here: check minio.address";
    case HttpFailure::kConnect:
      return fmt::format(
          "nothing answers at {}: is the store running, and are minio.address and minio.port "
          "right?",
          subject.endpoint);
    case HttpFailure::kUntrusted:
      return "its certificate is not trusted: set minio.ssl.tlsCACert to the authority's PEM file, "
             "and minio.address to a name that the certificate holds";
    case HttpFailure::kTls:
      return "no TLS connection: if the store speaks plain HTTP set minio.useSSL to false";
    case HttpFailure::kStalled:
      return "the store is too slow, or minio.requestTimeoutMs too short";
    case HttpFailure::kBroken:
      if (error.http_status == 0 && subject.endpoint.starts_with("http:")) {
        return "the connection ended: if the store speaks TLS set minio.useSSL to true";
      }
      return "the connection to the store is not good";
    case HttpFailure::kShortBody:
    case HttpFailure::kTooLong:
      return "the connection to the store is not good";
  }
  return "";
}

std::string Advice(const S3Error& error, const Subject& subject) {
  const std::string& code = error.code;
  if (error.http_status == 0 || (error.failure != HttpFailure::kNone && code.empty())) {
    return TransportAdvice(error, subject);
  }
  if (SpeaksTls(error)) return "the store speaks TLS: set minio.useSSL to true";
  if (IsUnknownKey(code)) {
    return "the store does not know this access key: check minio.accessKeyID";
  }
  if (code == "SignatureDoesNotMatch") {
    return "the secret does not belong to the access key: check minio.secretAccessKey";
  }
  if (IsOneOf(code, kSessionCodes)) {
    return "the session has expired or is not known: renew minio.sessionToken together with its "
           "keys, or set minio.useIAM so that they are renewed by themselves";
  }
  if (IsSkewed(code)) {
    return fmt::format("this machine's clock is {} s {}: set it, for example by NTP",
                       error.skew_s < 0 ? -error.skew_s : error.skew_s,
                       error.skew_s < 0 ? "ahead" : "behind");
  }
  if (IsOneOf(code, kWrongRegionCodes) || (error.http_status == 301 && !error.region.empty())) {
    return error.region.empty()
               ? "the region is wrong: set minio.region to that of the bucket"
               : fmt::format("the region is wrong: set minio.region to {}", error.region);
  }
  if (code == "NoSuchBucket") {
    return "there is no such bucket: create it, or set minio.bucketName, or let minio.createBucket "
           "be true";
  }
  if (IsDenied(error)) {
    return subject.writes
               ? "this key may not write there, the bucket is read-only for it: allow "
                 "s3:PutObject, "
                 "s3:DeleteObject and s3:AbortMultipartUpload on it"
               : "this key may not read there: allow s3:GetObject and s3:ListBucket on it";
  }
  if (code == "InvalidBucketName") return "check minio.bucketName";
  if (code.empty() && error.http_status < 500 &&
      (error.http_status != 404 || subject.key.empty())) {
    return fmt::format("what answers at {} does not look like an S3 store: check minio.address",
                       subject.endpoint);
  }
  return "";
}

ErrorCode CodeFor(const S3Error& error) {
  if (error.failure == HttpFailure::kCancelled) return ErrorCode::kCancelled;
  // The answer to HEAD has neither code nor words. Other codes are no missing object: VersityGW
  // says 404 of an unknown access key, and web servers of every path.
  const bool silent = error.code.empty() && error.message.empty();
  if (error.failure == HttpFailure::kNone && error.http_status == 404 &&
      (silent || IsOneOf(error.code, kMissingCodes))) {
    return ErrorCode::kIoKeyNotFound;
  }
  const std::string& code = error.code;
  if (error.failure == HttpFailure::kShortBody) return ErrorCode::kIoUnexpectedEof;
  if (error.turn() == S3Error::Turn::kThrottled) return ErrorCode::kIoTooManyRequests;
  if (IsUnknownKey(code) || IsOneOf(code, kSessionCodes) || code == "SignatureDoesNotMatch") {
    return ErrorCode::kIoInvalidCredentials;
  }
  if (code == "NoSuchBucket") return ErrorCode::kIoBucketNotFound;
  if (IsDenied(error)) return ErrorCode::kIoPermissionDenied;
  return ErrorCode::kServiceUnavailable;
}

constexpr char kRefusalPayload[] = "elanus/s3/refusal";

}  // namespace

std::optional<int64_t> ParseHttpDate(std::string_view text) {
  std::tm utc{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return static_cast<int64_t>(timegm(&utc));
}

S3Error::Turn S3Error::turn() const {
  switch (failure) {
    case HttpFailure::kNone:
      break;
    case HttpFailure::kCancelled:
    case HttpFailure::kUntrusted:
    case HttpFailure::kTooLong:
      return Turn::kGiveUp;
    case HttpFailure::kResolve:
    case HttpFailure::kConnect:
    case HttpFailure::kTls:
    case HttpFailure::kStalled:
    case HttpFailure::kShortBody:
    case HttpFailure::kBroken:
      return Turn::kRetry;
  }
  if (http_status == 429 || IsOneOf(code, kThrottledCodes)) return Turn::kThrottled;
  if (IsOneOf(code, kPassingCodes)) return Turn::kRetry;
  if (IsSkewed(code)) return Turn::kSkewed;
  if (IsOneOf(code, kSessionCodes) || IsUnknownKey(code)) return Turn::kCredentials;
  const bool silent_refusal = code.empty() && http_status == 400;  // The answer to HEAD.
  if (!region.empty() &&
      (IsOneOf(code, kWrongRegionCodes) || http_status == 301 || silent_refusal)) {
    return Turn::kRegion;
  }
  if (http_status == 503) return Turn::kThrottled;
  if (http_status == 408 || http_status == 500 || http_status == 502 || http_status == 504) {
    return Turn::kRetry;
  }
  return Turn::kGiveUp;
}

std::optional<S3Error> ErrorOf(const HttpAnswer& answer, int64_t now_s) {
  const bool success = answer.status >= 200 && answer.status < 300;
  S3Error error;
  error.failure = answer.failure;
  error.http_status = answer.status;
  if (!answer.complete()) {
    error.message = answer.reason;
    if (success || answer.status == 0) return error;
  } else if (success) {
    // A multipart upload may fail behind a status 200.
    const bool xml = answer.Header("content-type").find("xml") != std::string_view::npos;
    if (!xml || !RootIsError(answer.body)) return std::nullopt;
  }
  error.region = answer.Header("x-amz-bucket-region");
  if (const auto date = ParseHttpDate(answer.Header("date"))) error.skew_s = *date - now_s;
  const auto xml = ParseXml(answer.body);
  if (xml.ok() && xml->name == "Error") {
    error.code = xml->Text("Code");
    error.message = xml->Text("Message");
    if (error.region.empty()) error.region = xml->Text("Region");
    // Where the rest of a refusal was lost, what did come decides.
    error.failure = HttpFailure::kNone;
  } else if (answer.complete()) {
    error.message = answer.body.substr(0, 200);
  }
  return error;
}

absl::Status StatusOf(const S3Error& error, const Subject& subject, int attempts) {
  std::string text =
      fmt::format("object store: {} failed, bucket \"{}\"", subject.operation, subject.bucket);
  if (!subject.key.empty()) text += fmt::format(", key \"{}\"", subject.key);
  text += fmt::format(" at {}: {}", subject.endpoint, WordsOf(error));
  if (attempts > 1) text += fmt::format(" (after {} attempts)", attempts);
  const std::string advice = Advice(error, subject);
  if (!advice.empty()) text += "; " + advice;
  absl::Status status = MakeError(CodeFor(error), std::move(text));
  const S3Error::Turn turn = error.turn();
  if (turn != S3Error::Turn::kRetry && turn != S3Error::Turn::kThrottled) {
    status.SetPayload(kRefusalPayload, absl::Cord(error.code));
  }
  return status;
}

bool IsRefusal(const absl::Status& status) {
  return status.GetPayload(kRefusalPayload).has_value();
}

}  // namespace elanus::s3
