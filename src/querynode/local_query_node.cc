#include "querynode/local_query_node.h"

#include <algorithm>

#include "query/merge.h"

namespace elanus::querynode {
namespace {

// Queries of one batch that one task takes: enough to share memory traffic, few enough to share
// cores.
constexpr int64_t kQueriesPerTask = 64;

bool InScope(const segment::Segment& segment, const roles::ReadScope& scope,
             const segment::SegmentSet::Wanted& readable) {
  if (scope.ignore_growing && segment.growing()) return false;
  if (!scope.partitions.empty()) {
    return std::find(scope.partitions.begin(), scope.partitions.end(), segment.partition()) !=
           scope.partitions.end();
  }
  return readable.Covers(segment.partition());
}

// Collects the first error of parallel tasks.
class FirstError {
 public:
  void Note(const absl::Status& status) {
    if (status.ok()) return;
    absl::MutexLock lock(&mutex_);
    if (status_.ok()) status_ = status;
  }
  absl::Status status() const {
    absl::ReaderMutexLock lock(&mutex_);
    return status_;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// The values of `field` of rows that stand in several segments, in the order of `rows`.
schema::Column FetchRows(const std::vector<segment::SegmentPtr>& segments,
                         const schema::FieldSchema& field, const std::vector<query::RowRef>& rows) {
  schema::Column out(field.column_type());
  out.Reserve(static_cast<int64_t>(rows.size()));
  std::vector<int64_t> run;
  for (size_t i = 0; i < rows.size();) {
    run.clear();
    const int32_t segment = rows[i].segment;
    for (; i < rows.size() && rows[i].segment == segment; ++i) run.push_back(rows[i].row);
    segments[segment]->Fetch(field, run, out);
  }
  return out;
}

schema::RowBatch FetchFields(const std::vector<segment::SegmentPtr>& segments,
                             const schema::CollectionSchema& schema,
                             const std::vector<FieldId>& fields,
                             const std::vector<query::RowRef>& rows) {
  schema::RowBatch batch;
  batch.num_rows = static_cast<int64_t>(rows.size());
  for (const FieldId id : fields) {
    if (batch.Find(id) != nullptr) continue;
    if (const schema::FieldSchema* field = schema.Find(id)) {
      batch.columns.emplace_back(id, FetchRows(segments, *field, rows));
    }
  }
  return batch;
}

}  // namespace

absl::StatusOr<LocalQueryNode::ReadView> LocalQueryNode::OpenRead(
    const roles::ReadScope& scope, const Cancellation& cancellation) {
  const std::shared_ptr<LoadedCollection> loaded = Find(scope.collection->id);
  if (loaded == nullptr) {
    return UserError(ErrorCode::kCollectionNotLoaded, "collection not loaded[collection={}]",
                     scope.collection->schema.name);
  }
  for (;;) {
    ELANUS_ASSIGN_OR_RETURN(const LoadedCollection::Readable readable,
                            loaded->WaitReadable(scope.partitions, cancellation));
    const auto set = parts_.registry.Find(scope.collection->id);
    if (set == nullptr) {
      return UserError(ErrorCode::kCollectionNotFound, "collection not found[collection={}]",
                       scope.collection->schema.name);
    }
    ReadView view;
    ELANUS_ASSIGN_OR_RETURN(view.at, parts_.watermark.WaitFor(scope.guarantee, cancellation));
    if (scope.read_at.has_value()) view.at = std::min(view.at, *scope.read_at);
    // After the timestamp: every row at or before it is in one of these segments.
    view.all = set->snapshot();
    // A release in between may have taken some of them out.
    if (loaded->version() != readable.version) continue;
    for (const segment::SegmentPtr& segment : *view.all) {
      if (segment->num_rows() > 0 && InScope(*segment, scope, readable.partitions)) {
        view.segments.push_back(segment);
      }
    }
    return view;
  }
}

absl::StatusOr<std::vector<kernels::Bitset>> LocalQueryNode::Candidates(
    const roles::ReadScope& scope, const ReadView& view, const Cancellation& cancellation) {
  std::vector<kernels::Bitset> candidates(view.segments.size());
  FirstError error;
  const bool everything = expr::IsAlwaysTrue(*scope.filter);
  parts_.compute.ParallelFor(view.segments.size(), [&](size_t i) {
    kernels::Bitset visible = view.segments[i]->Visible(view.at);
    if (!everything && visible.size() > 0) {
      const auto source = view.segments[i]->Source(scope.collection->schema, visible.size());
      kernels::Bitset matching(visible.size());
      error.Note(expr::Evaluate(*scope.filter, *source, visible.view(), matching, cancellation));
      visible.And(matching.view());
    }
    candidates[i] = std::move(visible);
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  return candidates;
}

absl::StatusOr<roles::SearchResult> LocalQueryNode::Search(const roles::SearchRequest& request,
                                                           const Cancellation& cancellation) {
  ELANUS_ASSIGN_OR_RETURN(const ReadView view, OpenRead(request.scope, cancellation));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<kernels::Bitset> candidates,
                          Candidates(request.scope, view, cancellation));
  const schema::FieldSchema* field = request.scope.collection->schema.Find(request.field);
  if (field == nullptr) {
    return UserError(ErrorCode::kFieldNotFound, "field not found[field={}]", request.field);
  }
  const int64_t width = field->column_type().width();
  const query::KeyAt key_at = [&](const query::RowRef& at) {
    return view.segments[at.segment]->Key(at.row);
  };

  // One task a segment and a run of queries.
  const size_t num_segments = view.segments.size();
  const int64_t runs = (request.num_queries + kQueriesPerTask - 1) / kQueriesPerTask;
  std::vector<std::vector<std::vector<query::Hit>>> hits(
      request.num_queries, std::vector<std::vector<query::Hit>>(num_segments));
  FirstError error;
  const auto search = [&](size_t s, int64_t first, int64_t count, int64_t k) {
    segment::SearchSpec spec;
    spec.field = request.field;
    spec.metric = request.metric;
    spec.params = &request.params;
    spec.queries = reinterpret_cast<const uint8_t*>(request.queries.data()) + first * width;
    spec.num_queries = count;
    spec.k = k;
    auto found = view.segments[s]->Search(spec, candidates[s], cancellation);
    if (!found.ok()) return error.Note(found.status());
    for (int64_t q = 0; q < count; ++q) {
      std::vector<query::Hit>& list = hits[first + q][s];
      list.clear();
      list.reserve((*found)[q].size());
      for (const index::Neighbor& neighbor : (*found)[q]) {
        list.push_back({neighbor.distance, {static_cast<int32_t>(s), neighbor.row}});
      }
    }
  };
  parts_.compute.ParallelFor(num_segments * runs, [&](size_t task) {
    const int64_t first = static_cast<int64_t>(task / num_segments) * kQueriesPerTask;
    const size_t segment = task % num_segments;
    if (candidates[segment].Count() == 0) return;
    search(segment, first, std::min(kQueriesPerTask, request.num_queries - first), request.k);
  });
  ELANUS_RETURN_IF_ERROR(error.status());

  roles::SearchResult result;
  result.read_at = view.at;
  for (const kernels::Bitset& rows : candidates) result.rows_searched += rows.Count();
  std::vector<std::vector<query::Hit>> merged(request.num_queries);
  parts_.compute.ParallelFor(request.num_queries, [&](size_t q) {
    std::vector<int64_t> asked(num_segments, request.k);
    for (;;) {
      int64_t dropped = 0;
      merged[q] = query::MergeNearest(hits[q], request.k, key_at, &dropped);
      if (dropped == 0) return;
      // Repeated keys took places: look deeper wherever something unseen may be nearer than the
      // last.
      const bool full = static_cast<int64_t>(merged[q].size()) >= request.k;
      bool more = false;
      for (size_t s = 0; s < num_segments; ++s) {
        const std::vector<query::Hit>& list = hits[q][s];
        if (static_cast<int64_t>(list.size()) < asked[s]) continue;
        if (full && list.back().distance >= merged[q].back().distance) continue;
        more = true;
        asked[s] *= 2;
        search(s, static_cast<int64_t>(q), 1, asked[s]);
      }
      if (!more || !error.status().ok()) return;
    }
  });
  ELANUS_RETURN_IF_ERROR(error.status());

  std::vector<query::RowRef> rows;
  for (const std::vector<query::Hit>& list : merged) {
    result.hits_per_query.push_back(static_cast<int64_t>(list.size()));
    for (const query::Hit& hit : list) {
      rows.push_back(hit.at);
      result.scores.push_back(kernels::ToScore(request.metric, hit.distance));
    }
  }
  const schema::CollectionSchema& schema = request.scope.collection->schema;
  result.keys = FetchRows(view.segments, schema.primary_key(), rows);
  result.fields = FetchFields(view.segments, schema, request.scope.output_fields, rows);
  return result;
}

absl::StatusOr<roles::QueryResult> LocalQueryNode::Query(const roles::QueryRequest& request,
                                                         const Cancellation& cancellation) {
  ELANUS_ASSIGN_OR_RETURN(const ReadView view, OpenRead(request.scope, cancellation));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<kernels::Bitset> candidates,
                          Candidates(request.scope, view, cancellation));
  roles::QueryResult result;
  result.read_at = view.at;
  for (const kernels::Bitset& rows : candidates) result.count += rows.Count();
  if (request.count_only) return result;

  const query::KeyAt key_at = [&](const query::RowRef& at) {
    return view.segments[at.segment]->Key(at.row);
  };
  const query::TimestampAt timestamp_at = [&](const query::RowRef& at) {
    return view.segments[at.segment]->RowTimestamp(at.row);
  };
  std::vector<std::vector<query::RowRef>> lists(view.segments.size());
  parts_.compute.ParallelFor(view.segments.size(), [&](size_t s) {
    std::vector<query::RowRef>& list = lists[s];
    candidates[s].view().ForEach([&](int64_t row) {
      list.push_back({static_cast<int32_t>(s), row});
    });
    if (!view.segments[s]->sorted_by_key()) {
      std::sort(list.begin(), list.end(), [&](const query::RowRef& a, const query::RowRef& b) {
        const auto order = key_at(a) <=> key_at(b);
        return order != 0 ? order < 0 : a.row < b.row;
      });
    }
  });
  const std::vector<query::RowRef> rows =
      query::MergeByKey(lists, request.offset, request.limit, key_at, timestamp_at);
  ELANUS_RETURN_IF_ERROR(cancellation.Check());

  const schema::CollectionSchema& schema = request.scope.collection->schema;
  std::vector<FieldId> fields = {schema.primary_key().id};
  fields.insert(fields.end(), request.scope.output_fields.begin(),
                request.scope.output_fields.end());
  result.rows = FetchFields(view.segments, schema, fields, rows);
  if (request.result_bytes_max > 0) {
    int64_t bytes = 0;
    for (const auto& [field, column] : result.rows.columns) bytes += column.byte_size();
    if (bytes > request.result_bytes_max) {
      return UserError(ErrorCode::kParameterInvalid,
                       "query results exceed the maxOutputSize Limit {}", request.result_bytes_max);
    }
  }
  return result;
}

}  // namespace elanus::querynode
