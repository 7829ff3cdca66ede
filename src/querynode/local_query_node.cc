#include "querynode/local_query_node.h"

#include <algorithm>
#include <bit>

#include "common/metric_families.h"
#include "expr/sample.h"
#include "meta/row_expiry.h"
#include "query/merge.h"
#include "querynode/aggregation.h"
#include "querynode/element_rows.h"
#include "querynode/fetch.h"
#include "querynode/first_error.h"
#include "querynode/grouped_search.h"
#include "querynode/hit_order.h"
#include "querynode/ordered_rows.h"
#include "querynode/segment_pruning.h"
#include "querynode/segment_search.h"
#include "segment/expiry_mask.h"
#include "segment/filter.h"
#include "segment/growing_segment.h"

namespace elanus::querynode {
namespace {

bool InScope(PartitionId partition, const roles::ReadScope& scope,
             const segment::SegmentSet::Wanted& readable) {
  if (!scope.partitions.empty()) {
    return std::find(scope.partitions.begin(), scope.partitions.end(), partition) !=
           scope.partitions.end();
  }
  return readable.Covers(partition);
}

bool InScope(const segment::Segment& segment, const roles::ReadScope& scope,
             const segment::SegmentSet::Wanted& readable) {
  if (scope.ignore_growing && segment.growing()) return false;
  return InScope(segment.partition(), scope, readable);
}

// Puts the hits of every query into the order that the request asks for.
absl::Status Reorder(const roles::SearchRequest& request,
                     std::span<const segment::SegmentPtr> segments, const GroupedSearch* grouped,
                     const Cancellation& cancellation, std::vector<Hits>& hits) {
  const schema::CollectionSchema& schema = request.scope.collection->schema;
  for (Hits& list : hits) {
    std::vector<query::RowRef> rows;
    for (const query::Hit& hit : list) rows.push_back(hit.at);
    std::vector<std::string> groups;
    if (grouped != nullptr) {
      ELANUS_ASSIGN_OR_RETURN(const std::vector<schema::Column> values, grouped->ValuesOf(rows));
      groups.resize(rows.size());
      for (const schema::Column& column : values) {
        for (size_t i = 0; i < rows.size(); ++i) {
          query::AppendSortKey(column.View(), static_cast<int64_t>(i), {}, groups[i]);
        }
      }
    }
    const Hits old = std::move(list);
    list.clear();
    ELANUS_ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                            OrderKeys(request.order, schema, segments, rows, cancellation));
    for (const size_t place : OrderHits(keys, groups)) {
      list.push_back(old[place]);
    }
  }
  return absl::OkStatus();
}

// Leaves out the first hits of a query.
void DropFirst(int64_t count, Hits& hits) {
  hits.erase(hits.begin(), hits.begin() + std::min<int64_t>(count, std::ssize(hits)));
}

// Whether the rows that pass up to some row hold `wanted` keys, and all rows of these: true once
// there is a key more. `segment` is in the order of keys and outlives the answer.
std::function<bool(const kernels::Bitset&, int64_t)> FirstKeys(const segment::Segment& segment,
                                                               int64_t wanted) {
  return [&segment, wanted, begin = int64_t{0}, keys = int64_t{0}, last = int64_t{-1}](
             const kernels::Bitset& passing, int64_t end) mutable {
    for (int64_t word = begin / 64; word < (end + 63) / 64 && keys <= wanted; ++word) {
      for (uint64_t rows = passing.words()[word]; rows != 0; rows &= rows - 1) {
        const int64_t row = word * 64 + std::countr_zero(rows);
        if (last < 0 || segment.Key(row) != segment.Key(last)) ++keys;
        last = row;
      }
    }
    begin = end;
    return keys > wanted;
  };
}

}  // namespace

meta::SegmentPtr LocalQueryNode::FindPruned(const roles::ReadScope& scope,
                                            SegmentId segment) const {
  if (!parts_.prunes_segments || expr::NamesNoField(*scope.filter)) return nullptr;
  const std::optional<meta::SegmentPtr> listed = parts_.coordinator.FindSegment(segment);
  if (!listed.has_value() || MayHoldMatches(*scope.filter, **listed)) return nullptr;
  return *listed;
}

