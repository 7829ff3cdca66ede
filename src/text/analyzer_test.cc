#include "text/analyzer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/check.h"

namespace elanus::text {
namespace {

AnalyzerPtr Make(std::string_view params) {
  absl::StatusOr<AnalyzerPtr> analyzer = ParseAnalyzer(params);
  ELANUS_CHECK_OK(analyzer.status());
  return *std::move(analyzer);
}

// "token@position", joined by blanks; a blank inside a token shows as '_'.
std::string Show(const Tokens& tokens) {
  std::string out;
  for (const Token& token : tokens) {
    std::string text = token.text;
    std::replace(text.begin(), text.end(), ' ', '_');
    out += fmt::format("{}{}@{}", out.empty() ? "" : " ", text, token.position);
  }
  return out;
}

struct Case {
  std::string_view params;
  std::string_view text;
  std::string_view tokens;
};

constexpr Case kCases[] = {
    // Built-in analyzers.
    {"", "Hello, World-wide 42!", "hello@0 world@1 wide@2 42@3"},
    {"{}", "The Über-Maß", "the@0 über@1 maß@2"},
    {R"({"type": "standard"})", "snake_case 3.14", "snake@0 case@1 3@2 14@3"},
    {R"({"type": "standard", "stop_words": ["the"]})", "The end of the line", "end@1 of@2 line@4"},
    {R"({"type": "english"})", "The runners were running quickly", "runner@1 were@2 run@3 quick@4"},
    {R"({"type": "english", "stop_words": ["were", "run"]})", "The runners were running",
     "runner@1"},
    {R"({"type": "chinese"})", "我来到北京清华大学。",
     "我@0 来到@1 北京@3 清华@5 华大@6 大学@7 "
     "清华大学@5"},
    {R"({"type": "arabic"})", "الكتب ١٢٣", "كتب@0 123@1"},
    {R"({"type": "thai"})", "ภาษาไทย และ ABC ๑๒", "ภาษา@0 ไทย@1 abc@3 12@4"},
    // Tokenizers.
    {R"({"tokenizer": "standard"})", "Keeps CASE 中文字 a.b", "Keeps@0 CASE@1 中文字@2 a@3 b@4"},
    {R"({"tokenizer": "whitespace"})", " a-b\tc,d \n e ", "a-b@0 c,d@1 e@2"},
    {R"({"tokenizer": {"type": "whitespace"}})", "a\u00A0b c", "a\u00A0b@0 c@1"},
    {R"({"tokenizer": "icu"})", "a b.", "a@0 _@1 b@2 .@3"},
    {R"({"tokenizer": "icu", "filter": ["removepunct"]})", "Hi, there! 3.5", "Hi@0 there@3 3.5@6"},
    {R"({"tokenizer": "thai"})", "สวัสดีครับ", "สวัสดี@0 ครับ@1"},
    {R"({"tokenizer": {"type": "char_group", "delimiters": ["-", "digit"]}})", "ab1c-d e2",
     "ab@0 c@1 d_e@2"},
    {R"({"tokenizer": {"type": "char_group", "delimiters": ["whitespace", "punctuation"]}})",
     "a b,c\u2003d$e", "a@0 b@1 c@2 d$e@3"},
    {R"({"tokenizer": {"type": "char_group", "delimiters": ["ascii_symbol", "中"]}})", "a$b€c中d",
     "a@0 b€c@1 d@2"},
    {R"({"tokenizer": {"type": "char_group", "delimiters": ["letter"]}})", "1a2é3", "1@0 2@1 3@2"},
    // Jieba.
    {R"({"tokenizer": {"type": "jieba", "mode": "exact"}})", "我来到北京清华大学",
     "我@0 来到@1 北京@3 清华大学@5"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact"}})", "他来到了网易杭研大厦",
     "他@0 来到@1 了@3 网易@4 杭研@6 大厦@8"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact", "hmm": false}})", "他来到了网易杭研大厦",
     "他@0 来到@1 了@3 网易@4 杭@6 研@7 大厦@8"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact"}})", "hello world 3.14% 中文, ok",
     "hello@0 _@5 world@6 _@11 3.14%@12 _@17 中文@18 ,@20 _@21 ok@22"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact", "hmm": false}})", "ab12中国x",
     "ab12@0 中国@4 x@6"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact", "dict": ["_default_", "杭研大厦"]}})",
     "网易杭研大厦", "网易@0 杭研大厦@2"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact", "hmm": false, "dict": ["网易"]}})",
     "网易大厦", "网易@0 大@2 厦@3"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact", "dict": ["_extend_default_"]}})",
     "我來到圖書館", "我@0 來到@1 圖書館@3"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact"}})", "结婚的和尚未结婚的",
     "结婚@0 的@2 和@3 尚未@4 结婚@6 的@8"},
    {R"({"tokenizer": {"type": "jieba", "mode": "exact"}})", "渜围地距，好",
     "渜@0 围@1 地@2 距@3 ，@4 好@5"},
    // Lindera.
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic"}})", "すもももももももものうち",
     "すもも@0 も@1 もも@2 も@3 もも@4 の@5 うち@6"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic"}})", "関西国際空港限定トートバッグ",
     "関西国際空港@0 限定@1 トートバッグ@2"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "mode": "decompose"}})",
     "関西国際空港限定トートバッグ", "関西@0 国際@1 空港@2 限定@3 トートバッグ@4"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic"}})", "東京は hello 。夜の 七時、 ",
     "東京@0 は@1 hello@2 。@3 夜@4 の@5 七@6 時@7 、@8"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "mode": "decompose"}})",
     "東京は hello 。夜の 七時、 ", "東京@0 は@1 hello@2 。@3 夜@4 の@5 七@6 時@7 、@8"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "japanese_stop_tags", "tags": ["助詞,係助詞", "助詞,連体化", "記号,句点"]}]}})",
     "東京は夜の七時。", "東京@0 夜@2 七@4 時@5"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "japanese_stop_tags", "tags": ["助詞"]}]}})",
     "東京は夜", "東京@0 は@1 夜@2"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "japanese_keep_tags", "tags": ["名詞,固有名詞,地域,一般", "名詞,副詞可能"]}]}})",
     "東京は夜の七時", "東京@0 夜@2"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "japanese_keep_tags", "tags": ["UNK"]}]}})",
     "東京で qwertz を", "qwertz@2"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "japanese_compound_word", "tags": ["名詞,数", "名詞,接尾,助数詞"], "new_tag": "名詞,数"}, {"kind": "japanese_keep_tags", "tags": ["名詞,数"]}]}})",
     "東京は七時 八 時", "七時@2 八@4"},
    // Filters.
    {R"({"tokenizer": "whitespace", "filter": ["lowercase"]})", "ÀB İ ΣΑΣ ÿ",
     "àb@0 i\u0307@1 σασ@2 ÿ@3"},
    {R"({"tokenizer": "whitespace", "filter": ["asciifolding"]})", "Ünïcödé ﬁn Ａ１ ßæ 中é ①",
     "Unicode@0 fin@1 A1@2 ssae@3 中e@4 1@5"},
    {R"({"tokenizer": "whitespace", "filter": ["alphanumonly"]})", "ab1 a-b é 中 9", "ab1@0 9@4"},
    {R"({"tokenizer": "whitespace", "filter": ["cncharonly"]})", "abc 中文 a中 1", "中文@1 a中@2"},
    {R"({"tokenizer": "whitespace", "filter": ["cnalphanumonly"]})", "abc 中文 -- 1 ，",
     "abc@0 中文@1 1@3"},
    {R"({"tokenizer": "whitespace", "filter": ["removepunct"]})", "a , b! 。 $", "a@0 b!@2 $@4"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "length", "max": 3}]})", "abc abcd é中",
     "abc@0"},
    {R"({"tokenizer": "whitespace", "filter": ["stop"]})", "The cat and the dog",
     "The@0 cat@1 dog@4"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "stop", "stop_words": ["_german_", "Haus"]}]})",
     "das Haus und ich wohne", "wohne@4"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "stop", "stop_words": []}]})", "the a",
     "the@0 a@1"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "stemmer", "language": "german"}]})",
     "häuser laufend", "haus@0 laufend@1"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "stemmer", "language": "russian"}]})",
     "книгами", "книг@0"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "decompounder", "word_list": ["bank", "über", "weisung", "ban"]}]})",
     "banküberweisung bankx bank banküber", "bank@0 über@0 weisung@0 bankx@1 bank@2 bank@3 über@3"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "regex", "expr": "^a.*[0-9]"}]})",
     "a1 b2 a aé7x", "a1@0 aé7x@3"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "synonym", "synonyms": ["car, auto", "usa => america"]}]})",
     "usa car auto", "america@0 car@1 auto@1 auto@2 car@2"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "synonym", "synonyms": ["car, auto"], "expand": false}]})",
     "car auto", "car@0 car@1"},
    {R"({"tokenizer": "whitespace", "filter": ["pinyin"]})", "中文 abc",
     "中文@0 zhong@0 wen@0 abc@1"},
    {R"({"tokenizer": "whitespace", "filter": [{"type": "pinyin", "keep_original": false, "keep_full_pinyin": false, "keep_joined_full_pinyin": true, "keep_separate_first_letter": true}]})",
     "中文", "zhongwen@0 z@0 w@0"},
    {R"({"tokenizer": "whitespace", "filter": ["decimaldigit"]})", "١٢ ३४ ５ ² x",
     "12@0 34@1 5@2 ²@3 x@4"},
    {R"({"tokenizer": "whitespace", "filter": ["arabic_normalization"]})", "أَحْمَد مدرسة علـى",
     "احمد@0 مدرسه@1 علي@2"},
    {R"({"tokenizer": "standard", "filter": ["lowercase", {"type": "stop", "stop_words": ["of"]}, {"type": "length", "max": 4}]})",
     "Lord OF the Rings", "lord@0 the@2"},
    // One analyzer a text.
    {R"({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {"tokenizer": "whitespace"}, "English": {"type": "english"}, "zh": {"tokenizer": {"type": "jieba", "mode": "exact"}}}, "mapping": {"Mandarin": "zh"}}})",
     "The children were playing in the garden", "children@1 were@2 play@3 garden@6"},
    {R"({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {"tokenizer": "whitespace"}, "zh": {"tokenizer": {"type": "jieba", "mode": "exact"}}}, "mapping": {"Mandarin": "zh"}}})",
     "我来到北京清华大学", "我@0 来到@1 北京@3 清华大学@5"},
    {R"({"tokenizer": {"type": "language_identifier", "identifier": "lingua", "analyzers": {"default": {"tokenizer": "whitespace"}, "Chinese": {"tokenizer": {"type": "jieba", "mode": "exact"}}}}})",
     "我来到北京清华大学", "我@0 来到@1 北京@3 清华大学@5"},
    {R"({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {"tokenizer": "whitespace"}}}})",
     "Les enfants jouent", "Les@0 enfants@1 jouent@2"},
    {R"({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {"tokenizer": "whitespace"}}}})",
     "\xff\xfe bad", "\xff\xfe@0 bad@1"},
    // Hardly any text, hardly text.
    {"", "", ""},
    {"", " \t,.;", ""},
    {"", "a\xffz\xe4\xb8", "a@0 z@1"},
    {R"({"type": "chinese"})", "中\xe4\xb8国", "中@0 国@2"},
    {R"({"tokenizer": "icu"})", "", ""},
};

