// Coordinator: partitions.
#include <algorithm>

#include "coord/change.h"
#include "coord/coordinator.h"
#include "schema/names.h"

namespace elanus::coord {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

bool IsLoaded(const meta::Collection& collection, PartitionId id) {
  const meta::LoadSpec& load = collection.load;
  return load.loaded &&
         (load.all_partitions ||
          std::find(load.partitions.begin(), load.partitions.end(), id) != load.partitions.end());
}

}  // namespace

absl::Status Coordinator::CreatePartition(const std::string& db, const std::string& collection_name,
                                          const std::string& name) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  ELANUS_RETURN_IF_ERROR(schema::CheckPartitionName(name, limits_.schema));
  if (found->schema.partition_key() != nullptr) {
    return Invalid("disable create partition if partition key mode is used");
  }
  if (found->FindPartition(name) != nullptr) return absl::OkStatus();
  const auto num_partitions = static_cast<int64_t>(found->partitions.size());
  if (num_partitions >= limits_.partitions_max) {
    return Invalid("partition number ({}) exceeds max configuration ({}), collection: {}",
                   num_partitions, limits_.partitions_max, collection_name);
  }
  if (state_.GeneralCapacityUsed() + found->num_shards > limits_.general_capacity_max) {
    return UserError(ErrorCode::kGeneralCapacityExceeded,
                     "general capacity exceeded[used={}][wanted={}][limit={}]",
                     state_.GeneralCapacityUsed(), found->num_shards, limits_.general_capacity_max);
  }
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, ids_->Allocate(1));
  meta::Collection collection = *found;
  collection.partitions.push_back({PartitionId(id), name, timestamps_->Next()});
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(found->id);
  return absl::OkStatus();
}

absl::Status Coordinator::DropPartition(const std::string& db, const std::string& collection_name,
                                        const std::string& name) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  if (found->schema.partition_key() != nullptr) {
    return Invalid("disable drop partition if partition key mode is used");
  }
  if (name == meta::kDefaultPartition) return Invalid("default partition cannot be deleted");
  const meta::Partition* partition = found->FindPartition(name);
  if (partition == nullptr) return absl::OkStatus();
  if (IsLoaded(*found, partition->id)) {
    return Invalid("partition cannot be dropped, partition is loaded, please release it first");
  }
  const PartitionId id = partition->id;
  meta::Collection collection = *found;
  std::erase_if(collection.partitions, [id](const auto& other) { return other.id == id; });
  std::vector<meta::SegmentPtr> segments = state_.SegmentsOf(found->id);
  std::erase_if(segments, [id](const auto& segment) { return segment->partition != id; });
  for (const meta::SegmentPtr& segment : segments) change.catalog().Remove(*segment);
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.Notify(
      [collection = found->id, id](roles::DataNode* data_node, roles::QueryNode* query_node) {
        if (data_node != nullptr) data_node->OnPartitionDropped(collection, id);
        if (query_node != nullptr) query_node->OnPartitionDropped(collection, id);
      });
  change.NotifyChanged(found->id);
  change.Notify(
      [this, segments](roles::DataNode*, roles::QueryNode*) { RemoveObjectsOf(segments, {}); });
  return absl::OkStatus();
}

}  // namespace elanus::coord
