// Arbitrary facts and sections in a well-sealed scalar index file, and arbitrary bytes as a file:
// what opens must be asked safely.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "index/scalar/path_index.h"
#include "index/scalar/scalar_file.h"
#include "index/scalar/scalar_index.h"

namespace {

using namespace elanus;         // NOLINT
using namespace elanus::index;  // NOLINT

constexpr int64_t kRows = 100;

void Ask(const ScalarIndex& index, const ScalarQuery& query) {
  const auto plan = index.Plan(query, 1e18);
  if (plan.ok() && plan->has_value()) (void)index.Rows(query, **plan, Cancellation());
}

void AskAll(const ScalarIndex& index) {
  for (const ScalarKey& key : {ScalarKey(int64_t{3}), ScalarKey(0.5), ScalarKey("ab")}) {
    Ask(index, {.keys = {key, key}});
    Ask(index, {.kind = ScalarQuery::Kind::kAllOf, .keys = {key, key}});
    Ask(index, {.kind = ScalarQuery::Kind::kInterval, .lower = ScalarBound{key, false}});
    Ask(index, {.kind = ScalarQuery::Kind::kInterval, .upper = ScalarBound{key, true}});
  }
  Ask(index, {.kind = ScalarQuery::Kind::kTexts,
              .passes = [](std::string_view text) { return text.size() % 2 == 0; },
              .parts = {"ab", "bcd"}});
  Ask(index, {.kind = ScalarQuery::Kind::kBox, .box = {-1, -1, 1, 1}});
  Ask(index, {.kind = ScalarQuery::Kind::kExists});
}

template <typename Opened>
void AskPaths(Opened opened) {
  if (!opened.ok()) return;
  const std::shared_ptr<const PathIndex> index = *std::move(opened);
  for (const bool elements : {false, true}) {
    AskAll(*PathIndex::At(index, {.elements = elements}));
    AskAll(*PathIndex::At(index, {.path = "ab", .elements = elements, .tells_absent = false}));
  }
}

void OpenAndAsk(const std::string& file) {
  const Bytes bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  if (const auto index = OpenScalarIndex(bytes, kRows); index.ok()) AskAll(**index);
  const auto index = OpenScalarIndex(storage::MakeMemoryReader(bytes), kRows);
  if (index.ok()) AskAll(**index);
  AskPaths(PathIndex::Open(bytes, kRows));
  AskPaths(PathIndex::Open(storage::MakeMemoryReader(bytes), kRows));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  OpenAndAsk(std::string(reinterpret_cast<const char*>(data), size));
  const auto take = [&]() -> uint8_t { return size == 0 ? 0 : (--size, *data++); };
  constexpr uint32_t kTypes[] = {1, 2, 3, 4, 5, 10, 11, 21, 24, 26};
  ScalarFacts facts;
  facts.structure = static_cast<ScalarStructure>(take() % 4);
  if (take() % 4 == 0) facts.structure = ScalarStructure::kPaths;
  facts.key_type = kTypes[take() % 10];
  facts.num_rows = kRows;
  facts.num_keys = take();
  facts.num_entries = facts.num_keys + take();
  facts.num_absent = take() % 4;
  facts.num_odd = take() % 4;
  facts.packed = take() % 2;
  facts.min_gram = take() % 4;
  facts.max_gram = take() % 5;
  std::vector<uint8_t> parts[kNumScalarSections];
  Bytes sections[kNumScalarSections];
  // Mostly of the size that fits, so that what is in them counts.
  const size_t fitting[kNumScalarSections] = {0,
                                              0,
                                              0,
                                              0,
                                              ((facts.num_keys + 15) / 16 + 1) * 8,
                                              0,
                                              (facts.num_keys + 1) * 4,
                                              (facts.num_keys + 1) * 8,
                                              facts.num_entries * 4};
  for (size_t s = 1; s < kNumScalarSections; ++s) {
    const uint8_t bytes = take();
    const bool wide = s == kScalarGroups || s == kScalarOffsets;
    parts[s].resize(bytes < 200 && fitting[s] > 0 ? fitting[s] : bytes % 64 * 8);
    // Small numbers for what are places.
    for (size_t i = 0; i < parts[s].size() && size > 0; i += wide                 ? 8
                                                             : s == kScalarCounts ? 4
                                                                                  : 1) {
      parts[s][i] = take();
    }
    sections[s] = BytesOf(parts[s]);
  }
  OpenAndAsk(MakeScalarFile(facts, sections));
  return 0;
}
