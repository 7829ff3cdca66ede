#include <algorithm>
#include <charconv>
#include <ctime>

#include "s3/client.h"
#include "s3/client_call.h"
#include "s3/xml.h"
#include "storage/crc32c.h"

namespace elanus::s3 {
namespace {

// Kept with each object, so that a whole read is checked against what was put, by whatever store.
constexpr char kCrcHeader[] = "x-amz-meta-elanus-crc32c";
constexpr size_t kListAnswerBytesMax = 32 << 20;

uint32_t CrcOf(Client::Bytes parts) {
  uint32_t crc = 0;
  for (const std::string_view part : parts) crc = storage::Crc32c(part, crc);
  return crc;
}

uint64_t SizeOf(Client::Bytes parts) {
  uint64_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  return size;
}

// As the S3 API writes checksums: big-endian, base64.
std::string CrcText(uint32_t crc) {
  const char bytes[] = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                        static_cast<char>(crc >> 8), static_cast<char>(crc)};
  return Base64({bytes, 4});
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text, int base = 10) {
  Number value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || rest != text.data() + text.size())
    return std::nullopt;
  return value;
}

// "2009-10-12T17:50:30.000Z"; 0 for another form.
int64_t ParseIsoTime(std::string_view text) {
  std::tm utc{};
  const std::string copy(text);
  if (strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return 0;
  return static_cast<int64_t>(timegm(&utc));
}

// Keys of listings asked for with encoding-type=url.
std::string UrlDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size()
                          ? ParseNumber<uint8_t>(text.substr(i + 1, 2), 16)
                          : std::nullopt;
    if (byte.has_value()) {
      out.push_back(static_cast<char>(*byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

S3Error Strange(const HttpAnswer& answer, std::string what,
                HttpFailure failure = HttpFailure::kBroken) {
  S3Error error;
  error.failure = failure;
  error.http_status = answer.status;
  error.message = std::move(what);
  return error;
}

// The answer must be XML with this root; what is cut short or torn is asked for again.
std::optional<S3Error> CheckXml(const HttpAnswer& answer, std::string_view root) {
  const auto xml = ParseXml(answer.body);
  if (!xml.ok()) return Strange(answer, std::string(MessageOf(xml.status())));
  if (xml->name == root) return std::nullopt;
  return Strange(answer, fmt::format("<{}> instead of <{}>", xml->name, root));
}

// "bytes 0-9/443": where the bytes begin, and of how many.
bool ParseContentRange(std::string_view text, uint64_t* begin, uint64_t* size) {
  if (!text.starts_with("bytes ")) return false;
  text.remove_prefix(6);
  const size_t dash = text.find('-'), slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto total = ParseNumber<uint64_t>(text.substr(slash + 1));
  if (!total.has_value()) return false;
  *size = *total;
  *begin = 0;
  if (text[0] == '*') return true;
  const auto first = ParseNumber<uint64_t>(text.substr(0, dash));
  if (dash == std::string_view::npos || !first.has_value()) return false;
  *begin = *first;
  return true;
}

// Whether a read brought the bytes that were asked for, all of them.
std::optional<S3Error> CheckRange(const HttpAnswer& answer, Range range) {
  if (answer.status != 206) {
    // The whole object, from a store that knows no ranges: cut out by the caller.
    return std::nullopt;
  }
  uint64_t begin = 0, size = 0;
  if (!ParseContentRange(answer.Header("content-range"), &begin, &size)) {
    return Strange(answer, "no Content-Range in the answer");
  }
  const uint64_t expected = range.offset < size ? std::min(range.count, size - range.offset) : 0;
  if (begin != range.offset || answer.body.size() != expected) {
    return Strange(answer,
                   fmt::format("{} bytes from {} instead of {} from {}", answer.body.size(), begin,
                               expected, range.offset),
                   HttpFailure::kShortBody);
  }
  return std::nullopt;
}

}  // namespace

std::vector<NameValue> Client::ChecksumHeaders(Bytes parts) const {
  if (!options_.crc32c) return {};
  return {{"x-amz-sdk-checksum-algorithm", "CRC32C"},
          {"x-amz-checksum-crc32c", CrcText(CrcOf(parts))}};
}

absl::Status Client::Put(const std::string& key, Bytes parts, const Cancellation& cancellation) {
  Call call = {.operation = "put object", .method = "PUT", .key = key, .writes = true};
  call.headers = ChecksumHeaders(parts);
  call.headers.emplace_back(kCrcHeader, fmt::format("{:08x}", CrcOf(parts)));
  call.headers.emplace_back("Content-Type", "application/octet-stream");
  call.body.assign(parts.begin(), parts.end());
  return Send(call, cancellation).status();
}

absl::StatusOr<bool> Client::PutIfAbsent(const std::string& key, Bytes parts,
                                         const Cancellation& cancellation) {
  Call call = {.operation = "put object if absent", .method = "PUT", .key = key, .writes = true};
  call.headers = ChecksumHeaders(parts);
  call.headers.emplace_back(kCrcHeader, fmt::format("{:08x}", CrcOf(parts)));
  call.headers.emplace_back("If-None-Match", "*");
  call.body.assign(parts.begin(), parts.end());
  call.accepted = {409, 412, 501};
  ELANUS_ASSIGN_OR_RETURN(const HttpAnswer answer, Send(call, cancellation));
  if (answer.status == 409 || answer.status == 412) return false;
  if (answer.status != 501) return true;
  const auto found = Head(key, cancellation);
  if (found.ok()) return false;
  if (CodeOf(found.status()) != ErrorCode::kIoKeyNotFound) return found.status();
  ELANUS_RETURN_IF_ERROR(Put(key, parts, cancellation));
  return true;
}

absl::StatusOr<ReadAnswer> Client::Get(const std::string& key, Range range, const std::string& etag,
                                       const Cancellation& cancellation) {
  Call call = {.operation = "get object", .method = "GET", .key = key, .hedge = true};
  call.headers.emplace_back(
      "Range", fmt::format("bytes={}-{}", range.offset, range.offset + range.count - 1));
  if (!etag.empty()) call.headers.emplace_back("If-Match", etag);
  call.accepted = {412, 416};
  // A store that knows no ranges sends everything.
  call.answer_bytes_max = std::max<size_t>(range.count, size_t{1} << 30);
  call.check = [range](const HttpAnswer& answer) { return CheckRange(answer, range); };
  ELANUS_ASSIGN_OR_RETURN(HttpAnswer answer, Send(call, cancellation));
  if (answer.status == 412) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "object store: bucket \"{}\", key \"{}\" was replaced while it was read",
                         options_.bucket, key);
  }
  ReadAnswer read;
  read.etag = answer.Header("etag");
  read.crc32c = ParseNumber<uint32_t>(answer.Header(kCrcHeader), 16);
  uint64_t begin = 0;
  if (answer.status == 416) {
    // Nothing at this offset: of an empty object, or behind the end.
    (void)ParseContentRange(answer.Header("content-range"), &begin, &read.object_size);
    return read;
  }
  if (answer.status == 206) {
    (void)ParseContentRange(answer.Header("content-range"), &begin, &read.object_size);
    read.bytes = std::move(answer.body);
    return read;
  }
  read.object_size = answer.body.size();
  if (range.offset < answer.body.size()) read.bytes = answer.body.substr(range.offset, range.count);
  return read;
}

absl::StatusOr<ObjectInfo> Client::Head(const std::string& key, const Cancellation& cancellation) {
  const Call call = {.operation = "head object", .method = "HEAD", .key = key};
  auto answer = Send(call, cancellation);
  if (IsRefusal(answer.status()) && CodeOf(answer.status()) != ErrorCode::kIoKeyNotFound) {
    // The answer to HEAD has no body, so a refusal has no code: a read of one byte tells.
    ELANUS_ASSIGN_OR_RETURN(const ReadAnswer read, Get(key, {0, 1}, "", cancellation));
    return ObjectInfo{key, read.object_size, 0};
  }
  if (!answer.ok()) return answer.status();
  const auto size = ParseNumber<uint64_t>(answer->Header("content-length"));
  if (!size.has_value()) {
    return InternalError(ErrorCode::kIoFailed, "object store: head of {} tells no length", key);
  }
  const auto modified = ParseHttpDate(answer->Header("last-modified"));
  return ObjectInfo{key, *size, modified.value_or(0)};
}

absl::StatusOr<ListPage> Client::List(const std::string& prefix, const std::string& after,
                                      const Cancellation& cancellation) {
  Call call = {.operation = fmt::format("list objects below \"{}\"", prefix), .method = "GET"};
  call.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}};
  if (!after.empty()) call.query.emplace_back("continuation-token", after);
  if (options_.list_keys_max > 0) {
    call.query.emplace_back("max-keys", std::to_string(options_.list_keys_max));
  }
  call.answer_bytes_max = kListAnswerBytesMax;
  call.check = [](const HttpAnswer& answer) { return CheckXml(answer, "ListBucketResult"); };
  ELANUS_ASSIGN_OR_RETURN(const HttpAnswer answer, Send(call, cancellation));
  ELANUS_ASSIGN_OR_RETURN(const XmlElement root, ParseXml(answer.body));
  const bool encoded = root.Text("EncodingType") == "url";
  ListPage page;
  for (const XmlElement& element : root.children) {
    if (element.name != "Contents") continue;
    const std::string_view key = element.Text("Key");
    const auto size = ParseNumber<uint64_t>(element.Text("Size"));
    if (key.empty() || !size.has_value()) {
      return InternalError(ErrorCode::kIoFailed, "object store: a listing without key or size");
    }
    page.objects.push_back({encoded ? UrlDecode(key) : std::string(key), *size,
                            ParseIsoTime(element.Text("LastModified"))});
  }
  if (root.Text("IsTruncated") == "true") page.next = root.Text("NextContinuationToken");
  return page;
}

