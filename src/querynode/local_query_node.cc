#include "querynode/local_query_node.h"

#include <algorithm>

#include "query/merge.h"
#include "querynode/element_rows.h"
#include "querynode/fetch.h"
#include "querynode/first_error.h"
#include "querynode/grouped_search.h"
#include "querynode/segment_search.h"

namespace elanus::querynode {
namespace {

bool InScope(const segment::Segment& segment, const roles::ReadScope& scope,
             const segment::SegmentSet::Wanted& readable) {
  if (scope.ignore_growing && segment.growing()) return false;
  if (!scope.partitions.empty()) {
    return std::find(scope.partitions.begin(), scope.partitions.end(), segment.partition()) !=
           scope.partitions.end();
  }
  return readable.Covers(segment.partition());
}

// Leaves out the first hits of a query.
void DropFirst(int64_t count, Hits& hits) {
  hits.erase(hits.begin(), hits.begin() + std::min<int64_t>(count, std::ssize(hits)));
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

absl::StatusOr<std::vector<expr::ElementMatches>> LocalQueryNode::Elements(
    const roles::ReadScope& scope, const ReadView& view,
    const std::vector<kernels::Bitset>& candidates, const Cancellation& cancellation) {
  std::vector<expr::ElementMatches> elements;
  if (expr::ElementStructOf(*scope.filter).empty()) return elements;
  elements.resize(view.segments.size());
  FirstError error;
  parts_.compute.ParallelFor(view.segments.size(), [&](size_t i) {
    const auto source = view.segments[i]->Source(scope.collection->schema, candidates[i].size());
    auto matches =
        expr::EvaluateElements(*scope.filter, *source, candidates[i].view(), cancellation);
    error.Note(matches.status());
    if (matches.ok()) elements[i] = *std::move(matches);
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  return elements;
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
  ELANUS_ASSIGN_OR_RETURN(const std::vector<expr::ElementMatches> elements,
                          Elements(request.scope, view, candidates, cancellation));
  SegmentSearch search(request, *field, view.segments, parts_.compute, cancellation);
  search.KeepElements(elements);
  const schema::CollectionSchema& schema = request.scope.collection->schema;
  roles::SearchResult result;
  result.read_at = view.at;
  for (const kernels::Bitset& rows : candidates) result.rows_searched += rows.Count();
  std::optional<GroupedSearch> grouped;
  std::vector<Hits> hits;
  if (request.grouping.has_value()) {
    if (schema.Find(request.grouping->field) == nullptr) {
      return UserError(ErrorCode::kFieldNotFound, "field not found[field={}]",
                       request.grouping->field);
    }
    grouped.emplace(request, search, view.segments, candidates, parts_.compute);
    ELANUS_ASSIGN_OR_RETURN(hits, grouped->Run());
  } else if (request.exact_ties) {
    hits.resize(1);
    ELANUS_ASSIGN_OR_RETURN(hits[0], search.NearestWithTies(0, request.offset + request.k,
                                                            candidates, &result.cut_ties));
    DropFirst(request.offset, hits[0]);
  } else {
    ELANUS_ASSIGN_OR_RETURN(hits, search.Nearest(request.offset + request.k, candidates));
    for (Hits& list : hits) DropFirst(request.offset, list);
  }

  std::vector<query::RowRef> rows;
  for (const Hits& list : hits) {
    result.hits_per_query.push_back(std::ssize(list));
    for (const query::Hit& hit : list) {
      rows.push_back(hit.at);
      result.scores.push_back(kernels::ToScore(request.metric, hit.distance));
      if (search.finds_elements()) result.elements.push_back(hit.at.element);
    }
  }
  if (grouped.has_value()) {
    ELANUS_ASSIGN_OR_RETURN(result.groups, grouped->ValuesOf(rows));
  }
  result.keys = FetchRows(view.segments, schema.primary_key(), rows);
  result.fields = FetchFields(view.segments, schema, request.scope.output_fields, rows);
  return result;
}

absl::StatusOr<roles::QueryResult> LocalQueryNode::Query(const roles::QueryRequest& request,
                                                         const Cancellation& cancellation) {
  ELANUS_ASSIGN_OR_RETURN(const ReadView view, OpenRead(request.scope, cancellation));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<kernels::Bitset> candidates,
                          Candidates(request.scope, view, cancellation));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<expr::ElementMatches> elements,
                          Elements(request.scope, view, candidates, cancellation));
  const bool by_elements = !elements.empty();
  roles::QueryResult result;
  result.read_at = view.at;
  for (const expr::ElementMatches& of : elements) result.count += of.elements.Count();
  for (const kernels::Bitset& rows : candidates) result.count += by_elements ? 0 : rows.Count();
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
  std::vector<query::RowRef> rows =
      query::MergeByKey(lists, by_elements ? 0 : request.offset, by_elements ? -1 : request.limit,
                        key_at, timestamp_at);
  if (by_elements) {
    result.elements = ListElements(elements, request.offset, request.limit, rows);
  }
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
