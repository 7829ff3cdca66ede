// What a query node does for the proxy and the coordinator: it holds what is loaded and answers
// searches and queries over it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "common/timestamp.h"
#include "expr/explain.h"
#include "expr/expr.h"
#include "kernels/distance_range.h"
#include "kernels/metric.h"
#include "meta/types.h"
#include "query/aggregate.h"
#include "schema/row_batch.h"

namespace elanus::roles {

// What both kinds of read share.
struct ReadScope {
  meta::CollectionPtr collection;
  std::vector<PartitionId> partitions;       // Empty = all loaded ones.
  expr::PlanPtr filter;                      // Never null; an empty text compiles to "all".
  Timestamp guarantee;                       // Waits until all at or before it is visible.
  std::optional<Timestamp> read_at;          // A snapshot in the past; nothing = the newest.
  bool ignore_growing = false;
  std::vector<FieldId> output_fields;        // Fetched for the winners. The key comes anyway.
};

struct GroupField {
  FieldId field;                             // Bool, Int8...Int64, VarChar, Timestamptz or Json.
  std::vector<std::string> path;             // Json: keys and array positions from the outside in.
  schema::DataType json_type = schema::DataType::kNone;  // Values of other types count as null;
                                             // kNone: any value, by its text.
  bool strict_cast = false;                  // Values of other types are an error instead.
};

// Hits come in groups that share the values of all fields; null is a value of its own.
struct Grouping {
  std::vector<GroupField> fields;            // At least one.
  int64_t size = 1;                          // Hits of a group, at most.
  bool strict_size = false;                  // Looks on until each group has as many as it can.
};

// A field, or what lies at a path in a JSON one, that rows are ordered by.
struct Ordering {
  FieldId field;                             // Sortable (query/sort_key.h), or Json with a path.
  std::vector<std::string> path;             // Json: keys and array positions from the outside in.
  query::SortDirection direction;
};

struct SearchRequest {
  ReadScope scope;
  FieldId field;                             // The vector field.
  kernels::Metric metric = kernels::Metric::kL2;
  std::map<std::string, std::string> params; // Checked.
  std::string queries;                       // num_queries vectors of the field's own type, row-major.
  int64_t num_queries = 0;
  // Of an ArrayOfVector field (`queries` is then of its elements' type): the number of the first
  // vector of each query, which is a list, and one more at the end. Empty: a query is one vector,
  // and the hits are single vectors of the rows.
  std::vector<int64_t> list_begins;
  int64_t k = 0;                             // Hits a query (groups, if there is a grouping) at most,
  int64_t offset = 0;                        // behind this many that are left out.
  kernels::DistanceRange range;              // Other rows are no hits. Not with a grouping.
  // Of hits at one distance exactly those of the smallest keys come, also where k cuts through them,
  // and `cut_ties` tells that it does. For one query.
  bool exact_ties = false;
  std::optional<Grouping> grouping;
  // Not empty: the hits of each query are put into this order in the end, those that are equal in it
  // by distance. Groups stay together and are ordered by their first hits.
  std::vector<Ordering> order;
};

// What a search did in one segment, over all its queries and rounds.
struct SegmentWork {
  SegmentId segment;
  bool growing = false;
  int64_t rows = 0;
  int64_t candidates = 0;                    // Rows that are visible and pass the filter.
  int64_t searches = 0;                      // Times that the segment was searched.
  std::string strategy;                      // Of the last one: "exact", "HNSW: walk", "codes of ...".
  int64_t distances = 0;                     // Worked out, by vectors or codes.
  int64_t hops = 0;                          // Nodes of a graph or lists looked into.
  int64_t reads = 0;                         // Of blocks, from disk.
  int64_t bytes_read = 0;
  int64_t cells_missed = 0;                  // Cells of the cache that were not there when wanted,
  int64_t bytes_loaded = 0;                  // bytes of them,
  int64_t wait_us = 0;                       // how long the search waited for cells,
  std::vector<std::string> waited_for;       // and of which objects: a few of them.
};

struct SearchResult {
  std::vector<int64_t> hits_per_query;       // num_queries entries.
  schema::Column keys;                       // Flat, query after query.
  std::vector<float> scores;                 // As clients see them (larger is better for IP, COSINE).
  std::vector<int64_t> elements;             // Where single vectors of rows are hits: which, from 0.
  schema::RowBatch fields;                   // output_fields, aligned with keys.
  std::vector<schema::Column> groups;        // Values of the grouping's fields, aligned with keys.
  bool cut_ties = false;                     // More rows are as near as the last hit.
  int64_t rows_searched = 0;
  std::vector<SegmentWork> work;
  int64_t segments_pruned = 0;               // Not looked at: no row of theirs passes the filter.
  Timestamp read_at;
};

struct Aggregation {
  std::vector<FieldId> group_by;
  std::vector<query::Aggregate> values;
};

struct QueryRequest {
  ReadScope scope;
  bool count_only = false;                   // count(*): fills `count` alone.
  std::optional<Aggregation> aggregation;    // Fills `table` alone; limit and offset count groups.
  std::vector<Ordering> order;               // Empty: by key. Of groups: fields of group_by.
  int64_t limit = -1;                        // -1 = all.
  int64_t offset = 0;
  int64_t result_bytes_max = 0;              // 0 = unlimited.
};

struct QueryResult {
  int64_t count = 0;
  query::AggregateTable table;
  schema::RowBatch rows;                     // Key and output_fields in order, one row a key.
  // With an element_filter: which elements of each of `rows` match. `count`, limit and offset count
  // elements then.
  std::vector<std::vector<int64_t>> elements;
  Timestamp read_at;
};

// A filter in one segment: what was expected, and if it ran, what it did.
struct FilterWork {
  SegmentId segment;
  bool growing = false;
  int64_t rows = 0;
  int64_t visible = 0;                       // At the read's timestamp.
  int64_t matched = 0;                       // Of these; 0 unless it ran.
  int64_t nanoseconds = 0;
  int64_t runs = 0;                          // Runs of rows (4,096 or fewer), and how many of them
  int64_t runs_by_zones = 0;                 // zones answered without reading a row.
  std::vector<expr::ExplainStep> steps;
};

enum class LoadState { kNotLoaded, kLoading, kLoaded };

struct LoadStatus {
  LoadState state = LoadState::kNotLoaded;
  int64_t percent = 0;                       // 0...100; 100 exactly when loaded.
  int64_t refresh_percent = 100;
  absl::Status failure;                      // Why the load ended without all it should hold.
};

struct QuerySegment {
  meta::SegmentPtr sealed;                   // Null for a growing one.
  SegmentId id;
  PartitionId partition;
  int64_t num_rows = 0;
  int64_t num_deleted = 0;                   // Of them.
  int64_t memory_bytes = 0;
  bool growing = false;
  std::vector<IndexId> indexes;              // Vector indexes in use.
};

class QueryNode {
 public:
  virtual ~QueryNode() = default;
  // Not loaded: kCollectionNotLoaded / kPartitionNotLoaded; still loading: kCollectionNotFullyLoaded.
  virtual absl::StatusOr<SearchResult> Search(const SearchRequest& request,
                                              const Cancellation& cancellation) = 0;
  virtual absl::StatusOr<QueryResult> Query(const QueryRequest& request,
                                            const Cancellation& cancellation) = 0;
  // How the scope's filter is evaluated, segment by segment, one after the other; it is only if
  // `analyze` says so.
  virtual absl::StatusOr<std::vector<FilterWork>> ExplainFilter(
      const ReadScope& scope, bool analyze, const Cancellation& cancellation) = 0;

