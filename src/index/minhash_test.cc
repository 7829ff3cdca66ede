#include "index/minhash.h"

#include <gtest/gtest.h>

#include <random>

#include "index/index_kinds.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Bitset;
using kernels::Metric;

// Signatures of `elements` elements of `element_bytes`; in clusters of near duplicates, that differ
// from each other in a share of the elements that grows with the row.
TestVectors Signatures(int64_t num_rows, int64_t elements, int64_t element_bytes,
                       uint64_t seed = 1) {
  TestVectors out{schema::DataType::kBinaryVector, elements * element_bytes * 8, num_rows, {}};
  std::mt19937_64 random(seed);
  const int64_t width = elements * element_bytes;
  std::vector<uint8_t> parent(width);
  for (int64_t row = 0; row < num_rows; ++row) {
    if (row % 10 == 0) {
      for (uint8_t& byte : parent) byte = static_cast<uint8_t>(random());
    }
    std::vector<uint8_t> own = parent;
    for (int64_t e = 0; e < elements; ++e) {
      if (static_cast<int64_t>(random() % 10) >= row % 10) continue;
      for (int64_t b = 0; b < element_bytes; ++b) {
        own[e * element_bytes + b] = static_cast<uint8_t>(random());
      }
    }
    out.bytes.insert(out.bytes.end(), own.begin(), own.end());
  }
  return out;
}

// What one row is to a query, by definition.
struct Likeness {
  int64_t equal = 0;
  bool collides = false;
};
Likeness Compare(const uint8_t* a, const uint8_t* b, int64_t elements, int64_t element_bytes,
                 int64_t bands) {
  Likeness out;
  std::vector<bool> same;
  for (int64_t e = 0; e < elements; ++e) {
    same.push_back(
        std::equal(a + e * element_bytes, a + (e + 1) * element_bytes, b + e * element_bytes));
    out.equal += same.back() ? 1 : 0;
  }
  for (int64_t band = 0; band < bands; ++band) {
    bool all = true;
    for (int64_t e = elements * band / bands; e < elements * (band + 1) / bands; ++e) {
      all = all && same[e];
    }
    out.collides |= all;
  }
  return out;
}

struct Shape {
  int64_t elements, element_bits, bands;
};

Params BuildParamsOf(const Shape& shape) {
  return {{"mh_element_bit_width", std::to_string(shape.element_bits)},
          {"mh_lsh_band", std::to_string(shape.bands)}};
}

TEST(MinHash, FindsTheRowsThatAreEqualInABandAndRanksThemByLikeness) {
  for (const Shape shape : {Shape{16, 32, 8}, Shape{16, 8, 4}, Shape{7, 24, 3}, Shape{10, 64, 10},
                            Shape{12, 16, 1}, Shape{5, 256, 5}, Shape{33, 8, 33}}) {
    const int64_t element_bytes = shape.element_bits / 8;
    const auto data = Signatures(700, shape.elements, element_bytes);
    Bitset valid(data.num_rows, true), allowed(data.num_rows);
    for (int64_t row = 0; row < data.num_rows; row += 13) valid.Reset(row);
    for (int64_t row = 0; row < data.num_rows; row += 3) allowed.Set(row);
    const auto file = BuildMinHash({.rows = data.rows(),
                                    .valid = valid.view(),
                                    .metric = Metric::kMinHash,
                                    .params = BuildParamsOf(shape)});
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    const auto index = OpenMinHash({reinterpret_cast<const uint8_t*>(file->data()), file->size()},
                                   data.rows(), Metric::kMinHash, {});
    ASSERT_TRUE(index.ok()) << index.status().ToString();
    for (const bool jaccard : {false, true}) {
      for (const bool filtered : {false, true}) {
        for (const int64_t k : {3, 700}) {
          for (const int64_t query : {0, 1, 9, 255}) {
            const Params params = {{"mh_search_with_jaccard", jaccard ? "true" : "false"}};
            SearchRequest request{.query = data.row(query), .k = k, .params = &params};
            if (filtered) {
              request.allowed = allowed.view();
              request.num_allowed = allowed.Count();
            }
            const auto hits = (*index)->Search(request, nullptr);
            ASSERT_TRUE(hits.ok()) << hits.status().ToString();
            std::vector<Neighbor> expected;
            for (int64_t row = 0; row < data.num_rows; ++row) {
              const Likeness like = Compare(data.row(query), data.row(row), shape.elements,
                                            element_bytes, shape.bands);
              if (!like.collides || !valid.Test(row) || (filtered && !allowed.Test(row))) continue;
              const float share =
                  static_cast<float>(like.equal) / static_cast<float>(shape.elements);
              expected.push_back({jaccard ? -share : -1.0f, row});
            }
            std::sort(expected.begin(), expected.end(), kernels::Nearer);
            if (static_cast<int64_t>(expected.size()) > k) expected.resize(k);
            EXPECT_EQ(*hits, expected) << shape.elements << " elements, " << shape.bands
                                       << " bands, query " << query << " k " << k;
          }
        }
      }
    }
  }
}

