// Filters that rewrite a token character by character: lowercase, asciifolding, decimaldigit,
// arabic_normalization.
#include <unicode/normalizer2.h>
#include <unicode/translit.h>

#include "absl/container/flat_hash_map.h"
#include "text/filter.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

// `rewrite(rune, out)` appends what stands for a character.
template <typename Rewrite>
class RewritingFilter final : public Filter {
 public:
  RewritingFilter(Rewrite rewrite, bool leaves_ascii)
      : rewrite_(std::move(rewrite)), leaves_ascii_(leaves_ascii) {}

  void Apply(Tokens& tokens) const override {
    std::string text;
    for (Token& token : tokens) {
      if (leaves_ascii_ && IsAscii(token.text)) continue;
      text.clear();
      for (int32_t at = 0; at < static_cast<int32_t>(token.text.size());) {
        rewrite_(NextRune(token.text, &at), text);
      }
      token.text = text;
    }
  }

 private:
  const Rewrite rewrite_;
  const bool leaves_ascii_;
};

template <typename Rewrite>
FilterOr MakeRewriting(Rewrite rewrite, bool leaves_ascii) {
  return std::unique_ptr<const Filter>(
      new RewritingFilter<Rewrite>(std::move(rewrite), leaves_ascii));
}

void AppendLower(Rune rune, std::string& out) {
  if (rune < 0x80) {
    out += static_cast<char>(rune >= 'A' && rune <= 'Z' ? rune + 32 : rune);
  } else if (rune == 0x130) {
    out += "i\u0307";  // The one character whose lower case is two.
  } else {
    AppendRune(u_tolower(rune), out);
  }
}

using FoldTable = absl::flat_hash_map<Rune, std::string>;

// The ASCII text that stands for `rune`: ICU's Latin-ASCII, else its compatibility decomposition
// without accents. Empty if there is none.
std::string AsciiOf(Rune rune, const icu::Transliterator& latin, const icu::Normalizer2& nfkd) {
  icu::UnicodeString folded(rune);
  latin.transliterate(folded);
  std::string utf8;
  if (IsAscii(folded.toUTF8String(utf8))) return utf8;
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString parts = nfkd.normalize(icu::UnicodeString(rune), error);
  std::string out;
  for (int32_t i = 0; U_SUCCESS(error) && i < parts.length(); ++i) {
    if (InCategories(parts[i], U_GC_MN_MASK)) continue;
    if (parts[i] >= 0x80) return "";
    out += static_cast<char>(parts[i]);
  }
  return out;
}

// Blocks that hold Latin letters, digits and punctuation in other dress.
constexpr std::pair<Rune, Rune> kFoldable[] = {
    {0x00C0, 0x024F}, {0x0250, 0x02AF}, {0x1D00, 0x1DBF}, {0x1E00, 0x1EFF}, {0x2010, 0x2049},
    {0x2070, 0x209C}, {0x2460, 0x24FF}, {0x2776, 0x2793}, {0x2C60, 0x2C7F}, {0xA722, 0xA7FF},
    {0xFB00, 0xFB06}, {0xFF01, 0xFF5E}, {0x00AA, 0x00BF}};

const FoldTable& Folds() {
  static const FoldTable* const table = [] {
    auto* made = new FoldTable();
    UErrorCode error = U_ZERO_ERROR;
    UParseError parse;
    const std::unique_ptr<icu::Transliterator> latin(
        icu::Transliterator::createInstance("NFD; Latin-ASCII; NFC", UTRANS_FORWARD, parse, error));
    const icu::Normalizer2* nfkd = icu::Normalizer2::getNFKDInstance(error);
    if (U_FAILURE(error)) return made;
    for (const auto& [first, last] : kFoldable) {
      for (Rune rune = first; rune <= last; ++rune) {
        std::string ascii = AsciiOf(rune, *latin, *nfkd);
        if (!ascii.empty() && ascii.front() != ' ') made->emplace(rune, std::move(ascii));
      }
    }
    return made;
  }();
  return *table;
}

bool IsArabicMark(Rune rune) {
  return rune == 0x0640 || (rune >= 0x064B && rune <= 0x0652);  // Tatweel; vowel signs.
}

}  // namespace

FilterOr MakeLowercaseFilter(Options&) {
  return MakeRewriting(AppendLower, false);
}

FilterOr MakeAsciiFoldingFilter(Options&) {
  return MakeRewriting(
      [&folds = Folds()](Rune rune, std::string& out) {
        const auto found = folds.find(rune);
        if (found == folds.end()) {
          AppendRune(rune, out);
        } else {
          out += found->second;
        }
      },
      true);
}

FilterOr MakeDecimalDigitFilter(Options&) {
  return MakeRewriting(
      [](Rune rune, std::string& out) {
        const int32_t digit = u_charDigitValue(rune);
        if (digit >= 0 && InCategories(rune, U_GC_ND_MASK)) {
          out += static_cast<char>('0' + digit);
        } else {
          AppendRune(rune, out);
        }
      },
      true);
}

// Letters that writers of Arabic use for one another become one; vowel signs and stretching go.
// After L. S. Larkey, L. Ballesteros, M. Connell, SIGIR 2002, section 2.3 ("light stemming").
FilterOr MakeArabicNormalizationFilter(Options&) {
  return MakeRewriting(
      [](Rune rune, std::string& out) {
        if (IsArabicMark(rune)) return;
        if (rune == 0x0622 || rune == 0x0623 || rune == 0x0625) {
          rune = 0x0627;  // Alef with madda or hamza: alef.
        } else if (rune == 0x0649) {
          rune = 0x064A;  // Alef maksura: yeh.
        } else if (rune == 0x0629) {
          rune = 0x0647;  // Teh marbuta: heh.
        }
        AppendRune(rune, out);
      },
      true);
}

}  // namespace elanus::text
