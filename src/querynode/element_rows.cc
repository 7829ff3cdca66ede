#include "querynode/element_rows.h"

namespace elanus::querynode {

std::vector<std::vector<int64_t>> ListElements(std::span<const expr::ElementMatches> matches,
                                               int64_t offset, int64_t limit,
                                               std::vector<query::RowRef>& rows) {
  std::vector<std::vector<int64_t>> lists;
  std::vector<query::RowRef> kept;
  int64_t passed = 0;
  int64_t taken = 0;
  for (const query::RowRef& row : rows) {
    const expr::ElementMatches& of = matches[row.segment];
    std::vector<int64_t> list;
    for (int64_t element = of.begins[row.row]; element < of.begins[row.row + 1]; ++element) {
      if (!of.elements.Test(element) || passed++ < offset) continue;
      if (limit >= 0 && taken == limit) break;
      list.push_back(element - of.begins[row.row]);
      ++taken;
    }
    if (!list.empty()) {
      kept.push_back(row);
      lists.push_back(std::move(list));
    }
    if (limit >= 0 && taken == limit) break;
  }
  rows = std::move(kept);
  return lists;
}

}  // namespace elanus::querynode
