// What answered the leaves of filters, in counts: what metrics show.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace elanus::expr {

// Leaves by what answered them: the type of an index ("INVERTED", ...), "shredded_column", "zones",
// "column". A leaf counts once for each of those that answered some of its rows; a filter that
// zones settle as a whole counts as one leaf.
using AnswerTally = std::map<std::string, int64_t>;

// Of an index by what people are told of it: "INVERTED by_city".
inline std::string TypeOfIndex(const std::string& by) {
  return by.substr(0, by.find(' '));
}

}  // namespace elanus::expr
