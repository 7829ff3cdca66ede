#include "querynode/ordered_rows.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "query/top_rows.h"
#include "querynode/column_batches.h"
#include "querynode/first_error.h"

namespace elanus::querynode {
namespace {

using query::KeyedRow;
using query::RowRef;

class RowOrder {
 public:
  RowOrder(const roles::QueryRequest& request, std::span<const segment::SegmentPtr> segments,
           std::span<kernels::Bitset> candidates, Executor& compute,
           const Cancellation& cancellation)
      : request_(request),
        schema_(request.scope.collection->schema),
        segments_(segments),
        candidates_(candidates),
        compute_(compute),
        cancellation_(cancellation) {
    for (const roles::Ordering& by : request.order) fields_.push_back(by.field);
    fields_.push_back(schema_.primary_key().id);
  }

  // The first rows up to the end of the page, old versions among them.
  absl::StatusOr<std::vector<KeyedRow>> First() {
    const int64_t end = request_.limit < 0 ? -1 : request_.offset + request_.limit;
    std::vector<query::TopRows> tops(segments_.size(), query::TopRows(end));
    FirstError error;
    compute_.ParallelFor(segments_.size(), [&](size_t s) { error.Note(Read(s, tops[s])); });
    ELANUS_RETURN_IF_ERROR(error.status());
    query::TopRows all(end);
    for (query::TopRows& top : tops) all.Merge(std::move(top));
    return all.Take();
  }

  // True if two of these rows have one key, or a newer candidate has the key of one.
  absl::StatusOr<bool> AnyIsOld(const std::vector<KeyedRow>& rows) {
    Versions newest;
    for (const KeyedRow& row : rows) {
      if (!Note(newest, row.at)) return true;
    }
    std::vector<char> old(segments_.size());
    FirstError error;
    compute_.ParallelFor(segments_.size(), [&](size_t s) {
      error.Note(ForEachKey(s, [&](const schema::PrimaryKeyView& key, const RowRef& at) {
        const auto found = newest.find(key);
        if (found != newest.end() && TimeOf(found->second) < TimeOf(at)) old[s] = 1;
      }));
    });
    ELANUS_RETURN_IF_ERROR(error.status());
    return std::find(old.begin(), old.end(), 1) != old.end();
  }

  // Takes the old versions out of the candidates.
  absl::Status DropOld() {
    Versions newest;
    for (size_t s = 0; s < segments_.size(); ++s) {
      ELANUS_RETURN_IF_ERROR(ForEachKey(
          s, [&](const schema::PrimaryKeyView&, const RowRef& at) { Note(newest, at); }));
    }
    for (kernels::Bitset& rows : candidates_) rows = kernels::Bitset(rows.size());
    for (const auto& [key, at] : newest) candidates_[at.segment].Set(at.row);
    return absl::OkStatus();
  }

 private:
  // Keys live in the segments.
  using Versions = absl::flat_hash_map<schema::PrimaryKeyView, RowRef>;

  // False if there was a row of that key already; the newer one stays.
  bool Note(Versions& newest, const RowRef& at) const {
    const auto [it, is_new] = newest.try_emplace(segments_[at.segment]->Key(at.row), at);
    if (is_new) return true;
    if (TimeOf(it->second) < TimeOf(at)) it->second = at;
    return false;
  }
  Timestamp TimeOf(const RowRef& at) const { return segments_[at.segment]->RowTimestamp(at.row); }

  absl::Status Read(size_t s, query::TopRows& top) const {
    ELANUS_ASSIGN_OR_RETURN(const cache::TierPins pins, segments_[s]->Pin(fields_, cancellation_));
    const auto source = segments_[s]->Source(schema_, candidates_[s].size());
    std::string key;
    return ForEachBatch(*source, candidates_[s], fields_, cancellation_,
                        [&](const ColumnBatch& batch) {
                          for (const int32_t row : batch.rows) {
                            key.clear();
                            for (size_t i = 0; i < fields_.size(); ++i) {
                              AppendSortKey(batch.columns[i], row, DirectionOf(i), key);
                            }
                            top.Offer(key, {static_cast<int32_t>(s), batch.begin + row});
                          }
                          return absl::OkStatus();
                        });
  }
  // The key comes last, ascending.
  query::SortDirection DirectionOf(size_t field) const {
    return field < request_.order.size() ? request_.order[field].direction : query::SortDirection();
  }

  template <typename Visit>
  absl::Status ForEachKey(size_t s, const Visit& visit) const {
    const segment::Segment& segment = *segments_[s];
    int64_t count = 0;
    absl::Status status;
    candidates_[s].view().ForEach([&](int64_t row) {
      if (++count % 65536 == 0 && status.ok()) status = cancellation_.Check();
      if (status.ok()) visit(segment.Key(row), RowRef{static_cast<int32_t>(s), row});
    });
    return status;
  }

  const roles::QueryRequest& request_;
  const schema::CollectionSchema& schema_;
  const std::span<const segment::SegmentPtr> segments_;
  const std::span<kernels::Bitset> candidates_;
  Executor& compute_;
  const Cancellation& cancellation_;
  std::vector<FieldId> fields_;
};

}  // namespace

absl::StatusOr<std::vector<RowRef>> OrderRows(const roles::QueryRequest& request,
                                              std::span<const segment::SegmentPtr> segments,
                                              std::vector<kernels::Bitset> candidates,
                                              Executor& compute, const Cancellation& cancellation) {
  RowOrder order(request, segments, candidates, compute, cancellation);
  ELANUS_ASSIGN_OR_RETURN(std::vector<KeyedRow> first, order.First());
  ELANUS_ASSIGN_OR_RETURN(const bool old, order.AnyIsOld(first));
  if (old) {
    ELANUS_RETURN_IF_ERROR(order.DropOld());
    ELANUS_ASSIGN_OR_RETURN(first, order.First());
  }
  std::vector<RowRef> rows;
  for (size_t i = static_cast<size_t>(request.offset); i < first.size(); ++i) {
    rows.push_back(first[i].at);
  }
  return rows;
}

}  // namespace elanus::querynode
