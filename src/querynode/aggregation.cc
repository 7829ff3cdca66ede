#include "querynode/aggregation.h"

#include <algorithm>
#include <memory>

#include "querynode/column_batches.h"
#include "querynode/first_error.h"

namespace elanus::querynode {
namespace {

using Columns = std::vector<schema::ColumnView>;

// The fields that are read, each once.
class FieldList {
 public:
  size_t Add(FieldId field) {
    const auto at = std::find(fields_.begin(), fields_.end(), field);
    if (at != fields_.end()) return static_cast<size_t>(at - fields_.begin());
    fields_.push_back(field);
    return fields_.size() - 1;
  }
  const std::vector<FieldId>& fields() const { return fields_; }

 private:
  std::vector<FieldId> fields_;
};

// Reads the rows of one segment into an aggregator.
class SegmentReader {
 public:
  explicit SegmentReader(const roles::Aggregation& aggregation)
      : groups_(aggregation.group_by.size()), inputs_(aggregation.values.size()) {
    for (const FieldId field : aggregation.group_by) group_places_.push_back(fields_.Add(field));
    for (const query::Aggregate& value : aggregation.values) {
      const bool reads = value.kind != query::AggregateKind::kCountRows;
      input_places_.push_back(reads ? static_cast<int>(fields_.Add(value.field)) : -1);
    }
  }

  const std::vector<FieldId>& fields() const { return fields_.fields(); }

  absl::Status Read(const expr::ColumnSource& source, const kernels::Bitset& rows,
                    const Cancellation& cancellation, query::Aggregator& into) {
    return ForEachBatch(source, rows, fields_.fields(), cancellation,
                        [&](const ColumnBatch& batch) {
                          for (size_t i = 0; i < groups_.size(); ++i)
                            groups_[i] = batch.columns[group_places_[i]];
                          for (size_t i = 0; i < inputs_.size(); ++i) {
                            if (input_places_[i] >= 0) inputs_[i] = batch.columns[input_places_[i]];
                          }
                          return into.Add(groups_, inputs_, batch.rows);
                        });
  }

 private:
  FieldList fields_;
  std::vector<size_t> group_places_;  // Into fields_.
  std::vector<int> input_places_;     // Into fields_; -1: none.
  Columns groups_, inputs_;
};

query::GroupOrder OrderOf(const roles::QueryRequest& request) {
  const std::vector<FieldId>& fields = request.aggregation->group_by;
  query::GroupOrder order{.order = {}, .offset = request.offset, .limit = request.limit};
  for (const roles::Ordering& by : request.order) {
    const auto at = std::find(fields.begin(), fields.end(), by.field);
    order.order.push_back({static_cast<size_t>(at - fields.begin()), by.direction});
  }
  return order;
}

}  // namespace

absl::StatusOr<query::AggregateTable> AggregateRows(const roles::QueryRequest& request,
                                                    std::span<const segment::SegmentPtr> segments,
                                                    std::span<const kernels::Bitset> candidates,
                                                    Executor& compute,
                                                    const Cancellation& cancellation) {
  const schema::CollectionSchema& schema = request.scope.collection->schema;
  const roles::Aggregation& aggregation = *request.aggregation;
  std::vector<schema::ColumnType> types;
  for (const FieldId field : aggregation.group_by) {
    types.push_back(schema.Find(field)->column_type());
  }
  std::vector<std::unique_ptr<query::Aggregator>> parts(segments.size());
  FirstError error;
  compute.ParallelFor(segments.size(), [&](size_t s) {
    if (candidates[s].Count() == 0) return;
    parts[s] = std::make_unique<query::Aggregator>(types, aggregation.values);
    SegmentReader reader(aggregation);
    const auto pins = segments[s]->Pin(reader.fields(), cancellation);
    error.Note(pins.status());
    if (!pins.ok()) return;
    const auto source = segments[s]->Source(schema, candidates[s].size());
    error.Note(reader.Read(*source, candidates[s], cancellation, *parts[s]));
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  query::Aggregator all(types, aggregation.values);
  for (const auto& part : parts) {
    if (part != nullptr) ELANUS_RETURN_IF_ERROR(all.Merge(*part));
  }
  return all.Finish(OrderOf(request));
}

}  // namespace elanus::querynode
