#include "s3/sigv4.h"

#include <gtest/gtest.h>

namespace elanus::s3 {
namespace {

constexpr char kEmptySha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// The published examples of "Signature Calculations for the Authorization Header", S3 API
// reference.
struct Example {
  const char* method;
  std::string path;
  std::vector<NameValue> query;
  std::vector<NameValue> headers;
  std::string body;
  const char* signature;
};

std::string SignatureOf(const Example& example) {
  const std::string_view body = example.body;
  const std::string hash = Sha256Hex({&body, 1});
  std::vector<NameValue> headers = example.headers;
  headers.emplace_back("Host", "examplebucket.s3.amazonaws.com");
  headers.emplace_back("x-amz-content-sha256", hash);
  headers.emplace_back("x-amz-date", "20130524T000000Z");
  const std::string path = UriEncode(example.path, true);
  const std::string query = CanonicalQuery(example.query);
  const std::string value =
      SignV4({.method = example.method,
              .path = path,
              .canonical_query = query,
              .headers = headers,
              .payload_sha256 = hash,
              .region = "us-east-1",
              .date = SigningDate(1369353600)},
             {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""});
  EXPECT_TRUE(value.starts_with(
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"))
      << value;
  return value.substr(value.find("Signature=") + 10);
}

TEST(SigV4, SignsThePublishedS3ExamplesAsPublished) {
  const Example examples[] = {
      {"GET",
       "/test.txt",
       {},
       {{"Range", "bytes=0-9"}},
       "",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT",
       "/test$file.text",
       {},
       {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "Welcome to Amazon S3.",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET",
       "/",
       {{"lifecycle", ""}},
       {},
       "",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"GET",
       "/",
       {{"prefix", "J"}, {"max-keys", "2"}},
       {},
       "",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const Example& example : examples) {
    EXPECT_EQ(SignatureOf(example), example.signature) << example.method << " " << example.path;
  }
}

// "get-vanilla" of the signature test suite.
TEST(SigV4, SignsForOtherServicesToo) {
  const std::vector<NameValue> headers = {{"Host", "example.amazonaws.com"},
                                          {"X-Amz-Date", "20150830T123600Z"}};
  const std::string value = SignV4({.method = "GET",
                                    .path = "/",
                                    .canonical_query = "",
                                    .headers = headers,
                                    .payload_sha256 = kEmptySha256,
                                    .region = "us-east-1",
                                    .service = "service",
                                    .date = "20150830T123600Z"},
                                   {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""});
  EXPECT_NE(
      value.find("Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
      std::string::npos)
      << value;
}

TEST(SigV4, HeadersAreTrimmedSortedAndLowered) {
  const auto sign = [](std::vector<NameValue> headers) {
    return SignV4({.method = "GET",
                   .path = "/",
                   .canonical_query = "",
                   .headers = headers,
                   .payload_sha256 = kEmptySha256,
                   .region = "r",
                   .date = "20150830T123600Z"},
                  {"a", "s", ""});
  };
  EXPECT_EQ(sign({{"B", "x  y "}, {"a", " 1"}}), sign({{"A", "1"}, {"b", "x y"}}));
  EXPECT_NE(sign({{"a", "1"}}), sign({{"a", "2"}}));
}

TEST(SigV4, EncodesWhatIsNotUnreserved) {
  EXPECT_EQ(UriEncode("a/b c~d_e-f.g+\xc3\xa9"), "a%2Fb%20c~d_e-f.g%2B%C3%A9");
  EXPECT_EQ(UriEncode("a/b", true), "a/b");
  const std::vector<NameValue> query = {{"uploads", ""}, {"a", "x=y"}};
  EXPECT_EQ(CanonicalQuery(query), "a=x%3Dy&uploads=");
}

TEST(SigV4, HashesAllPartsAsOne) {
  const std::string_view parts[] = {"Welcome to ", "", "Amazon S3."};
  const std::string_view whole = "Welcome to Amazon S3.";
  EXPECT_EQ(Sha256Hex(parts), Sha256Hex({&whole, 1}));
  EXPECT_EQ(Sha256Hex({}), kEmptySha256);
  EXPECT_EQ(Base64("abcd"), "YWJjZA==");
}

}  // namespace
}  // namespace elanus::s3