  // `partitions` empty = the whole collection.
  virtual LoadStatus GetLoadStatus(CollectionId collection,
                                   const std::vector<PartitionId>& partitions) = 0;
  virtual std::vector<QuerySegment> LoadedSegments(CollectionId collection) = 0;

  // --- From the coordinator, after it committed ---
  // Makes the loaded part what `collection->load` says; returns at once, work goes on behind.
  virtual void OnLoadChanged(meta::CollectionPtr collection, bool refresh) = 0;
  // Schema, properties, indexes or name changed.
  virtual void OnCollectionChanged(meta::CollectionPtr collection) = 0;
  virtual void OnCollectionDropped(CollectionId collection) = 0;
  virtual void OnPartitionDropped(CollectionId collection, PartitionId partition) = 0;
  virtual void OnCollectionTruncated(CollectionId collection, Timestamp at) = 0;
  // An index of this segment was built or dropped: use what segment->indexes says.
  virtual void OnSegmentIndexesChanged(meta::SegmentPtr segment) = 0;
  // `made` take the place of `replaced` in one step (none: no row of theirs is left). When this
  // returns they have, or the old ones go on serving from what is open. Called in the order of the
  // commits, by one thread at a time.
  virtual void OnSegmentsMerged(CollectionId collection, const std::vector<SegmentId>& replaced,
                                const std::vector<meta::SegmentPtr>& made) = 0;
};

}  // namespace elanus::roles
