// AWS Signature Version 4: how every request to an S3 store is signed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::s3 {

using NameValue = std::pair<std::string, std::string>;

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // Empty for long-lived keys.
};

struct ToSign {
  std::string_view method;
  std::string_view path;  // Encoded, as in the URL; begins with a slash.
  std::string_view canonical_query;
  std::span<const NameValue> headers;  // All of them are signed. Names in any case.
  std::string_view payload_sha256;     // Hexadecimal; also the header x-amz-content-sha256.
  std::string_view region;
  std::string_view service = "s3";
  std::string_view date;  // Of SigningDate().
};

// The value of the header Authorization.
std::string SignV4(const ToSign& request, const Credentials& credentials);

// "20130524T000000Z", from seconds since the Unix epoch.
std::string SigningDate(int64_t unix_seconds);

// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
std::string UriEncode(std::string_view text, bool keep_slash = false);

// Sorted, encoded, joined: what is signed and what stands in the URL.
std::string CanonicalQuery(std::span<const NameValue> parameters);

// Of all parts behind each other; 32 bytes, or 64 hexadecimal digits.
std::string Sha256(std::span<const std::string_view> parts);
std::string Sha256Hex(std::span<const std::string_view> parts);
std::string Base64(std::string_view bytes);
std::string Hex(std::string_view bytes);

}  // namespace elanus::s3