absl::Status Client::Delete(const std::string& key, const Cancellation& cancellation) {
  Call call = {.operation = "delete object", .method = "DELETE", .key = key, .writes = true};
  call.answer_bytes_max = 1 << 20;
  const absl::Status status = Send(call, cancellation).status();
  return CodeOf(status) == ErrorCode::kIoKeyNotFound ? absl::OkStatus() : status;
}

absl::Status Client::SendBatchDelete(std::span<const std::string> keys,
                                     const Cancellation& cancellation, bool* unsupported) {
  std::string body =
      "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const std::string& key : keys) {
    body += fmt::format("<Object><Key>{}</Key></Object>", XmlEscape(key));
  }
  body += "</Delete>";
  const std::string_view part = body;
  Call call = {
      .operation = fmt::format("delete {} objects", keys.size()), .method = "POST", .writes = true};
  call.query = {{"delete", ""}};
  call.body = {part};
  // A checksum is demanded here.
  call.headers = {{"Content-Type", "application/xml"},
                  {"x-amz-sdk-checksum-algorithm", "CRC32C"},
                  {"x-amz-checksum-crc32c", CrcText(storage::Crc32c(body))}};
  call.accepted = {405, 501};
  call.check = [](const HttpAnswer& answer) { return CheckXml(answer, "DeleteResult"); };
  ELANUS_ASSIGN_OR_RETURN(const HttpAnswer answer, Send(call, cancellation));
  *unsupported = answer.status == 405 || answer.status == 501;
  if (*unsupported) return absl::OkStatus();
  ELANUS_ASSIGN_OR_RETURN(const XmlElement root, ParseXml(answer.body));
  for (const XmlElement& element : root.children) {
    if (element.name != "Error" || element.Text("Code") == "NoSuchKey") continue;
    S3Error error;
    error.http_status = element.Text("Code") == "AccessDenied" ? 403 : answer.status;
    error.code = element.Text("Code");
    error.message = element.Text("Message");
    return StatusOf(
        error,
        {endpoint(), options_.bucket, std::string(element.Text("Key")), "delete object", true}, 1);
  }
  return absl::OkStatus();
}

