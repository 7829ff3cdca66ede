#include "s3/s3_object_store.h"

#include <gtest/gtest.h>

#include <random>

#include "s3/fake_s3_test.h"
#include "storage/fault_file_system.h"
#include "storage/memory_file_system.h"
#include "storage/object_store_contract_test.h"

namespace elanus::s3 {
namespace {

class S3ObjectStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    ClientOptions options;
    options.host = server_.host();
    options.bucket = "b";
    options.credentials.settings = {"key", "secret", ""};
    options.credentials.given = true;
    options.backoff_ms = 1;
    options.backoff_ms_max = 2;
    options.crc32c = true;
    StoreOptions store;
    store.prefix = "files";
    store.copies_directory = "copies";
    store.memory_bytes_max = 100;
    store.multipart_bytes_min = 1000;
    store.part_bytes = 400;
    auto made = S3ObjectStore::Make(*Client::Make(options, SystemClock()), faults_, store);
    ASSERT_TRUE(made.ok()) << made.status();
    store_ = *std::move(made);
  }
  std::string Random(size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }

  std::mt19937 random_{5};
  FakeS3 s3_;
  FakeServer server_{[this](const FakeRequest& request) { return s3_(request); }};
  storage::MemoryFileSystem files_;
  storage::FaultFileSystem faults_{files_};
  std::unique_ptr<S3ObjectStore> store_;
};

TEST_F(S3ObjectStoreTest, GivesBackWhatWasPut) {
  storage::ExpectGivesBackWhatWasPut(*store_);
}

TEST_F(S3ObjectStoreTest, PutsIfAbsent) {
  storage::ExpectPutsIfAbsent(*store_);
}

TEST_F(S3ObjectStoreTest, ListsAndRemovesByWholeComponents) {
  s3_.page = 2;
  storage::ExpectListsAndRemovesByWholeComponents(*store_);
}

TEST_F(S3ObjectStoreTest, RefusesKeysThatLeaveTheStore) {
  storage::ExpectRefusesKeysThatLeaveTheStore(*store_);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(S3ObjectStoreTest, ObjectsOfEverySizeComeBackWhole) {
  for (const size_t size : {0, 1, 99, 100, 101, 399, 400, 401, 800, 999, 1000, 1001, 1200, 5000}) {
    const std::string bytes = Random(size);
    const std::string_view parts[] = {std::string_view(bytes).substr(0, size / 3),
                                      std::string_view(bytes).substr(size / 3)};
    ASSERT_TRUE(store_->Put("k", parts).ok()) << size;
    EXPECT_EQ(s3_.objects.at("files/k").bytes, bytes) << size;
    EXPECT_EQ(storage::GetBytes(*store_, "k"), bytes) << size;
  }
  EXPECT_TRUE(s3_.uploads.empty());
  EXPECT_TRUE(files_.Paths().empty());  // Copies have no names.
}

TEST_F(S3ObjectStoreTest, FetchesAgainWhatDoesNotFitItsChecksum) {
  const std::string bytes = Random(900);
  ASSERT_TRUE(storage::PutBytes(*store_, "k", bytes).ok());
  int flips = 2;
  s3_.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    FakeS3 honest = s3_;
    honest.fault = nullptr;
    if (request.method != "GET" || flips-- <= 0) return std::nullopt;
    FakeAnswer answer = honest(request);
    answer.body[7] = static_cast<char>(answer.body[7] ^ 1);
    return answer;
  };
  EXPECT_EQ(storage::GetBytes(*store_, "k"), bytes);
  flips = 1000;
  EXPECT_EQ(storage::GetBytes(*store_, "k"), "code 1009");
  EXPECT_TRUE(files_.Paths().empty());
}

// "200 OK" with less than there is, and a Content-Length that agrees.
TEST_F(S3ObjectStoreTest, ABodyThatIsShortInSilenceIsFetchedAgain) {
  const std::string bytes = Random(90);
  ASSERT_TRUE(storage::PutBytes(*store_, "k", bytes).ok());
  int times = 1;
  s3_.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.method != "GET" || times-- <= 0) return std::nullopt;
    return FakeAnswer{.headers = {{"x-amz-meta-elanus-crc32c", s3_.objects.at("files/k").crc32c}},
                      .body = bytes.substr(0, 50)};
  };
  EXPECT_EQ(storage::GetBytes(*store_, "k"), bytes);
}