absl::StatusOr<LocalQueryNode::ReadView> LocalQueryNode::OpenRead(const roles::ReadScope& scope,
                                                                  const Cancellation& cancellation,
                                                                  std::optional<FieldId> searched) {
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
    view.now = view.at;
    if (scope.read_at.has_value()) view.at = std::min(view.at, *scope.read_at);
    // After the timestamp: every row at or before it is in one of these segments.
    const std::vector<segment::ColdSegment> cold =
        set->Cold([&](PartitionId id) { return InScope(id, scope, readable.partitions); });
    view.all = set->snapshot();
    // A release in between may have taken some of them out.
    if (loaded->version() != readable.version) continue;
    bool whole = true;
    std::vector<segment::ColdSegment> wanted;
    for (const segment::ColdSegment& segment : cold) {
      if (const meta::SegmentPtr pruned = FindPruned(scope, segment.id)) {
        whole = whole && pruned->deletes_applied <= view.at;
        ++view.num_pruned;
      } else {
        wanted.push_back(segment);
      }
    }
    if (!wanted.empty()) {
      ELANUS_RETURN_IF_ERROR(OpenCold(scope.collection->id, *set, wanted, searched, cancellation));
      continue;
    }
    for (const segment::SegmentPtr& segment : *view.all) {
      if (segment->num_rows() > 0 && InScope(*segment, scope, readable.partitions)) {
        whole = whole && segment->deletes_applied() <= view.at;
        if (!segment->growing() && FindPruned(scope, segment->id()) != nullptr) {
          ++view.num_pruned;
        } else {
          view.segments.push_back(segment);
        }
      }
    }
    // A compaction between the two steps has left out rows that were still visible at that time. Of
    // a time that the caller chose there is no other view.
    if (whole || scope.read_at.has_value()) return view;
  }
}

