#include "index/build_memory.h"

#include <gtest/gtest.h>

#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

schema::FieldSchema FieldOf(schema::DataType type, int64_t dim) {
  schema::FieldSchema field;
  field.name = "v";
  field.type = type;
  field.type_params["dim"] = std::to_string(dim);
  return field;
}

// Each kind with default parameters, of a type that it takes.
template <typename F>
void ForEachKind(F&& f) {
  for (const IndexKind& kind : IndexKinds()) {
    if (!kind.is_vector || !kind.available || !kind.builds_files) continue;
    for (const schema::DataType type :
         {schema::DataType::kFloatVector, schema::DataType::kBinaryVector}) {
      const schema::FieldSchema field = FieldOf(type, 64);
      if (!kind.admits(field)) continue;
      Params params;
      if (kind.name == "IVF_PQ" || kind.name == "HNSW_PQ" || kind.name == "HNSW_PRQ") {
        params["m"] = "16";
      }
      if (kind.name == "FAISS") {
        params["faiss_index_name"] =
            type == schema::DataType::kBinaryVector ? "BHNSW16" : "IVF64,SQ8";
      }
      ASSERT_TRUE(kind.check_build(field, params).ok()) << kind.name;
      f(kind, type, params);
    }
  }
}

TEST(BuildMemory, GrowsWithRowsAndIsNeverLessThanTheFile) {
  constexpr int64_t kRows = 1000;
  std::vector<uint8_t> zeros(static_cast<size_t>(kRows) * 64 * 4);
  for (size_t i = 0; i < zeros.size(); i += 4) {
    const float value = static_cast<float>(i * 2654435761u % 1000) / 1000;
    std::memcpy(&zeros[i], &value, 4);
  }
  ForEachKind([&](const IndexKind& kind, schema::DataType type, const Params& params) {
    SCOPED_TRACE(kind.name);
    const int64_t few = BuildMemoryBytes(kind, {type, 64, kRows}, params);
    const int64_t many = BuildMemoryBytes(kind, {type, 64, 1000 * kRows}, params);
    const int64_t wide = BuildMemoryBytes(kind, {type, 64 * 64, 1000 * kRows}, params);
    constexpr int64_t kFixed = 16 << 20;  // Of every build.
    EXPECT_GT(many - kFixed, 5 * (few - kFixed));
    EXPECT_GE(wide, many);
    EXPECT_EQ(BuildMemoryBytes(kind, {type, 64, 0}, params), 0);
    BuildOptions options;
    options.rows = {type, 64, kRows, zeros.data()};
    options.metric = kind.metrics(type).front();
    options.params = params;
    const auto file = kind.build(options);
    ASSERT_TRUE(file.ok()) << file.status();
    if (kind.build_into != nullptr) {
      // Its file never is in memory whole, and it comes in the same bytes.
      std::string pieces;
      size_t largest = 0;
      ASSERT_TRUE(kind.build_into(options,
                                  [&](std::string_view bytes) {
                                    pieces += bytes;
                                    largest = std::max(largest, bytes.size());
                                    return absl::OkStatus();
                                  })
                      .ok());
      EXPECT_EQ(pieces, *file);
      EXPECT_LE(largest, size_t{2} << 20);
      const absl::Status full = InternalError(ErrorCode::kDiskLimitExceeded, "no room");
      EXPECT_EQ(kind.build_into(options, [&](std::string_view) { return full; }), full);
      return;
    }
    EXPECT_GE(few - kFixed, static_cast<int64_t>(file->size()));
  });
}

TEST(BuildMemory, KindsThatSearchTheColumnTakeNothing) {
  EXPECT_EQ(
      BuildMemoryBytes(*FindIndexKind("FLAT"), {schema::DataType::kFloatVector, 64, 1'000'000}, {}),
      0);
}

}  // namespace
}  // namespace elanus::index
