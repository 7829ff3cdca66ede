// The operations of the S3 API that an object store is made of: signed, retried, explained.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/cancellation.h"
#include "s3/credentials.h"
#include "s3/error.h"
#include "s3/http.h"
#include "s3/retry.h"

namespace elanus::s3 {

struct ClientOptions {
  std::string host;  // "host" or "host:port", without the bucket.
  bool tls = false;
  bool virtual_host = false;  // The bucket stands in the host name instead of the path.
  std::string bucket;
  std::string region = "us-east-1";
  bool region_given = false;  // Else a store that names another region is believed.
  HttpOptions http;
  CredentialOptions credentials;
  int64_t connect_timeout_ms = 5000;
  int64_t stall_timeout_ms = 10'000;  // Without a byte.
  int attempts_max = 6;
  int64_t backoff_ms = 50;
  int64_t backoff_ms_max = 5000;
  double retry_tokens = 500;
  bool hedge = true;          // Slow reads are sent twice.
  bool crc32c = false;        // Uploads carry x-amz-checksum-crc32c.
  int64_t list_keys_max = 0;  // Of one page; 0: as the store likes.
};

struct ObjectInfo {
  std::string key;
  uint64_t size = 0;
  int64_t modified_s = 0;  // Since the Unix epoch; 0 if not said.
};

struct ListPage {
  std::vector<ObjectInfo> objects;
  std::string next;  // Where the next page begins; empty: there is none.
};

struct Range {
  uint64_t offset = 0;
  uint64_t count = 0;  // At least 1. Less comes where the object ends.
};

struct ReadAnswer {
  std::string bytes;
  uint64_t object_size = 0;
  std::string etag;
  std::optional<uint32_t> crc32c;  // Of the whole object, if it was put by this client.
};

struct UploadedPart {
  std::string etag;
  uint32_t crc32c = 0;
};

struct PendingUpload {
  std::string key;
  std::string id;
  int64_t initiated_s = 0;
};

// Keys are whole ("files/insert_log/1/..."). What fails says bucket, key, HTTP status and S3 code,
// and what to change; its code is one of StatusOf(). A missing object: kIoKeyNotFound. Threads:
// any.
class Client {
 public:
  using Bytes = std::span<const std::string_view>;

  static absl::StatusOr<std::unique_ptr<Client>> Make(ClientOptions options, const Clock& clock);
  ~Client();

  // Requests under way and all later ones end with kCancelled.
  void Stop();

  absl::Status Put(const std::string& key, Bytes parts, const Cancellation& cancellation = {});
  // False if there is such an object already. Where the store does not know conditions the answer
  // may be true twice.
  absl::StatusOr<bool> PutIfAbsent(const std::string& key, Bytes parts,
                                   const Cancellation& cancellation = {});
  // `etag`: refuse with kDataIntegrity if the object is another one by now; empty: any.
  absl::StatusOr<ReadAnswer> Get(const std::string& key, Range range, const std::string& etag = {},
                                 const Cancellation& cancellation = {});
  absl::StatusOr<ObjectInfo> Head(const std::string& key, const Cancellation& cancellation = {});
  // Ascending by key. `after`: ListPage::next of the page before.
  absl::StatusOr<ListPage> List(const std::string& prefix, const std::string& after,
                                const Cancellation& cancellation = {});
  absl::Status Delete(const std::string& key, const Cancellation& cancellation = {});
  // At most 1000 keys. One by one where the store has no batches.
  absl::Status DeleteAll(std::span<const std::string> keys, const Cancellation& cancellation = {});

  // Returns the upload's id. `crc32c` and `size` are those of the whole object.
  absl::StatusOr<std::string> BeginUpload(const std::string& key, uint32_t crc32c, uint64_t size,
                                          const Cancellation& cancellation = {});
  // Parts are numbered from 1; all but the last have at least 5 MiB.
  absl::StatusOr<UploadedPart> PutPart(const std::string& key, const std::string& upload,
                                       int number, Bytes parts,
                                       const Cancellation& cancellation = {});
  absl::Status FinishUpload(const std::string& key, const std::string& upload,
                            std::span<const UploadedPart> parts,
                            const Cancellation& cancellation = {});
  absl::Status AbortUpload(const std::string& key, const std::string& upload,
                           const Cancellation& cancellation = {});
  absl::StatusOr<std::vector<PendingUpload>> ListUploads(const std::string& prefix,
                                                         const Cancellation& cancellation = {});

  // Whether it is there.
  absl::StatusOr<bool> HasBucket(const Cancellation& cancellation = {});
  absl::Status CreateBucket(const Cancellation& cancellation = {});

  // Of the store less ours, as of the last answer; whole seconds.
  int64_t skew_s() const { return skew_s_.load(); }
  std::string endpoint() const;
  const ClientOptions& options() const { return options_; }
  std::string_view credentials_from() const { return credentials_->name(); }
  uint64_t num_retries() const { return num_retries_.load(); }
  uint64_t num_hedges() const { return num_hedges_.load(); }

 private:
  struct Call;
  Client(ClientOptions options, std::unique_ptr<HttpClient> http, const Clock& clock);

  // Sends until the answer is a success, or one of call.accepted, or it is time to give up.
  absl::StatusOr<HttpAnswer> Send(const Call& call, const Cancellation& cancellation);
  absl::StatusOr<HttpRequest> Sign(const Call& call);
  HttpAnswer Exchange(const Call& call, const HttpRequest& request,
                      const Cancellation& cancellation);
  // What to do after a failure: true to try again.
  bool Prepare(const S3Error& error, const HttpAnswer& answer, int attempts, bool* adapted,
               const Cancellation& cancellation);
  bool SleepMs(int64_t ms, const Cancellation& cancellation);
  absl::Status SendBatchDelete(std::span<const std::string> keys, const Cancellation& cancellation,
                               bool* unsupported);
  std::vector<NameValue> ChecksumHeaders(Bytes parts) const;
  std::string region() const;

  const ClientOptions options_;
  const std::unique_ptr<HttpClient> http_;
  const Clock& clock_;
  const std::unique_ptr<CredentialSource> credentials_;
  RetryBudget budget_;
  Backoff backoff_;
  HedgePolicy hedges_;
  std::atomic<int64_t> skew_s_{0};          // Seen,
  std::atomic<int64_t> adopted_skew_s_{0};  // and added to our clock in signatures.
  std::atomic<bool> no_batch_delete_{false};
  std::atomic<uint64_t> num_retries_{0};
  std::atomic<uint64_t> num_hedges_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string region_;    // By mutex_.
  bool stopped_ = false;  // By mutex_.
};

}  // namespace elanus::s3
