// What an aggregate keeps of each group.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "common/status.h"
#include "common/strong_id.h"
#include "schema/column.h"

namespace elanus::query {

enum class AggregateKind { kCountRows, kCount, kSum, kAvg, kMin, kMax };

struct Aggregate {
  AggregateKind kind = AggregateKind::kCountRows;
  FieldId field;            // None for kCountRows.
  schema::ColumnType type;  // The field's.
};

// Counts and sums of integers are Int64, other sums and averages Double, min and max as the field.
schema::ColumnType ResultType(const Aggregate& aggregate);
// Whether the function is there for fields of this type: sum and avg take numbers, min and max also
// VarChar and Timestamptz, count takes everything.
bool Admits(AggregateKind kind, schema::DataType type);

// Threads: none.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  virtual void Resize(int64_t num_groups) = 0;
  // Row rows[i] of `column` belongs to group groups[i].
  virtual void Add(const schema::ColumnView& column, std::span<const int32_t> rows,
                   std::span<const int32_t> groups) = 0;
  // Group i of `other`, an accumulator of the same aggregate, is group groups[i] here.
  virtual void Merge(const Accumulator& other, std::span<const int32_t> groups) = 0;
  // Null where no value went in, but for counts. kParameterInvalid for a sum beyond Int64.
  virtual absl::Status AppendTo(int64_t group, schema::Column& out) const = 0;
};

std::unique_ptr<Accumulator> MakeAccumulator(const Aggregate& aggregate);

}  // namespace elanus::query
