// Distinct texts, each with the rows that have it, collected row by row.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace elanus::index {

// Threads: one.
class InternedTexts {
 public:
  // Rows come in ascending order. The text is borrowed for as long as this lives.
  void Add(std::string_view text, uint32_t row) { AddRow(NumberOf(text, false), row); }
  // A text that is gone afterwards.
  void AddCopy(std::string_view text, uint32_t row) { AddRow(NumberOf(text, true), row); }

  size_t size() const { return texts_.size(); }
  uint64_t num_entries() const { return num_entries_; }
  int64_t text_bytes() const { return text_bytes_; }
  std::string_view text(uint32_t number) const { return texts_[number].text; }
  // The numbers of all texts, by text.
  std::vector<uint32_t> Order() const;
  // Ascending, each once.
  std::vector<uint32_t> RowsOf(uint32_t number) const;

 private:
  uint32_t NumberOf(std::string_view text, bool copy);
  void AddRow(uint32_t number, uint32_t row);

  struct Text {
    std::string_view text;
    uint32_t last_row = 0;
    bool used = false;
    std::string gaps;  // Between its rows: seven bits a byte, the high bit says that more follow.
  };
  std::vector<Text> texts_;
  std::deque<std::string> copies_;
  uint64_t num_entries_ = 0;
  int64_t text_bytes_ = 0;
  // std::hash: Debian's absl cannot hash a std::string_view.
  absl::flat_hash_map<std::string_view, uint32_t, std::hash<std::string_view>, std::equal_to<>>
      numbers_;
};

}  // namespace elanus::index
