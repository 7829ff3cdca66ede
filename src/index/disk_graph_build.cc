#include <algorithm>
#include <cmath>
#include <cstring>

#include "index/disk_graph.h"
#include "index/disk_graph_file.h"
#include "index/float_rows.h"
#include "index/hnsw.h"
#include "index/hnsw_file.h"
#include "index/index_params.h"
#include "index/turned_codes.h"
#include "kernels/distance.h"

namespace elanus::index {
namespace {

constexpr int64_t kDefaultDegree = 56;
constexpr int64_t kDefaultSearchList = 100;
constexpr double kDefaultCodeRatio = 0.125;
constexpr double kInlineCodeRatioMin = 0.03;
constexpr double kCodeExtraBytes = 8;  // Of a code, beside its bits.
constexpr uint64_t kEntriesMax = 1024;
// Shares of the work, for the progress that is reported.
constexpr double kGraphShare = 0.9;
// Axes take time by the cube of the dimensions: 6 s of 1500.
constexpr uint64_t kAxesDimMax = 1024;
static_assert(kAxesDimMax <= kTurnedDimMax);

// Codes of about `bytes` bytes: as many bits a component as fit, else parts of the vector by
// tables.
CodeSpec SpecFor(uint64_t dim, double bytes) {
  const double bits = bytes * 8 / static_cast<double>(dim);
  if (bits >= 8) return {.kind = CodeKind::kScalar, .bits = 8};
  if (bits >= 6) return {.kind = CodeKind::kScalar, .bits = 6};
  if (bits >= 4) return {.kind = CodeKind::kScalar, .bits = 4};
  auto parts = static_cast<uint64_t>(std::max(1.0, bytes));
  while (dim % parts != 0) --parts;
  // Turned first: with so few bits what varies has to be shared out (docs/performance.md).
  return {.kind = CodeKind::kProduct,
          .bits = 8,
          .parts = static_cast<uint32_t>(parts),
          .axes = dim <= kAxesDimMax ? static_cast<uint32_t>(dim) : 0};
}

// Codes in records are as large as lets a record fit a page, within reason.
double DefaultCodeRatio(const DiskGraphFacts& facts, double vector_bytes) {
  if (facts.inline_codes == 0) return kDefaultCodeRatio;
  const double room = static_cast<double>(kPageBytes) - 4 - vector_bytes - 4.0 * facts.degree;
  return std::clamp((room / facts.degree - kCodeExtraBytes) / vector_bytes, kInlineCodeRatioMin,
                    kDefaultCodeRatio);
}

class Builder {
 public:
  Builder(const BuildOptions& options, bool inline_codes)
      : options_(options), dim_(static_cast<size_t>(options.rows.dim)) {
    head_.facts.inline_codes = inline_codes ? 1 : 0;
  }

  absl::Status Build(const FileSink& sink);

 private:
  absl::Status BuildGraph();
  void ChooseEntries();
  absl::Status EncodeRows();
  void WriteRecord(uint32_t row, const DiskGraphLayout& layout, uint8_t* record) const;

  const BuildOptions& options_;
  const size_t dim_;
  DiskGraphHead head_;
  std::string graph_file_;
  HnswGraph graph_;                // On graph_file_.
  std::vector<uint32_t> members_;  // Rows that are not null.
  std::unique_ptr<RowCodes> codes_;
  decltype(RowCodesBytes::codes) record_codes_;  // Of all rows, that records hold.
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
  ELANUS_ASSIGN_OR_RETURN(graph_file_, BuildHnswLinks(options));
  ELANUS_ASSIGN_OR_RETURN(
      graph_,
      OpenHnswFile({reinterpret_cast<const uint8_t*>(graph_file_.data()), graph_file_.size()}));
  members_ = ValidRows(options_);
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

absl::Status Builder::EncodeRows() {
  const auto width = static_cast<double>(options_.rows.width());
  const double ratio =
      DoubleParam(options_.params, "pq_code_budget_gb_ratio", DefaultCodeRatio(head_.facts, width));
  const CodeSpec spec = SpecFor(dim_, ratio * width);
  RowCodesBytes& bytes = head_.codes;
  ELANUS_ASSIGN_OR_RETURN(bytes, BuildRowCodes(options_, spec, members_));
  ELANUS_ASSIGN_OR_RETURN(codes_, RowCodes::Open(bytes.head, bytes.parameters, bytes.codes, dim_,
                                                 head_.facts.num_rows, options_.metric));
  return absl::OkStatus();
}

void Builder::WriteRecord(uint32_t row, const DiskGraphLayout& layout, uint8_t* record) const {
  std::memcpy(record, options_.rows.Row(row), static_cast<size_t>(options_.rows.width()));
  std::vector<uint32_t> buffer;
  const auto list = graph_.Links(0, row, buffer);
  std::vector<uint32_t> links(list.begin(), list.end());
  links.resize(head_.facts.degree, kNoNode);
  std::memcpy(record + layout.links, links.data(), links.size() * 4);
  if (head_.facts.inline_codes == 0) return;
  const size_t code_bytes = codes_->RunBytes(1);
  for (uint32_t i = 0; i < head_.facts.degree && links[i] != kNoNode; ++i) {
    std::memcpy(record + layout.codes + i * code_bytes, &record_codes_[links[i] * code_bytes],
                code_bytes);
  }
}

absl::Status Builder::Build(const FileSink& sink) {
  ELANUS_RETURN_IF_ERROR(BuildGraph());
  ChooseEntries();
  ELANUS_RETURN_IF_ERROR(EncodeRows());
  const DiskGraphLayout layout(head_.facts, static_cast<uint64_t>(options_.rows.width()),
                               codes_->RunBytes(head_.facts.degree));
  const auto fill = [&](uint64_t block, std::span<uint8_t> bytes) {
    if (block % 256 == 0 && options_.cancellation != nullptr) {
      ELANUS_RETURN_IF_ERROR(options_.cancellation->Check());
    }
    const uint64_t begin = block * layout.rows_per_block;
    const uint64_t end = std::min(begin + layout.rows_per_block, head_.facts.num_rows);
    for (uint64_t row = begin; row < end; ++row) {
      WriteRecord(static_cast<uint32_t>(row), layout, bytes.data() + layout.InBlock(row));
    }
    return absl::OkStatus();
  };
  if (head_.facts.inline_codes != 0) record_codes_ = std::move(head_.codes.codes);
  ELANUS_RETURN_IF_ERROR(WriteDiskGraphFile(head_, layout, fill, sink));
  if (options_.progress) options_.progress(1);
  return absl::OkStatus();
}

}  // namespace

absl::Status BuildDiskGraph(const BuildOptions& options, bool inline_codes, const FileSink& sink) {
  return Builder(options, inline_codes).Build(sink);
}

}  // namespace elanus::index
