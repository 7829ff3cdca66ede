#include <algorithm>
#include <cmath>
#include <cstring>

#include "index/disk_graph.h"
#include "index/disk_graph_file.h"
#include "index/float_rows.h"
#include "index/hnsw.h"
#include "index/hnsw_file.h"
#include "index/index_params.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

constexpr int64_t kDefaultDegree = 56;
constexpr int64_t kDefaultSearchList = 100;
constexpr double kDefaultCodeRatio = 0.125;
constexpr uint64_t kEntriesMax = 1024;
constexpr size_t kEncodeRows = 4096;  // Coded by one task; a multiple of kCodeBlock.
// Shares of the work, for the progress that is reported.
constexpr double kGraphShare = 0.9;

// Codes of about `bytes` bytes: as many bits a component as fit, else parts of the vector by
// tables.
CodeSpec SpecFor(uint64_t dim, double bytes) {
  const double bits = bytes * 8 / static_cast<double>(dim);
  if (bits >= 8) return {.kind = CodeKind::kScalar, .bits = 8};
  if (bits >= 6) return {.kind = CodeKind::kScalar, .bits = 6};
  if (bits >= 4) return {.kind = CodeKind::kScalar, .bits = 4};
  auto parts = static_cast<uint64_t>(std::max(1.0, bytes));
  while (dim % parts != 0) --parts;
  return {.kind = CodeKind::kProduct, .bits = 8, .parts = static_cast<uint32_t>(parts)};
}

class Builder {
 public:
  Builder(const BuildOptions& options, bool inline_codes)
      : options_(options),
        dim_(static_cast<size_t>(options.rows.dim)),
        floats_(options.rows, options.metric) {
    head_.facts.inline_codes = inline_codes ? 1 : 0;
  }

  absl::StatusOr<std::string> Build();

 private:
  absl::Status BuildGraph();
  void ChooseEntries();
  absl::Status TrainStore();
  absl::Status EncodeRows(const std::vector<uint32_t>& rows, uint8_t* run) const;
  absl::StatusOr<std::string> WriteBlocks(const DiskGraphLayout& layout) const;
  absl::Status WriteRecord(uint32_t row, const DiskGraphLayout& layout, uint8_t* record) const;

  void Residual(uint32_t row, float* out) const {
    floats_.Get(row, out);
    for (size_t d = 0; d < dim_; ++d) out[d] -= head_.centre[d];
  }

  const BuildOptions& options_;
  const size_t dim_;
  const FloatRows floats_;
  DiskGraphHead head_;
  std::string graph_file_;
  HnswGraph graph_;                // On graph_file_.
  std::vector<uint32_t> members_;  // Rows that are not null.
  std::unique_ptr<CodeStore> store_;
};

absl::Status Builder::BuildGraph() {
  const int64_t degree = IntParam(options_.params, "max_degree", kDefaultDegree);
  BuildOptions options = options_;
  // Level 0 of an HNSW graph has 2 * M links.
  options.params = {{"M", std::to_string(std::max<int64_t>(2, (degree + 1) / 2))},
                    {"efConstruction", std::to_string(IntParam(options_.params, "search_list_size",
                                                               kDefaultSearchList))}};
  if (options_.progress) {
    options.progress = [this](double done) { options_.progress(done * kGraphShare); };
  }
  ELANUS_ASSIGN_OR_RETURN(graph_file_, BuildHnsw(options));
  ELANUS_ASSIGN_OR_RETURN(
      graph_,
      OpenHnswFile({reinterpret_cast<const uint8_t*>(graph_file_.data()), graph_file_.size()}));
  for (uint32_t row = 0; row < graph_.header.num_rows; ++row) {
    if (options_.valid.empty() || options_.valid.Test(row)) members_.push_back(row);
  }
  DiskGraphFacts& facts = head_.facts;
  facts.type = static_cast<uint32_t>(options_.rows.type);
  facts.metric = MetricNumber(options_.metric);
  facts.dim = dim_;
  facts.num_rows = graph_.header.num_rows;
  facts.num_linked = members_.size();
  facts.degree = graph_.degree(0);
  if (members_.size() < facts.num_rows) {
    head_.linked.assign(options_.valid.words(),
                        options_.valid.words() + options_.valid.num_words());
  }
  return absl::OkStatus();
}

// The square root of the rows, by chance: nearness of the nearest of them saves the hops that the
// upper levels of HNSW would.
void Builder::ChooseEntries() {
  const auto wanted = static_cast<uint64_t>(std::ceil(std::sqrt(members_.size())));
  head_.entries = SampleOf(members_, std::min(wanted, kEntriesMax), options_.seed + 1);
  head_.facts.num_entries = head_.entries.size();
  for (const uint32_t entry : head_.entries) {
    const uint8_t* row = options_.rows.Row(entry);
    head_.entry_rows.insert(head_.entry_rows.end(), row, row + options_.rows.width());
  }
}

