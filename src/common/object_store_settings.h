// What the server was told about its object store. Apart from Settings, which every part of the
// server gets: here are secrets, and only who makes the store needs them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace elanus {

class Config;

// Each field has the default of its key in config_keys.cc.
struct ObjectStoreSettings {
  bool remote = false;                  // common.storageType is not local.
  std::string host = "localhost:9000";  // minio.address with its port.
  bool tls = false;                     // minio.useSSL
  std::string ca_file;                  // minio.ssl.tlsCACert
  std::string tls_min = "default";      // minio.ssl.tlsMinVersion
  bool crc32c = false;                  // minio.ssl.useCRC32C
  std::string bucket = "a-bucket";      // minio.bucketName
  bool create_bucket = true;            // minio.createBucket
  std::string access_key = "minioadmin";
  std::string secret_key = "minioadmin";
  std::string session_token;
  bool credentials_given = false;  // The access key or its secret.
  bool use_iam = false;            // minio.useIAM
  std::string iam_endpoint;        // minio.iamEndpoint
  std::string region;              // minio.region
  bool virtual_host = false;       // minio.useVirtualHost, or the provider wants it.
  int64_t request_timeout_ms = 10'000;
  int64_t list_keys_max = 0;
  bool operator==(const ObjectStoreSettings&) const = default;
};

// Fails where two values do not go together, and for an address, bucket or provider that cannot be;
// of local storage only `remote` counts.
absl::StatusOr<ObjectStoreSettings> MakeObjectStoreSettings(const Config& config);

}  // namespace elanus
