// Building the text match index of one segment's column.
#pragma once

#include <functional>
#include <string>

#include "common/cancellation.h"
#include "common/status.h"
#include "schema/column.h"
#include "text/analyzer.h"

namespace elanus::index {

struct TextBuildOptions {
  schema::ColumnView rows;  // VARCHAR.
  text::AnalyzerPtr analyzer;
  const Cancellation* cancellation = nullptr;
  std::function<void(double)> progress;  // 0...1; may be empty.
};

// The file's bytes. They depend on the rows and the analyzer alone.
absl::StatusOr<std::string> BuildTextIndex(const TextBuildOptions& options);

// Bytes that a build has in memory at most, beside the column's rows, about.
int64_t TextBuildMemoryBytes(const schema::ColumnView& rows);

}  // namespace elanus::index
