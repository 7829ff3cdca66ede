#include "text/jieba_dictionary.h"

#include <unicode/translit.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>

#include "text/unicode.h"
#include "text/word_data.h"

namespace elanus::text {
namespace {

std::vector<JiebaRune> RunesOf(std::string_view text) {
  std::vector<JiebaRune> runes;
  for (int32_t at = 0; at < static_cast<int32_t>(text.size());) {
    const int32_t begin = at;
    const Rune rune = NextRune(text, &at);
    runes.push_back({rune, begin, at});
  }
  return runes;
}

template <typename Visit>
void ForEachDefaultWord(const Visit& visit) {
  for (std::string_view lines = JiebaWords(); !lines.empty();) {
    std::string_view line = TakeUntil(&lines, '\n');
    const std::string_view word = TakeUntil(&line, ' ');
    int64_t frequency = 0;
    std::from_chars(line.data(), line.data() + line.size(), frequency);
    visit(word, frequency);
  }
}

}  // namespace

void JiebaDictionary::Add(std::string_view word, int64_t frequency) {
  const int64_t known = Find(word);
  entries_[word] = frequency;
  total_ += frequency - (known > 0 ? known : 0);
  for (int32_t at = 0; at < static_cast<int32_t>(word.size());) {
    NextRune(word, &at);
    entries_.emplace(word.substr(0, at), 0);
  }
}

void JiebaDictionary::AddCopy(std::string word, int64_t frequency) {
  copies_.push_back(std::move(word));
  Add(copies_.back(), frequency);
}

void JiebaDictionary::AddNew(const std::string& word) {
  if (word.empty()) return;
  // Just above what its parts come to together.
  const std::vector<JiebaRune> runes = RunesOf(word);
  const auto num_runes = static_cast<int32_t>(runes.size());
  double share = 1;
  int32_t begin = 0;
  for (const int32_t end : BestCut(*this, word, runes.data(), num_runes)) {
    const std::string_view part =
        std::string_view(word).substr(runes[begin].begin, runes[end - 1].end - runes[begin].begin);
    share *= static_cast<double>(std::max<int64_t>(Find(part), 1)) / total();
    begin = end;
  }
  const auto frequency = static_cast<int64_t>(std::min(share * total(), 1e15)) + 1;
  AddCopy(word, std::max(frequency, std::max<int64_t>(Find(word), 1)));
}

int64_t JiebaDictionary::Find(std::string_view text) const {
  const auto found = entries_.find(text);
  const int64_t own = found == entries_.end() ? -1 : found->second;
  // A beginning here may be a word there.
  return own > 0 || base_ == nullptr ? own : std::max(own, base_->Find(text));
}

const JiebaDictionary& DefaultJiebaDictionary() {
  static const JiebaDictionary* const dictionary = [] {
    auto* made = new JiebaDictionary(nullptr);
    ForEachDefaultWord(
        [&](std::string_view word, int64_t frequency) { made->Add(word, frequency); });
    return made;
  }();
  return *dictionary;
}

const JiebaDictionary& ExtendedJiebaDictionary() {
  static const JiebaDictionary* const dictionary = [] {
    auto* made = new JiebaDictionary(&DefaultJiebaDictionary());
    UErrorCode error = U_ZERO_ERROR;
    const std::unique_ptr<icu::Transliterator> traditional(
        icu::Transliterator::createInstance("Simplified-Traditional", UTRANS_FORWARD, error));
    if (U_FAILURE(error)) return made;
    ForEachDefaultWord([&](std::string_view word, int64_t frequency) {
      icu::UnicodeString converted =
          icu::UnicodeString::fromUTF8({word.data(), static_cast<int32_t>(word.size())});
      traditional->transliterate(converted);
      std::string utf8;
      converted.toUTF8String(utf8);
      if (utf8 == word || made->Find(utf8) > 0) return;
      made->AddCopy(std::move(utf8), frequency);
    });
    return made;
  }();
  return *dictionary;
}

std::vector<int32_t> BestCut(const JiebaDictionary& dictionary, std::string_view text,
                             const JiebaRune* runes, int32_t num_runes) {
  const double log_total = std::log(dictionary.total());
  std::vector<double> best(num_runes + 1, 0);
  std::vector<int32_t> end_of(num_runes, 0);
  for (int32_t begin = num_runes - 1; begin >= 0; --begin) {
    best[begin] = -std::numeric_limits<double>::infinity();
    for (int32_t end = begin + 1; end <= num_runes; ++end) {
      const int64_t frequency =
          dictionary.Find(text.substr(runes[begin].begin, runes[end - 1].end - runes[begin].begin));
      if (frequency < 0 && end > begin + 1) break;
      // A character alone is a piece even if the dictionary lacks it.
      if (frequency > 0 || end == begin + 1) {
        const double weight = std::log(std::max<double>(frequency, 1)) - log_total + best[end];
        // Of equals the longer, which comes later.
        if (weight >= best[begin]) {
          best[begin] = weight;
          end_of[begin] = end;
        }
      }
      if (frequency < 0) break;
    }
  }
  std::vector<int32_t> ends;
  for (int32_t at = 0; at < num_runes; at = end_of[at]) ends.push_back(end_of[at]);
  return ends;
}

}  // namespace elanus::text
