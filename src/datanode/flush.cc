// Flushing: growing segments and pending deletes become files, in one catalog transaction.
#include <algorithm>

#include "common/crash_point.h"
#include "common/logging.h"
#include "common/metric_families.h"
#include "datanode/local_data_node.h"
#include "meta/isolation.h"
#include "segment/segment_writer.h"
#include "storage/delta_file.h"

namespace elanus::datanode {

std::shared_ptr<absl::Mutex> LocalDataNode::FlushMutex(CollectionId collection) {
  absl::MutexLock lock(&flush_mutexes_mutex_);
  std::shared_ptr<absl::Mutex>& mutex = flush_mutexes_[collection];
  if (mutex == nullptr) mutex = std::make_shared<absl::Mutex>();
  return mutex;
}

void LocalDataNode::RunBehind(std::function<void()> task) {
  // What is refused is tried again by Maintain.
  (void)parts_.background.Submit([state = background_state_, task = std::move(task)] {
    {
      absl::MutexLock lock(&state->mutex);
      if (state->stopped) return;
      ++state->running;
    }
    task();
    absl::MutexLock lock(&state->mutex);
    if (--state->running == 0) state->idle.SignalAll();
  });
}

void LocalDataNode::StartFlush(CollectionId collection) {
  // A failed flush is tried again by Maintain: the rows stay in memory and in the log.
  RunBehind([this, collection] {
    if (const absl::Status flushed = FlushCollection(collection); !flushed.ok()) {
      ELANUS_LOG_EVERY(10, Warn, "flush failed; the rows stay in memory and in the log",
                       Field("collection", collection.value()), Field("reason", flushed));
    }
  });
}

absl::StatusOr<meta::Segment> LocalDataNode::WriteFiles(const OpenSegment& open) {
  const segment::GrowingSegment& growing = *open.segment;
  const int64_t rows = growing.num_rows();
  meta::Segment made;
  made.id = growing.id();
  made.collection = open.collection;
  made.partition = growing.partition();
  made.shard = growing.shard();
  made.num_rows = rows;
  made.min_timestamp = growing.min_timestamp();
  made.max_timestamp = growing.max_timestamp();
  made.log_end = applied_end_.load();  // Its last row was applied before.
  const auto collection = parts_.coordinator.GetCollection(open.collection);
  if (collection.ok()) made.ordered_by = meta::IsolatedBy(**collection);
  ELANUS_ASSIGN_OR_RETURN(
      const int64_t log_id,
      parts_.coordinator.AllocateIds(static_cast<int64_t>(growing.Fields().size()) + 1));
  ELANUS_ASSIGN_OR_RETURN(
      std::vector<segment::WrittenColumn> columns,
      segment::WriteSegment(growing, rows, meta::kTimestampField, ColumnKeys(made, log_id),
                            parts_.store, WriteOptionsOf(made)));
  AddFiles(std::move(columns), made);
  return made;
}

absl::StatusOr<std::vector<meta::Delta>> LocalDataNode::WriteDeletes(
    CollectionId collection, const std::vector<segment::PendingDelete>& pending) {
  std::vector<meta::Delta> deltas;
  if (pending.empty()) return deltas;
  const bool text = std::holds_alternative<std::string>(pending.front().key);
  storage::DeltaRows rows;
  rows.keys =
      schema::Column({.type = text ? schema::DataType::kVarChar : schema::DataType::kInt64});
  for (const segment::PendingDelete& deleted : pending) {
    if (text) {
      rows.keys.AppendRaw(std::get<std::string>(deleted.key));
    } else {
      rows.keys.Append(std::get<int64_t>(deleted.key));
    }
    rows.timestamps.push_back(deleted.at);
    rows.partitions.push_back(deleted.partition.value());
  }
  ELANUS_ASSIGN_OR_RETURN(meta::Delta delta, WriteDelta(collection, rows));
  deltas.push_back(std::move(delta));
  return deltas;
}

absl::StatusOr<meta::Delta> LocalDataNode::WriteDelta(CollectionId collection,
                                                      const storage::DeltaRows& rows) {
  ELANUS_ASSIGN_OR_RETURN(const int64_t id, parts_.coordinator.AllocateIds(1));
  meta::Delta delta;
  delta.id = id;
  delta.collection = collection;
  delta.key = fmt::format("delta_log/{}/-1/{}/{}", collection, id, id);
  delta.num_rows = rows.keys.num_rows();
  delta.min_timestamp = rows.timestamps.front();
  delta.max_timestamp = rows.timestamps.back();
  ELANUS_ASSIGN_OR_RETURN(const std::string file, storage::EncodeDeltaFile(rows));
  const std::string_view part = file;
  ELANUS_RETURN_IF_ERROR(parts_.store.Put(delta.key, {&part, 1}));
  return delta;
}

uint64_t LocalDataNode::ReplayFrom(const std::vector<OpenSegmentPtr>& done,
                                   CollectionId deletes_done) {
  uint64_t from = applied_end_.load();
  {
    absl::MutexLock lock(&order_mutex_);
    for (const OpenSegmentPtr& open : segments_.All()) {
      if (std::find(done.begin(), done.end(), open) != done.end()) continue;
      from = std::min(from, open->first_position.load());
    }
  }
  for (const auto& [collection, set] : parts_.registry.All()) {
    if (collection == deletes_done) continue;
    if (const auto position = set->OldestPendingPosition()) from = std::min(from, *position);
  }
  return from;
}

absl::Status LocalDataNode::FlushCollection(CollectionId collection) {
  if (parts_.registry.Find(collection) == nullptr) return absl::OkStatus();
  const std::shared_ptr<absl::Mutex> mutex = FlushMutex(collection);
  absl::MutexLock flush_lock(mutex.get());
  const absl::Status flushed = FlushLocked(collection);
  if (parts_.metrics != nullptr) {
    parts_.metrics->GetCounter(metric::kDataNodeFlushes, {flushed.ok() ? "success" : "fail"})
        ->Add();
  }
  absl::MutexLock lock(&order_mutex_);
  flush_failure_ = flushed;
  return flushed;
}

void LocalDataNode::CountFlushed(const std::vector<meta::SegmentPtr>& segments, uint64_t begin_ns) {
  if (parts_.metrics == nullptr) return;
  int64_t rows = 0, bytes = 0;
  for (const meta::SegmentPtr& segment : segments) {
    rows += segment->num_rows;
    bytes += segment->bytes();
  }
  const double ms = static_cast<double>(parts_.clock.MonotonicNs() - begin_ns) / 1e6;
  parts_.metrics->GetCounter(metric::kDataNodeFlushedRows, {"streaming"})
      ->Add(static_cast<uint64_t>(rows));
  parts_.metrics->GetCounter(metric::kDataNodeFlushedBytes, {"streaming", "L1"})
      ->Add(static_cast<uint64_t>(bytes));
  parts_.metrics->GetHistogram(metric::kDataNodeSaveLatency, {"all"})->Observe(ms);
}

absl::Status LocalDataNode::FlushLocked(CollectionId collection) {
  const uint64_t begin_ns = parts_.clock.MonotonicNs();
  std::vector<OpenSegmentPtr> sealing;
  {
    absl::MutexLock lock(&order_mutex_);
    sealing = segments_.Sealing(collection);
  }
  const auto set = parts_.registry.Find(collection);
  if (set == nullptr) return absl::OkStatus();
  Timestamp last;
  for (const OpenSegmentPtr& open : sealing) last = std::max(last, open->last_assigned);
  if (last.valid()) parts_.watermark.WaitApplied(last);

  CrashPoint("flush.before_files");
  // The collector of garbage leaves alone what is written from here on.
  const std::shared_ptr<void> hold = parts_.coordinator.HoldIds();
  std::vector<meta::Segment> made;
  for (const OpenSegmentPtr& open : sealing) {
    if (open->segment->num_rows() == 0) continue;
    if (!open->written.has_value()) {
      ELANUS_ASSIGN_OR_RETURN(open->written, WriteFiles(*open));
      open->hold = hold;
    }
    made.push_back(*open->written);
  }
  const std::vector<segment::PendingDelete> pending = set->PendingDeletes();
  ELANUS_ASSIGN_OR_RETURN(std::vector<meta::Delta> deltas, WriteDeletes(collection, pending));
  if (made.empty() && deltas.empty() && sealing.empty()) return absl::OkStatus();

  // Deletes that come after the copy above have later positions than those copied.
  uint64_t replay_from = ReplayFrom(sealing, collection);
  if (const auto position = set->PendingPosition(pending.size())) {
    replay_from = std::min(replay_from, *position);
  }
  CrashPoint("flush.before_commit");
  auto committed = parts_.coordinator.CommitFlush(std::move(made), deltas, replay_from);
  if (!committed.ok()) {
    // The next try writes the deletes anew. Only a full disk says for sure that nothing was
    // committed.
    if (CodeOf(committed.status()) == ErrorCode::kDiskLimitExceeded) {
      for (const meta::Delta& delta : deltas) parts_.store.Remove(delta.key).IgnoreError();
    } else if (!deltas.empty()) {
      absl::MutexLock lock(&undecided_mutex_);
      undecided_holds_.push_back(hold);
    }
    return committed.status();
  }
  CrashPoint("flush.after_commit");
  set->ForgetDeletes(pending.size());
  for (const OpenSegmentPtr& open : sealing) {
    const auto it = std::find_if(committed->begin(), committed->end(), [&](const auto& segment) {
      return segment->id == open->segment->id();
    });
    if (it != committed->end()) {
      HandOver(**it);
    } else {
      set->RemoveGrowing(open->segment->id());
    }
  }
  {
    absl::MutexLock lock(&order_mutex_);
    segments_.Forget(sealing);
  }
  CountFlushed(*committed, begin_ns);
  ELANUS_LOG(Debug, "flushed", Field("collection", collection.value()),
             Field("segments", committed->size()), Field("deltas", deltas.size()));
  CrashPoint("flush.before_truncate");
  return parts_.log.TruncateBelow(log::Position(replay_from));
}

void LocalDataNode::HandOver(const meta::Segment& flushed) {
  const auto set = parts_.registry.Find(flushed.collection);
  const auto collection = parts_.coordinator.GetCollection(flushed.collection);
  if (set == nullptr || !collection.ok()) return;
  if (!set->wanted().Covers(flushed.partition)) {
    set->RemoveGrowing(flushed.id);
    return;
  }
  auto sealed = segment::SealedSegment::Open(FilesOf(flushed), (*collection)->schema, parts_.store,
                                             {parts_.tiers, flushed.collection.value()});
  // New rows are asked for more than old ones: they stay at hand, and every block is read back.
  if (sealed.ok()) {
    const absl::Status warm = (*sealed)->WarmAll(Cancellation());
    if (!warm.ok()) sealed = warm;
  }
  // A file that cannot be read back just now leaves the growing segment serving: nothing is lost,
  // and the next load names the damage.
  if (!sealed.ok()) {
    if (MayPass(CodeOf(sealed.status()))) {
      absl::MutexLock lock(&handovers_mutex_);
      handovers_.push_back(flushed);
    }
    ELANUS_LOG(Error, "flushed segment cannot be read back; it is served from memory",
               Field("segment", flushed.id.value()), Field("reason", sealed.status()));
    return;
  }
  if (flushed.min_timestamp <= (*collection)->truncated) {
    (*sealed)->HideUpTo((*collection)->truncated);
  }
  (*sealed)->BuildMatchColumns((*collection)->schema);
  const auto in_catalog = [&] { return parts_.coordinator.FindSegment(flushed.id).has_value(); };
  // Every delete of its rows went through the growing segment, which hands them over.
  if (set->HandOver(*std::move(sealed), in_catalog)) {
    parts_.registry.TellHandedOver(flushed.collection, flushed.id);
  }
}

void LocalDataNode::RetryHandOvers() {
  std::vector<meta::Segment> again;
  {
    absl::MutexLock lock(&handovers_mutex_);
    again.swap(handovers_);
  }
  for (meta::Segment& flushed : again) {
    RunBehind([this, flushed = std::move(flushed)] {
      if (parts_.coordinator.FindSegment(flushed.id).has_value()) HandOver(flushed);
    });
  }
}

absl::StatusOr<roles::FlushResult> LocalDataNode::Flush(CollectionId collection,
                                                        const Cancellation& cancellation) {
  roles::FlushResult result;
  {
    absl::MutexLock lock(&order_mutex_);
    for (const OpenSegmentPtr& open : segments_.All(collection)) {
      if (open->assigned_rows > 0) result.sealed.push_back(open->segment->id());
    }
    segments_.SealCollection(collection);
    // After this nothing older than the flush timestamp can be assigned.
    result.flush_timestamp = parts_.coordinator.AllocateTimestamp();
  }
  ELANUS_RETURN_IF_ERROR(cancellation.Check());
  ELANUS_RETURN_IF_ERROR(FlushCollection(collection));
  for (const meta::SegmentPtr& segment : parts_.coordinator.Segments(collection)) {
    result.flushed.push_back(segment->id);
  }
  return result;
}

bool LocalDataNode::IsFlushed(CollectionId collection, Timestamp at) {
  absl::MutexLock lock(&order_mutex_);
  for (const OpenSegmentPtr& open : segments_.All(collection)) {
    if (open->assigned_rows == 0) continue;
    const Timestamp first = open->segment->min_timestamp();
    if (!first.valid() || first <= at) return false;
  }
  return true;
}

void LocalDataNode::Maintain() {
  const uint64_t now = parts_.clock.WallMs();
  const log::LogStatistics log = parts_.log.statistics();
  std::vector<CollectionId> to_flush;
  {
    absl::MutexLock lock(&order_mutex_);
    for (const auto& [slot, open] : segments_.Open()) {
      if (open->assigned_rows == 0) continue;
      // The wall clock may have stepped back.
      const bool old = now > open->created_ms + options_.growing_age_ms_max;
      const bool idle = now > open->touched_ms + options_.growing_idle_ms_max &&
                        open->assigned_bytes >= options_.growing_idle_bytes_min;
      // The older half of a log that grew too long is freed by flushing who holds it back.
      const bool holds_log =
          log.live_bytes > options_.log_bytes_max &&
          open->first_position.load() < log.end.value() - options_.log_bytes_max / 2;
      if (old || idle || holds_log) segments_.Seal(slot);
    }
    for (const OpenSegmentPtr& open : segments_.All()) {
      if (segments_.FindOpen(
              {open->collection, open->segment->partition(), open->segment->shard()}) != open) {
        to_flush.push_back(open->collection);
      }
    }
  }
  for (const auto& [collection, set] : parts_.registry.All()) {
    const int64_t deletes = static_cast<int64_t>(set->num_pending_deletes());
    if (deletes > options_.pending_deletes_max ||
        (deletes > 0 && log.live_bytes > options_.log_bytes_max)) {
      to_flush.push_back(collection);
    }
  }
  std::sort(to_flush.begin(), to_flush.end());
  to_flush.erase(std::unique(to_flush.begin(), to_flush.end()), to_flush.end());
  for (const CollectionId collection : to_flush) StartFlush(collection);
  RetryHandOvers();
}

absl::Status LocalDataNode::FlushAll(const Cancellation& cancellation) {
  absl::Status first;
  for (const auto& [collection, set] : parts_.registry.All()) {
    const absl::Status status = Flush(collection, cancellation).status();
    if (first.ok()) first = status;
  }
  return first;
}

namespace {

meta::ColumnValues ValuesOf(const segment::ColumnSummary& summary) {
  using Kind = meta::ColumnValues::Kind;
  const storage::Zone& zone = summary.zone;
  meta::ColumnValues out{.num_nulls = zone.num_nulls,
                         .has_nan = zone.has_nan,
                         .min_int = zone.min_int,
                         .max_int = zone.max_int,
                         .min_real = zone.min_real,
                         .max_real = zone.max_real,
                         .min_text = zone.min_text,
                         .max_text = zone.max_text,
                         .max_is_prefix = zone.max_text_is_prefix,
                         .ints = summary.ints,
                         .texts = summary.texts};
  if (!zone.has_range) return out;
  switch (summary.kind) {
    case segment::ColumnSummary::Kind::kInts:
      out.kind = Kind::kInt;
      break;
    case segment::ColumnSummary::Kind::kReals:
      out.kind = Kind::kReal;
      break;
    case segment::ColumnSummary::Kind::kTexts:
      out.kind = Kind::kText;
      break;
  }
  return out;
}

}  // namespace

std::function<std::string(FieldId)> ColumnKeys(const meta::Segment& made, int64_t log_id) {
  return [collection = made.collection, partition = made.partition, segment = made.id,
          log_id](FieldId field) mutable {
    return fmt::format("insert_log/{}/{}/{}/{}/{}", collection, partition, segment, field,
                       log_id++);
  };
}

void AddFiles(std::vector<segment::WrittenColumn> columns, meta::Segment& made) {
  for (segment::WrittenColumn& column : columns) {
    made.files.push_back(
        {column.field, std::move(column.key), column.bytes, std::move(column.quantiles),
         column.paths,
         column.summary.has_value() ? std::optional(ValuesOf(*column.summary)) : std::nullopt});
  }
}

segment::SealedFiles FilesOf(const meta::Segment& segment) {
  segment::SealedFiles files;
  files.id = segment.id;
  files.partition = segment.partition;
  files.shard = segment.shard;
  files.num_rows = segment.num_rows;
  files.min_timestamp = segment.min_timestamp;
  files.max_timestamp = segment.max_timestamp;
  files.deletes_applied = segment.deletes_applied;
  files.ordered_by = segment.ordered_by;
  for (const meta::ReplacedSegment& replaced : segment.replaces) {
    files.replaces.push_back(replaced.id);
  }
  files.siblings = segment.siblings;
  for (const meta::FieldFile& file : segment.files) {
    if (file.field == meta::kTimestampField) {
      files.timestamps = file.key;
    } else if (file.paths) {
      files.shredded.push_back({file.field, file.key, file.bytes});
    } else {
      files.columns.push_back({file.field, file.key, file.bytes});
    }
  }
  return files;
}

}  // namespace elanus::datanode
