// pinyin: how Chinese characters are read, in Latin letters without tones.
#include <unicode/translit.h>

#include "absl/container/flat_hash_map.h"
#include "text/filter.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

using Readings = absl::flat_hash_map<Rune, std::string>;

// The most common reading of each character, from ICU's Han-Latin.
const Readings& HanReadings() {
  static const Readings* const readings = [] {
    auto* made = new Readings();
    UErrorCode error = U_ZERO_ERROR;
    UParseError parse;
    const std::unique_ptr<icu::Transliterator> latin(icu::Transliterator::createInstance(
        "Han-Latin; Latin-ASCII", UTRANS_FORWARD, parse, error));
    if (U_FAILURE(error)) return made;
    for (Rune rune = 0x3400; rune <= 0x9FFF; ++rune) {
      icu::UnicodeString text(rune);
      latin->transliterate(text);
      std::string reading;
      text.trim().toUTF8String(reading);
      if (!reading.empty() && static_cast<unsigned char>(reading[0]) < 0x80) {
        made->emplace(rune, std::move(reading));
      }
    }
    return made;
  }();
  return *readings;
}

class PinyinFilter final : public Filter {
 public:
  bool keep_original = true;
  bool keep_full = true;
  bool keep_joined = false;
  bool keep_first_letters = false;

  void Apply(Tokens& tokens) const override {
    Tokens out;
    out.reserve(tokens.size());
    std::vector<std::string_view> readings;
    for (Token& token : tokens) {
      ReadingsOf(token.text, readings);
      if (readings.empty()) {
        out.push_back(std::move(token));
        continue;
      }
      const auto add = [&](std::string text) {
        out.push_back(token);
        out.back().text = std::move(text);
      };
      if (keep_original) add(token.text);
      if (keep_full) {
        for (const std::string_view reading : readings) add(std::string(reading));
      }
      if (keep_joined) {
        std::string joined;
        for (const std::string_view reading : readings) joined += reading;
        add(std::move(joined));
      }
      if (keep_first_letters) {
        for (const std::string_view reading : readings) add(std::string(reading.substr(0, 1)));
      }
    }
    tokens = std::move(out);
  }

 private:
  static void ReadingsOf(std::string_view text, std::vector<std::string_view>& out) {
    out.clear();
    for (int32_t at = 0; at < static_cast<int32_t>(text.size());) {
      const auto found = HanReadings().find(NextRune(text, &at));
      if (found != HanReadings().end()) out.push_back(found->second);
    }
  }
};

}  // namespace

FilterOr MakePinyinFilter(Options& options) {
  auto filter = std::make_unique<PinyinFilter>();
  ELANUS_ASSIGN_OR_RETURN(filter->keep_original, options.Bool("keep_original", true));
  ELANUS_ASSIGN_OR_RETURN(filter->keep_full, options.Bool("keep_full_pinyin", true));
  ELANUS_ASSIGN_OR_RETURN(filter->keep_joined, options.Bool("keep_joined_full_pinyin", false));
  ELANUS_ASSIGN_OR_RETURN(filter->keep_first_letters,
                          options.Bool("keep_separate_first_letter", false));
  return std::unique_ptr<const Filter>(std::move(filter));
}

}  // namespace elanus::text
