// Japanese by a morphological dictionary, with lindera's options: words, and filters over their
// parts of speech.
#include <algorithm>
#include <set>

#include "text/morpheme_dictionary.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

// A word, and its part of speech as the dictionary has it, in four steps: "名詞,固有名詞,組織,*".
struct TaggedToken {
  Token token;
  std::string tag;
  bool unknown = false;
};
using TaggedTokens = std::vector<TaggedToken>;

constexpr int kTagParts = 4;

// The first four parts; what is missing is "*".
std::string FullTag(std::string_view features) {
  std::string tag;
  for (int part = 0; part < kTagParts; ++part) {
    const size_t comma = features.find(',');
    const std::string_view value = features.substr(0, comma);
    if (part > 0) tag += ',';
    tag += value.empty() ? "*" : value;
    features = comma == std::string_view::npos ? "" : features.substr(comma + 1);
  }
  return tag;
}

class TagSet {
 public:
  explicit TagSet(const std::vector<std::string>& tags) {
    for (const std::string& tag : tags) tags_.insert(FullTag(tag));
  }
  // A word that the dictionary lacks is "UNK", beside what its characters make probable.
  bool Contains(const TaggedToken& token) const {
    return tags_.contains(token.tag) || (token.unknown && tags_.contains(kUnknown));
  }

 private:
  static constexpr std::string_view kUnknown = "UNK,*,*,*";
  std::set<std::string, std::less<>> tags_;
};

class TagFilter {
 public:
  enum class Kind { kKeep, kStop, kCompound };
  TagFilter(Kind kind, const std::vector<std::string>& tags, std::string_view new_tag)
      : kind_(kind), tags_(tags), new_tag_(FullTag(new_tag)) {}

  void Apply(TaggedTokens& tokens) const {
    if (kind_ == Kind::kCompound) return Join(tokens);
    std::erase_if(tokens, [&](const TaggedToken& token) {
      return tags_.Contains(token) != (kind_ == Kind::kKeep);
    });
  }

 private:
  // Neighbours that all have one of the tags become one word.
  void Join(TaggedTokens& tokens) const {
    TaggedTokens out;
    bool joins = false;  // The last one of `out` may grow.
    for (TaggedToken& token : tokens) {
      const bool may = tags_.Contains(token);
      if (joins && may && out.back().token.end == token.token.start) {
        Token& last = out.back().token;
        last.text += token.token.text;
        last.end = token.token.end;
        last.position_length += token.token.position_length;
        out.back().tag = new_tag_;
        out.back().unknown = false;
      } else {
        out.push_back(std::move(token));
      }
      joins = may;
    }
    tokens = std::move(out);
  }

  const Kind kind_;
  const TagSet tags_;
  const std::string new_tag_;
};

class LinderaTokenizer final : public Tokenizer {
 public:
  LinderaTokenizer(const MorphemeDictionary& dictionary, bool decompose,
                   std::vector<TagFilter> filters)
      : dictionary_(dictionary), decompose_(decompose), filters_(std::move(filters)) {}

  void Tokenize(std::string_view text, Tokens& out) const override {
    TaggedTokens tokens;
    const auto size = static_cast<int32_t>(text.size());
    int32_t begin = 0;
    for (int32_t at = 0; at < size;) {
      const Rune rune = NextRune(text, &at);
      if (!EndsPiece(rune) && at - begin < kPieceBytes && at < size) continue;
      Cut(text.substr(begin, at - begin), begin, tokens);
      begin = at;
    }
    for (const TagFilter& filter : filters_) filter.Apply(tokens);
    for (TaggedToken& token : tokens) out.push_back(std::move(token.token));
  }

 private:
  // Pieces are cut by themselves, as lindera does behind these. Longer ones would take memory, and
  // time: at each character MeCab looks how far the run of its kind goes.
  static constexpr int32_t kPieceBytes = 1024;
  static bool EndsPiece(Rune rune) {
    return rune == U'。' || rune == U'、' || rune == '\n' || rune == '\t';
  }

  void Cut(std::string_view piece, int64_t offset, TaggedTokens& out) const {
    dictionary_.Cut(piece, decompose_, [&](const Morpheme& word) {
      const std::string_view text = piece.substr(word.begin, word.end - word.begin);
      const auto position = static_cast<int64_t>(out.size());
      out.push_back({{std::string(text), offset + word.begin, offset + word.end, position, 1},
                     FullTag(word.features),
                     word.unknown});
    });
  }

  const MorphemeDictionary& dictionary_;
  const bool decompose_;
  const std::vector<TagFilter> filters_;
};

absl::StatusOr<TagFilter> ReadFilter(const nlohmann::json& definition) {
  const std::string owner = "tokenizer lindera";
  if (!definition.is_object() || !definition.contains("kind") || !definition["kind"].is_string()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "analyzer option filter of {} must be a list of objects with a kind", owner);
  }
  const auto kind = definition["kind"].get<std::string>();
  Options options("filter " + kind + " of " + owner, definition);
  options.Take("kind");
  ELANUS_ASSIGN_OR_RETURN(const auto tags, options.Strings("tags"));
  if (!tags.has_value()) return options.Missing("tags");
  std::string new_tag = "複合語";
  if (kind == "japanese_compound_word") {
    ELANUS_ASSIGN_OR_RETURN(const auto named, options.String("new_tag"));
    new_tag = named.value_or(new_tag);
  }
  ELANUS_RETURN_IF_ERROR(options.Finish());
  if (kind == "japanese_keep_tags") return TagFilter(TagFilter::Kind::kKeep, *tags, "");
  if (kind == "japanese_stop_tags") return TagFilter(TagFilter::Kind::kStop, *tags, "");
  if (kind == "japanese_compound_word") {
    return TagFilter(TagFilter::Kind::kCompound, *tags, new_tag);
  }
  if (kind == "korean_keep_tags" || kind == "korean_stop_tags") {
    return UserError(ErrorCode::kParameterInvalid,
                     "filter {} of {} needs the dictionary ko-dic, which this server does not read",
                     kind, owner);
  }
  return UserError(ErrorCode::kParameterInvalid, "unknown filter kind of {}: {}", owner,
                   kind.substr(0, 64));
}

}  // namespace

TokenizerOr MakeLinderaTokenizer(Options& options) {
  ELANUS_ASSIGN_OR_RETURN(const auto kind, options.String("dict_kind"));
  if (!kind.has_value()) return options.Missing("dict_kind");
  ELANUS_ASSIGN_OR_RETURN(const auto mode, options.String("mode"));
  if (mode.has_value() && *mode != "normal" && *mode != "decompose") {
    return options.Wrong("mode", "normal or decompose");
  }
  ELANUS_RETURN_IF_ERROR(options.Refuse("user_dict", kNoFiles));
  std::vector<TagFilter> filters;
  if (const nlohmann::json* const listed = options.Take("filter")) {
    if (!listed->is_array()) return options.Wrong("filter", "a list of objects with a kind");
    for (const nlohmann::json& definition : *listed) {
      ELANUS_ASSIGN_OR_RETURN(TagFilter filter, ReadFilter(definition));
      filters.push_back(std::move(filter));
    }
  }
  ELANUS_ASSIGN_OR_RETURN(const MorphemeDictionary* const dictionary,
                          MorphemeDictionary::Named(*kind));
  return std::unique_ptr<const Tokenizer>(
      new LinderaTokenizer(*dictionary, mode == "decompose", std::move(filters)));
}

}  // namespace elanus::text
