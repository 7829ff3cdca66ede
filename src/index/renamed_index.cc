#include "index/renamed_index.h"

#include <cstring>

#include "index/coded_hnsw.h"
#include "index/hnsw.h"
#include "index/ivf.h"

namespace elanus::index {
namespace {

constexpr size_t kMagicBytes = 8;

class RenamedIndex final : public VectorIndex {
 public:
  RenamedIndex(std::unique_ptr<VectorIndex> index, Translate translate)
      : index_(std::move(index)), translate_(translate) {}

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override {
    const Params params = translate_(request);
    SearchRequest translated = request;
    translated.params = &params;
    return index_->Search(translated, statistics);
  }
  absl::StatusOr<std::vector<std::vector<Neighbor>>> SearchMany(
      const SearchRequest& request, int64_t num_queries,
      SearchStatistics* statistics) const override {
    const Params params = translate_(request);
    SearchRequest translated = request;
    translated.params = &params;
    return index_->SearchMany(translated, num_queries, statistics);
  }
  bool reads_few_rows() const override { return index_->reads_few_rows(); }
  int64_t memory_bytes() const override { return index_->memory_bytes(); }

 private:
  const std::unique_ptr<VectorIndex> index_;
  const Translate translate_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenAnyIndex(std::span<const uint8_t> file,
                                                          const VectorRows& rows,
                                                          kernels::Metric metric,
                                                          const Params& params) {
  constexpr std::pair<std::string_view, decltype(&OpenHnsw)> kForms[] = {
      {"ELNSHNSW", &OpenHnsw},
      {"ELNSHNSC", &OpenCodedHnsw},
      {"ELNSIVFL", &OpenIvfFlat},
      {"ELNSIVFC", &OpenIvfCodes},
  };
  for (const auto& [magic, open] : kForms) {
    if (file.size() >= kMagicBytes && std::memcmp(file.data(), magic.data(), kMagicBytes) == 0) {
      return open(file, rows, metric, params);
    }
  }
  return InternalError(ErrorCode::kDataIntegrity, "index file is damaged: its first bytes");
}

std::unique_ptr<VectorIndex> Renamed(std::unique_ptr<VectorIndex> index, Translate translate) {
  return std::make_unique<RenamedIndex>(std::move(index), translate);
}

}  // namespace elanus::index
