// Values for the variables of a filter.
#pragma once

#include "common/status.h"
#include "expr/expr.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {

absl::StatusOr<expr::TemplateValue> TemplateFromWire(const schema_pb::TemplateValue& value);

// `values` is the map field of a request.
template <typename WireMap>
absl::StatusOr<expr::TemplateValues> TemplatesFromWire(const WireMap& values) {
  expr::TemplateValues out;
  for (const auto& [name, value] : values) {
    ELANUS_ASSIGN_OR_RETURN(out[name], TemplateFromWire(value));
  }
  return out;
}

}  // namespace elanus::proxy
