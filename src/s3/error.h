// What a store's refusal means: whose turn it is, and the sentence that says what to change.
#pragma once

#include <optional>
#include <string>

#include "s3/http.h"

namespace elanus::s3 {

// What the request was about; repeated in every error.
struct Subject {
  std::string endpoint;  // "http://host:port"
  std::string bucket;
  std::string key;        // Empty for the bucket itself.
  std::string operation;  // "put object"
  bool writes = false;    // What is refused here is writing.
};

// The error inside an answer that is not a success.
struct S3Error {
  HttpFailure failure = HttpFailure::kNone;
  int http_status = 0;
  std::string code;     // "NoSuchKey"; empty if the answer does not say.
  std::string message;  // The store's own words, or why no answer came.
  std::string region;   // Where the bucket is, if the answer says so.
  int64_t skew_s = 0;   // Of kSkewed: the store's clock less ours.

  enum class Turn {
    kGiveUp,
    kRetry,        // The same again, a little later.
    kThrottled,    // The same again, later.
    kCredentials,  // Again with fresh credentials, if there are any.
    kSkewed,       // Again with the store's time.
    kRegion,       // Again, signed for `region`.
  };
  Turn turn() const;
};

// Nothing if the answer is a success. `now_s`: seconds since the Unix epoch.
std::optional<S3Error> ErrorOf(const HttpAnswer& answer, int64_t now_s);

// For the caller and its log. Codes: kIoKeyNotFound; kCancelled; the kIo... codes of a short body,
// throttling, rights, bucket and credentials; else kServiceUnavailable. But for the first two a
// later try may succeed (MayPass).
absl::Status StatusOf(const S3Error& error, const Subject& subject, int attempts);

// Whether the store refused, so that somebody must change something before it can succeed: a wrong
// key, bucket, region, right or address, as opposed to a store that is down or busy.
bool IsRefusal(const absl::Status& status);

// Of a Date header ("Fri, 24 May 2013 00:00:00 GMT"); nothing for another form.
std::optional<int64_t> ParseHttpDate(std::string_view text);

}  // namespace elanus::s3
