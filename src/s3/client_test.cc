#include "s3/client.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <optional>

#include "s3/fake_s3_test.h"

namespace elanus::s3 {
namespace {

ClientOptions OptionsFor(const std::string& host) {
  ClientOptions options;
  options.host = host;
  options.bucket = "b";
  options.credentials.settings = {"key", "secret", ""};
  options.credentials.given = true;
  options.backoff_ms = 1;
  options.backoff_ms_max = 2;
  options.hedge = false;
  return options;
}

std::unique_ptr<Client> ClientOf(ClientOptions options) {
  auto client = Client::Make(std::move(options), SystemClock());
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

absl::Status Put(Client& client, const std::string& key, std::string_view bytes) {
  return client.Put(key, {&bytes, 1});
}

class ClientTest : public testing::Test {
 protected:
  // The first `times` requests for which `which` holds are answered with `answer`.
  void Fault(
      int times, FakeAnswer answer,
      std::function<bool(const FakeRequest&)> which = [](const FakeRequest&) { return true; }) {
    s3_.fault = [times, answer = std::move(answer),
                 which = std::move(which)](const FakeRequest& request) mutable {
      return which(request) && times-- > 0 ? std::optional(answer) : std::nullopt;
    };
  }

  FakeS3 s3_;
  FakeServer server_{[this](const FakeRequest& request) { return s3_(request); }};
  ClientOptions options_ = OptionsFor(server_.host());
  std::unique_ptr<Client> client_ = ClientOf(options_);
};

TEST_F(ClientTest, PutsReadsListsAndDeletes) {
  ASSERT_TRUE(Put(*client_, "a/x +%&<.txt", "hello").ok());
  const auto read = client_->Get("a/x +%&<.txt", {1, 3});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->bytes, "ell");
  EXPECT_EQ(read->object_size, 5u);
  EXPECT_TRUE(read->crc32c.has_value());
  const auto head = client_->Head("a/x +%&<.txt");
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->size, 5u);
  const auto page = client_->List("a/", "");
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->objects.size(), 1u);
  EXPECT_EQ(page->objects[0].key, "a/x +%&<.txt");
  const std::string keys[] = {"a/x +%&<.txt", "gone"};
  ASSERT_TRUE(client_->DeleteAll(keys).ok());
  EXPECT_EQ(CodeOf(client_->Head("a/x +%&<.txt").status()), ErrorCode::kIoKeyNotFound);
  EXPECT_TRUE(client_->Delete("a/x +%&<.txt").ok());
  EXPECT_EQ(server_.num_connections(), 1u);  // Used again each time.
}

TEST_F(ClientTest, PutsIfAbsentOnce) {
  const std::string_view bytes = "x";
  EXPECT_EQ(*client_->PutIfAbsent("k", {&bytes, 1}), true);
  EXPECT_EQ(*client_->PutIfAbsent("k", {&bytes, 1}), false);
  // A store that does not know the condition.
  Fault(2, FakeS3::Error(501, "NotImplemented"),
        [](const FakeRequest& request) { return request.headers.contains("if-none-match"); });
  EXPECT_EQ(*client_->PutIfAbsent("k2", {&bytes, 1}), true);
  EXPECT_EQ(*client_->PutIfAbsent("k2", {&bytes, 1}), false);
}

TEST_F(ClientTest, TriesAgainWhatMayPass) {
  ASSERT_TRUE(Put(*client_, "k", "0123456789").ok());
  FakeAnswer cut = {.status = 206,
                    .headers = {{"Content-Range", "bytes 0-9/10"}},
                    .body = "0123456789",
                    .body_bytes_sent = 4};
  FakeAnswer shorter = {
      .status = 206, .headers = {{"Content-Range", "bytes 0-9/10"}}, .body = "0123"};
  FakeAnswer torn = {.headers = {{"Content-Type", "application/xml"}}, .body = "<ListBucketRes"};
  for (const FakeAnswer& fault :
       {FakeS3::Error(500, "InternalError"), FakeS3::Error(503, "SlowDown"),
        FakeAnswer{.status = 502, .body = "<html>bad gateway</html>"}, FakeAnswer{.hang_up = true},
        cut, shorter}) {
    Fault(3, fault);
    const auto read = client_->Get("k", {0, 10});
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->bytes, "0123456789");
  }
  Fault(2, torn);
  EXPECT_TRUE(client_->List("", "").ok());
  // libcurl itself repeats a request that met a kept connection at its end.
  EXPECT_GE(client_->num_retries(), 17u);
  EXPECT_LE(client_->num_retries(), 20u);
}

