#include "proxy/validity.h"

#include <algorithm>

#include "schema.pb.h"
#include "schema/row_batch.h"

namespace elanus::proxy {

absl::StatusOr<Validity> Validity::Of(const schema_pb::FieldData& data,
                                      const schema::FieldSchema& field, int64_t num_rows) {
  Validity validity;
  validity.num_rows_ = num_rows;
  validity.num_valid_ = num_rows;
  if (data.valid_data().empty()) return validity;
  const bool may_miss = field.nullable || field.has_default();
  if (!may_miss || data.valid_data_size() != num_rows) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the length of field is wrong: valid_data of field({}) has {} entries, "
                     "expected {}",
                     field.name, data.valid_data_size(), may_miss ? num_rows : 0);
  }
  validity.flags_ = {data.valid_data().data(), static_cast<size_t>(num_rows)};
  validity.num_valid_ = std::count(validity.flags_.begin(), validity.flags_.end(), true);
  return validity;
}

NullFiller::NullFiller(const schema::FieldSchema& field, schema::Column& column)
    : column_(column), has_default_(field.has_default()) {
  if (has_default_) default_bytes_ = schema::DefaultColumn(field, 1).View().Raw(0);
}

void NullFiller::operator()() const {
  if (has_default_) {
    column_.AppendRaw(default_bytes_);
  } else {
    column_.AppendNull();
  }
}

}  // namespace elanus::proxy
