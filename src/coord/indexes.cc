// Coordinator: indexes and how far they are built.
#include <algorithm>
#include <set>

#include "common/logging.h"
#include "coord/change.h"
#include "coord/coordinator.h"
#include "coord/index_rules.h"
#include "coord/property_rules.h"
#include "meta/implied_indexes.h"

namespace elanus::coord {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

absl::Status IndexNotFound(const std::string& collection, const std::string& index_name) {
  if (index_name.empty()) {
    return UserError(ErrorCode::kIndexNotFound, "index not found[collection={}]", collection);
  }
  return UserError(ErrorCode::kIndexNotFound, "index not found[indexName={}]", index_name);
}

// The index that stands in the way of a new one, or that the new one repeats.
const meta::Index* FindRival(const meta::Collection& collection, const meta::Index& wanted) {
  for (const meta::Index& index : collection.indexes) {
    if (index.name == wanted.name) return &index;
  }
  for (const meta::Index& index : collection.indexes) {
    if (index.field == wanted.field && index.json_path == wanted.json_path) return &index;
  }
  return nullptr;
}

// Rows of a build under way count as far as it has come, but never all of them.
int64_t RowsDone(const meta::Segment& segment, double share) {
  const auto rows = static_cast<int64_t>(share * static_cast<double>(segment.num_rows));
  return std::clamp<int64_t>(rows, 0, std::max<int64_t>(segment.num_rows - 1, 0));
}

// `scheduler` may be null.
roles::IndexProgress ProgressOf(const meta::Index& index,
                                const std::vector<meta::SegmentPtr>& segments, Timestamp at,
                                const IndexScheduler* scheduler) {
  roles::IndexProgress out;
  out.index = index;
  bool pending = false;
  bool failed = false;
  for (const meta::SegmentPtr& segment : segments) {
    if (at.valid() && segment->flushed > at) continue;
    out.total_rows += segment->num_rows;
    const auto part = std::find_if(segment->indexes.begin(), segment->indexes.end(),
                                   [&index](const auto& i) { return i.index == index.id; });
    if (part == segment->indexes.end() || part->state == meta::BuildState::kPending) {
      pending = true;
      if (scheduler == nullptr) continue;
      const IndexScheduler::Status status = scheduler->StatusOf(segment->id, index.id);
      out.indexed_rows += RowsDone(*segment, status.progress);
      if (!status.waiting.empty()) {
        out.fail_reason += fmt::format("{}: {};", segment->id, status.waiting);
      }
    } else if (part->state == meta::BuildState::kFinished) {
      out.indexed_rows += segment->num_rows;
    } else {
      failed = true;
      out.fail_reason += fmt::format("{}: {};", segment->id, part->fail_reason);
    }
  }
  out.pending_rows = out.total_rows - out.indexed_rows;
  if (failed)
    out.state = meta::BuildState::kFailed;
  else if (pending)
    out.state = meta::BuildState::kPending;
  return out;
}

}  // namespace

absl::StatusOr<meta::SegmentIndex> Coordinator::FirstState(const meta::Index& index,
                                                           const meta::Segment& segment) {
  meta::SegmentIndex out;
  out.index = index.id;
  if (!BuildsFiles(index) || segment.num_rows < options_.index_rows_min) {
    out.state = meta::BuildState::kFinished;
    return out;
  }
  ELANUS_ASSIGN_OR_RETURN(const int64_t build, ids_->Allocate(1));
  out.build = BuildId(build);
  return out;
}

