// Which rows of a request's column are valid, and where its compact values go.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/status.h"
#include "proxy/wire_types.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

namespace elanus::proxy {

class Validity {
 public:
  // kParameterInvalid if the flags do not fit the field or the number of rows.
  static absl::StatusOr<Validity> Of(const schema_pb::FieldData& data,
                                     const schema::FieldSchema& field, int64_t num_rows);

  int64_t num_rows() const { return num_rows_; }
  int64_t num_valid() const { return num_valid_; }
  bool all_valid() const { return num_valid_ == num_rows_; }

  // Calls value(row, position) for each row with its position among the compact values, and null()
  // for each row without one.
  template <typename Value, typename Null>
  absl::Status ForEach(Value&& value, Null&& null) const {
    int64_t position = 0;
    for (int64_t row = 0; row < num_rows_; ++row) {
      if (flags_.empty() || flags_[row]) {
        ELANUS_RETURN_IF_ERROR(value(row, position++));
      } else {
        null();
      }
    }
    return absl::OkStatus();
  }

 private:
  std::span<const bool> flags_;  // Into the request; empty = all valid.
  int64_t num_rows_ = 0;
  int64_t num_valid_ = 0;
};

// Appends what a null row holds: the field's default, or null.
class NullFiller {
 public:
  NullFiller(const schema::FieldSchema& field, schema::Column& column);
  void operator()() const;

 private:
  schema::Column& column_;
  bool has_default_ = false;
  std::string default_bytes_;
};

}  // namespace elanus::proxy