TEST(MinHash, AnswersAsTheScanWithoutAnIndexDoes) {
  const Shape shape{16, 32, 8};
  const auto data = Signatures(500, 16, 4);
  Params params = {{"mh_lsh_band", "77"}};  // A client's own is of no account.
  AddSignatureParams(BuildParamsOf(shape), params);
  const auto scan = [&](const DistanceRange& range) {
    BruteForce search(data.type, data.dim, Metric::kMinHash, data.row(3), 1, 500, range,
                      SignatureOf(params));
    EXPECT_TRUE(search.Add(data.rows(), 0, {}, nullptr).ok());
    return search.Finish().front();
  };
  const auto file = BuildMinHash(
      {.rows = data.rows(), .metric = Metric::kMinHash, .params = BuildParamsOf(shape)});
  ASSERT_TRUE(file.ok());
  const auto index = OpenMinHash({reinterpret_cast<const uint8_t*>(file->data()), file->size()},
                                 data.rows(), Metric::kMinHash, {});
  ASSERT_TRUE(index.ok());
  SearchRequest request{.query = data.row(3), .k = 500, .params = &params};
  EXPECT_EQ(*(*index)->Search(request, nullptr), scan({}));
  EXPECT_GE(scan({}).size(), 5u);
  request.range = {.nearest = -0.5f};  // All hits have the likeness 1.
  EXPECT_TRUE((*index)->Search(request, nullptr)->empty());
  EXPECT_TRUE(scan(request.range).empty());
}

TEST(MinHash, RefusesSignaturesThatDoNotFit) {
  const IndexKind& kind = *FindIndexKind("MINHASH_LSH");
  schema::FieldSchema field;
  field.type = schema::DataType::kBinaryVector;
  field.type_params["dim"] = "512";
  const auto refusal = [&](Params params) { return std::string(MessageOf(kind.check_build(field, params))); };
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({{"mh_element_bit_width", "32"}, {"mh_lsh_band", "16"}}), "");
  EXPECT_NE(refusal({{"mh_element_bit_width", "32"}, {"mh_lsh_band", "17"}})
                .find("mh_lsh_band (17) should not be larger"),
            std::string::npos);
  EXPECT_NE(refusal({{"mh_element_bit_width", "24"}}).find("should be a multiple of"),
            std::string::npos);
  EXPECT_NE(refusal({{"mh_element_bit_width", "12"}}).find("a multiple of 8: 12"),
            std::string::npos);
  EXPECT_NE(refusal({{"mh_element_bit_width", "4"}}).find("should be in range [8, 256]"),
            std::string::npos);
  EXPECT_NE(refusal({{"mh_lsh_band", "0"}}).find("should be in range"), std::string::npos);
  EXPECT_NE(refusal({{"mh_lsh_aligned_block_size", "100"}}).find("should be in range"),
            std::string::npos);
}

}  // namespace
}  // namespace elanus::index