TEST(Analyzer, MakesTheTokensOfTheTable) {
  for (const Case& test : kCases) {
    EXPECT_EQ(Show(Make(test.params)->Analyze(test.text)), test.tokens)
        << test.params << " of " << test.text;
  }
}

TEST(Analyzer, TellsWhereEachTokenStandsInBytes) {
  const Tokens tokens = Make(R"({"type": "english"})")->Analyze("Das Übel, running");
  ASSERT_EQ(tokens.size(), 3u);
  EXPECT_EQ(tokens[1], (Token{"übel", 4, 9, 1, 1}));
  EXPECT_EQ(tokens[2], (Token{"run", 11, 18, 2, 1}));
  const Tokens chinese = Make(R"({"type": "chinese"})")->Analyze("北京清华大学");
  ASSERT_EQ(chinese.size(), 5u);
  EXPECT_EQ(chinese[4], (Token{"清华大学", 6, 18, 2, 4}));
}

struct BadCase {
  std::string_view params;
  std::string_view message;
};

constexpr BadCase kBadCases[] = {
    {"{", "analyzer params are not JSON"},
    {"[]", "analyzer params must be a JSON object"},
    {"7", "analyzer params must be a JSON object"},
    {R"({"filter": ["lowercase"]})", "analyzer tokenizer or type must be set"},
    {R"({"tokenizer": "standard", "filters": []})", "unknown analyzer option key filters"},
    {R"({"type": "klingon"})", "unknown build-in analyzer type: klingon"},
    {R"({"type": 7})", "analyzer type must be a string"},
    {R"({"type": "standard", "tokenizer": "icu"})", "unknown analyzer option key tokenizer"},
    {R"({"type": "english", "stop_words": "the"})",
     "stop_words of analyzer english must be a list"},
    {R"({"type": "english", "stop_words": [7]})", "stop_words of analyzer english must be a list"},
    {R"({"tokenizer": "cutter"})", "unknown analyzer tokenizer: cutter"},
    {R"({"tokenizer": 7})", "analyzer tokenizer must be a name or an object with a type"},
    {R"({"tokenizer": {}})", "analyzer tokenizer must be a name or an object with a type"},
    {R"({"tokenizer": {"type": "standard", "x": 1}})", "unknown analyzer option key x"},
    {R"({"tokenizer": {"type": "char_group"}})", "delimiters of tokenizer char_group must be set"},
    {R"({"tokenizer": {"type": "char_group", "delimiters": ["ab"]}})",
     "single characters or names"},
    {R"({"tokenizer": {"type": "char_group", "delimiters": [""]}})", "single characters or names"},
    {R"({"tokenizer": {"type": "jieba", "mode": "fast"}})",
     "mode of tokenizer jieba must be exact"},
    {R"({"tokenizer": {"type": "jieba", "hmm": 1}})",
     "hmm of tokenizer jieba must be true or false"},
    {R"({"tokenizer": {"type": "jieba", "dict": "x"}})", "dict of tokenizer jieba must be a list"},
    {R"({"tokenizer": {"type": "jieba", "extra_dict_file": {}}})",
     "file resources are not supported"},
    {R"({"tokenizer": "lindera"})", "dict_kind of tokenizer lindera must be set"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "latin"}})",
     "dict_kind of tokenizer lindera must be ipadic"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ko-dic"}})",
     "dictionary ko-dic of tokenizer lindera is not on this server"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "cc-cedict"}})", "use the tokenizer jieba"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic-neologd"}})", "use ipadic"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "mode": "fast"}})",
     "must be normal or decompose"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "user_dict": {}}})",
     "file resources are not supported"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": {}}})",
     "must be a list of objects with a kind"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": ["japanese_stop_tags"]}})",
     "must be a list of objects with a kind"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "x", "tags": []}]}})",
     "unknown filter kind of tokenizer lindera: x"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "japanese_stop_tags"}]}})",
     "tags of filter japanese_stop_tags of tokenizer lindera must be set"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "korean_stop_tags", "tags": []}]}})",
     "needs the dictionary ko-dic"},
    {R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "filter": [{"kind": "japanese_stop_tags", "tags": [], "new_tag": "x"}]}})",
     "unknown analyzer option key new_tag"},
    {R"({"tokenizer": {"type": "grpc", "endpoint": "http://x"}})",
     "tokenizer grpc is not supported by this version"},
    {R"({"tokenizer": {"type": "language_identifier"}})",
     "analyzers of tokenizer language_identifier must be set"},
    {R"({"tokenizer": {"type": "language_identifier", "analyzers": {"en": {}}}})",
     "the key default"},
    {R"({"tokenizer": {"type": "language_identifier", "identifier": "x", "analyzers": {"default": {}}}})",
     "must be whatlang or lingua"},
    {R"({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {}}, "mapping": {"English": "en"}}})",
     "whose values are names of analyzers"},
    {R"({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {"tokenizer": "x"}}}})",
     "unknown analyzer tokenizer: x"},
    {R"({"tokenizer": "standard", "filter": "lowercase"})", "filter of analyzer must be a list"},
    {R"({"tokenizer": "standard", "filter": [[]]})", "analyzer filter must be a name or an object"},
    {R"({"tokenizer": "standard", "filter": ["upper"]})", "unknown analyzer filter: upper"},
    {R"({"tokenizer": "standard", "filter": ["length"]})", "max of filter length must be set"},
    {R"({"tokenizer": "standard", "filter": [{"type": "length", "max": "3"}]})",
     "must be an integer"},
    {R"({"tokenizer": "standard", "filter": [{"type": "length", "max": -1}]})", "not negative"},
    {R"({"tokenizer": "standard", "filter": [{"type": "length", "max": 18446744073709551615}]})",
     "below 2^63"},
    {R"({"tokenizer": "standard", "filter": [{"type": "stop", "stop_words_file": {"type": "local"}}]})",
     "file resources are not supported"},
    {R"({"tokenizer": "standard", "filter": ["stemmer"]})",
     "language of filter stemmer must be set"},
    {R"({"tokenizer": "standard", "filter": [{"type": "stemmer", "language": "latin"}]})",
     "must be one of arabic"},
    {R"({"tokenizer": "standard", "filter": ["decompounder"]})",
     "word_list of filter decompounder must be set"},
    {R"({"tokenizer": "standard", "filter": [{"type": "decompounder", "word_list": []}]})",
     "at least one word"},
    {R"({"tokenizer": "standard", "filter": [{"type": "regex", "expr": "("}]})",
     "a regular expression of RE2"},
    {R"({"tokenizer": "standard", "filter": [{"type": "regex"}]})",
     "expr of filter regex must be set"},
    {R"({"tokenizer": "standard", "filter": [{"type": "synonym"}]})",
     "synonyms of filter synonym must be set"},
    {R"({"tokenizer": "standard", "filter": [{"type": "synonym", "synonyms": ["a =>"]}]})",
     "rules"},
    {R"({"tokenizer": "standard", "filter": [{"type": "lowercase", "deep": true}]})",
     "unknown analyzer option key deep"},
};