absl::Status Client::DeleteAll(std::span<const std::string> keys,
                               const Cancellation& cancellation) {
  if (keys.empty()) return absl::OkStatus();
  if (!no_batch_delete_.load()) {
    bool unsupported = false;
    const absl::Status status = SendBatchDelete(keys, cancellation, &unsupported);
    if (!unsupported) return status;
    no_batch_delete_.store(true);
  }
  for (const std::string& key : keys) ELANUS_RETURN_IF_ERROR(Delete(key, cancellation));
  return absl::OkStatus();
}

absl::StatusOr<std::string> Client::BeginUpload(const std::string& key, uint32_t crc32c,
                                                uint64_t size, const Cancellation& cancellation) {
  Call call = {.operation = "begin multipart upload", .method = "POST", .key = key, .writes = true};
  call.query = {{"uploads", ""}};
  call.headers = {{kCrcHeader, fmt::format("{:08x}", crc32c)},
                  {"Content-Type", "application/octet-stream"}};
  if (options_.crc32c) call.headers.emplace_back("x-amz-checksum-algorithm", "CRC32C");
  call.check = [](const HttpAnswer& answer) {
    return CheckXml(answer, "InitiateMultipartUploadResult");
  };
  ELANUS_ASSIGN_OR_RETURN(const HttpAnswer answer, Send(call, cancellation));
  ELANUS_ASSIGN_OR_RETURN(const XmlElement root, ParseXml(answer.body));
  std::string id(root.Text("UploadId"));
  if (id.empty()) {
    return InternalError(ErrorCode::kIoFailed,
                         "object store: a multipart upload of {} ({} bytes) "
                         "got no id",
                         key, size);
  }
  return id;
}

