#include "proxy/convert_array_out.h"

#include "schema.pb.h"
#include "schema/array_value.h"

namespace elanus::proxy {

using schema::DataType;

void ArrayToWire(std::string_view bytes, DataType element_type, schema_pb::ScalarField* out) {
  const schema::ArrayView array(element_type, bytes);
  if (element_type == DataType::kBool) {
    auto* data = out->mutable_bool_data();
    for (int64_t i = 0; i < array.size(); ++i) data->add_data(array.Int(i) != 0);
  } else if (element_type == DataType::kInt64) {
    auto* data = out->mutable_long_data();
    for (int64_t i = 0; i < array.size(); ++i) data->add_data(array.Int(i));
  } else if (schema::IsInteger(element_type)) {
    auto* data = out->mutable_int_data();
    for (int64_t i = 0; i < array.size(); ++i) data->add_data(static_cast<int32_t>(array.Int(i)));
  } else if (element_type == DataType::kFloat) {
    auto* data = out->mutable_float_data();
    for (int64_t i = 0; i < array.size(); ++i) data->add_data(array.Value<float>(i));
  } else if (element_type == DataType::kDouble) {
    auto* data = out->mutable_double_data();
    for (int64_t i = 0; i < array.size(); ++i) data->add_data(array.Value<double>(i));
  } else {
    auto* data = out->mutable_string_data();
    for (int64_t i = 0; i < array.size(); ++i) data->add_data(std::string(array.Raw(i)));
  }
}

}  // namespace elanus::proxy
