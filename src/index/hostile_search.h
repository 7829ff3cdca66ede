// What fuzz targets and tests ask of an index that opened on bytes from anywhere.
#pragma once

#include <cstdint>

#include "common/check.h"
#include "index/vector_index.h"

namespace elanus::index {

// Searches for k hits, without and with a filter. The hits must be rows that there are and that the
// filter allows, whatever the file says. `may_be_damaged`: a file that is not verified as a whole
// when it is opened, so that searches may come upon damage.
inline void SearchHostile(const VectorIndex& index, const VectorRows& rows, int64_t k,
                          const Params& params, bool may_be_damaged = false) {
  kernels::Bitset allowed(rows.num_rows, true);
  for (int64_t row = 0; row < rows.num_rows; row += 7) allowed.Reset(row);
  for (const bool filtered : {false, true}) {
    for (int64_t row = 0; row < rows.num_rows; row += 5) {
      SearchRequest request{.query = rows.Row(row), .k = k, .params = &params};
      if (filtered) {
        request.allowed = allowed.view();
        request.num_allowed = allowed.Count();
      }
      const auto hits = index.Search(request, nullptr);
      if (may_be_damaged && !hits.ok()) continue;
      ELANUS_CHECK(hits.ok());
      for (const Neighbor& hit : *hits) {
        ELANUS_CHECK(hit.row >= 0 && hit.row < rows.num_rows);
        ELANUS_CHECK(!filtered || allowed.Test(hit.row));
      }
    }
  }
}

}  // namespace elanus::index