TEST_F(S3ObjectStoreTest, RangesAreReadByThemselvesAndAgainWhereTheyComeShort) {
  const std::string bytes = Random(5000);
  ASSERT_TRUE(storage::PutBytes(*store_, "k", bytes).ok());
  int times = 2;
  s3_.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    FakeS3 honest = s3_;
    honest.fault = nullptr;
    if (request.method != "GET" || times-- <= 0) return std::nullopt;
    FakeAnswer answer = honest(request);
    answer.body.resize(answer.body.size() / 2);
    return answer;
  };
  std::string first(100, '\0'), second(1, '\0');
  const auto into = [](std::string& out) {
    return std::span<uint8_t>(reinterpret_cast<uint8_t*>(out.data()), out.size());
  };
  const storage::BlockReader::Read reads[] = {{4000, into(first)}, {17, into(second)}};
  const absl::Status status = store_->ReadRanges("k", reads, {});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(first, bytes.substr(4000, 100));
  EXPECT_EQ(second, bytes.substr(17, 1));
  const storage::BlockReader::Read behind[] = {{4950, into(first)}};
  EXPECT_EQ(CodeOf(store_->ReadRanges("k", behind, {})), ErrorCode::kDataIntegrity);
  EXPECT_EQ(CodeOf(store_->ReadRanges("missing", reads, {})), ErrorCode::kIoKeyNotFound);
  const Cancellation cancelled(std::make_shared<std::atomic<bool>>(true), 0);
  EXPECT_EQ(CodeOf(store_->ReadRanges("k", reads, cancelled)), ErrorCode::kCancelled);
  EXPECT_TRUE(files_.Paths().empty());
}

TEST_F(S3ObjectStoreTest, AnObjectReplacedWhileItIsReadIsReadAnew) {
  const std::string old_bytes = Random(950), new_bytes = Random(950);
  ASSERT_TRUE(storage::PutBytes(*store_, "k", old_bytes).ok());
  const FakeS3::Object old_object = s3_.objects.at("files/k");
  ASSERT_TRUE(storage::PutBytes(*store_, "k", new_bytes).ok());
  const FakeS3::Object new_object = s3_.objects.at("files/k");
  s3_.objects["files/k"] = old_object;
  s3_.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.method == "GET" && request.headers.contains("if-match")) {
      s3_.objects["files/k"] = new_object;
    }
    return std::nullopt;
  };
  EXPECT_EQ(storage::GetBytes(*store_, "k"), new_bytes);
}

TEST_F(S3ObjectStoreTest, AnUploadWhoseLastAnswerWasLostIsFound) {
  bool lost = false;
  s3_.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.method != "POST" || FakeS3::Parameter(request, "uploadId").empty() || lost) {
      return std::nullopt;
    }
    lost = true;
    s3_.fault = nullptr;
    s3_(request);
    return FakeAnswer{.hang_up = true};
  };
  const std::string bytes = Random(3000);
  EXPECT_TRUE(storage::PutBytes(*store_, "k", bytes).ok());
  EXPECT_TRUE(lost);
  EXPECT_EQ(storage::GetBytes(*store_, "k"), bytes);
}

TEST_F(S3ObjectStoreTest, AFailedUploadLeavesNothing) {
  s3_.fault = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (FakeS3::Parameter(request, "partNumber") != "3") return std::nullopt;
    return FakeS3::Error(403, "AccessDenied");
  };
  EXPECT_TRUE(IsRefusal(storage::PutBytes(*store_, "k", Random(3000))));
  EXPECT_TRUE(s3_.uploads.empty());
  EXPECT_TRUE(s3_.objects.empty());
}

TEST_F(S3ObjectStoreTest, UploadsThatACrashLeftAreEnded) {
  ASSERT_TRUE(store_->client().BeginUpload("files/k", 0, 0).ok());
  ASSERT_TRUE(store_->client().BeginUpload("others/k", 0, 0).ok());
  const int64_t begun = 1704067200;
  EXPECT_EQ(*store_->AbortStaleUploads(3600, begun + 3000), 0);
  EXPECT_EQ(*store_->AbortStaleUploads(3600, begun + 4000), 1);
  EXPECT_EQ(s3_.uploads.size(), 1u);
}

TEST_F(S3ObjectStoreTest, AFullLocalDiskIsNamedAndLeavesNothing) {
  ASSERT_TRUE(storage::PutBytes(*store_, "k", Random(900)).ok());
  files_.set_capacity(600);
  EXPECT_EQ(CodeOf(store_->Get("k").status()), ErrorCode::kDiskLimitExceeded);
  EXPECT_TRUE(files_.Paths().empty());
}

TEST_F(S3ObjectStoreTest, AListingThatDoesNotEndIsRefused) {
  s3_.fault = [](const FakeRequest&) -> std::optional<FakeAnswer> {
    return FakeAnswer{.headers = {{"Content-Type", "application/xml"}},
                      .body =
                          "<ListBucketResult><IsTruncated>true</IsTruncated>"
                          "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"};
  };
  EXPECT_FALSE(store_->List("").ok());
}

TEST_F(S3ObjectStoreTest, KeysThatWeWouldNeverPutAreNotListed) {
  s3_.objects["files/"] = {};
  s3_.objects["files/a//b"] = {};
  s3_.objects["files/.x"] = {};
  s3_.objects["filesystem"] = {};
  s3_.objects["files/a/b"] = {};
  EXPECT_EQ(storage::KeysBelow(*store_, ""), (std::vector<std::string>{"a/b"}));
}

}  // namespace
}  // namespace elanus::s3
