#include "querynode/grouped_search.h"

#include <algorithm>
#include <functional>

#include "querynode/fetch.h"
#include "querynode/first_error.h"

namespace elanus::querynode {
namespace {

// A round costs a pass over the rows, so it asks for this many hits at least.
constexpr int64_t kRoundHitsMin = 64;
// The first round asks for more hits than are wanted: two rows of a group take one place.
constexpr int64_t kFirstRoundFactor = 2;

// The groups of rows of one batch of columns after another.
class GroupReader {
 public:
  GroupReader(const roles::Grouping& grouping, std::span<const schema::FieldSchema* const> fields) {
    for (size_t i = 0; i < fields.size(); ++i) values_.emplace_back(grouping.fields[i], *fields[i]);
  }

  // How the group is written in numbers_: different for different values, null among them. Valid
  // until the next call. `columns` are those of the grouping's fields.
  absl::StatusOr<std::reference_wrapper<const std::string>> KeyOf(
      std::span<const schema::ColumnView> columns, int64_t row) {
    key_.clear();
    for (size_t i = 0; i < values_.size(); ++i) {
      ELANUS_ASSIGN_OR_RETURN(const auto value, values_[i].Of(columns[i], row));
      const uint64_t length = value.has_value() ? value->size() + 1 : 0;
      key_.append(reinterpret_cast<const char*>(&length), sizeof(length));
      if (value.has_value()) key_ += *value;
    }
    return key_;
  }

 private:
  std::vector<GroupValues> values_;
  std::string key_;
};

}  // namespace

GroupedSearch::GroupedSearch(const roles::SearchRequest& request, const SegmentSearch& search,
                             std::span<const segment::SegmentPtr> segments,
                             const CandidateRows& candidates, Executor& compute)
    : request_(request),
      grouping_(*request.grouping),
      search_(search),
      segments_(segments),
      candidates_(candidates),
      compute_(compute) {
  for (const roles::GroupField& field : grouping_.fields) {
    fields_.push_back(request.scope.collection->schema.Find(field.field));
  }
}

int32_t GroupedSearch::NumberOf(const std::string& key) {
  const auto next = static_cast<int32_t>(numbers_.size());
  return numbers_.try_emplace(key, next).first->second;
}

void GroupedSearch::Offer(const query::Hit& hit, int32_t group, Progress& progress) const {
  const std::pair key(search_.KeyAt(hit.at), hit.at.element);
  if (progress.keys.contains(key) || !progress.groups.Offer(hit, group)) return;
  progress.keys.insert(key);
  progress.taken.push_back(hit);
}

absl::StatusOr<GroupedSearch::Progress> GroupedSearch::FirstRound(const Hits& nearest,
                                                                  int64_t asked) {
  Progress progress(query::GroupCollector(request_.offset + request_.k, grouping_.size));
  std::vector<query::RowRef> rows;
  for (const query::Hit& hit : nearest) rows.push_back(hit.at);
  std::vector<schema::Column> columns;
  for (const schema::FieldSchema* field : fields_) {
    ELANUS_ASSIGN_OR_RETURN(schema::Column column,
                            FetchRows(segments_, *field, rows, search_.cancellation()));
    columns.push_back(std::move(column));
  }
  std::vector<schema::ColumnView> views;
  for (const schema::Column& column : columns) views.push_back(column.View());
  GroupReader reader(grouping_, fields_);
  {
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < nearest.size(); ++i) {
      ELANUS_ASSIGN_OR_RETURN(const std::string& key, reader.KeyOf(views, static_cast<int64_t>(i)));
      Offer(nearest[i], NumberOf(key), progress);
    }
  }
  const bool full = !grouping_.strict_size || progress.groups.num_missing_hits() == 0;
  progress.finished =
      static_cast<int64_t>(nearest.size()) < asked || (progress.groups.has_all_groups() && full);
  return progress;
}

absl::StatusOr<bool> GroupedSearch::Round(int64_t query, int64_t k, const std::vector<bool>& wanted,
                                          Progress& progress) const {
  CandidateRows rows(segments_.size());
  for (size_t s = 0; s < segments_.size(); ++s) {
    const std::vector<int32_t>& groups = row_groups_[s];
    rows[s] = kernels::Bitset(static_cast<int64_t>(groups.size()));
    for (size_t row = 0; row < groups.size(); ++row) {
      if (groups[row] >= 0 && wanted[groups[row]]) rows[s].Set(static_cast<int64_t>(row));
    }
  }
  // Of a row that gave a hit more may come where its vectors are hits.
  if (!search_.finds_elements()) {
    for (const query::Hit& hit : progress.taken) rows[hit.at.segment].Reset(hit.at.row);
  }
  ELANUS_ASSIGN_OR_RETURN(const Hits hits, search_.NearestOf(query, k, {}, rows));
  for (const query::Hit& hit : hits) {
    Offer(hit, row_groups_[hit.at.segment][hit.at.row], progress);
  }
  return static_cast<int64_t>(hits.size()) < k;
}