absl::Status Builder::TrainStore() {
  const double ratio = DoubleParam(options_.params, "pq_code_budget_gb_ratio", kDefaultCodeRatio);
  head_.facts.spec = SpecFor(dim_, ratio * static_cast<double>(options_.rows.width()));
  const std::vector<uint32_t> sample =
      SampleOf(members_, TrainingRows(head_.facts.spec), options_.seed + 2);
  head_.centre.assign(dim_, 0);
  std::vector<float> residuals(sample.size() * dim_);
  for (size_t i = 0; i < sample.size(); ++i) Residual(sample[i], &residuals[i * dim_]);
  std::vector<double> sums(dim_);
  for (size_t i = 0; i < sample.size(); ++i) {
    for (size_t d = 0; d < dim_; ++d) sums[d] += residuals[i * dim_ + d];
  }
  for (size_t d = 0; d < dim_ && !sample.empty(); ++d) {
    head_.centre[d] = static_cast<float>(sums[d] / static_cast<double>(sample.size()));
  }
  for (size_t i = 0; i < residuals.size(); ++i) residuals[i] -= head_.centre[i % dim_];
  CodeTraining training;
  training.dim = dim_;
  training.metric = options_.metric;
  training.residuals = &residuals;
  training.seed = options_.seed;
  training.executor = options_.executor;
  training.cancellation = options_.cancellation;
  ELANUS_ASSIGN_OR_RETURN(store_, TrainCodes(head_.facts.spec, training));
  head_.parameters = store_->Parameters();
  return absl::OkStatus();
}

// rows[i] becomes code i of the run.
absl::Status Builder::EncodeRows(const std::vector<uint32_t>& rows, uint8_t* run) const {
  const auto encode = [&](size_t chunk) {
    if (options_.cancellation != nullptr && options_.cancellation->cancelled()) return;
    const size_t begin = chunk * kEncodeRows, end = std::min(rows.size(), begin + kEncodeRows);
    std::vector<float> residuals((end - begin) * dim_);
    for (size_t i = begin; i < end; ++i) Residual(rows[i], &residuals[(i - begin) * dim_]);
    store_->Encode(residuals.data(), head_.centre.data(), end - begin, begin, rows.size(), run);
  };
  const size_t num_chunks = (rows.size() + kEncodeRows - 1) / kEncodeRows;
  if (options_.executor != nullptr && num_chunks > 1) {
    options_.executor->ParallelFor(num_chunks, encode);
  } else {
    for (size_t chunk = 0; chunk < num_chunks; ++chunk) encode(chunk);
  }
  return options_.cancellation != nullptr ? options_.cancellation->Check() : absl::OkStatus();
}

absl::Status Builder::WriteRecord(uint32_t row, const DiskGraphLayout& layout,
                                  uint8_t* record) const {
  std::memcpy(record, options_.rows.Row(row), static_cast<size_t>(options_.rows.width()));
  const uint32_t* links = graph_.Links(0, row);
  std::memcpy(record + layout.links, links, head_.facts.degree * 4);
  if (head_.facts.inline_codes == 0) return absl::OkStatus();
  // A run of `degree` codes, the last ones of no row where the list is not full.
  std::vector<uint32_t> rows(links, links + head_.facts.degree);
  std::replace(rows.begin(), rows.end(), kNoNode, row);
  return EncodeRows(rows, record + layout.codes);
}

absl::StatusOr<std::string> Builder::WriteBlocks(const DiskGraphLayout& layout) const {
  std::string blocks(layout.num_blocks * layout.block_bytes, '\0');
  for (uint32_t row = 0; row < head_.facts.num_rows; ++row) {
    if (row % 1024 == 0 && options_.cancellation != nullptr) {
      ELANUS_RETURN_IF_ERROR(options_.cancellation->Check());
    }
    ELANUS_RETURN_IF_ERROR(WriteRecord(row, layout,
                                       reinterpret_cast<uint8_t*>(blocks.data()) +
                                           layout.BlockOf(row) * layout.block_bytes +
                                           layout.InBlock(row)));
  }
  return blocks;
}

absl::StatusOr<std::string> Builder::Build() {
  ELANUS_RETURN_IF_ERROR(BuildGraph());
  ChooseEntries();
  ELANUS_RETURN_IF_ERROR(TrainStore());
  const DiskGraphFacts& facts = head_.facts;
  if (facts.inline_codes == 0) {
    std::vector<uint32_t> rows(facts.num_rows);
    for (uint32_t row = 0; row < facts.num_rows; ++row) rows[row] = row;
    head_.codes.resize(store_->RunBytes(facts.num_rows));
    ELANUS_RETURN_IF_ERROR(EncodeRows(rows, head_.codes.data()));
  }
  const DiskGraphLayout layout(facts, static_cast<uint64_t>(options_.rows.width()),
                               store_->RunBytes(facts.degree));
  ELANUS_ASSIGN_OR_RETURN(std::string blocks, WriteBlocks(layout));
  std::string file = MakeDiskGraphFile(head_, layout, std::move(blocks));
  if (options_.progress) options_.progress(1);
  return file;
}

}  // namespace

absl::StatusOr<std::string> BuildDiskGraph(const BuildOptions& options) {
  return Builder(options, false).Build();
}

absl::StatusOr<std::string> BuildDiskGraphInline(const BuildOptions& options) {
  return Builder(options, true).Build();
}

}  // namespace elanus::index