absl::StatusOr<std::vector<kernels::Bitset>> LocalQueryNode::Candidates(
    const roles::ReadScope& scope, const ReadView& view, const Cancellation& cancellation,
    std::optional<int64_t> keys_wanted) {
  std::vector<kernels::Bitset> candidates(view.segments.size());
  std::vector<expr::AnswerTally> tallies(view.segments.size());
  FirstError error;
  const bool everything = expr::IsAlwaysTrue(*scope.filter);
  const meta::RowExpiry expiry = meta::ExpiryOf(*scope.collection, parts_.default_ttl_s);
  const segment::ExpiryMask expired({.inserted_up_to = expiry.InsertedUpTo(view.now),
                                     .field = scope.collection->schema.Find(expiry.field),
                                     .micros = meta::ExpiredMicros(view.now)});
  if (!everything) DeclareIndexes(*scope.collection, view);
  const uint64_t sample = num_samples_.fetch_add(1, std::memory_order_relaxed);
  parts_.compute.ParallelFor(view.segments.size(), [&](size_t i) {
    kernels::Bitset visible = view.segments[i]->Visible(view.at);
    error.Note(expired.Hide(*view.segments[i], scope.collection->schema, visible, cancellation));
    if (!everything && visible.size() > 0) {
      segment::FilterOptions options{.reads_shredded = reads_shredded_,
                                     .evaluate = {.tally = &tallies[i]}};
      if (keys_wanted.has_value() && view.segments[i]->sorted_by_key()) {
        options.evaluate.enough = FirstKeys(*view.segments[i], *keys_wanted);
      }
      const auto matching = segment::Filter(*view.segments[i], scope.collection->schema,
                                            *scope.filter, visible, cancellation, options);
      error.Note(matching.status());
      if (!matching.ok()) return;
      matching->Restrict(visible);
      expr::KeepSample(*scope.filter, view.at.value() ^ sample << 32 ^ i, visible);
    }
    candidates[i] = std::move(visible);
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  CountAnswers(view, tallies);
  return candidates;
}

void LocalQueryNode::DeclareIndexes(const meta::Collection& collection,
                                    const ReadView& view) const {
  const std::vector<IndexId> ids = ScalarIndexIds(collection);
  for (const segment::SegmentPtr& segment : view.segments) {
    if (!segment->growing()) continue;
    auto& indexes = dynamic_cast<const segment::GrowingSegment&>(*segment).indexes();
    if (indexes.AreDeclared(ids)) continue;
    Executor* const executor = parts_.interim == nullptr ? nullptr : parts_.interim->executor();
    indexes.Declare(DeclaredIndexes(collection), executor);
  }
}

void LocalQueryNode::CountAnswers(const ReadView& view,
                                  std::span<const expr::AnswerTally> tallies) const {
  if (parts_.metrics == nullptr) return;
  for (const bool growing : {false, true}) {
    expr::AnswerTally total;
    for (size_t i = 0; i < tallies.size(); ++i) {
      if (view.segments[i]->growing() != growing) continue;
      for (const auto& [by, count] : tallies[i]) total[by] += count;
    }
    for (const auto& [by, count] : total) {
      parts_.metrics->GetCounter(metric::kFilterLeaves, {growing ? "Growing" : "Sealed", by})
          ->Add(static_cast<uint64_t>(count));
    }
  }
}

segment::InterimIndexer* LocalQueryNode::InterimFor(const meta::Collection& collection,
                                                    FieldId field) const {
  const meta::Index* index = collection.IndexOf(field);
  const index::IndexKind* kind = index != nullptr ? index::FindIndexKind(index->type) : nullptr;
  return kind != nullptr && kind->builds_files ? parts_.interim : nullptr;
}

absl::StatusOr<std::vector<expr::ElementMatches>> LocalQueryNode::Elements(
    const roles::ReadScope& scope, const ReadView& view,
    const std::vector<kernels::Bitset>& candidates, const Cancellation& cancellation) {
  std::vector<expr::ElementMatches> elements;
  if (expr::ElementStructOf(*scope.filter).empty()) return elements;
  elements.resize(view.segments.size());
  FirstError error;
  parts_.compute.ParallelFor(view.segments.size(), [&](size_t i) {
    const std::vector<FieldId> fields = expr::ElementFieldsOf(*scope.filter);
    const auto source =
        view.segments[i]->SourceFor(*scope.filter, {.fields = fields, .rows = candidates[i].view()},
                                    scope.collection->schema, candidates[i].size(), cancellation);
    error.Note(source.status());
    if (!source.ok()) return;
    auto matches =
        expr::EvaluateElements(*scope.filter, **source, candidates[i].view(), cancellation);
    error.Note(matches.status());
    if (matches.ok()) elements[i] = *std::move(matches);
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  return elements;
}

absl::StatusOr<roles::SearchResult> LocalQueryNode::Search(const roles::SearchRequest& request,
                                                           const Cancellation& cancellation) {
  ELANUS_ASSIGN_OR_RETURN(const ReadView view,
                          OpenRead(request.scope, cancellation, request.field));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<kernels::Bitset> candidates,
                          Candidates(request.scope, view, cancellation));
  const schema::FieldSchema* field = request.scope.collection->schema.Find(request.field);
  if (field == nullptr) {
    return UserError(ErrorCode::kFieldNotFound, "field not found[field={}]", request.field);
  }
  ELANUS_ASSIGN_OR_RETURN(const std::vector<expr::ElementMatches> elements,
                          Elements(request.scope, view, candidates, cancellation));
  SegmentSearch search(request, *field, view.segments, parts_.compute, cancellation,
                       InterimFor(*request.scope.collection, field->id));
  search.KeepElements(elements);
  const schema::CollectionSchema& schema = request.scope.collection->schema;
  roles::SearchResult result;
  result.read_at = view.at;
  result.segments_pruned = view.num_pruned;
  for (const kernels::Bitset& rows : candidates) result.rows_searched += rows.Count();
  std::optional<GroupedSearch> grouped;
  std::vector<Hits> hits;
  if (request.grouping.has_value()) {
    for (const roles::GroupField& group : request.grouping->fields) {
      if (schema.Find(group.field) == nullptr) {
        return UserError(ErrorCode::kFieldNotFound, "field not found[field={}]", group.field);
      }
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

  if (!request.order.empty()) {
    ELANUS_RETURN_IF_ERROR(Reorder(request, view.segments,
                                   grouped.has_value() ? &*grouped : nullptr, cancellation, hits));
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
  ELANUS_ASSIGN_OR_RETURN(result.keys,
                          FetchRows(view.segments, schema.primary_key(), rows, cancellation));
  ELANUS_ASSIGN_OR_RETURN(
      result.fields,
      FetchFields(view.segments, schema, request.scope.output_fields, rows, cancellation));
  result.work = search.TakeWork(candidates);
  return result;
}

namespace {

struct Page {
  int64_t offset = 0;
  int64_t limit = -1;
};

constexpr int64_t kSortedRowsPart = 16;

// All rows by key, one a key, and of them the page.
std::vector<query::RowRef> RowsByKey(const Page& page,
                                     std::span<const segment::SegmentPtr> segments,
                                     std::span<const kernels::Bitset> candidates,
                                     Executor& compute) {
  const query::KeyAt key_at = [&](const query::RowRef& at) {
    return segments[at.segment]->Key(at.row);
  };
  const query::TimestampAt timestamp_at = [&](const query::RowRef& at) {
    return segments[at.segment]->RowTimestamp(at.row);
  };
  std::vector<std::vector<query::RowRef>> lists(segments.size());
  compute.ParallelFor(segments.size(), [&](size_t s) {
    std::vector<query::RowRef>& list = lists[s];
    // A few rows, as one tenant has, are sorted for less than all are passed by in order.
    const bool many = candidates[s].Count() > candidates[s].size() / kSortedRowsPart;
    const auto order = many ? segments[s]->KeyOrder() : std::span<const uint32_t>();
    if (!order.empty()) {
      const int64_t keys_wanted = page.limit < 0 ? INT64_MAX : page.offset + page.limit;
      int64_t keys = 0;
      for (const uint32_t row : order) {
        if (!candidates[s].Test(row)) continue;
        if (list.empty() || segments[s]->Key(list.back().row) != segments[s]->Key(row)) ++keys;
        if (keys > keys_wanted) break;
        list.push_back({static_cast<int32_t>(s), row});
      }
      return;
    }
    candidates[s].view().ForEach([&](int64_t row) {
      list.push_back({static_cast<int32_t>(s), row});
    });
    if (!segments[s]->sorted_by_key()) {
      std::sort(list.begin(), list.end(), [&](const query::RowRef& a, const query::RowRef& b) {
        const auto order = key_at(a) <=> key_at(b);
        return order != 0 ? order < 0 : a.row < b.row;
      });
    }
  });
  return query::MergeByKey(lists, page.offset, page.limit, key_at, timestamp_at);
}

absl::Status CheckSize(int64_t bytes, int64_t bytes_max) {
  if (bytes_max == 0 || bytes <= bytes_max) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid, "query results exceed the maxOutputSize Limit {}",
                   bytes_max);
}

absl::Status CheckSize(const query::AggregateTable& table, int64_t bytes_max) {
  int64_t bytes = 0;
  for (const auto* columns : {&table.groups, &table.values}) {
    for (const schema::Column& column : *columns) bytes += column.byte_size();
  }
  return CheckSize(bytes, bytes_max);
}

}  // namespace

namespace {

// Of a page in the order of keys: how many of the smallest keys decide it.
std::optional<int64_t> KeysWanted(const roles::QueryRequest& request) {
  const expr::Plan& filter = *request.scope.filter;
  if (request.limit < 0 || request.count_only || request.aggregation.has_value() ||
      !request.order.empty() || expr::Samples(filter) || !expr::ElementStructOf(filter).empty()) {
    return std::nullopt;
  }
  return request.offset + request.limit;
}

}  // namespace

absl::StatusOr<roles::QueryResult> LocalQueryNode::Query(const roles::QueryRequest& request,
                                                         const Cancellation& cancellation) {
  ELANUS_ASSIGN_OR_RETURN(const ReadView view, OpenRead(request.scope, cancellation));
  ELANUS_ASSIGN_OR_RETURN(std::vector<kernels::Bitset> candidates,
                          Candidates(request.scope, view, cancellation, KeysWanted(request)));
  roles::QueryResult result;
  result.read_at = view.at;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<expr::ElementMatches> elements,
                          Elements(request.scope, view, candidates, cancellation));
  const bool by_elements = !elements.empty();
  for (const expr::ElementMatches& of : elements) result.count += of.elements.Count();
  for (const kernels::Bitset& rows : candidates) result.count += by_elements ? 0 : rows.Count();
  if (request.count_only) return result;
  if (by_elements && (request.aggregation.has_value() || !request.order.empty())) {
    return UserError(ErrorCode::kParameterInvalid,
                     "element_filter does not go together with aggregates or order_by_fields");
  }
  if (request.aggregation.has_value()) {
    ELANUS_ASSIGN_OR_RETURN(result.table, AggregateRows(request, view.segments, candidates,
                                                        parts_.compute, cancellation));
    ELANUS_RETURN_IF_ERROR(CheckSize(result.table, request.result_bytes_max));
    return result;
  }
  std::vector<query::RowRef> rows;
  if (request.order.empty()) {
    const Page page = by_elements ? Page{} : Page{request.offset, request.limit};
    rows = RowsByKey(page, view.segments, candidates, parts_.compute);
    if (by_elements) {
      result.elements = ListElements(elements, request.offset, request.limit, rows);
    }
  } else {
    ELANUS_ASSIGN_OR_RETURN(rows, OrderRows(request, view.segments, std::move(candidates),
                                            parts_.compute, cancellation));
  }
  ELANUS_RETURN_IF_ERROR(cancellation.Check());

  const schema::CollectionSchema& schema = request.scope.collection->schema;
  std::vector<FieldId> fields = {schema.primary_key().id};
  fields.insert(fields.end(), request.scope.output_fields.begin(),
                request.scope.output_fields.end());
  ELANUS_ASSIGN_OR_RETURN(result.rows,
                          FetchFields(view.segments, schema, fields, rows, cancellation));
  int64_t bytes = 0;
  for (const auto& [field, column] : result.rows.columns) bytes += column.byte_size();
  ELANUS_RETURN_IF_ERROR(CheckSize(bytes, request.result_bytes_max));
  return result;
}

}  // namespace elanus::querynode
