#include "s3/credentials.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "s3/fake_server_test.h"

namespace elanus::s3 {
namespace {

class SetClock final : public Clock {
 public:
  uint64_t WallMs() const override { return ms.load(); }
  uint64_t MonotonicNs() const override { return ms.load() * 1'000'000; }
  std::atomic<uint64_t> ms{1'700'000'000'000};
};

class CredentialsTest : public testing::Test {
 protected:
  std::unique_ptr<CredentialSource> Make() {
    options_.environment = [this](const char* name) {
      const auto it = environment_.find(name);
      return it == environment_.end() ? std::string() : it->second;
    };
    return MakeCredentialSource(options_, *http_, clock_);
  }
  std::string KeyOf(CredentialSource& source) {
    const auto credentials = source.Get();
    return credentials.ok() ? credentials->access_key
                            : std::string(MessageOf(credentials.status()));
  }
  std::string File(const std::string& text) {
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("elanus_credentials_{}", getpid()))
            .string();
    std::ofstream(path) << text;
    return path;
  }

  std::unique_ptr<HttpClient> http_ = *HttpClient::Make({});
  SetClock clock_;
  CredentialOptions options_;
  std::map<std::string, std::string> environment_;
};

TEST_F(CredentialsTest, TheFirstSourceThatHasAnyIsTaken) {
  options_.settings = {"default", "secret", ""};
  EXPECT_EQ(KeyOf(*Make()), "default");
  const std::string file = File("[default]\naws_access_key_id=file\naws_secret_access_key=s\n");
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = file;
  EXPECT_EQ(KeyOf(*Make()), "file");
  environment_["AWS_ACCESS_KEY_ID"] = "environment";
  EXPECT_EQ(KeyOf(*Make()), "file");  // Half a pair is none.
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(KeyOf(*Make()), "environment");
  options_.given = true;
  EXPECT_EQ(KeyOf(*Make()), "default");
  options_.use_iam = true;
  EXPECT_EQ(KeyOf(*Make()), "environment");
  std::filesystem::remove(file);
}

TEST_F(CredentialsTest, ReadsOneProfileOfAFile) {
  const std::string text =
      "# comment\n[default]\r\naws_access_key_id = A\naws_secret_access_key = S/+=\n"
      "[ other "
      "]\naws_access_key_id=B\naws_secret_access_key=T\naws_session_token=U\nnoise\n[half]\n"
      "aws_access_key_id=C\n";
  EXPECT_EQ(ReadCredentialsFile(text, "default").access_key, "A");
  EXPECT_EQ(ReadCredentialsFile(text, "default").secret_key, "S/+=");
  EXPECT_EQ(ReadCredentialsFile(text, "other").session_token, "U");
  EXPECT_EQ(ReadCredentialsFile(text, "half").access_key, "");
  EXPECT_EQ(ReadCredentialsFile(text, "absent").access_key, "");
  EXPECT_EQ(ReadCredentialsFile("[", "").access_key, "");
}

TEST_F(CredentialsTest, AFileThatWasRotatedIsReadAgain) {
  const std::string path = File("[default]\naws_access_key_id=one\naws_secret_access_key=s\n");
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = path;
  const auto source = Make();
  EXPECT_EQ(KeyOf(*source), "one");
  File("[default]\naws_access_key_id=two\naws_secret_access_key=s\n");
  EXPECT_EQ(KeyOf(*source), "one");
  clock_.ms += 61'000;
  EXPECT_EQ(KeyOf(*source), "two");
  File("[default]\naws_access_key_id=three\naws_secret_access_key=s\n");
  EXPECT_TRUE(source->Renew());
  EXPECT_EQ(KeyOf(*source), "three");
  std::filesystem::remove(path);
}

// IMDSv2: a token first, then the role, then its keys.
TEST_F(CredentialsTest, AsksInstanceMetadataAndRenewsInTime) {
  std::atomic<int> sessions{0};
  std::atomic<bool> down{false};
  FakeServer metadata([&](const FakeRequest& request) -> FakeAnswer {
    if (down.load()) return {.hang_up = true};
    if (request.path == "/latest/api/token") {
      return request.method == "PUT" &&
                     request.headers.contains("x-aws-ec2-metadata-token-ttl-seconds")
                 ? FakeAnswer{.body = "token"}
                 : FakeAnswer{.status = 400};
    }
    if (!request.headers.contains("x-aws-ec2-metadata-token") ||
        request.headers.at("x-aws-ec2-metadata-token") != "token") {
      return {.status = 401};
    }
    if (request.path.ends_with("/security-credentials/")) return {.body = "my role\n"};
    if (!request.path.ends_with("/security-credentials/my%20role")) return {.status = 404};
    const std::string ends = SigningDate(static_cast<int64_t>(clock_.ms / 1000) + 3600);
    return {
        .body = fmt::format(
            R"({{"Code":"Success","AccessKeyId":"session {}","SecretAccessKey":"s","Token":"t",)"
            R"("Expiration":"{}-{}-{}T{}:{}:{}Z"}})",
            ++sessions, ends.substr(0, 4), ends.substr(4, 2), ends.substr(6, 2), ends.substr(9, 2),
            ends.substr(11, 2), ends.substr(13, 2))};
  });
  options_.use_iam = true;
  options_.iam_endpoint = "http://" + metadata.host() + "/";
  const auto source = Make();
  EXPECT_EQ(source->name(), "instance metadata");
  EXPECT_EQ(KeyOf(*source), "session 1");
  EXPECT_EQ(source->Get()->session_token, "t");
  clock_.ms += 3200'000;
  EXPECT_EQ(KeyOf(*source), "session 1");
  down = true;
  clock_.ms += 200'000;                    // Less than five minutes are left.
  EXPECT_EQ(KeyOf(*source), "session 1");  // Still good, although it cannot be renewed.
  clock_.ms += 3600'000;
  EXPECT_NE(KeyOf(*source).find("cannot be had"), std::string::npos);
  down = false;
  EXPECT_EQ(KeyOf(*source), "session 2");
  EXPECT_TRUE(source->Renew());
  EXPECT_EQ(KeyOf(*source), "session 3");
}

TEST_F(CredentialsTest, AsksAContainersEndpointWithItsToken) {
  FakeServer endpoint([](const FakeRequest& request) -> FakeAnswer {
    if (request.headers.at("authorization") != "Bearer x") return {.status = 403};
    return {.body = R"({"AccessKeyId":"task","SecretAccessKey":"s","Token":"t"})"};
  });
  options_.use_iam = true;
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://" + endpoint.host() + "/creds";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer x";
  EXPECT_EQ(KeyOf(*Make()), "task");
}

TEST(MetadataCredentials, AnythingElseIsRefused) {
  int64_t expires = 0;
  for (const char* text : {"", "[]", "{", "null", R"({"Code":"Failed"})", R"({"AccessKeyId":"a"})",
                           R"({"AccessKeyId":1,"SecretAccessKey":"s"})"}) {
    EXPECT_EQ(CodeOf(ParseMetadataCredentials(text, &expires).status()),
              ErrorCode::kServiceUnavailable)
        << text;
  }
}

}  // namespace
}  // namespace elanus::s3
