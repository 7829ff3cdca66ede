#include "text/stop_words.h"

#include <map>
#include <string>

#include "text/word_data.h"

namespace elanus::text {
namespace {

// The short list that Lucene made customary.
constexpr std::string_view kEnglish =
    "a an and are as at be but by for if in into is it no not of on or such that the their then "
    "there these they this to was will with";

// Particles, prepositions, pronouns and the like; our own choice of the most frequent ones.
// Arabic: as they are after arabic_normalization and the stemmer.
constexpr std::string_view kArabic =
    "في من على علي الى الي عن مع هذا هذه هذ ذلك تلك التي الذي الت الذ الذين ما لا لم لن قد كان "
    "كانت ان "
    "او ام ثم بل هو هي هم نحن انا انت كل بعض غير بين عند عندما قبل بعد حتى حتي اذا اذ لكن كما ايضا "
    "منذ خلال حول دون فقط هناك هنا له لها لهم به بها فيه فيها منه منها عليه عليها و ف ب ل ك";
constexpr std::string_view kThai =
    "และ หรือ แต่ ที่ ซึ่ง อัน ของ ใน จาก ถึง ให้ กับ แก่ โดย เพื่อ ว่า เป็น คือ อยู่ มี ได้ ไม่ จะ ก็ แล้ว "
    "ยัง ต้อง ควร คง กำลัง เคย นี้ นั้น โน้น เขา เธอ ฉัน ผม เรา ท่าน มัน ทุก บาง หลาย ถ้า เมื่อ เพราะ ดังนั้น "
    "จึง ด้วย อีก มาก น้อย ไป มา ขึ้น ลง ครับ ค่ะ นะ";
constexpr std::string_view kChinese =
    "的 了 和 是 在 就 都 而 及 与 着 或 也 还 又 但 但是 并 并且 因为 所以 如果 虽然 然而 而且 不 "
    "没有 "
    "这 那 这个 那个 这些 那些 我 你 您 他 她 它 我们 你们 他们 她们 它们 之 于 以 以及 被 把 对 "
    "对于 从 "
    "到 向 为 为了 由 由于 让 使 等 等等 吗 呢 吧 啊 嘛 很 个 一个 上 下 中 有 会 能 可以 要";

using Lists = std::map<std::string, std::vector<std::string_view>, std::less<>>;

void AddWords(std::string_view name, std::string_view words, Lists& lists) {
  while (!words.empty()) {
    lists["_" + std::string(name) + "_"].push_back(TakeUntil(&words, ' '));
  }
}

const Lists& AllLists() {
  static const Lists* const lists = [] {
    auto* made = new Lists();
    AddWords("english", kEnglish, *made);
    AddWords("arabic", kArabic, *made);
    AddWords("thai", kThai, *made);
    AddWords("chinese", kChinese, *made);
    for (std::string_view lines = StopWordLists(); !lines.empty();) {
      std::string_view line = TakeUntil(&lines, '\n');
      const std::string_view language = TakeUntil(&line, ' ');
      AddWords(language, line, *made);
    }
    return made;
  }();
  return *lists;
}

}  // namespace

const std::vector<std::string_view>* StopWords(std::string_view list) {
  const auto found = AllLists().find(list);
  return found == AllLists().end() ? nullptr : &found->second;
}

}  // namespace elanus::text