TEST_F(ClientTest, SaysHowOftenItTriedAndWhatCame) {
  Fault(100, FakeS3::Error(503, "SlowDown"));
  absl::Status status = Put(*client_, "k", "x");
  EXPECT_EQ(CodeOf(status), ErrorCode::kIoTooManyRequests);
  EXPECT_EQ(MessageOf(status),
            "object store: put object failed, bucket \"b\", key \"k\" at http://" + server_.host() +
                ": HTTP 503, SlowDown: told so (after 6 attempts)");
  Fault(100, {.status = 206, .headers = {{"Content-Range", "bytes 0-9/10"}}, .body = "01"});
  status = client_->Get("k", {0, 10}).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kIoUnexpectedEof) << status;
}

TEST_F(ClientTest, StopsTryingWhenTheBudgetIsSpent) {
  options_.retry_tokens = 20;
  client_ = ClientOf(options_);
  Fault(1000, FakeS3::Error(500, "InternalError"));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Put(*client_, "k", "x").ok());
  EXPECT_EQ(client_->num_retries(), 4u);
  EXPECT_EQ(server_.requests().size(), 14u);
}

TEST_F(ClientTest, DoesNotTryAgainWhatIsRefused) {
  for (const char* code : {"AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"}) {
    Fault(100, FakeS3::Error(403, code));
    EXPECT_TRUE(IsRefusal(Put(*client_, "k", "x")));
  }
  EXPECT_EQ(client_->num_retries(), 0u);
}

TEST_F(ClientTest, SignsWithTheStoresTimeWhenTheClockIsWrong) {
  FakeAnswer skewed = FakeS3::Error(403, "RequestTimeTooSkewed");
  skewed.headers["Date"] = "Fri, 24 May 2013 00:00:00 GMT";
  Fault(1, skewed);
  ASSERT_TRUE(Put(*client_, "k", "x").ok());
  const auto requests = server_.requests();
  EXPECT_TRUE(requests.back().headers.at("x-amz-date").starts_with("20130524T0000"));
  Fault(100, skewed);
  const absl::Status status = Put(*client_, "k", "x");
  EXPECT_EQ(CodeOf(status), ErrorCode::kServiceUnavailable);
  EXPECT_NE(MessageOf(status).find("clock is"), std::string::npos) << status;
}

TEST_F(ClientTest, FollowsTheStoreToItsRegionUnlessOneWasGiven) {
  const FakeAnswer wrong =
      FakeS3::Error(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>");
  const auto signed_for_home = [](const FakeRequest& request) {
    return request.headers.at("authorization").find("/us-east-1/") != std::string::npos;
  };
  Fault(100, wrong, signed_for_home);
  EXPECT_TRUE(Put(*client_, "k", "x").ok());
  options_.region_given = true;
  client_ = ClientOf(options_);
  const absl::Status status = Put(*client_, "k", "x");
  EXPECT_NE(MessageOf(status).find("set minio.region to eu-central-1"), std::string::npos)
      << status;
}

TEST_F(ClientTest, ExplainsARefusedHead) {
  Fault(100, FakeS3::Error(403, "InvalidAccessKeyId"));
  const absl::Status status = client_->Head("k").status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kIoInvalidCredentials);
  EXPECT_NE(MessageOf(status).find("check minio.accessKeyID"), std::string::npos) << status;
}

TEST_F(ClientTest, AFailureBehindStatus200IsOne) {
  const auto upload = client_->BeginUpload("k", 0, 3);
  ASSERT_TRUE(upload.ok()) << upload.status();
  const std::string_view bytes = "abc";
  const auto part = client_->PutPart("k", *upload, 1, {&bytes, 1});
  ASSERT_TRUE(part.ok()) << part.status();
  FakeAnswer late = FakeS3::Error(200, "InternalError");
  Fault(2, late);
  ASSERT_TRUE(client_->FinishUpload("k", *upload, {&*part, 1}).ok());
  EXPECT_EQ(client_->num_retries(), 2u);
  EXPECT_EQ(s3_.objects.at("k").bytes, "abc");
}

TEST_F(ClientTest, DeletesOneByOneWhereThereAreNoBatches) {
  ASSERT_TRUE(Put(*client_, "x", "1").ok());
  ASSERT_TRUE(Put(*client_, "y", "2").ok());
  Fault(100, FakeS3::Error(501, "NotImplemented"),
        [](const FakeRequest& request) { return request.method == "POST"; });
  const std::string keys[] = {"x", "y"};
  EXPECT_TRUE(client_->DeleteAll(keys).ok());
  EXPECT_TRUE(s3_.objects.empty());
}

