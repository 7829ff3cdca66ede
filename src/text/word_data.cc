#include "text/word_data.h"

// The files go into the program as they are: a compiler takes minutes for an array of 5 MB.
#define ELANUS_EMBED(name, path)                \
  __asm__(                                      \
      ".pushsection .rodata\n"                  \
      ".globl elanus_text_" #name               \
      "\n"                                      \
      "elanus_text_" #name                      \
      ":\n"                                     \
      ".incbin \"" path                         \
      "\"\n"                                    \
      ".globl elanus_text_" #name               \
      "_end\n"                                  \
      "elanus_text_" #name                      \
      "_end:\n"                                 \
      ".byte 0\n"                               \
      ".popsection\n");                         \
  extern "C" {                                  \
  extern const char elanus_text_##name[];       \
  extern const char elanus_text_##name##_end[]; \
  }

ELANUS_EMBED(jieba_words, ELANUS_TEXT_DATA "/jieba_words.txt")
ELANUS_EMBED(jieba_model, ELANUS_TEXT_DATA "/jieba_model.txt")
ELANUS_EMBED(stop_words, ELANUS_TEXT_DATA "/stop_words.txt")

namespace elanus::text {

std::string_view JiebaWords() {
  return {elanus_text_jieba_words,
          static_cast<size_t>(elanus_text_jieba_words_end - elanus_text_jieba_words)};
}

std::string_view JiebaModel() {
  return {elanus_text_jieba_model,
          static_cast<size_t>(elanus_text_jieba_model_end - elanus_text_jieba_model)};
}

std::string_view StopWordLists() {
  return {elanus_text_stop_words,
          static_cast<size_t>(elanus_text_stop_words_end - elanus_text_stop_words)};
}

}  // namespace elanus::text
