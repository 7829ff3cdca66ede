// Indexes that nobody created: the schema of a collection asks for them. They are built, kept and
// rebuilt as others are, but no client sees them.
#pragma once

#include <string_view>
#include <vector>

#include "meta/types.h"

namespace elanus::meta {

// Of fields that text_match may ask for: index/scalar/text_index.h.
inline constexpr std::string_view kTextMatchIndex = "TEXT_MATCH";

// Their ids follow from the field and are not unique among collections.
std::vector<Index> ImpliedIndexes(const schema::CollectionSchema& schema);
// Those of the collection, and the implied ones.
std::vector<Index> AllIndexes(const Collection& collection);

}  // namespace elanus::meta
