// Arbitrary sections in a well-sealed text index file, and arbitrary bytes as a file: what opens
// must be asked safely.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "index/scalar/text_index.h"
#include "storage/block_reader.h"

namespace {

using namespace elanus;         // NOLINT
using namespace elanus::index;  // NOLINT

constexpr int64_t kRows = 300;

text::Tokens Words(const std::vector<std::string>& words) {
  text::Tokens tokens;
  for (const std::string& word : words) {
    const auto position = static_cast<int64_t>(tokens.size());
    tokens.push_back({word, 0, 1, position, 1});
  }
  return tokens;
}

void AskAll(const TextIndex& index) {
  for (const auto& words : {Words({"a"}), Words({"a", "b"}), Words({"ab", "ab", "c"})}) {
    (void)index.Match(text::MatchTokens(words, 1), Cancellation());
    (void)index.Match(text::MatchTokens(words, 2), Cancellation());
    (void)index.Match(text::MatchFuzzy(words, 1), Cancellation());
    (void)index.Match(text::MatchPhrase(words, 0), Cancellation());
    (void)index.Match(text::MatchPhrase(words, 3), Cancellation());
  }
}

void OpenAndAsk(const std::string& file) {
  const Bytes bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  if (const auto index = TextIndex::Open(bytes, kRows); index.ok()) AskAll(**index);
  const auto index = TextIndex::Open(storage::MakeMemoryReader(bytes), kRows);
  if (index.ok()) AskAll(**index);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  OpenAndAsk(std::string(reinterpret_cast<const char*>(data), size));
  const auto take = [&]() -> uint8_t { return size == 0 ? 0 : (--size, *data++); };
  // Tokens a, b, ab and c, well placed; whatever is behind them is arbitrary.
  TextKeyWriter keys;
  for (const char* key : {"a", "ab", "b", "c"}) keys.Add(key);
  keys.Finish();
  constexpr uint64_t kTokens = 4;
  std::vector<uint32_t> counts = {0};
  std::vector<uint64_t> offsets, places;
  std::vector<uint8_t> rows, positions;
  for (uint64_t token = 0; token < kTokens; ++token) {
    offsets.push_back(rows.size());
    places.push_back(positions.size());
    counts.push_back(counts.back() + take() * 2);
    rows.push_back(take() % 3);
    for (uint8_t bytes = take(); bytes > 0 && size > 0; --bytes) rows.push_back(take());
    for (uint8_t bytes = take(); bytes > 0 && size > 0; --bytes) positions.push_back(take());
  }
  offsets.push_back(rows.size());
  places.push_back(positions.size());
  const ScalarFacts facts{.structure = ScalarStructure::kTokens,
                          .key_type = static_cast<uint32_t>(schema::DataType::kVarChar),
                          .num_rows = kRows,
                          .num_keys = kTokens,
                          .num_entries = counts.back(),
                          .packed = 1};
  Bytes sections[kNumTokenSections];
  sections[kScalarKeys] = BytesOf(keys.keys());
  sections[kScalarGroups] = BytesOf(keys.groups());
  sections[kScalarFences] = BytesOf(keys.fences());
  sections[kScalarCounts] = BytesOf(counts);
  sections[kScalarOffsets] = BytesOf(offsets);
  sections[kScalarRows] = BytesOf(rows);
  sections[kTokenPositionOffsets] = BytesOf(places);
  sections[kTokenPositions] = BytesOf(positions);
  OpenAndAsk(MakeScalarFile(facts, sections));
  return 0;
}