TEST_F(ClientTest, ReadsFromAStoreThatKnowsNoRanges) {
  Fault(100, {.body = "0123456789"});
  const auto read = client_->Get("k", {2, 3});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->bytes, "234");
  EXPECT_EQ(read->object_size, 10u);
  EXPECT_EQ(client_->Get("k", {20, 3})->bytes, "");
}

// Holds answers back. Shared with the server's threads, which may wake up when the test is over.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

TEST_F(ClientTest, SendsASlowReadTwiceAndTakesTheFirstAnswer) {
  options_.hedge = true;
  client_ = ClientOf(options_);
  ASSERT_TRUE(Put(*client_, "k", "x").ok());
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(client_->Get("k", {0, 1}).ok());
  const auto gate = std::make_shared<Gate>();
  FakeAnswer slow = {.hang_up = true};
  slow.before = [gate] { gate->Wait(); };
  Fault(1, slow);
  const auto read = client_->Get("k", {0, 1});  // Without a second request it would never end.
  EXPECT_TRUE(read.ok()) << read.status();
  EXPECT_GE(client_->num_hedges(), 1u);
  gate->Open();
}

TEST_F(ClientTest, EndsWhenCancelledAndWhenStopped) {
  const auto gate = std::make_shared<Gate>();
  FakeAnswer never = {.hang_up = true};
  never.before = [gate] { gate->Wait(); };
  Fault(2, never);
  const auto flag = std::make_shared<std::atomic<bool>>(false);
  absl::Status cancelled, stopped;
  std::thread first([&] {
    cancelled = client_->Get("k", {0, 1}, "", Cancellation(flag, 0)).status();
  });
  while (server_.requests().empty()) std::this_thread::yield();
  flag->store(true);
  first.join();
  EXPECT_EQ(CodeOf(cancelled), ErrorCode::kCancelled) << cancelled;
  std::thread second([&] { stopped = client_->Get("k", {0, 1}).status(); });
  while (server_.requests().size() < 2) std::this_thread::yield();
  client_->Stop();
  second.join();
  EXPECT_EQ(CodeOf(stopped), ErrorCode::kCancelled) << stopped;
  gate->Open();
}

TEST_F(ClientTest, AStalledAnswerEndsWithTheTimeout) {
  options_.stall_timeout_ms = 1000;
  options_.attempts_max = 1;
  client_ = ClientOf(options_);
  const auto gate = std::make_shared<Gate>();
  FakeAnswer never = {.hang_up = true};
  never.before = [gate] { gate->Wait(); };
  Fault(1, never);
  const absl::Status status = client_->Get("k", {0, 1}).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kServiceUnavailable);
  EXPECT_NE(MessageOf(status).find("minio.requestTimeoutMs"), std::string::npos) << status;
  gate->Open();
}

TEST_F(ClientTest, TheBucketStandsInTheHostNameIfSo) {
  options_.virtual_host = true;
  options_.host = "localhost" + server_.host().substr(server_.host().find(':'));
  options_.attempts_max = 1;
  client_ = ClientOf(options_);
  Fault(1, {});
  ASSERT_TRUE(Put(*client_, "dir/k", "x").ok());  // libcurl takes *.localhost for loopback.
  const auto requests = server_.requests();
  ASSERT_FALSE(requests.empty());
  EXPECT_EQ(requests[0].path, "/dir/k");
  EXPECT_TRUE(requests[0].headers.at("host").starts_with("b.localhost:"));
}

TEST_F(ClientTest, KnowsWhetherThereIsABucket) {
  EXPECT_EQ(*client_->HasBucket(), true);
  options_.bucket = "other";
  EXPECT_EQ(*ClientOf(options_)->HasBucket(), false);
  Fault(1, {.status = 404, .body = "<html>no such page</html>"});
  const absl::Status status = client_->HasBucket().status();
  EXPECT_TRUE(IsRefusal(status));
  EXPECT_NE(MessageOf(status).find("does not look like an S3 store"), std::string::npos) << status;
}

TEST(Client, SaysThatNobodyAnswers) {
  std::string host;
  {
    FakeServer gone([](const FakeRequest&) { return FakeAnswer(); });
    host = gone.host();
  }
  const auto client = ClientOf(OptionsFor(host));
  const absl::Status status = client->HasBucket().status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kServiceUnavailable);
  EXPECT_NE(MessageOf(status).find("is the store running"), std::string::npos) << status;
}

}  // namespace
}  // namespace elanus::s3