absl::StatusOr<UploadedPart> Client::PutPart(const std::string& key, const std::string& upload,
                                             int number, Bytes parts,
                                             const Cancellation& cancellation) {
  Call call = {.operation = fmt::format("put part {} of multipart upload", number),
               .method = "PUT",
               .key = key,
               .writes = true};
  call.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
  call.headers = ChecksumHeaders(parts);
  call.body.assign(parts.begin(), parts.end());
  call.check = [](const HttpAnswer& answer) -> std::optional<S3Error> {
    if (!answer.Header("etag").empty()) return std::nullopt;
    return Strange(answer, "no ETag in the answer");
  };
  ELANUS_ASSIGN_OR_RETURN(const HttpAnswer answer, Send(call, cancellation));
  return UploadedPart{std::string(answer.Header("etag")), options_.crc32c ? CrcOf(parts) : 0};
}

absl::Status Client::FinishUpload(const std::string& key, const std::string& upload,
                                  std::span<const UploadedPart> parts,
                                  const Cancellation& cancellation) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (size_t i = 0; i < parts.size(); ++i) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>", i + 1,
                        XmlEscape(parts[i].etag));
    if (options_.crc32c) {
      body += fmt::format("<ChecksumCRC32C>{}</ChecksumCRC32C>", CrcText(parts[i].crc32c));
    }
    body += "</Part>";
  }
  body += "</CompleteMultipartUpload>";
  Call call = {
      .operation = "finish multipart upload", .method = "POST", .key = key, .writes = true};
  call.query = {{"uploadId", upload}};
  call.headers = {{"Content-Type", "application/xml"}};
  call.body = {body};
  call.patience = 6;  // Stores may assemble for minutes.
  call.check = [](const HttpAnswer& answer) {
    return CheckXml(answer, "CompleteMultipartUploadResult");
  };
  return Send(call, cancellation).status();
}

