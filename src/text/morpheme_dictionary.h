// Morphological dictionaries of MeCab's compiled form, and texts cut by them: of all ways to cut a
// text the cheapest, by costs of words and of neighbours
// (Kudo, Yamamoto & Matsumoto, EMNLP 2004).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/status.h"

namespace MeCab {
class Model;
class Tagger;
}  // namespace MeCab

namespace elanus::text {

struct Morpheme {
  int64_t begin = 0;  // Bytes [begin, end) of what was cut.
  int64_t end = 0;
  std::string_view features;  // What the dictionary says, with commas between; valid for the call.
  bool unknown = false;       // Not in the dictionary: cut by kinds of characters.
};

// Threads: const calls from any.
class MorphemeDictionary {
 public:
  // By the name that analyzers give it. Read at the first call that finds it installed, and kept.
  // Errors: kParameterInvalid, which says what is missing.
  static absl::StatusOr<const MorphemeDictionary*> Named(std::string_view name);
  ~MorphemeDictionary();

  // Calls take(morpheme) from the left to the right; white space between words is left out. Memory
  // is proportional to the text: cut long ones before. `decompose`: long words cost more, so that
  // compounds come as their parts.
  void Cut(std::string_view text, bool decompose,
           const std::function<void(const Morpheme&)>& take) const;

 private:
  MorphemeDictionary() = default;
  static std::unique_ptr<const MorphemeDictionary> Open(const std::string& directory);

  std::unique_ptr<MeCab::Model> model_;
  std::unique_ptr<MeCab::Tagger> tagger_;
};

}  // namespace elanus::text
