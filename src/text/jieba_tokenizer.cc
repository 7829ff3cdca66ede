// Chinese by a dictionary and, for words it lacks, a model of characters: what the jieba segmenter
// does, from its published description and tables (https://github.com/fxsjy/jieba, MIT).
//
// Positions and position lengths count characters, as with jieba's own offsets, so that overlapping
// words of the search mode keep their places in phrases.
#include <algorithm>

#include "text/jieba_dictionary.h"
#include "text/jieba_model.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

// Characters that words are made of; all others stand alone.
bool IsWordRune(Rune rune) {
  if (rune < 0x80) {
    return IsAsciiAlphanumeric(rune) ||
           (rune != 0 &&
            std::string_view("+#&._%-").find(static_cast<char>(rune)) != std::string_view::npos);
  }
  return (rune >= 0x3400 && rune <= 0x4DBF) || (rune >= 0x4E00 && rune <= 0x9FFF) ||
         (rune >= 0xF900 && rune <= 0xFAFF) || (rune >= 0x20000 && rune <= 0x2FA1F);
}

class JiebaTokenizer final : public Tokenizer {
 public:
  bool search_mode = true;
  bool use_model = true;
  const JiebaDictionary* dictionary = nullptr;
  std::unique_ptr<const JiebaDictionary> own_dictionary;

  void Tokenize(std::string_view text, Tokens& out) const override {
    Cutting cutting{*this, text, {}, out};
    for (int32_t at = 0; at < static_cast<int32_t>(text.size());) {
      const int32_t begin = at;
      const Rune rune = NextRune(text, &at);
      cutting.runes.push_back({rune, begin, at});
    }
    cutting.Run();
  }

 private:
  // One text being cut. All numbers are of characters.
  struct Cutting {
    const JiebaTokenizer& tokenizer;
    const std::string_view text;
    std::vector<JiebaRune> runes;
    Tokens& out;

    std::string_view Text(int32_t begin, int32_t end) const {
      return text.substr(runes[begin].begin, runes[end - 1].end - runes[begin].begin);
    }
    bool IsWord(int32_t begin, int32_t end) const {
      return tokenizer.dictionary->Find(Text(begin, end)) > 0;
    }
    void Emit(int32_t begin, int32_t end) const {
      out.push_back({std::string(Text(begin, end)), runes[begin].begin, runes[end - 1].end, begin,
                     end - begin});
    }

    void Run() const {
      const auto size = static_cast<int32_t>(runes.size());
      for (int32_t begin = 0; begin < size;) {
        if (!IsWordRune(runes[begin].rune)) {
          const bool line_end =
              runes[begin].rune == '\r' && begin + 1 < size && runes[begin + 1].rune == '\n';
          Emit(begin, begin + (line_end ? 2 : 1));
          begin += line_end ? 2 : 1;
          continue;
        }
        int32_t end = begin + 1;
        while (end < size && IsWordRune(runes[end].rune)) ++end;
        CutBlock(begin, end);
        begin = end;
      }
    }

    // Single characters next to each other are looked at again, together.
    void CutBlock(int32_t begin, int32_t end) const {
      int32_t singles = begin;  // Where the pending ones begin.
      int32_t at = begin;
      for (const int32_t piece_end :
           BestCut(*tokenizer.dictionary, text, runes.data() + begin, end - begin)) {
        const int32_t next = begin + piece_end;
        const bool single =
            next == at + 1 && (tokenizer.use_model || IsAsciiAlphanumeric(runes[at].rune));
        if (!single) {
          CutSingles(singles, at);
          Word(at, next);
          singles = next;
        }
        at = next;
      }
      CutSingles(singles, end);
    }

    void CutSingles(int32_t begin, int32_t end) const {
      if (begin == end) return;
      if (!tokenizer.use_model) return Word(begin, end);  // ASCII letters and digits.
      if (end - begin == 1) return Word(begin, end);
      if (IsWord(begin, end)) {
        for (; begin < end; ++begin) Word(begin, begin + 1);
        return;
      }
      while (begin < end) {
        const bool han = runes[begin].rune >= 0x80;
        int32_t stop = begin + 1;
        while (stop < end && (runes[stop].rune >= 0x80) == han) ++stop;
        han ? CutHan(begin, stop) : CutAscii(begin, stop);
        begin = stop;
      }
    }

    void CutHan(int32_t begin, int32_t end) const {
      int32_t at = begin;
      for (const int32_t piece_end : CutByModel(runes.data() + begin, end - begin)) {
        Word(at, begin + piece_end);
        at = begin + piece_end;
      }
    }

    // Letters and digits with, behind them, a fraction and a percent sign; what is between.
    void CutAscii(int32_t begin, int32_t end) const {
      const auto rune = [&](int32_t at) { return at < end ? runes[at].rune : 0; };
      const auto is_digit = [&](int32_t at) { return rune(at) >= '0' && rune(at) <= '9'; };
      while (begin < end) {
        int32_t stop = begin;
        while (IsAsciiAlphanumeric(rune(stop))) ++stop;
        if (stop > begin) {
          if (rune(stop) == '.' && is_digit(stop + 1)) {
            ++stop;
            while (is_digit(stop)) ++stop;
          }
          if (rune(stop) == '%') ++stop;
        } else {
          while (stop < end && !IsAsciiAlphanumeric(rune(stop))) ++stop;
        }
        Word(begin, stop);
        begin = stop;
      }
    }

    // In search mode a long word comes after the words inside it.
    void Word(int32_t begin, int32_t end) const {
      if (tokenizer.search_mode) {
        for (int32_t length = 2; length <= 3 && length < end - begin; ++length) {
          for (int32_t at = begin; at + length <= end; ++at) {
            if (IsWord(at, at + length)) Emit(at, at + length);
          }
        }
      }
      Emit(begin, end);
    }
  };
};

}  // namespace

TokenizerOr MakeJiebaTokenizer(Options& options) {
  ELANUS_RETURN_IF_ERROR(options.Refuse("extra_dict_file", kNoFiles));
  auto made = std::make_unique<JiebaTokenizer>();
  ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> mode, options.String("mode"));
  if (mode.has_value() && *mode != "exact" && *mode != "search") {
    return options.Wrong("mode", "exact or search");
  }
  made->search_mode = mode != "exact";
  ELANUS_ASSIGN_OR_RETURN(made->use_model, options.Bool("hmm", true));
  ELANUS_ASSIGN_OR_RETURN(const auto words, options.Strings("dict"));
  const auto names = [&](std::string_view list) {
    return words.has_value() && std::find(words->begin(), words->end(), list) != words->end();
  };
  if (names("_extend_default_")) {
    made->dictionary = &ExtendedJiebaDictionary();
  } else if (!words.has_value() || names("_default_")) {
    made->dictionary = &DefaultJiebaDictionary();
  }
  if (words.has_value()) {
    auto own = std::make_unique<JiebaDictionary>(made->dictionary);
    for (const std::string& word : *words) {
      if (word != "_default_" && word != "_extend_default_") own->AddNew(word);
    }
    made->dictionary = own.get();
    made->own_dictionary = std::move(own);
  }
  return std::unique_ptr<const Tokenizer>(std::move(made));
}

}  // namespace elanus::text
