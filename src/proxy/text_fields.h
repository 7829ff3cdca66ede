// What fields say about text analysis: `enable_analyzer`, `enable_match`, `analyzer_params`,
// `multi_analyzer_params`.
#pragma once

#include "common/status.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// Whether the four fit the field, each other and, for `by_field`, the schema.
absl::Status CheckTextField(const schema::FieldSchema& field,
                            const schema::CollectionSchema& schema);

}  // namespace elanus::proxy
