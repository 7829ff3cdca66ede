// An S3 store in memory, as far as the tests of this folder need one: bucket "b", no signatures
// (real servers check those, see tests/e2e).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include "s3/fake_server_test.h"
#include "s3/sigv4.h"
#include "s3/xml.h"

namespace elanus::s3 {

class FakeS3 {
 public:
  struct Object {
    std::string bytes, crc32c;
    int version = 0;
  };

  // All by the server's handler lock; set up between requests.
  std::map<std::string, Object> objects;
  std::map<std::string, std::pair<std::string, Object>> uploads;  // By id: key and object to be.
  std::map<std::string, std::map<int, std::string>> parts;
  size_t page = 1000;
  // Looks at each request first: an answer of its own, or nothing.
  std::function<std::optional<FakeAnswer>(const FakeRequest&)> fault;

  FakeAnswer operator()(const FakeRequest& request) {
    if (fault) {
      if (auto answer = fault(request)) return *answer;
    }
    const std::string path = Decode(request.path);
    if (path != "/b" && !path.starts_with("/b/")) return Error(404, "NoSuchBucket");
    const std::string key = path.size() > 3 ? path.substr(3) : "";
    if (key.empty()) return Bucket(request);
    if (request.query.find("upload") != std::string::npos) return Upload(request, key);
    if (request.method == "PUT") return Put(request, key);
    if (request.method == "DELETE") {
      objects.erase(key);
      return {.status = 204};
    }
    return Read(request, key);
  }

  static FakeAnswer Error(int status, const std::string& code, const std::string& more = "") {
    return {.status = status,
            .headers = {{"Content-Type", "application/xml"}},
            .body = fmt::format("<?xml version=\"1.0\"?><Error><Code>{}</Code><Message>told so"
                                "</Message>{}</Error>",
                                code, more)};
  }

  static std::string Parameter(const FakeRequest& request, const std::string& name) {
    const std::string query = "&" + request.query;
    const size_t at = query.find("&" + name + "=");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 2;
    return Decode(query.substr(begin, query.find('&', begin) - begin));
  }

  static std::string Decode(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out.push_back(text[i]);
        continue;
      }
      out.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    }
    return out;
  }

 private:
  static FakeAnswer Xml(const std::string& body) {
    return {.headers = {{"Content-Type", "application/xml"}},
            .body = "<?xml version=\"1.0\"?>" + body};
  }
  static std::string HeaderOf(const FakeRequest& request, const std::string& name) {
    const auto it = request.headers.find(name);
    return it == request.headers.end() ? "" : it->second;
  }

  FakeAnswer Put(const FakeRequest& request, const std::string& key) {
    if (HeaderOf(request, "if-none-match") == "*" && objects.contains(key)) {
      return Error(412, "PreconditionFailed");
    }
    const std::string_view body = request.body;
    if (HeaderOf(request, "x-amz-content-sha256") != Sha256Hex({&body, 1})) {
      return Error(400, "XAmzContentSHA256Mismatch");
    }
    objects[key] = {request.body, HeaderOf(request, "x-amz-meta-elanus-crc32c"), ++version_};
    return {.headers = {{"ETag", fmt::format("\"{}\"", version_)}}};
  }

  FakeAnswer Read(const FakeRequest& request, const std::string& key) {
    const auto it = objects.find(key);
    if (it == objects.end()) return Error(404, "NoSuchKey");
    const Object& object = it->second;
    const std::string etag = fmt::format("\"{}\"", object.version);
    if (!HeaderOf(request, "if-match").empty() && HeaderOf(request, "if-match") != etag) {
      return Error(412, "PreconditionFailed");
    }
    FakeAnswer answer = {.headers = {{"ETag", etag}}, .body = object.bytes};
    if (!object.crc32c.empty()) answer.headers["x-amz-meta-elanus-crc32c"] = object.crc32c;
    const std::string range = HeaderOf(request, "range");
    if (range.empty()) return answer;
    const size_t begin = std::stoul(range.substr(6)),
                 end = std::stoul(range.substr(range.find('-') + 1));
    if (begin >= object.bytes.size()) {
      FakeAnswer none = Error(416, "InvalidRange");
      none.headers["Content-Range"] = fmt::format("bytes */{}", object.bytes.size());
      return none;
    }
    answer.status = 206;
    answer.body = object.bytes.substr(begin, end - begin + 1);
    answer.headers["Content-Range"] =
        fmt::format("bytes {}-{}/{}", begin, begin + answer.body.size() - 1, object.bytes.size());
    return answer;
  }

  FakeAnswer Bucket(const FakeRequest& request) {
    if (request.method == "POST") return DeleteAll(request);
    if (request.query.find("uploads") != std::string::npos) {
      std::string body = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>";
      for (const auto& [id, upload] : uploads) {
        body += fmt::format(
            "<Upload><Key>{}</Key><UploadId>{}</UploadId>"
            "<Initiated>2024-01-01T00:00:00.000Z</Initiated></Upload>",
            upload.first, id);
      }
      return Xml(body + "</ListMultipartUploadsResult>");
    }
    const std::string prefix = Parameter(request, "prefix");
    const std::string after = Parameter(request, "continuation-token");
    std::string body = "<ListBucketResult><EncodingType>url</EncodingType>", last;
    size_t count = 0;
    bool more = false;
    for (const auto& [key, object] : objects) {
      if (!key.starts_with(prefix) || (!after.empty() && key <= after)) continue;
      if (count++ == page) {
        more = true;
        break;
      }
      last = key;
      body += fmt::format("<Contents><Key>{}</Key><Size>{}</Size></Contents>", UriEncode(key),
                          object.bytes.size());
    }
    body += fmt::format("<IsTruncated>{}</IsTruncated>", more);
    if (more) body += fmt::format("<NextContinuationToken>{}</NextContinuationToken>", last);
    return Xml(body + "</ListBucketResult>");
  }

  FakeAnswer DeleteAll(const FakeRequest& request) {
    const auto xml = ParseXml(request.body);
    if (!xml.ok()) return Error(400, "MalformedXML");
    for (const XmlElement& element : xml->children) {
      if (element.name == "Object") objects.erase(std::string(element.Text("Key")));
    }
    return Xml("<DeleteResult></DeleteResult>");
  }

  FakeAnswer Upload(const FakeRequest& request, const std::string& key) {
    const std::string id = Parameter(request, "uploadId");
    if (id.empty()) {
      const std::string fresh = fmt::format("upload {}", ++version_);
      uploads[fresh] = {key, {"", HeaderOf(request, "x-amz-meta-elanus-crc32c"), version_}};
      return Xml(
          fmt::format("<InitiateMultipartUploadResult><UploadId>{}</UploadId>"
                      "</InitiateMultipartUploadResult>",
                      fresh));
    }
    if (!uploads.contains(id)) return Error(404, "NoSuchUpload");
    if (request.method == "PUT") {
      const int number = std::stoi(Parameter(request, "partNumber"));
      parts[id][number] = request.body;
      return {.headers = {{"ETag", fmt::format("\"{}\"", number)}}};
    }
    if (request.method == "POST") {
      Object object = uploads[id].second;
      for (const auto& [number, bytes] : parts[id]) object.bytes += bytes;
      objects[key] = object;
    }
    uploads.erase(id);
    parts.erase(id);
    if (request.method == "DELETE") return {.status = 204};
    return Xml("<CompleteMultipartUploadResult/>");
  }

  int version_ = 0;
};

}  // namespace elanus::s3
