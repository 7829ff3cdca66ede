// What the tests of segments share: a small schema, rows for it, and the rows a segment shows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "schema/row_batch.h"
#include "segment/growing_segment.h"
#include "segment/sealed_segment.h"
#include "segment/segment_writer.h"
#include "storage/memory_file_system.h"

namespace elanus::segment {

inline constexpr FieldId kKey{100};
inline constexpr FieldId kNumber{101};
inline constexpr FieldId kVector{102};
inline constexpr FieldId kAdded{103};
inline constexpr FieldId kStamps{1};
inline constexpr int kDim = 2;

// Key (Int64, or VarChar if `text_keys`), a nullable Int64, a vector; kAdded if `with_added`: an
// Int64 with default 7.
inline schema::CollectionSchema TestSchema(bool text_keys = false, bool with_added = false) {
  schema::CollectionSchema schema;
  schema.name = "rows";
  schema::FieldSchema key{.id = kKey, .name = "key", .is_primary_key = true};
  key.type = text_keys ? schema::DataType::kVarChar : schema::DataType::kInt64;
  schema::FieldSchema number{.id = kNumber, .name = "number", .type = schema::DataType::kInt64};
  number.nullable = true;
  schema::FieldSchema vector{
      .id = kVector, .name = "vector", .type = schema::DataType::kFloatVector};
  vector.type_params["dim"] = std::to_string(kDim);
  schema.fields = {key, number, vector};
  if (with_added) {
    schema::FieldSchema added{.id = kAdded, .name = "added", .type = schema::DataType::kInt64};
    added.nullable = true;
    added.default_value = int64_t{7};
    schema.fields.push_back(added);
  }
  return schema;
}

// Rows with these keys; number = 10 * key (null for multiples of 5), vector = (key, 0).
inline schema::RowBatch TestRows(const schema::CollectionSchema& schema,
                                 const std::vector<int64_t>& keys) {
  schema::RowBatch rows;
  rows.num_rows = static_cast<int64_t>(keys.size());
  for (const schema::FieldSchema& field : schema.fields) {
    schema::Column column(field.column_type());
    for (const int64_t key : keys) {
      if (field.id == kKey && field.type == schema::DataType::kVarChar) {
        column.AppendRaw("k" + std::to_string(key));
      } else if (field.id == kVector) {
        const float vector[kDim] = {static_cast<float>(key), 0};
        column.AppendFixedRows(vector, 1);
      } else if (field.id == kNumber && key % 5 == 0) {
        column.AppendNull();
      } else {
        column.Append<int64_t>(field.id == kNumber ? key * 10 : key);
      }
    }
    rows.columns.emplace_back(field.id, std::move(column));
  }
  return rows;
}

inline schema::Column KeyColumn(const std::vector<int64_t>& keys) {
  schema::Column column({.type = schema::DataType::kInt64});
  for (const int64_t key : keys) column.Append(key);
  return column;
}

// Visible Int64 keys and how often each is seen.
inline std::map<int64_t, int> VisibleKeys(const Segment& segment, Timestamp at) {
  std::map<int64_t, int> keys;
  const kernels::Bitset visible = segment.Visible(at);
  visible.view().ForEach([&](int64_t row) { ++keys[segment.Key(row).as_int()]; });
  return keys;
}

template <typename Segments>
std::map<int64_t, int> VisibleKeysOfAll(const Segments& segments, Timestamp at) {
  std::map<int64_t, int> keys;
  for (const auto& segment : segments) {
    for (const auto& [key, times] : VisibleKeys(*segment, at)) keys[key] += times;
  }
  return keys;
}

// Writes a growing segment into `store` and opens it.
inline absl::StatusOr<std::shared_ptr<SealedSegment>> Seal(
    const GrowingSegment& growing, const schema::CollectionSchema& schema,
    storage::ObjectStore& store, std::vector<SegmentId> replaces = {},
    const TierOptions& tiers = {},
    const std::optional<expr::ShreddingLimits>& shredding = std::nullopt,
    std::vector<SegmentId> siblings = {}, FieldId order_by = {}, bool compressed = false) {
  const auto key_of = [&](FieldId field) {
    return fmt::format("insert_log/{}/{}", growing.id(), field);
  };
  ELANUS_ASSIGN_OR_RETURN(
      const std::vector<WrittenColumn> written,
      WriteSegment(growing, growing.num_rows(), kStamps, key_of, store,
                   {.shredding = shredding, .order_by = order_by, .compress_vectors = compressed}));
  SealedFiles files;
  files.id = growing.id();
  files.partition = growing.partition();
  files.num_rows = growing.num_rows();
  files.max_timestamp = growing.max_timestamp();
  files.replaces = std::move(replaces);
  files.siblings = std::move(siblings);
  files.ordered_by = order_by;
  for (const WrittenColumn& column : written) {
    if (column.field == kStamps) {
      files.timestamps = column.key;
    } else if (column.paths) {
      files.shredded.push_back({column.field, column.key, column.bytes});
    } else {
      files.columns.push_back({column.field, column.key, column.bytes});
    }
  }
  return SealedSegment::Open(files, schema, store, tiers);
}

}  // namespace elanus::segment
