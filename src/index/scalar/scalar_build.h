// Building the scalar index of one segment's column.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "common/cancellation.h"
#include "common/status.h"
#include "index/vector_index.h"
#include "schema/column.h"

namespace elanus::index {

// What an index type makes of a column.
enum class ScalarForm : uint8_t {
  kNone,    // Of vector indexes.
  kValues,  // Values with their rows, the lists packed where they are long.
  kBitmap,  // The same, the lists always packed.
  kHybrid,  // kBitmap up to bitmap_cardinality_limit distinct values, else kValues.
  kGrams,   // N-grams of texts.
  kBoxes,   // Bounding boxes of shapes.
};

struct ScalarBuildOptions {
  ScalarForm form = ScalarForm::kValues;
  // BOOL, numbers, TIMESTAMPTZ, VARCHAR, ARRAY of those (an entry for each distinct element), and
  // GEOMETRY for kBoxes.
  schema::ColumnView rows;
  // Rows, ascending, that are null in `rows` but have a value which only the field itself can tell.
  std::span<const uint32_t> odd;
  Params params;  // Resolved.
  const Cancellation* cancellation = nullptr;
  std::function<void(double)> progress;  // 0...1; may be empty.
};

// The file's bytes. They depend on the rows and parameters alone.
absl::StatusOr<std::string> BuildScalarIndex(const ScalarBuildOptions& options);

// Bytes that a build has in memory at most, beside the column's rows.
int64_t ScalarBuildMemoryBytes(ScalarForm form, const schema::ColumnView& rows,
                               const Params& params);

}  // namespace elanus::index
