// The object store that the settings name: a directory, or one behind the S3 API.
#pragma once

#include <memory>

#include "common/object_store_settings.h"
#include "common/settings.h"
#include "s3/s3_object_store.h"
#include "storage/object_store.h"

namespace elanus::server {

// As the settings say; the environment of this process is looked at for credentials.
s3::ClientOptions S3ClientOptions(const ObjectStoreSettings& settings);

// The store's directory on local disk, for local storage; that of copies for a remote one.
std::string ObjectDirectory(const Settings::Paths& paths, const ObjectStoreSettings& settings);

// Makes the store. A remote one is not asked yet, and `remote` is that store; null for a local one.
absl::StatusOr<std::unique_ptr<storage::ObjectStore>> MakeObjectStore(
    const Settings::Paths& paths, const ObjectStoreSettings& settings, storage::FileSystem& files,
    s3::S3ObjectStore** remote);

// Opens the place that a client names for snapshots outside of the cluster: PATH or
// s3://BUCKET/PATH of the remote store, at the settings' endpoint and with their credentials; for
// local storage PATH below Settings::Snapshots::export_dir, or such a directory with or without
// file:// in front. Never what belongs to the cluster. `copies_directory`: of
// this store alone.
absl::StatusOr<std::unique_ptr<storage::ObjectStore>> OpenExternalStore(
    const Settings& settings, const ObjectStoreSettings& store, storage::FileSystem& files,
    const std::string& path, const std::string& copies_directory);

// Makes sure that the bucket is there, and creates it where that is wanted. Fails with
// s3::IsRefusal() when somebody must change something first.
absl::Status PrepareBucket(s3::Client& client, bool create);

}  // namespace elanus::server