absl::Status GroupedSearch::Finish(int64_t query, Progress& progress) const {
  query::GroupCollector& groups = progress.groups;
  std::vector<bool> wanted(num_groups_);
  int64_t k = std::max(kRoundHitsMin, kFirstRoundFactor * groups.num_missing_groups());
  for (bool all = false; !all && !groups.has_all_groups(); k *= 2) {
    for (size_t i = 0; i < num_groups_; ++i) wanted[i] = !groups.Has(static_cast<int32_t>(i));
    ELANUS_ASSIGN_OR_RETURN(all, Round(query, k, wanted, progress));
  }
  if (!grouping_.strict_size) return absl::OkStatus();
  k = std::max(kRoundHitsMin, kFirstRoundFactor * groups.num_missing_hits());
  for (bool all = false; !all && groups.num_missing_hits() > 0; k *= 2) {
    for (size_t i = 0; i < num_groups_; ++i) {
      const auto group = static_cast<int32_t>(i);
      wanted[i] = groups.Has(group) && !groups.IsFull(group);
    }
    ELANUS_ASSIGN_OR_RETURN(all, Round(query, k, wanted, progress));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Hits>> GroupedSearch::Run() {
  const int64_t asked =
      std::max(kRoundHitsMin, kFirstRoundFactor * (request_.offset + request_.k) * grouping_.size);
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Hits> nearest, search_.Nearest(asked, candidates_));
  std::vector<std::optional<Progress>> progress(nearest.size());
  FirstError error;
  compute_.ParallelFor(nearest.size(), [&](size_t q) {
    auto first = FirstRound(nearest[q], asked);
    error.Note(first.status());
    if (first.ok()) progress[q] = *std::move(first);
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  const bool finished = std::all_of(progress.begin(), progress.end(),
                                    [](const auto& query) { return query->finished; });
  if (!finished) ELANUS_RETURN_IF_ERROR(ReadAllRows());
  std::vector<Hits> out(nearest.size());
  compute_.ParallelFor(nearest.size(), [&](size_t q) {
    if (!progress[q]->finished) error.Note(Finish(static_cast<int64_t>(q), *progress[q]));
    out[q] = progress[q]->groups.Flatten(request_.offset);
  });
  ELANUS_RETURN_IF_ERROR(error.status());
  return out;
}

absl::Status GroupedSearch::ReadAllRows() {
  row_groups_.resize(segments_.size());
  FirstError error;
  compute_.ParallelFor(segments_.size(), [&](size_t s) { error.Note(ReadSegment(s)); });
  absl::MutexLock lock(&mutex_);
  num_groups_ = numbers_.size();
  return error.status();
}

absl::Status GroupedSearch::ReadSegment(size_t segment) {
  const kernels::Bitset& rows = candidates_[segment];
  std::vector<int32_t>& groups = row_groups_[segment];
  groups.assign(static_cast<size_t>(rows.size()), -1);
  if (rows.Count() == 0) return absl::OkStatus();
  std::vector<FieldId> read;
  for (const schema::FieldSchema* field : fields_) read.push_back(field->id);
  ELANUS_ASSIGN_OR_RETURN(const cache::TierPins pins,
                          segments_[segment]->Pin(read, search_.cancellation()));
  const auto source = segments_[segment]->Source(request_.scope.collection->schema, rows.size());
  GroupReader reader(grouping_, fields_);
  std::vector<schema::ColumnView> columns(fields_.size());
  // Numbers of this segment first: one lock for all of its values.
  absl::flat_hash_map<std::string, int32_t> local;
  for (int64_t begin = 0; begin < rows.size();) {
    const int64_t count = std::min(source->ContiguousRows(begin), rows.size() - begin);
    for (size_t f = 0; f < fields_.size(); ++f) {
      columns[f] = source->Rows(fields_[f]->id, begin, count);
    }
    for (int64_t i = 0; i < count; ++i) {
      if (!rows.Test(begin + i)) continue;
      ELANUS_ASSIGN_OR_RETURN(const std::string& key, reader.KeyOf(columns, i));
      const auto next = static_cast<int32_t>(local.size());
      groups[begin + i] = local.try_emplace(key, next).first->second;
    }
    begin += count;
  }
  std::vector<int32_t> numbers(local.size());
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, number] : local) {
      const auto next = static_cast<int32_t>(numbers_.size());
      numbers[number] = numbers_.try_emplace(key, next).first->second;
    }
  }
  for (int32_t& group : groups) {
    if (group >= 0) group = numbers[group];
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<schema::Column>> GroupedSearch::ValuesOf(
    const std::vector<query::RowRef>& rows) const {
  std::vector<schema::Column> all;
  for (size_t f = 0; f < fields_.size(); ++f) {
    ELANUS_ASSIGN_OR_RETURN(const schema::Column column,
                            FetchRows(segments_, *fields_[f], rows, search_.cancellation()));
    GroupValues values(grouping_.fields[f], *fields_[f]);
    schema::Column& out = all.emplace_back(values.type());
    for (int64_t row = 0; row < column.num_rows(); ++row) {
      ELANUS_ASSIGN_OR_RETURN(const auto value, values.Of(column.View(), row));
      if (value.has_value()) {
        out.AppendRaw(*value);
      } else {
        out.AppendNull();
      }
    }
  }
  return all;
}

}  // namespace elanus::querynode
