// The search_params and query_params of requests: lists of text pairs, checked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/settings.h"
#include "common/status.h"
#include "meta/types.h"
#include "proxy/time_parts.h"

namespace elanus::proxy {

// What a page of the search iterator (version 2) says beside the search.
struct SearchIteratorParams {
  std::string token;                // Empty: the first page.
  std::optional<float> last_bound;  // The score that the page before ended with.
};

struct GroupByParams {
  std::vector<std::string> fields;  // As the client names them; see group_by.h.
  int64_t size = 1;
  bool strict_size = false;
  std::string json_path;
  std::string json_type;
  bool strict_cast = false;
  bool plural = false;  // Asked for by `group_by_fields`, which has its own place in the answer.
};

struct SearchParams {
  std::string anns_field;  // Empty: the only vector field.
  int64_t topk = 0;
  int64_t offset = 0;
  std::string metric_type;                          // Empty: the index's.
  std::map<std::string, std::string> index_params;  // nprobe, ef...
  int64_t round_decimal = -1;
  bool ignore_growing = false;
  int64_t collection_id = 0;
  std::string timezone;
  std::optional<double> radius;                     // Range search.
  std::optional<double> range_filter;               // Only with a radius.
  bool iterator = false;                            // A page of an iterator of either version.
  std::optional<SearchIteratorParams> iterator_v2;  // `topk` is its batch size then.
  std::optional<GroupByParams> group_by;
  std::string order_by;              // See order_by.h.
  std::vector<TimePart> time_parts;  // What times are answered as; empty: as text.
};

struct QueryParams {
  int64_t limit = -1;  // -1: none.
  int64_t offset = 0;
  bool iterator = false;
  bool ignore_growing = false;
  int64_t collection_id = 0;
  std::string timezone;
  std::string group_by;  // See aggregation.h.
  std::string order_by;  // See order_by.h.
  std::vector<TimePart> time_parts;
  bool explain = false;  // Say in the answer how the filter was evaluated.
};

// What this version does not do is refused by name.
absl::StatusOr<SearchParams> ParseSearchParams(const meta::KeyValues& pairs,
                                               const meta::Collection& collection,
                                               const Settings::Limits& limits);
absl::StatusOr<QueryParams> ParseQueryParams(const meta::KeyValues& pairs,
                                             const meta::Collection& collection,
                                             const Settings::Limits& limits);

// kParameterInvalid if a client pinned another collection than the name leads to now.
absl::Status CheckCollectionId(int64_t wanted, const meta::Collection& collection);

// The zone of an answer's times: the request's, else the collection's property, else UTC.
absl::StatusOr<absl::TimeZone> ZoneOf(const std::string& requested,
                                      const meta::Collection& collection);

}  // namespace elanus::proxy
