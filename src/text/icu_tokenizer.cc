// Word boundaries as the Unicode standard has them (UAX #29), by ICU, which cuts Chinese, Japanese,
// Thai, Lao, Khmer and Burmese by its own dictionaries.
#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include "text/tokenizer.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

class BoundaryTokenizer final : public Tokenizer {
 public:
  // `words_only`: leaves out what lies between words, white space and punctuation.
  BoundaryTokenizer(std::unique_ptr<const icu::BreakIterator> boundaries, bool words_only)
      : boundaries_(std::move(boundaries)), words_only_(words_only) {}

  void Tokenize(std::string_view text, Tokens& out) const override {
    UErrorCode error = U_ZERO_ERROR;
    UText* const view =
        utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), &error);
    if (U_FAILURE(error)) return;
    {
      // An iterator serves one thread; a copy shares its tables.
      const std::unique_ptr<icu::BreakIterator> iterator(boundaries_->clone());
      iterator->setText(view, error);
      int64_t position = 0;
      for (int32_t start = iterator->first(), end = iterator->next();
           U_SUCCESS(error) && end != icu::BreakIterator::DONE;
           start = end, end = iterator->next()) {
        if (words_only_ && iterator->getRuleStatus() < UBRK_WORD_NONE_LIMIT) continue;
        out.push_back({std::string(text.substr(start, end - start)), start, end, position++, 1});
      }
    }
    utext_close(view);
  }

 private:
  const std::unique_ptr<const icu::BreakIterator> boundaries_;
  const bool words_only_;
};

TokenizerOr Make(const icu::Locale& locale, bool words_only) {
  UErrorCode error = U_ZERO_ERROR;
  std::unique_ptr<const icu::BreakIterator> boundaries(
      icu::BreakIterator::createWordInstance(locale, error));
  if (U_FAILURE(error)) {
    return InternalError(ErrorCode::kUnexpected, "ICU has no word boundaries: {}",
                         u_errorName(error));
  }
  return std::unique_ptr<const Tokenizer>(new BoundaryTokenizer(std::move(boundaries), words_only));
}

}  // namespace

TokenizerOr MakeIcuTokenizer(Options&) {
  return Make(icu::Locale::getRoot(), false);
}
TokenizerOr MakeThaiTokenizer(Options&) {
  return Make(icu::Locale("th"), true);
}

}  // namespace elanus::text
