#include "server/garbage_command.h"

#include <algorithm>

#include "coord/coordinator.h"
#include "meta/sqlite_meta_store.h"
#include "server/object_store.h"
#include "server/standalone.h"

namespace elanus::server {

absl::StatusOr<coord::GarbageReport> ListGarbage(const Settings& settings,
                                                 const ObjectStoreSettings& object_store,
                                                 storage::FileSystem& files) {
  const std::string path = settings.paths.catalog_dir + "/catalog.db";
  const auto entries = files.List(settings.paths.catalog_dir);
  const bool exists =
      entries.ok() && std::any_of(entries->begin(), entries->end(),
                                  [](const auto& e) { return e.name == "catalog.db"; });
  if (!exists) {
    return UserError(ErrorCode::kParameterInvalid,
                     "there is no catalog {}: give the server's --config and --data-dir", path);
  }
  s3::S3ObjectStore* remote = nullptr;
  ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<storage::ObjectStore> store,
                          MakeObjectStore(settings.paths, object_store, files, &remote));
  ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<meta::MetaStore> meta,
                          meta::OpenSqliteMetaStore({.path = path}));
  const coord::TaskRunner never = [](std::function<void()>) { return false; };
  ELANUS_ASSIGN_OR_RETURN(
      const std::unique_ptr<coord::Coordinator> coordinator,
      coord::Coordinator::Open({SystemClock(), *meta, store.get(), never, never, never}, {}));
  coordinator->SetGarbageRules(GarbageRulesOf(settings));
  return coordinator->FindGarbage();
}

}  // namespace elanus::server