absl::Status Coordinator::CreateIndex(const roles::CreateIndexRequest& request) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(request.db, request.collection));
  ELANUS_ASSIGN_OR_RETURN(
      meta::Index index,
      ResolveRequest(*found, request.field_name, request.index_name, request.params, limits_));
  if (index.name.empty()) {
    const meta::Index* existing = found->IndexOf(index.field);
    index.name = existing != nullptr ? existing->name : index.field_name;
  }
  if (const meta::Index* rival = FindRival(*found, index); rival != nullptr) {
    if (rival->name != index.name) {
      return Invalid(
          "CreateIndex failed: creating multiple indexes on same field is not supported");
    }
    const bool overridden = index.metric.empty() ? limits_.auto_index.override_scalar
                                                 : limits_.auto_index.override_explicit;
    if (SameIndex(*rival, index, overridden ? index.user_params : request.params)) {
      return absl::OkStatus();
    }
    return Invalid("CreateIndex failed: at most one distinct index is allowed per field");
  }
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, ids_->Allocate(1));
  index.id = IndexId(id);
  index.created = timestamps_->Next();
  meta::Collection collection = *found;
  collection.indexes.push_back(index);
  std::vector<SegmentId> pending;
  std::vector<SegmentId> changed;
  for (const meta::SegmentPtr& old : state_.SegmentsOf(found->id)) {
    meta::Segment segment = *old;
    ELANUS_ASSIGN_OR_RETURN(meta::SegmentIndex first, FirstState(index, segment));
    if (first.state == meta::BuildState::kPending) pending.push_back(segment.id);
    segment.indexes.push_back(std::move(first));
    changed.push_back(segment.id);
    ELANUS_RETURN_IF_ERROR(change.Put(std::move(segment)));
  }
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(found->id);
  for (const SegmentId segment : changed) change.NotifySegment(segment);
  change.Notify([this, pending, index = index.id](auto*, auto*) {
    if (scheduler_ == nullptr) return;
    for (const SegmentId segment : pending) scheduler_->Add(segment, index);
  });
  return absl::OkStatus();
}

absl::Status Coordinator::DropIndex(const std::string& db, const std::string& collection_name,
                                    const std::string& field, const std::string& index_name) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  std::set<IndexId> dropped;
  for (const meta::Index& index : found->indexes) {
    const bool named =
        index_name.empty() ? field.empty() || index.field_name == field : index.name == index_name;
    if (named) dropped.insert(index.id);
  }
  if (dropped.empty()) return absl::OkStatus();
  if (dropped.size() > 1) {
    return UserError(ErrorCode::kIndexDuplicate,
                     "there are multiple indexes, please specify the index name: index duplicates"
                     "[collection={}]",
                     collection_name);
  }
  meta::Collection collection = *found;
  for (const meta::Index& index : found->indexes) {
    const schema::FieldSchema* on = found->schema.Find(index.field);
    if (dropped.contains(index.id) && found->load.loaded && on != nullptr &&
        schema::IsVector(on->type)) {
      return Invalid("vector index cannot be dropped on loaded collection: {}", found->id);
    }
  }
  std::erase_if(collection.indexes, [&](const auto& index) { return dropped.contains(index.id); });
  std::vector<std::string> keys;
  std::vector<SegmentId> changed;
  for (const meta::SegmentPtr& old : state_.SegmentsOf(found->id)) {
    meta::Segment segment = *old;
    const size_t before = segment.indexes.size();
    std::erase_if(segment.indexes, [&](const meta::SegmentIndex& part) {
      if (dropped.contains(part.index)) keys.push_back(part.key);
      return dropped.contains(part.index);
    });
    if (segment.indexes.size() == before) continue;
    changed.push_back(segment.id);
    ELANUS_RETURN_IF_ERROR(change.Put(std::move(segment)));
  }
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  if (scheduler_ != nullptr) {
    for (const IndexId id : dropped) scheduler_->CancelIndex(id);
  }
  change.NotifyChanged(found->id);
  for (const SegmentId segment : changed) change.NotifySegment(segment);
  change.Notify([this, keys](auto*, auto*) { RemoveUnnamed(keys); });
  return absl::OkStatus();
}

absl::Status Coordinator::AlterIndex(const std::string& db, const std::string& collection_name,
                                     const std::string& index_name, const meta::KeyValues& set,
                                     const std::vector<std::string>& delete_keys) {
  Change change(*this);
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found,
                          state_.FindCollection(db, collection_name));
  if (index_name.empty()) return Invalid("index name is empty");
  ELANUS_RETURN_IF_ERROR(CheckSetOrDelete(set, delete_keys));
  meta::Collection collection = *found;
  const auto index = std::find_if(collection.indexes.begin(), collection.indexes.end(),
                                  [&](const meta::Index& i) { return i.name == index_name; });
  if (index == collection.indexes.end()) return IndexNotFound(collection_name, index_name);
  for (const auto& [key, value] : set) {
    ELANUS_RETURN_IF_ERROR(CheckAlterIndexKey(*index, CanonicalKey(key), &value));
  }
  for (const std::string& key : delete_keys) {
    ELANUS_RETURN_IF_ERROR(CheckAlterIndexKey(*index, CanonicalKey(key), nullptr));
  }
  if (found->load.loaded) {
    return UserError(ErrorCode::kCollectionLoaded,
                     "can't alter index on loaded collection, please release the collection "
                     "first[collection={}]",
                     collection_name);
  }
  const meta::KeyValues before = index->user_params;
  SetProperties(index->user_params, set);
  DeleteProperties(index->user_params, delete_keys);
  if (index->user_params == before) return absl::OkStatus();
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(collection)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  change.NotifyChanged(found->id);
  return absl::OkStatus();
}

