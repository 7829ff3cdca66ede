#include "proxy/search_iterator.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "proxy/search_range.h"
#include "schema.pb.h"

namespace elanus::proxy {

std::string IteratorCursors::NewToken() {
  uint64_t high, low;
  {
    absl::MutexLock lock(&mutex_);
    high = random_();
    low = random_();
  }
  // RFC 9562, version 4.
  high = (high & ~uint64_t{0xF000}) | 0x4000;
  low = (low & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFF);
}

int64_t IteratorCursors::Returned(std::string_view token, float score) const {
  absl::MutexLock lock(&mutex_);
  const auto it = places_.find(std::string(token));
  return it != places_.end() && it->second->score == score ? it->second->returned : 0;
}

void IteratorCursors::Set(std::string_view token, float score, int64_t returned) {
  absl::MutexLock lock(&mutex_);
  if (const auto it = places_.find(std::string(token)); it != places_.end()) {
    entries_.erase(it->second);
    places_.erase(it);
  }
  if (returned == 0) return;
  entries_.push_front({std::string(token), score, returned});
  places_.emplace(std::string(token), entries_.begin());
  if (entries_.size() > entries_max_) {
    places_.erase(entries_.back().token);
    entries_.pop_back();
  }
}

size_t IteratorCursors::size() const {
  absl::MutexLock lock(&mutex_);
  return entries_.size();
}

bool IsToken(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<bool> PreparePage(const SearchIteratorParams& params, const IteratorCursors& cursors,
                                 roles::SearchRequest& search) {
  if (search.num_queries > 1) {
    return UserError(ErrorCode::kParameterInvalid,
                     "a search iterator takes one query vector: nq should be 1, but got {}",
                     search.num_queries);
  }
  search.exact_ties = true;
  if (!params.last_bound) return true;
  const float last = DistanceOf(search.metric, *params.last_bound);
  search.offset = cursors.Returned(params.token, *params.last_bound);
  const float begin =
      search.offset > 0 ? last : std::nextafter(last, std::numeric_limits<float>::infinity());
  search.range.nearest = std::max(search.range.nearest, begin);
  return search.offset > 0 || last < std::numeric_limits<float>::infinity();
}

void FinishPage(const SearchIteratorParams& params, const roles::SearchRequest& search,
                const roles::SearchResult& result, IteratorCursors& cursors,
                schema_pb::SearchIteratorV2Results* out) {
  const std::string token = params.token.empty() ? cursors.NewToken() : params.token;
  out->set_token(token);
  if (result.scores.empty()) {
    // So bad that there is nothing behind it.
    const float worst = DistanceOf(search.metric, std::numeric_limits<float>::max());
    out->set_last_bound(params.last_bound.value_or(worst));
    return;
  }
  const float last = result.scores.back();
  out->set_last_bound(last);
  int64_t at_last = 0;
  while (at_last < std::ssize(result.scores) &&
         result.scores[result.scores.size() - 1 - at_last] == last) {
    ++at_last;
  }
  // The page before ended at this score too.
  if (at_last == std::ssize(result.scores) && params.last_bound == last) at_last += search.offset;
  cursors.Set(token, last, result.cut_ties ? at_last : 0);
}

}  // namespace elanus::proxy
