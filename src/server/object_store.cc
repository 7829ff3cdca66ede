#include "server/object_store.h"

#include <algorithm>
#include <cstdlib>

#include "common/clock.h"
#include "common/logging.h"

namespace elanus::server {
namespace {

constexpr char kUsualRegion[] = "us-east-1";

}  // namespace

s3::ClientOptions S3ClientOptions(const ObjectStoreSettings& settings) {
  s3::ClientOptions options;
  options.host = settings.host;
  options.tls = settings.tls;
  options.virtual_host = settings.virtual_host;
  options.bucket = settings.bucket;
  options.region_given = !settings.region.empty();
  options.region = options.region_given ? settings.region : kUsualRegion;
  options.http.ca_file = settings.ca_file;
  options.http.tls_min = settings.tls_min;
  options.credentials.settings = {settings.access_key, settings.secret_key, settings.session_token};
  options.credentials.given = settings.credentials_given;
  options.credentials.use_iam = settings.use_iam;
  options.credentials.iam_endpoint = settings.iam_endpoint;
  options.credentials.environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  options.stall_timeout_ms = settings.request_timeout_ms;
  options.connect_timeout_ms = std::min<int64_t>(settings.request_timeout_ms, 5000);
  options.crc32c = settings.crc32c;
  options.list_keys_max = settings.list_keys_max;
  return options;
}

std::string ObjectDirectory(const Settings::Paths& paths, const ObjectStoreSettings& settings) {
  if (settings.remote) return paths.objects_dir + "/copies";
  return paths.objects_dir + "/" + paths.object_prefix;
}

absl::StatusOr<std::unique_ptr<storage::ObjectStore>> MakeObjectStore(
    const Settings::Paths& paths, const ObjectStoreSettings& settings, storage::FileSystem& files,
    s3::S3ObjectStore** remote) {
  const std::string directory = ObjectDirectory(paths, settings);
  *remote = nullptr;
  if (!settings.remote) {
    ELANUS_RETURN_IF_ERROR(files.CreateDirectories(directory));
    ELANUS_RETURN_IF_ERROR(storage::RemoveStaleObjectParts(files, directory));
    return storage::MakeLocalObjectStore(files, directory);
  }
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<s3::Client> made,
                          s3::Client::Make(S3ClientOptions(settings), SystemClock()));
  s3::StoreOptions options;
  options.prefix = paths.object_prefix;
  options.copies_directory = directory;
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<s3::S3ObjectStore> store,
                          s3::S3ObjectStore::Make(std::move(made), files, std::move(options)));
  *remote = store.get();
  return std::unique_ptr<storage::ObjectStore>(std::move(store));
}

namespace {

absl::Status BadPath(std::string_view path, std::string_view problem) {
  return UserError(ErrorCode::kParameterInvalid, "path of an exported snapshot [{}] is invalid: {}",
                   path, problem);
}

bool IsWithin(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/' || folder.empty());
}

}  // namespace

absl::StatusOr<std::unique_ptr<storage::ObjectStore>> OpenExternalStore(
    const Settings& settings, const ObjectStoreSettings& store, storage::FileSystem& files,
    const std::string& path, const std::string& copies_directory) {
  constexpr std::string_view kS3 = "s3://", kFile = "file://";
  std::string_view rest = path;
  if (!store.remote) {
    const std::string& base = settings.snapshot.export_dir;
    if (rest.starts_with(kFile)) rest.remove_prefix(kFile.size());
    if (rest.starts_with('/')) {
      if (!IsWithin(rest, base) || rest.size() <= base.size() + 1) {
        return BadPath(path,
                       fmt::format("local ones lie below {} (elanus.snapshot.exportPath)", base));
      }
      rest.remove_prefix(base.size() + 1);
    }
    if (!storage::CheckObjectKey(rest).ok()) return BadPath(path, "it is no path below a folder");
    return storage::MakeLocalObjectStore(files, fmt::format("{}/{}", base, rest));
  }
  ObjectStoreSettings target = store;
  if (rest.starts_with(kS3)) {
    rest.remove_prefix(kS3.size());
    target.bucket = std::string(rest.substr(0, rest.find('/')));
    rest.remove_prefix(std::min(rest.size(), target.bucket.size() + 1));
  }
  if (target.bucket.empty() || !storage::CheckObjectKey(rest).ok()) {
    return BadPath(path, "PATH or s3://BUCKET/PATH are expected");
  }
  if (target.bucket == store.bucket && IsWithin(rest, settings.paths.object_prefix)) {
    return BadPath(path, "what lies below minio.rootPath is the cluster's");
  }
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<s3::Client> client,
                          s3::Client::Make(S3ClientOptions(target), SystemClock()));
  s3::StoreOptions options;
  options.prefix = std::string(rest);
  options.copies_directory = copies_directory;
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<s3::S3ObjectStore> made,
                          s3::S3ObjectStore::Make(std::move(client), files, std::move(options)));
  return std::unique_ptr<storage::ObjectStore>(std::move(made));
}

absl::Status PrepareBucket(s3::Client& client, bool create) {
  ELANUS_ASSIGN_OR_RETURN(const bool there, client.HasBucket());
  if (there) return absl::OkStatus();
  if (create) {
    ELANUS_RETURN_IF_ERROR(client.CreateBucket());
    ELANUS_LOG(Info, "bucket created", Field("bucket", client.options().bucket),
               Field("endpoint", client.endpoint()));
    return absl::OkStatus();
  }
  s3::S3Error missing;
  missing.http_status = 404;
  missing.code = "NoSuchBucket";
  missing.message = "minio.createBucket is false";
  return s3::StatusOf(missing, {client.endpoint(), client.options().bucket, "", "list bucket"}, 1);
}

}  // namespace elanus::server
