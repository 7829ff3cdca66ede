// What an index request means, and when two requests mean the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "coord/options.h"
#include "meta/types.h"

namespace elanus::coord {

// An index as asked for: complete but for its ids and times. An empty name becomes the default one.
// The schema must be that of the collection.
absl::StatusOr<meta::Index> ResolveRequest(const meta::Collection& collection,
                                           const std::string& field_name, const std::string& name,
                                           const meta::KeyValues& params, const Limits& limits);

// Whether the existing index is what `params` ask for. Keys that AlterIndex may have put into it do
// not count.
bool SameIndex(const meta::Index& existing, const meta::Index& wanted,
               const meta::KeyValues& params);

// The index is built into a file for each segment.
bool BuildsFiles(const meta::Index& index);

// A key of AlterIndex with its value; an empty value stands for deletion.
absl::Status CheckAlterIndexKey(const meta::Index& index, std::string_view key,
                                const std::string* value);

}  // namespace elanus::coord
