#include "s3/error.h"

#include <gtest/gtest.h>

#include "s3/fake_s3_test.h"

namespace elanus::s3 {
namespace {

HttpAnswer Answer(int status, const std::string& code, const std::string& more = "") {
  const FakeAnswer fake = FakeS3::Error(status, code, more);
  HttpAnswer answer;
  answer.status = status;
  answer.body = code.empty() ? "" : fake.body;
  return answer;
}

struct Case {
  HttpAnswer answer;
  bool writes;
  ErrorCode code;
  S3Error::Turn turn;
  const char* says;
};

TEST(S3Error, SaysWhatToChange) {
  using Turn = S3Error::Turn;
  HttpAnswer refused, unknown_host, untrusted, tls;
  refused.failure = HttpFailure::kConnect;
  unknown_host.failure = HttpFailure::kResolve;
  untrusted.failure = HttpFailure::kUntrusted;
  tls.failure = HttpFailure::kTls;
  HttpAnswer hung_up;
  hung_up.failure = HttpFailure::kBroken;
  HttpAnswer cut;
  cut.failure = HttpFailure::kShortBody;
  HttpAnswer wrong_scheme;
  wrong_scheme.status = 400;
  wrong_scheme.body = "Client sent an HTTP request to an HTTPS server.\n";
  HttpAnswer web_page;
  web_page.status = 403;
  web_page.body = "<html>go away</html>";
  web_page.status = 405;
  HttpAnswer elsewhere = Answer(301, "PermanentRedirect");
  elsewhere.headers = {{"x-amz-bucket-region", "ap-south-1"}};
  const Case cases[] = {
      {Answer(404, "NoSuchKey"), false, ErrorCode::kIoKeyNotFound, Turn::kGiveUp, "NoSuchKey"},
      {Answer(404, "NoSuchBucket"), false, ErrorCode::kIoBucketNotFound, Turn::kGiveUp,
       "minio.createBucket"},
      {Answer(403, "InvalidAccessKeyId"), false, ErrorCode::kIoInvalidCredentials,
       Turn::kCredentials, "minio.accessKeyID"},
      {Answer(404, "XAdminUserNotFound"), false, ErrorCode::kIoInvalidCredentials,
       Turn::kCredentials, "minio.accessKeyID"},
      {Answer(404, ""), false, ErrorCode::kIoKeyNotFound, Turn::kGiveUp, "HTTP 404"},
      {Answer(403, "SignatureDoesNotMatch"), false, ErrorCode::kIoInvalidCredentials, Turn::kGiveUp,
       "minio.secretAccessKey"},
      {Answer(400, "ExpiredToken"), false, ErrorCode::kIoInvalidCredentials, Turn::kCredentials,
       "minio.sessionToken"},
      {Answer(403, "AccessDenied"), true, ErrorCode::kIoPermissionDenied, Turn::kGiveUp,
       "allow s3:PutObject"},
      {Answer(403, "AccessDenied"), false, ErrorCode::kIoPermissionDenied, Turn::kGiveUp,
       "allow s3:GetObject"},
      {Answer(403, "RequestTimeTooSkewed"), false, ErrorCode::kServiceUnavailable, Turn::kSkewed,
       "clock"},
      {Answer(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), false,
       ErrorCode::kServiceUnavailable, Turn::kRegion, "set minio.region to eu-west-1"},
      {elsewhere, false, ErrorCode::kServiceUnavailable, Turn::kRegion,
       "set minio.region to ap-south-1"},
      {Answer(503, "SlowDown"), false, ErrorCode::kIoTooManyRequests, Turn::kThrottled, "SlowDown"},
      {Answer(500, "InternalError"), false, ErrorCode::kServiceUnavailable, Turn::kRetry,
       "HTTP 500"},
      {Answer(503, ""), false, ErrorCode::kIoTooManyRequests, Turn::kThrottled, "HTTP 503"},
      {refused, false, ErrorCode::kServiceUnavailable, Turn::kRetry, "minio.port"},
      {hung_up, false, ErrorCode::kServiceUnavailable, Turn::kRetry, "minio.useSSL to true"},
      {cut, false, ErrorCode::kIoUnexpectedEof, Turn::kRetry, "connection to the store"},
      {unknown_host, false, ErrorCode::kServiceUnavailable, Turn::kRetry, "minio.address"},
      {untrusted, false, ErrorCode::kServiceUnavailable, Turn::kGiveUp, "minio.ssl.tlsCACert"},
      {tls, false, ErrorCode::kServiceUnavailable, Turn::kRetry, "minio.useSSL to false"},
      {wrong_scheme, false, ErrorCode::kServiceUnavailable, Turn::kGiveUp, "minio.useSSL to true"},
      {web_page, false, ErrorCode::kServiceUnavailable, Turn::kGiveUp,
       "does not look like an S3 store"},
  };
  for (const Case& test : cases) {
    const auto error = ErrorOf(test.answer, 0);
    ASSERT_TRUE(error.has_value()) << test.says;
    EXPECT_EQ(error->turn(), test.turn) << test.says;
    const absl::Status status =
        StatusOf(*error, {"http://store:9000", "b", "k", "do it", test.writes}, 1);
    EXPECT_EQ(CodeOf(status), test.code) << status;
    EXPECT_EQ(MayPass(test.code), test.code != ErrorCode::kIoKeyNotFound) << status;
    EXPECT_EQ(IsRefusal(status), test.turn != Turn::kRetry && test.turn != Turn::kThrottled);
    for (const std::string_view part :
         {std::string_view(test.says), std::string_view("bucket \"b\", key \"k\""),
          std::string_view("http://store:9000")}) {
      EXPECT_NE(MessageOf(status).find(part), std::string::npos) << status;
    }
  }
}

TEST(S3Error, ASuccessIsNone) {
  HttpAnswer answer;
  answer.status = 200;
  answer.headers = {{"content-type", "application/xml"}};
  answer.body =
      "<?xml version=\"1.0\"?>\n<DeleteResult><Error><Code>x</Code></Error></DeleteResult>";
  EXPECT_FALSE(ErrorOf(answer, 0).has_value());
  answer.body = "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>";
  EXPECT_TRUE(ErrorOf(answer, 0).has_value());
}

TEST(S3Error, ReadsDates) {
  EXPECT_EQ(ParseHttpDate("Fri, 24 May 2013 00:00:00 GMT"), 1369353600);
  EXPECT_FALSE(ParseHttpDate("").has_value());
  EXPECT_FALSE(ParseHttpDate("yesterday").has_value());
}

}  // namespace
}  // namespace elanus::s3
