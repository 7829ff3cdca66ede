// What the keys of objects tell: which ids made them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/strong_id.h"
#include "meta/types.h"

namespace elanus::coord {

std::vector<std::string_view> PartsOf(std::string_view key);
// The number that a part begins with; 0 if it begins with none.
int64_t NumberIn(std::string_view part);
// The largest number among the parts of a key. Ids only grow, so it says when the key was made.
int64_t NewestIdIn(std::string_view key);
// The build that made an index file; 0 for other objects.
BuildId BuildOf(std::string_view key);
// The collection whose deletes the object holds; not valid for other objects.
CollectionId DeletesOf(std::string_view key);
// The segment that an object was written for; not valid for deletes.
SegmentId SegmentOf(std::string_view key);

// The same object under the ids of another segment: `file_id` where a column's file has its own,
// `build` where an index has.
std::string KeyFor(const meta::Segment& segment, const meta::FieldFile& file, int64_t file_id);
std::string KeyFor(const meta::Segment& segment, const meta::SegmentIndex& index, BuildId build);

// All objects of a segment.
std::vector<std::string> KeysOf(const meta::Segment& segment);

}  // namespace elanus::coord
