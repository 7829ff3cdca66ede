// Bytes a second of each kind of analyzer, and rows a second of the text match index against
// reading every text.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <random>

#include "common/check.h"
#include "text/analyzer.h"
#include "text/match_index.h"

namespace elanus::text {
namespace {

constexpr const char* kParams[] = {
    R"({"type": "standard"})",
    R"({"type": "english"})",
    R"({"tokenizer": "icu", "filter": ["lowercase", "removepunct"]})",
    R"({"type": "chinese"})",
};

AnalyzerPtr Make(const char* params) {
  absl::StatusOr<AnalyzerPtr> analyzer = ParseAnalyzer(params);
  ELANUS_CHECK_OK(analyzer.status());
  return *std::move(analyzer);
}

// Word i is drawn about 1 / i times as often as the first, as in prose.
std::string Sentence(std::mt19937_64& random, int num_words, int vocabulary) {
  std::string text;
  std::uniform_real_distribution<double> uniform;
  for (int i = 0; i < num_words; ++i) {
    const int word = static_cast<int>(std::pow(vocabulary, uniform(random)));
    text += fmt::format("word{} ", word);
  }
  return text;
}

void BM_Analyze(benchmark::State& state) {
  const AnalyzerPtr analyzer = Make(kParams[state.range(0)]);
  std::mt19937_64 random(1);
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text += state.range(0) == 3 ? "小明硕士毕业于中国科学院计算所，后在日本京都大学深造。"
                                : Sentence(random, 10, 50'000);
  }
  benchmark::DoNotOptimize(analyzer->Analyze(text));  // Makes what is made at first use.
  for (auto _ : state) benchmark::DoNotOptimize(analyzer->Analyze(text));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
  state.SetLabel(kParams[state.range(0)]);
}
BENCHMARK(BM_Analyze)->DenseRange(0, 3);

constexpr int64_t kRows = 200'000;

struct Corpus {
  AnalyzerPtr analyzer = Make(kParams[0]);
  std::vector<std::string> texts;
  MatchIndex index;
};

const Corpus& TheCorpus() {
  static const Corpus* const corpus = [] {
    auto* made = new Corpus();
    std::mt19937_64 random(2);
    for (int64_t row = 0; row < kRows; ++row) {
      made->texts.push_back(Sentence(random, 12, 50'000));
      made->index.Add(row, made->analyzer->Analyze(made->texts.back()));
    }
    return made;
  }();
  return *corpus;
}

MatchQuery QueryOf(int64_t kind) {
  const Tokens words = TheCorpus().analyzer->Analyze("word30 word700");
  if (kind == 0) return MatchTokens(words, 1);
  if (kind == 1) return MatchTokens(words, 2);
  return MatchPhrase(words, 2);
}

void BM_MatchIndex(benchmark::State& state) {
  const Corpus& corpus = TheCorpus();
  const MatchQuery query = QueryOf(state.range(0));
  std::vector<uint64_t> words((kRows + 63) / 64);
  for (auto _ : state) {
    std::fill(words.begin(), words.end(), 0);
    corpus.index.Match(query, kRows, Cancellation(), words);
    benchmark::DoNotOptimize(words.data());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  int64_t text_bytes = 0;
  for (const std::string& text : corpus.texts) text_bytes += static_cast<int64_t>(text.size());
  state.counters["index_share"] =
      static_cast<double>(corpus.index.memory_bytes()) / static_cast<double>(text_bytes);
}
BENCHMARK(BM_MatchIndex)->DenseRange(0, 2);

// What an infix `like` costs at best.
void BM_FindInEveryText(benchmark::State& state) {
  const Corpus& corpus = TheCorpus();
  for (auto _ : state) {
    int64_t found = 0;
    for (const std::string& text : corpus.texts) {
      found += static_cast<int64_t>(text.find("word700") != std::string::npos);
    }
    benchmark::DoNotOptimize(found);
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(BM_FindInEveryText);

void BM_AddToIndex(benchmark::State& state) {
  const Corpus& corpus = TheCorpus();
  for (auto _ : state) {
    MatchIndex index;
    for (int64_t row = 0; row < kRows; ++row) {
      index.Add(row, corpus.analyzer->Analyze(corpus.texts[row]));
    }
    benchmark::DoNotOptimize(index.num_tokens());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(BM_AddToIndex)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace elanus::text
