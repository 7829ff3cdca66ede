#include "meta/implied_indexes.h"

#include "schema/text_params.h"

namespace elanus::meta {
namespace {

// Far above the ids that are handed out.
constexpr int64_t kFirstTextMatchId = int64_t{1} << 62;

}  // namespace

std::vector<Index> ImpliedIndexes(const schema::CollectionSchema& schema) {
  std::vector<Index> out;
  for (const schema::FieldSchema& field : schema.fields) {
    if (!schema::EnablesMatch(field)) continue;
    Index index;
    index.id = IndexId(kFirstTextMatchId + field.id.value());
    index.name = field.name;
    index.field = field.id;
    index.field_name = field.name;
    index.type = kTextMatchIndex;
    out.push_back(std::move(index));
  }
  return out;
}

std::vector<Index> AllIndexes(const Collection& collection) {
  std::vector<Index> out = collection.indexes;
  for (Index& index : ImpliedIndexes(collection.schema)) out.push_back(std::move(index));
  return out;
}

}  // namespace elanus::meta