absl::Status Client::AbortUpload(const std::string& key, const std::string& upload,
                                 const Cancellation& cancellation) {
  Call call = {
      .operation = "abort multipart upload", .method = "DELETE", .key = key, .writes = true};
  call.query = {{"uploadId", upload}};
  const absl::Status status = Send(call, cancellation).status();
  return CodeOf(status) == ErrorCode::kIoKeyNotFound ? absl::OkStatus() : status;
}

absl::StatusOr<std::vector<PendingUpload>> Client::ListUploads(const std::string& prefix,
                                                               const Cancellation& cancellation) {
  std::vector<PendingUpload> uploads;
  std::string key_marker, id_marker;
  for (;;) {
    Call call = {.operation = fmt::format("list uploads below \"{}\"", prefix), .method = "GET"};
    call.query = {{"uploads", ""}, {"prefix", prefix}};
    if (!key_marker.empty()) {
      call.query.emplace_back("key-marker", key_marker);
      call.query.emplace_back("upload-id-marker", id_marker);
    }
    call.answer_bytes_max = kListAnswerBytesMax;
    call.check = [](const HttpAnswer& answer) {
      return CheckXml(answer, "ListMultipartUploadsResult");
    };
    ELANUS_ASSIGN_OR_RETURN(const HttpAnswer answer, Send(call, cancellation));
    ELANUS_ASSIGN_OR_RETURN(const XmlElement root, ParseXml(answer.body));
    for (const XmlElement& element : root.children) {
      if (element.name != "Upload") continue;
      uploads.push_back({std::string(element.Text("Key")), std::string(element.Text("UploadId")),
                         ParseIsoTime(element.Text("Initiated"))});
    }
    std::string next(root.Text("NextKeyMarker"));
    // A store that repeats itself would keep us here.
    if (root.Text("IsTruncated") != "true" || next.empty() ||
        (next == key_marker && root.Text("NextUploadIdMarker") == id_marker)) {
      return uploads;
    }
    key_marker = std::move(next);
    id_marker = root.Text("NextUploadIdMarker");
  }
}

absl::StatusOr<bool> Client::HasBucket(const Cancellation& cancellation) {
  // A listing of one key: unlike HEAD, a refusal comes with its code.
  Call call = {.operation = "list bucket", .method = "GET"};
  call.query = {{"list-type", "2"}, {"max-keys", "1"}};
  call.answer_bytes_max = 1 << 20;
  call.check = [](const HttpAnswer& answer) { return CheckXml(answer, "ListBucketResult"); };
  call.accepted = {404};
  ELANUS_ASSIGN_OR_RETURN(const HttpAnswer answer, Send(call, cancellation));
  if (answer.status != 404) return true;
  const auto error = ErrorOf(answer, 0);
  if (error.has_value() && error->code == "NoSuchBucket") return false;
  return StatusOf(*error, {endpoint(), options_.bucket, "", call.operation}, 1);
}

absl::Status Client::CreateBucket(const Cancellation& cancellation) {
  std::string body;
  if (region() != "us-east-1") {
    body = fmt::format(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        XmlEscape(region()));
  }
  Call call = {.operation = "create bucket", .method = "PUT", .writes = true};
  if (!body.empty()) call.body = {body};
  call.accepted = {409};
  ELANUS_ASSIGN_OR_RETURN(const HttpAnswer answer, Send(call, cancellation));
  const auto error = ErrorOf(answer, 0);
  // Somebody of ours was quicker.
  if (!error.has_value() || error->code == "BucketAlreadyOwnedByYou" ||
      error->code == "OperationAborted") {
    return absl::OkStatus();
  }
  return StatusOf(*error, {endpoint(), options_.bucket, "", "create bucket", true}, 1);
}

}  // namespace elanus::s3