TEST(Analyzer, RefusesWithAMessageThatNamesThePart) {
  for (const BadCase& test : kBadCases) {
    const absl::StatusOr<AnalyzerPtr> analyzer = ParseAnalyzer(test.params);
    ASSERT_FALSE(analyzer.ok()) << test.params;
    EXPECT_EQ(CodeOf(analyzer.status()), ErrorCode::kParameterInvalid);
    EXPECT_NE(MessageOf(analyzer.status()).find(test.message), std::string_view::npos)
        << test.params << ": " << MessageOf(analyzer.status());
  }
}

TEST(Analyzer, RefusesAnalyzersNestedWithoutEnd) {
  std::string params = "{}";
  for (int i = 0; i < 1000; ++i) {
    params =
        R"({"tokenizer":{"type":"language_identifier","analyzers":{"default":)" + params + "}}}";
  }
  EXPECT_FALSE(ParseAnalyzer(params).ok());
  EXPECT_FALSE(ParseAnalyzer(std::string(100'000, '[')).ok());
}

TEST(Analyzer, HasEveryStemmerAndStopList) {
  for (const char* language : {"arabic", "danish", "dutch", "english", "finnish", "french",
                               "german", "greek", "hungarian", "italian", "norwegian", "portuguese",
                               "romanian", "russian", "spanish", "swedish", "tamil", "turkish"}) {
    const auto params = fmt::format(
        R"({{"tokenizer": "standard", "filter": [{{"type": "stemmer", "language": "{}"}}]}})",
        language);
    EXPECT_EQ(Make(params)->Analyze("abc").size(), 1u) << language;
  }
  struct List {
    const char* name;
    const char* word;
  };
  for (const List& list : std::initializer_list<List>{{"english", "the"},
                                                      {"danish", "og"},
                                                      {"dutch", "het"},
                                                      {"finnish", "olla"},
                                                      {"french", "dans"},
                                                      {"german", "und"},
                                                      {"hungarian", "egy"},
                                                      {"italian", "della"},
                                                      {"norwegian", "ikke"},
                                                      {"portuguese", "uma"},
                                                      {"russian", "или"},
                                                      {"spanish", "los"},
                                                      {"swedish", "och"},
                                                      {"arabic", "من"},
                                                      {"thai", "และ"},
                                                      {"chinese", "的"}}) {
    const auto params = fmt::format(
        R"({{"tokenizer": "whitespace", "filter": [{{"type": "stop", "stop_words": ["_{}_"]}}]}})",
        list.name);
    EXPECT_EQ(Show(Make(params)->Analyze(fmt::format("{} _x_", list.word))), "_x_@1") << list.name;
  }
}

constexpr std::string_view kEveryKind[] = {
    "",
    R"({"type": "english"})",
    R"({"type": "chinese"})",
    R"({"type": "arabic"})",
    R"({"type": "thai"})",
    R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic"}})",
    R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "mode": "decompose"}})",
    R"({"tokenizer": "icu", "filter": ["asciifolding", "pinyin", "removepunct"]})",
    R"({"tokenizer": {"type": "char_group", "delimiters": ["letter", "a"]}, "filter": ["cncharonly"]})",
    R"({"tokenizer": {"type": "jieba", "mode": "exact", "hmm": false, "dict": ["ab", "中"]}})",
    R"({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {}}}, "filter": [{"type": "regex", "expr": "."}, {"type": "synonym", "synonyms": ["a, b"]}]})",
    R"({"tokenizer": "whitespace", "filter": ["decimaldigit", "arabic_normalization", {"type": "decompounder", "word_list": ["a", "ab"]}, {"type": "stemmer", "language": "turkish"}]})",
};

TEST(Analyzer, KeepsTokensInsideAnyBytes) {
  std::mt19937_64 random(7);
  for (const std::string_view params : kEveryKind) {
    const AnalyzerPtr analyzer = Make(params);
    for (int round = 0; round < 200; ++round) {
      std::string text;
      for (size_t size = random() % 60; text.size() < size;) {
        switch (random() % 4) {
          case 0:
            text += static_cast<char>(random());
            break;
          case 1:
            text += "ab1 ,"[random() % 5];
            break;
          case 2:
            text += "中国";
            break;
          default:
            text += "ไทย";
        }
      }
      int64_t start = 0;
      for (const Token& token : analyzer->Analyze(text)) {
        EXPECT_LE(0, token.start);
        EXPECT_LE(token.start, token.end);
        EXPECT_LE(token.end, static_cast<int64_t>(text.size()));
        EXPECT_LE(0, token.position);
        start = token.start;
      }
      EXPECT_LE(start, static_cast<int64_t>(text.size()));
    }
  }
}

TEST(Analyzer, CutsLongTextsWithoutEndsOfSentencesInPieces) {
  const AnalyzerPtr analyzer = Make(R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic"}})");
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "東京";
  const Tokens tokens = analyzer->Analyze(text);
  EXPECT_GT(tokens.size(), 10'000u);
  std::string again;
  for (size_t i = 0; i < tokens.size(); ++i) {
    ASSERT_EQ(tokens[i].start, static_cast<int64_t>(again.size()));
    ASSERT_EQ(tokens[i].position, static_cast<int64_t>(i));
    again += tokens[i].text;
    ASSERT_EQ(tokens[i].end, static_cast<int64_t>(again.size()));
  }
  EXPECT_EQ(again, text);
}

TEST(Analyzer, TakesOneHugeToken) {
  const std::string word(1 << 20, 'x');
  for (const std::string_view params : kEveryKind) {
    for (const Token& token : Make(params)->Analyze(word)) EXPECT_LE(token.end, 1 << 20);
  }
  const std::string han = [] {
    std::string out;
    for (int i = 0; i < 50'000; ++i) out += "鸑";
    return out;
  }();
  EXPECT_FALSE(Make(R"({"type": "chinese"})")->Analyze(han).empty());
}

TEST(SharedAnalyzer, IsOneForEqualDefinitionsInUse) {
  const auto first = SharedAnalyzer(R"({"type": "english"})");
  const auto second = SharedAnalyzer(R"({"type": "english"})");
  const auto other = SharedAnalyzer("");
  ASSERT_TRUE(first.ok() && second.ok() && other.ok());
  EXPECT_EQ(*first, *second);
  EXPECT_NE(*first, *other);
  EXPECT_FALSE(SharedAnalyzer("{").ok());
}

}  // namespace
}  // namespace elanus::text
