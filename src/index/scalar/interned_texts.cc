#include "index/scalar/interned_texts.h"

#include <algorithm>
#include <numeric>

namespace elanus::index {

uint32_t InternedTexts::NumberOf(std::string_view text, bool copy) {
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  const auto number = static_cast<uint32_t>(texts_.size());
  if (copy) text = copies_.emplace_back(text);
  numbers_.emplace(text, number);
  texts_.push_back({.text = text});
  text_bytes_ += static_cast<int64_t>(text.size());
  return number;
}

void InternedTexts::AddRow(uint32_t number, uint32_t row) {
  Text& entry = texts_[number];
  if (entry.used && entry.last_row == row) return;
  uint32_t gap = row - entry.last_row;
  for (; gap >= 128; gap >>= 7) entry.gaps.push_back(static_cast<char>(gap | 128));
  entry.gaps.push_back(static_cast<char>(gap));
  entry.last_row = row;
  entry.used = true;
  ++num_entries_;
}

std::vector<uint32_t> InternedTexts::Order() const {
  std::vector<uint32_t> order(texts_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [this](uint32_t a, uint32_t b) { return texts_[a].text < texts_[b].text; });
  return order;
}

std::vector<uint32_t> InternedTexts::RowsOf(uint32_t number) const {
  std::vector<uint32_t> rows;
  uint32_t row = 0, gap = 0;
  int shift = 0;
  for (const char c : texts_[number].gaps) {
    const auto byte = static_cast<uint8_t>(c);
    gap |= static_cast<uint32_t>(byte & 127) << shift;
    shift += 7;
    if (byte >= 128) continue;
    row += gap;
    rows.push_back(row);
    gap = 0;
    shift = 0;
  }
  return rows;
}

}  // namespace elanus::index
