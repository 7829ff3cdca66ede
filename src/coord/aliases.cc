// Coordinator: aliases.
#include <algorithm>

#include "coord/change.h"
#include "coord/coordinator.h"
#include "schema/names.h"

namespace elanus::coord {
namespace {

absl::Status NameIsTaken(const std::string& db, const std::string& alias) {
  return UserError(ErrorCode::kAliasCollectionNameConflict,
                   "alias and collection name conflict[database={}][alias={}]",
                   db.empty() ? meta::kDefaultDatabase : db, alias);
}

absl::Status AliasNotFound(const std::string& db, const std::string& alias) {
  return UserError(ErrorCode::kAliasNotFound, "alias not found[database={}][alias={}]",
                   db.empty() ? meta::kDefaultDatabase : db, alias);
}

}  // namespace

absl::Status Coordinator::CreateAlias(const std::string& db, const std::string& collection_name,
                                      const std::string& alias) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(schema::CheckAliasName(alias, limits_.schema));
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr target, FindByRealName(db, collection_name));
  if (const auto existing = state_.FindCollection(db, alias); existing.ok()) {
    if ((*existing)->schema.name == alias) return NameIsTaken(db, alias);
    if ((*existing)->id == target->id) return absl::OkStatus();
    return UserError(ErrorCode::kAliasAlreadyExists,
                     "{} is alias to another collection: {}: alias already exist[alias={}]", alias,
                     (*existing)->schema.name, alias);
  }
  meta::Collection collection = *target;
  collection.aliases.push_back(alias);
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(target->id);
  return absl::OkStatus();
}

absl::Status Coordinator::DropAlias(const std::string& db, const std::string& alias) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(state_.FindDatabase(db).status());
  const absl::StatusOr<meta::CollectionPtr> found = state_.FindCollection(db, alias);
  if (!found.ok()) return absl::OkStatus();
  if ((*found)->schema.name == alias) return absl::OkStatus();  // A name, but no alias.
  meta::Collection collection = **found;
  std::erase(collection.aliases, alias);
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged((*found)->id);
  return absl::OkStatus();
}

absl::Status Coordinator::AlterAlias(const std::string& db, const std::string& collection_name,
                                     const std::string& alias) {
  Change change(*this);
  ELANUS_RETURN_IF_ERROR(schema::CheckAliasName(alias, limits_.schema));
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr target, FindByRealName(db, collection_name));
  const absl::StatusOr<meta::CollectionPtr> existing = state_.FindCollection(db, alias);
  if (!existing.ok()) return AliasNotFound(db, alias);
  if ((*existing)->schema.name == alias) return NameIsTaken(db, alias);
  if ((*existing)->id == target->id) return absl::OkStatus();
  meta::Collection from = **existing;
  meta::Collection to = *target;
  std::erase(from.aliases, alias);
  to.aliases.push_back(alias);
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(from)));
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(to)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged((*existing)->id);
  change.NotifyChanged(target->id);
  return absl::OkStatus();
}

absl::StatusOr<meta::CollectionPtr> Coordinator::DescribeAlias(const std::string& db,
                                                               const std::string& alias) {
  if (alias.empty())
    return UserError(ErrorCode::kParameterMissing, "missing parameter[missing=alias]");
  ELANUS_RETURN_IF_ERROR(state_.FindDatabase(db).status());
  absl::StatusOr<meta::CollectionPtr> found = state_.FindCollection(db, alias);
  if (!found.ok() || (*found)->schema.name == alias) return AliasNotFound(db, alias);
  return found;
}

}  // namespace elanus::coord
