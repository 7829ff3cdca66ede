#include "meta/isolation.h"

#include "schema/validate.h"

namespace elanus::meta {

FieldId IsolatedBy(const Collection& collection) {
  const schema::FieldSchema* key = collection.schema.partition_key();
  const auto isolation = collection.Property(kIsolationKey);
  const bool isolated = isolation.has_value() && schema::ParseBool(*isolation).value_or(false);
  return key != nullptr && isolated ? key->id : FieldId();
}

}  // namespace elanus::meta
