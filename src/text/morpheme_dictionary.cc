#include "text/morpheme_dictionary.h"

#include <mecab.h>

#include <filesystem>
#include <map>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

struct Known {
  std::string_view name;
  std::string_view folder;   // Below kRoots; empty: this version reads none of the kind.
  std::string_view missing;  // What to do.
};
constexpr Known kKnown[] = {
    {"ipadic", "ipadic-utf8", "install the Debian package mecab-ipadic-utf8"},
    {"unidic", "unidic", "install the Debian package unidic-mecab"},
    {"ipadic-neologd", "", "Debian has no package of it; use ipadic"},
    {"ko-dic", "", "Debian has no package of it; use the tokenizer icu"},
    {"cc-cedict", "", "Debian has no package of it; use the tokenizer jieba"},
};
constexpr std::string_view kRoots[] = {"/var/lib/mecab/dic/", "/usr/share/mecab/dic/",
                                       "/usr/lib/mecab/dic/"};

// What a long word costs more where compounds are to be cut: for each character beyond so many.
// lindera's figures for "decompose", which are those of the search mode of Kuromoji.
constexpr int64_t kKanjiFree = 2, kKanjiCost = 3000, kOthersFree = 7, kOthersCost = 1700;

int64_t LengthCost(std::string_view word) {
  int64_t length = 0;
  bool kanji = true;
  for (int32_t at = 0; at < static_cast<int32_t>(word.size()); ++length) {
    const Rune rune = NextRune(word, &at);
    kanji &= rune >= 0x4E00 && rune <= 0x9FFF;
  }
  if (kanji) return std::max<int64_t>(length - kKanjiFree, 0) * kKanjiCost;
  return std::max<int64_t>(length - kOthersFree, 0) * kOthersCost;
}

// The cheapest way through the words that the lattice has, with LengthCost added.
std::vector<const mecab_node_t*> Decompose(const MeCab::Model& model,
                                           const MeCab::Lattice& lattice) {
  struct Step {
    const mecab_node_t* node;
    int64_t cost;
    int32_t before;  // In `steps`; -1: the beginning.
  };
  std::vector<Step> steps = {{lattice.bos_node(), 0, -1}};
  std::vector<std::vector<int32_t>> ends(lattice.size() + 1);
  ends[0].push_back(0);
  const auto reach = [&](size_t at, const mecab_node_t* node, int64_t own_cost) {
    Step best{node, INT64_MAX, -1};
    for (const int32_t left : ends[at]) {
      const int64_t cost = steps[left].cost +
                           model.transition_cost(steps[left].node->rcAttr, node->lcAttr) + own_cost;
      if (cost < best.cost) best = {node, cost, left};
    }
    steps.push_back(best);
  };
  for (size_t at = 0; at < lattice.size(); ++at) {
    if (ends[at].empty()) continue;
    for (const mecab_node_t* node = lattice.begin_nodes(at); node != nullptr; node = node->bnext) {
      // White space at the end gives a word behind the end.
      if (at + node->rlength > lattice.size()) continue;
      reach(at, node, node->wcost + LengthCost({node->surface, node->length}));
      ends[at + node->rlength].push_back(static_cast<int32_t>(steps.size()) - 1);
    }
  }
  size_t last = lattice.size();
  while (ends[last].empty()) --last;
  reach(last, lattice.eos_node(), 0);
  std::vector<const mecab_node_t*> words;
  for (int32_t step = steps.back().before; step > 0; step = steps[step].before) {
    words.push_back(steps[step].node);
  }
  return {words.rbegin(), words.rend()};
}

}  // namespace

MorphemeDictionary::~MorphemeDictionary() = default;

std::unique_ptr<const MorphemeDictionary> MorphemeDictionary::Open(const std::string& directory) {
  std::unique_ptr<MorphemeDictionary> out(new MorphemeDictionary());
  // No settings of the machine's user: the dictionary has its own.
  out->model_.reset(MeCab::createModel(("-r /dev/null -d " + directory).c_str()));
  if (out->model_ == nullptr) return nullptr;
  const std::string_view charset = out->model_->dictionary_info()->charset;
  if (charset != "UTF-8" && charset != "utf-8" && charset != "utf8") return nullptr;
  out->tagger_.reset(out->model_->createTagger());
  return out->tagger_ == nullptr ? nullptr : std::move(out);
}

absl::StatusOr<const MorphemeDictionary*> MorphemeDictionary::Named(std::string_view name) {
  static absl::Mutex mutex;
  static auto* const opened =
      new std::map<std::string_view, std::unique_ptr<const MorphemeDictionary>>();
  for (const Known& known : kKnown) {
    if (known.name != name) continue;
    absl::MutexLock lock(&mutex);
    std::unique_ptr<const MorphemeDictionary>& dictionary = (*opened)[known.name];
    for (const std::string_view root : kRoots) {
      if (dictionary != nullptr || known.folder.empty()) break;
      const std::string directory = fmt::format("{}{}", root, known.folder);
      std::error_code error;
      if (std::filesystem::exists(directory + "/sys.dic", error)) dictionary = Open(directory);
    }
    if (dictionary != nullptr) return dictionary.get();
    return UserError(ErrorCode::kParameterInvalid,
                     "dictionary {} of tokenizer lindera is not on this server: {}", name,
                     known.missing);
  }
  return UserError(ErrorCode::kParameterInvalid,
                   "dict_kind of tokenizer lindera must be ipadic, ipadic-neologd, unidic, ko-dic "
                   "or cc-cedict: {}",
                   name.substr(0, 64));
}

void MorphemeDictionary::Cut(std::string_view text, bool decompose,
                             const std::function<void(const Morpheme&)>& take) const {
  const std::unique_ptr<MeCab::Lattice> lattice(model_->createLattice());
  if (decompose) lattice->add_request_type(MECAB_ALL_MORPHS);
  // Of a text that ends in white space one byte more is looked at.
  const std::string terminated(text);
  lattice->set_sentence(terminated.data(), terminated.size());
  if (!tagger_->parse(lattice.get())) return;
  const auto give = [&](const mecab_node_t& node) {
    const int64_t begin = node.surface - terminated.data();
    take({begin, begin + node.length, node.feature, node.stat == MECAB_UNK_NODE});
  };
  if (decompose) {
    for (const mecab_node_t* node : Decompose(*model_, *lattice)) give(*node);
    return;
  }
  for (const mecab_node_t* node = lattice->bos_node()->next; node->next != nullptr;
       node = node->next) {
    give(*node);
  }
}

}  // namespace elanus::text
