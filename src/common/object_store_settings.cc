#include "common/object_store_settings.h"

#include <string_view>

#include "common/config.h"
#include "common/status.h"

namespace elanus {
namespace {

absl::Status Refused(const Config& config, std::string_view key, std::string_view why) {
  return UserError(ErrorCode::kParameterInvalid, "{}: {} = \"{}\" is refused: {}",
                   config.SourceOf(key), key, config.Text(key), why);
}

// Sets host and tls from minio.address, minio.port and minio.useSSL.
absl::Status SetEndpoint(const Config& config, ObjectStoreSettings* store) {
  std::string host = config.Text("minio.address");
  store->tls = config.Bool("minio.useSSL");
  if (host.starts_with("https://")) {
    host.erase(0, 8);
    store->tls = true;
  } else if (host.starts_with("http://")) {
    host.erase(0, 7);
    if (store->tls) return Refused(config, "minio.address", "minio.useSSL says https");
  }
  while (host.ends_with('/')) host.pop_back();
  if (host.empty() || host.find_first_of("/ \t@?#") != std::string::npos) {
    return Refused(config, "minio.address", "expected HOST or HOST:PORT");
  }
  const size_t colon = host.rfind(':');
  const bool in_brackets = host.ends_with(']');  // An IPv6 address without a port.
  if (colon == std::string::npos || in_brackets) {
    host += ":" + std::to_string(config.Int("minio.port"));
  } else if (host.substr(colon + 1).find_first_not_of("0123456789") != std::string::npos ||
             colon + 1 == host.size()) {
    return Refused(config, "minio.address", "expected a number behind the colon");
  }
  store->host = host;
  return absl::OkStatus();
}

absl::Status CheckProvider(const Config& config, const ObjectStoreSettings& store) {
  const std::string provider = config.Text("minio.cloudProvider");
  if (provider == "azure" || provider == "gcpnative") {
    return Refused(config, "minio.cloudProvider",
                   "its store has no S3 API; use one that has (gcp instead of gcpnative)");
  }
  if (store.use_iam && provider != "aws") {
    return Refused(
        config, "minio.cloudProvider",
        "minio.useIAM knows aws alone; give minio.accessKeyID and minio.secretAccessKey");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ObjectStoreSettings> MakeObjectStoreSettings(const Config& config) {
  ObjectStoreSettings store;
  store.remote = config.Text("common.storageType") != "local";
  store.ca_file = config.Text("minio.ssl.tlsCACert");
  if (store.ca_file == "/path/to/public.crt") store.ca_file.clear();
  store.tls_min = config.Text("minio.ssl.tlsMinVersion");
  store.crc32c = config.Bool("minio.ssl.useCRC32C");
  store.bucket = config.Text("minio.bucketName");
  store.create_bucket = config.Bool("minio.createBucket");
  store.access_key = config.Text("minio.accessKeyID");
  store.secret_key = config.Text("minio.secretAccessKey");
  store.session_token = config.Text("minio.sessionToken");
  store.credentials_given =
      config.IsGiven("minio.accessKeyID") || config.IsGiven("minio.secretAccessKey");
  store.use_iam = config.Bool("minio.useIAM");
  store.iam_endpoint = config.Text("minio.iamEndpoint");
  store.region = config.Text("minio.region");
  const std::string provider = config.Text("minio.cloudProvider");
  store.virtual_host =
      config.Bool("minio.useVirtualHost") || provider == "aliyun" || provider == "tencent";
  store.request_timeout_ms = config.DurationMs("minio.requestTimeoutMs");
  store.list_keys_max = config.Int("minio.listObjectsMaxKeys");
  if (!store.remote) return store;  // What stands in a milvus.yaml for nothing is not checked.
  ELANUS_RETURN_IF_ERROR(SetEndpoint(config, &store));
  ELANUS_RETURN_IF_ERROR(CheckProvider(config, store));
  if (store.bucket.size() < 3 || store.bucket.size() > 63 ||
      store.bucket.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789.-_") != std::string::npos) {
    return Refused(config, "minio.bucketName",
                   "expected 3 to 63 letters, digits, dots and hyphens");
  }
  return store;
}

}  // namespace elanus
