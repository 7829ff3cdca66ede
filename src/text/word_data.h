// Word lists that are part of the program: lines of UTF-8, written by make_text_data.py.
#pragma once

#include <string_view>
#include <utility>

namespace elanus::text {

std::string_view JiebaWords();     // "word frequency"
std::string_view JiebaModel();     // "start S p", "next S S p", "emit S character p"
std::string_view StopWordLists();  // "language word"

// Takes the part before the first `separator` (or all) off `*text`, and the separator.
inline std::string_view TakeUntil(std::string_view* text, char separator) {
  const size_t at = text->find(separator);
  const std::string_view taken = text->substr(0, at);
  text->remove_prefix(at == std::string_view::npos ? text->size() : at + 1);
  return taken;
}

}  // namespace elanus::text