absl::Status Coordinator::PendUnbuilt() {
  Change change(*this);
  bool any = false;
  for (const meta::CollectionPtr& collection : state_.Collections()) {
    for (const meta::SegmentPtr& old : state_.SegmentsOf(collection->id)) {
      meta::Segment segment = *old;
      bool changed = false;
      for (const meta::Index& index : meta::AllIndexes(*collection)) {
        auto part = std::find_if(segment.indexes.begin(), segment.indexes.end(),
                                 [&](const auto& i) { return i.index == index.id; });
        const bool has_column = std::any_of(segment.files.begin(), segment.files.end(),
                                            [&](const auto& f) { return f.field == index.field; });
        // Of vector indexes there may be nothing to build; a scalar one always has a file.
        if (!index.metric.empty() || !has_column) continue;
        if (part == segment.indexes.end()) {
          // Written when no such index was implied; others came with their entries.
          if (index.type != meta::kTextMatchIndex) continue;
          part = segment.indexes.insert(part,
                                        {.index = index.id, .state = meta::BuildState::kFinished});
        }
        if (part->state != meta::BuildState::kFinished || !part->key.empty()) continue;
        ELANUS_ASSIGN_OR_RETURN(*part, FirstState(index, segment));
        changed |= part->state == meta::BuildState::kPending;
      }
      if (changed) ELANUS_RETURN_IF_ERROR(change.Put(std::move(segment)));
      any |= changed;
    }
  }
  return any ? change.Commit() : absl::OkStatus();
}

absl::Status Coordinator::RebuildIndex(SegmentId segment_id, IndexId index,
                                       const std::string& key) {
  Change change(*this);
  const meta::SegmentPtr old = state_.FindSegment(segment_id);
  if (old == nullptr || key.empty()) return absl::OkStatus();
  meta::Segment segment = *old;
  const auto part =
      std::find_if(segment.indexes.begin(), segment.indexes.end(),
                   [&](const meta::SegmentIndex& i) { return i.index == index && i.key == key; });
  if (part == segment.indexes.end()) return absl::OkStatus();
  ELANUS_ASSIGN_OR_RETURN(const int64_t build, ids_->Allocate(1));
  *part = {.index = index, .build = BuildId(build)};
  ELANUS_RETURN_IF_ERROR(change.Put(std::move(segment)));
  ELANUS_RETURN_IF_ERROR(change.Commit());
  ELANUS_LOG(Warn, "damaged index is built anew", Field("segment", segment_id.value()),
             Field("index", index.value()), Field("object", key));
  change.NotifySegment(segment_id);
  change.Notify([this, segment_id, index, key](auto*, auto*) {
    // A snapshot that names it finds the damage as we did.
    if (!state_.IsNamed(key)) remover_.Remove({key});
    if (scheduler_ != nullptr) scheduler_->Add(segment_id, index);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<roles::IndexProgress>> Coordinator::DescribeIndexes(
    const std::string& db, const std::string& collection_name, const std::string& index_name,
    Timestamp at) {
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          state_.FindCollection(db, collection_name));
  const std::vector<meta::SegmentPtr> segments = state_.SegmentsOf(collection->id);
  std::vector<roles::IndexProgress> out;
  for (const meta::Index& index : collection->indexes) {
    if (!index_name.empty() && index.name != index_name) continue;
    out.push_back(ProgressOf(index, segments, at, scheduler_.get()));
  }
  if (out.empty()) return IndexNotFound(collection_name, index_name);
  return out;
}

}  // namespace elanus::coord
