// Opening the scalar indexes of a segment.
#include "segment/scalar_indexes.h"

#include "common/logging.h"
#include "expr/json_path.h"
#include "index/scalar_kinds.h"
#include "meta/implied_indexes.h"
#include "querynode/local_query_node.h"

namespace elanus::querynode {
namespace {

// A file that is damaged again and again is not built for ever.
constexpr int kRebuildsMax = 3;

// Null for indexes that growing rows have none of.
const index::IndexKind* ScalarKindOf(const meta::Collection& collection, const meta::Index& index) {
  const index::IndexKind* kind = index::FindIndexKind(index.type);
  const bool fits = kind != nullptr && !kind->is_vector && kind->builds_files;
  return fits && collection.schema.Find(index.field) != nullptr ? kind : nullptr;
}

// What the keys of an index on this field stand for.
segment::IndexSubject SubjectOf(const schema::FieldSchema& field, const meta::Index& index) {
  segment::IndexSubject subject{.field = field.id};
  subject.elements = field.type == schema::DataType::kArray;
  if (field.type != schema::DataType::kJson) return subject;
  subject.path = expr::PathOfPointer(index.json_path);
  subject.all_paths = index::IsOverAllPaths(index.params);
  const auto cast = index::JsonCastOf(index.params);
  subject.elements = cast.has_value() && cast->array;
  return subject;
}

}  // namespace

std::vector<IndexId> LocalQueryNode::ScalarIndexIds(const meta::Collection& collection) {
  std::vector<IndexId> ids;
  for (const meta::Index& index : collection.indexes) {
    if (ScalarKindOf(collection, index) != nullptr) ids.push_back(index.id);
  }
  return ids;
}

std::vector<segment::DeclaredIndex> LocalQueryNode::DeclaredIndexes(
    const meta::Collection& collection) {
  std::vector<segment::DeclaredIndex> declared;
  for (const meta::Index& index : collection.indexes) {
    const index::IndexKind* kind = ScalarKindOf(collection, index);
    if (kind == nullptr) continue;
    const schema::FieldSchema* field = collection.schema.Find(index.field);
    declared.push_back({index.id,
                        index.type + " " + index.name,
                        SubjectOf(*field, index),
                        {.form = kind->scalar_form,
                         .params = index.params,
                         .path = expr::PathOfPointer(index.json_path)}});
  }
  return declared;
}

absl::StatusOr<std::shared_ptr<segment::LoadedScalarIndex>> LocalQueryNode::OpenScalarIndex(
    const meta::Collection& collection, const schema::FieldSchema& field, const meta::Index& index,
    const meta::SegmentIndex& built, int64_t num_rows) {
  auto loaded = std::make_shared<segment::LoadedScalarIndex>();
  loaded->key = built.key;
  loaded->name = index.type + " " + index.name;
  static_cast<segment::IndexSubject&>(*loaded) = SubjectOf(field, index);
  const bool texts = index.type == meta::kTextMatchIndex;
  const bool paths = loaded->all_paths;
  if (parts_.tiers != nullptr && built.bytes > 0) {
    // Nothing of it is read by a load that does not warm it.
    loaded->blocks = std::make_shared<segment::CachedBlocks>(
        *parts_.tiers, cache::Identity{cache::Kind::kScalarIndex, collection.id.value(), built.key},
        static_cast<uint64_t>(built.bytes));
    const auto reader = [blocks = loaded->blocks] { return segment::CachedBlocks::Reader(blocks); };
    if (texts) {
      loaded->texts.OpenWith([=] { return index::TextIndex::Open(reader(), num_rows); });
    } else if (paths) {
      loaded->paths.OpenWith([=] { return index::PathIndex::Open(reader(), num_rows); });
    } else {
      loaded->index.OpenWith([=] { return index::OpenScalarIndex(reader(), num_rows); });
    }
    return loaded;
  }
  if (WantsMmap(index)) {
    ELANUS_ASSIGN_OR_RETURN(auto blocks, parts_.store.OpenBlocks(built.key));
    if (paths) {
      ELANUS_ASSIGN_OR_RETURN(loaded->paths, index::PathIndex::Open(std::move(blocks), num_rows));
    } else {
      ELANUS_ASSIGN_OR_RETURN(loaded->index, index::OpenScalarIndex(std::move(blocks), num_rows));
    }
    return loaded;
  }
  ELANUS_ASSIGN_OR_RETURN(loaded->file, parts_.store.Get(built.key));
  if (texts) {
    ELANUS_ASSIGN_OR_RETURN(loaded->texts, index::TextIndex::Open(loaded->file->data(), num_rows));
  } else if (paths) {
    ELANUS_ASSIGN_OR_RETURN(loaded->paths, index::PathIndex::Open(loaded->file->data(), num_rows));
  } else {
    ELANUS_ASSIGN_OR_RETURN(loaded->index, index::OpenScalarIndex(loaded->file->data(), num_rows));
  }
  return loaded;
}

void LocalQueryNode::UseScalarIndex(const meta::Collection& collection,
                                    const meta::Segment& flushed, const meta::Index& index,
                                    const meta::SegmentIndex& built,
                                    segment::SealedSegment& sealed) {
  segment::ScalarIndexes& indexes = sealed.scalar_indexes();
  const std::string& key = built.key;
  const schema::FieldSchema* field = collection.schema.Find(index.field);
  if (key.empty() || field == nullptr) return indexes.Set(index.id, nullptr);
  if (indexes.KeyOf(index.id) == key) return;
  auto loaded = OpenScalarIndex(collection, *field, index, built, sealed.num_rows());
  if (!loaded.ok()) {
    indexes.Set(index.id, nullptr);
    return NoteBadIndex(collection, flushed, index, key, loaded.status());
  }
  (*loaded)->on_damage = [this, segment = flushed.id, id = index.id, key](const absl::Status&) {
    AskForRebuild(segment, id, key);
  };
  if (WarmupOf(parts_.warmup, collection, index) == Warmup::kSync) {
    const absl::Status warm = sealed.WarmIndex(**loaded, Cancellation());
    if (!warm.ok()) {
      ELANUS_LOG(Warn, "index not warmed; the first filter brings it",
                 Field("segment", flushed.id.value()), Field("index", index.name),
                 Field("reason", warm));
    }
  }
  indexes.Set(index.id, *std::move(loaded));
  // What was made in memory for want of a file.
  if (index.type == meta::kTextMatchIndex) sealed.match_columns().Drop(index.field);
}

void LocalQueryNode::NoteBadIndex(const meta::Collection& collection, const meta::Segment& flushed,
                                  const meta::Index& index, const std::string& key,
                                  const absl::Status& status) {
  ELANUS_LOG(Error, "index file cannot be used; its segment is scanned instead",
             Field("segment", flushed.id.value()), Field("index", index.name), Field("object", key),
             Field("reason", status));
  if (MayPass(CodeOf(status))) {
    absl::MutexLock lock(&failed_mutex_);
    failed_indexes_.insert({collection.id, flushed.id});
  }
  // A vector index may stay on disk and serve beside a damaged block.
  if (index.metric.empty() && CodeOf(status) == ErrorCode::kDataIntegrity) {
    AskForRebuild(flushed.id, index.id, key);
  }
}

void LocalQueryNode::AskForRebuild(SegmentId segment, IndexId index, const std::string& key) {
  {
    absl::MutexLock lock(&failed_mutex_);
    if (++rebuilds_[{segment, index}] > kRebuildsMax) return;
  }
  // Behind: whoever found the damage may hold locks, or be in the middle of a request.
  (void)parts_.loading.Submit([this, segment, index, key] {
    const absl::Status status = parts_.coordinator.RebuildIndex(segment, index, key);
    if (!status.ok()) {
      ELANUS_LOG(Error, "damaged index stays as it is", Field("segment", segment.value()),
                 Field("object", key), Field("reason", status));
    }
  });
}

}  // namespace elanus::querynode
