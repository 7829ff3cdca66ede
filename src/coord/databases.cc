// Coordinator: databases.
#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/property_rules.h"
#include "schema/names.h"

namespace elanus::coord {
namespace {

absl::Status CheckProperties(const meta::KeyValues& properties) {
  for (const auto& [key, value] : properties) {
    ELANUS_RETURN_IF_ERROR(CheckDatabaseProperty(key, value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Coordinator::CreateDatabase(const std::string& name,
                                         const meta::KeyValues& properties) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(schema::CheckDatabaseName(name, limits_.schema));
  ELANUS_RETURN_IF_ERROR(CheckProperties(properties));
  if (state_.FindDatabase(name).ok()) {
    return UserError(ErrorCode::kParameterInvalid, "database already exist: {}", name);
  }
  if (static_cast<int64_t>(state_.Databases().size()) >= limits_.databases_max) {
    return UserError(ErrorCode::kDatabaseNumLimitExceeded,
                     "exceeded the limit number of database[limit={}]", limits_.databases_max);
  }
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, ids_->Allocate(1));
  meta::Database database{DatabaseId(id), name, {}, timestamps_->Next()};
  SetProperties(database.properties, properties);
  ELANUS_RETURN_IF_ERROR(change.Put(database));
  return change.Commit();
}

absl::Status Coordinator::DropDatabase(const std::string& name) {
  Change change(*this);
  if (name.empty() || name == meta::kDefaultDatabase) {
    return UserError(ErrorCode::kParameterInvalid, "can not drop default database");
  }
  const absl::StatusOr<meta::Database> database = state_.FindDatabase(name);
  if (!database.ok()) return absl::OkStatus();
  if (state_.NumCollectionsOf(database->id) > 0) {
    return UserError(ErrorCode::kParameterInvalid,
                     "database:{} not empty, must drop all collections before drop database", name);
  }
  change.catalog().Remove(*database);
  return change.Commit();
}

absl::Status Coordinator::AlterDatabase(const std::string& name, const meta::KeyValues& set,
                                        const std::vector<std::string>& delete_keys) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(CheckSetOrDelete(set, delete_keys));
  ELANUS_RETURN_IF_ERROR(CheckProperties(set));
  ELANUS_ASSIGN_OR_RETURN(meta::Database database, state_.FindDatabase(name));
  const meta::KeyValues before = database.properties;
  SetProperties(database.properties, set);
  DeleteProperties(database.properties, delete_keys);
  if (database.properties == before) return absl::OkStatus();
  ELANUS_RETURN_IF_ERROR(change.Put(database));
  return change.Commit();
}

absl::StatusOr<meta::Database> Coordinator::DescribeDatabase(const std::string& name) {
  return state_.FindDatabase(name);
}

std::vector<meta::Database> Coordinator::ListDatabases() {
  return state_.Databases();
}

}  // namespace elanus::coord
