#include "s3/sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <ctime>

#include "common/check.h"

namespace elanus::s3 {
namespace {

std::string Hmac(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  ELANUS_CHECK(made != nullptr);
  return {reinterpret_cast<const char*>(digest), size};
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Without spaces at the ends, and with one where several follow each other.
std::string Trimmed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out.push_back(space ? ' ' : c);
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", uint8_t(c));
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

std::string Sha256(std::span<const std::string_view> parts) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ELANUS_CHECK(context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1);
  for (const std::string_view part : parts) {
    ELANUS_CHECK(EVP_DigestUpdate(context, part.data(), part.size()) == 1);
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  ELANUS_CHECK(EVP_DigestFinal_ex(context, digest, &size) == 1);
  EVP_MD_CTX_free(context);
  return {reinterpret_cast<const char*>(digest), size};
}

std::string Sha256Hex(std::span<const std::string_view> parts) {
  return Hex(Sha256(parts));
}

std::string SigningDate(int64_t unix_seconds) {
  const time_t time = static_cast<time_t>(unix_seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string UriEncode(std::string_view text, bool keep_slash) {
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '.' || c == '_' || c == '~' || (keep_slash && c == '/')) {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", uint8_t(c));
    }
  }
  return out;
}

std::string CanonicalQuery(std::span<const NameValue> parameters) {
  std::vector<NameValue> encoded;
  for (const auto& [name, value] : parameters) {
    encoded.emplace_back(UriEncode(name), UriEncode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string query;
  for (const auto& [name, value] : encoded) {
    if (!query.empty()) query += '&';
    query += name + '=' + value;
  }
  return query;
}

std::string SignV4(const ToSign& request, const Credentials& credentials) {
  std::vector<NameValue> headers;
  for (const auto& [name, value] : request.headers) {
    headers.emplace_back(Lower(name), Trimmed(value));
  }
  std::sort(headers.begin(), headers.end());
  std::string canonical_headers, signed_headers;
  for (const auto& [name, value] : headers) {
    canonical_headers += fmt::format("{}:{}\n", name, value);
    signed_headers += (signed_headers.empty() ? "" : ";") + name;
  }
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, request.canonical_query,
                  canonical_headers, signed_headers, request.payload_sha256);
  const std::string_view day = request.date.substr(0, 8);
  const std::string scope =
      fmt::format("{}/{}/{}/aws4_request", day, request.region, request.service);
  const std::string_view canonical_view = canonical;
  const std::string text = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", request.date, scope,
                                       Sha256Hex({&canonical_view, 1}));
  std::string key = Hmac("AWS4" + credentials.secret_key, day);
  for (const std::string_view step : {request.region, request.service}) key = Hmac(key, step);
  key = Hmac(key, "aws4_request");
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}",
                     credentials.access_key, scope, signed_headers, Hex(Hmac(key, text)));
}

}  // namespace elanus::s3
