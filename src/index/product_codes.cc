#include "index/product_codes.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "index/kmeans.h"
#include "kernels/centroid_panels.h"
#include "kernels/table_codes.h"

namespace elanus::index {
namespace {

using kernels::Metric;

constexpr size_t kBatch = 256;  // A multiple of both sizes of blocks.

// How codes lie in a run.
enum class Layout {
  kNibbles,  // Blocks of 32, then the terms.
  kBytes,    // Blocks of 64, then the terms.
  kRecords,  // The term, then the codes of one row, each of `code_bytes`.
};

// The entries of all tables: those of level l in part p are table p * levels + l.
struct Tables {
  Tables(const CodeSpec& spec, size_t dim, std::vector<float> values)
      : spec(spec),
        part_dim(dim / spec.parts),
        count(size_t{spec.parts} * spec.levels),
        entries(values.size() / (count * part_dim)),
        code_bytes(spec.bits <= 8    ? 1
                   : spec.bits <= 16 ? 2
                                     : 4),
        layout(spec.in_blocks == 0 ? Layout::kRecords
               : spec.bits <= 4    ? Layout::kNibbles
                                   : Layout::kBytes),
        values(std::move(values)) {}

  size_t PartOf(size_t table) const { return table / spec.levels; }
  const float* Entry(size_t table, size_t entry) const {
    return &values[(table * entries + entry) * part_dim];
  }
  size_t record_bytes() const { return sizeof(float) + count * code_bytes; }
  // Where the terms of a run in blocks begin.
  size_t TermsAt(size_t rows) const {
    if (layout == Layout::kBytes) return rows * count;
    return (rows + kernels::kNibbleBlock - 1) / kernels::kNibbleBlock *
           kernels::NibbleBlockBytes(count);
  }

  const CodeSpec spec;
  const size_t part_dim;
  const size_t count;    // Tables, so codes of a row.
  const size_t entries;  // Of each table; at most 2^bits.
  const size_t code_bytes;
  const Layout layout;
  const std::vector<float> values;  // (count, entries, part_dim)
};

float DotOf(const float* a, const float* b, size_t dim) {
  float sum = 0;
  for (size_t d = 0; d < dim; ++d) sum += a[d] * b[d];
  return sum;
}

class ProductQuery final : public CodeQuery {
 public:
  ProductQuery(const Tables& tables, const std::vector<kernels::CentroidPanels>& panels,
               Metric metric, const float* query)
      : tables_(tables), weight_(DotWeight(metric)), query_(query) {
    if (tables.spec.bits > 8) return;
    // Entries that no code should have are as entry 0, so that any byte is a code.
    const size_t padded = tables.layout == Layout::kNibbles ? 16 : 256;
    std::vector<float> dots(tables.count * padded);
    for (size_t t = 0; t < tables.count; ++t) {
      float* out = &dots[t * padded];
      panels[t].Dots(query + tables.PartOf(t) * tables.part_dim, out);
      std::fill(out + tables.entries, out + padded, out[0]);
    }
    if (tables.layout == Layout::kRecords) {
      dots_ = std::move(dots);
      return;
    }
    bytes_.resize(kernels::PaddedNibbleParts(tables.count) * padded);
    scale_ = kernels::QuantizeTables(dots.data(), tables.count, padded, bytes_.data());
  }

  void Scan(const uint8_t* run, size_t run_rows, size_t begin, size_t count, const CodeShift& shift,
            float* out) override {
    if (tables_.layout == Layout::kRecords) {
      for (size_t i = 0; i < count; ++i) {
        out[i] = Record(run + (begin + i) * tables_.record_bytes(), shift);
      }
      return;
    }
    const uint8_t* terms = run + tables_.TermsAt(run_rows) + begin * sizeof(float);
    for (size_t i = 0; i < count; i += kBatch) {
      const size_t batch = std::min(kBatch, count - i), at = begin + i;
      float sums[kBatch];
      if (tables_.layout == Layout::kNibbles) {
        const uint8_t* blocks =
            run + at / kernels::kNibbleBlock * kernels::NibbleBlockBytes(tables_.count);
        kernels::SumNibbleBlocks(bytes_.data(), blocks, tables_.count,
                                 (batch + kernels::kNibbleBlock - 1) / kernels::kNibbleBlock, sums);
      } else {
        kernels::SumByteBlocks(bytes_.data(), run + at * tables_.count, tables_.count, batch, sums);
      }
      for (size_t j = 0; j < batch; ++j) {
        float term;
        std::memcpy(&term, terms + (i + j) * sizeof(term), sizeof(term));
        out[i + j] = CodeDistance(shift, term, weight_, scale_.offset + scale_.step * sums[j]);
      }
    }
  }
  void Gather(const uint8_t* run, const uint32_t* ids, size_t count, const CodeShift& shift,
              float* out) override {
    constexpr size_t kAhead = 4;
    const size_t bytes = tables_.record_bytes();
    for (size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) __builtin_prefetch(run + ids[i + kAhead] * bytes);
      out[i] = Record(run + ids[i] * bytes, shift);
    }
  }

 private:
  float Record(const uint8_t* record, const CodeShift& shift) const {
    float term;
    std::memcpy(&term, record, sizeof(term));
    const uint8_t* codes = record + sizeof(term);
    float dot = 0;
    if (tables_.spec.bits <= 8) {
      const float* table = dots_.data();
      for (size_t t = 0; t < tables_.count; ++t, table += 256) dot += table[codes[t]];
      return CodeDistance(shift, term, weight_, dot);
    }
    for (size_t t = 0; t < tables_.count; ++t) {
      uint32_t code = 0;
      std::memcpy(&code, codes + t * tables_.code_bytes, tables_.code_bytes);
      const size_t entry = std::min<size_t>(code, tables_.entries - 1);
      dot += DotOf(query_ + tables_.PartOf(t) * tables_.part_dim, tables_.Entry(t, entry),
                   tables_.part_dim);
    }
    return CodeDistance(shift, term, weight_, dot);
  }

  const Tables& tables_;
  const float weight_;
  const float* query_;
  std::vector<float> dots_;  // (count, 256), where codes are records.
  std::vector<uint8_t> bytes_;
  kernels::TableScale scale_;
};

class ProductCodes final : public CodeStore {
 public:
  ProductCodes(const CodeSpec& spec, size_t dim, Metric metric, std::vector<float> values)
      : tables_(spec, dim, std::move(values)), dim_(dim), metric_(metric) {
    for (size_t t = 0; t < tables_.count; ++t) {
      panels_.emplace_back(tables_.Entry(t, 0), tables_.entries, tables_.part_dim);
    }
  }

  size_t RunBytes(size_t rows) const override {
    if (tables_.layout == Layout::kRecords) return rows * tables_.record_bytes();
    return tables_.TermsAt(rows) + rows * sizeof(float);
  }
  void Encode(const float* residuals, const float* centre, size_t count, size_t begin,
              size_t run_rows, uint8_t* run) const override;
  std::unique_ptr<CodeQuery> Query(const float* query) const override {
    return std::make_unique<ProductQuery>(tables_, panels_, metric_, query);
  }
  std::vector<uint8_t> Parameters() const override {
    const Bytes bytes = BytesOf(tables_.values);
    return {bytes.begin(), bytes.end()};
  }
  int64_t memory_bytes() const override {
    size_t bytes = sizeof(*this) + tables_.values.capacity() * sizeof(float);
    for (const auto& panels : panels_) bytes += panels.memory_bytes();
    return static_cast<int64_t>(bytes);
  }

 private:
  // codes: (count, tables), the nearest entries level by level.
  void FindEntries(const float* residuals, size_t count, std::vector<uint32_t>& codes) const;
  void Write(const std::vector<uint32_t>& codes, const std::vector<float>& terms, size_t begin,
             size_t run_rows, uint8_t* run) const;

  const Tables tables_;
  const size_t dim_;
  const Metric metric_;
  std::vector<kernels::CentroidPanels> panels_;
};

void ProductCodes::FindEntries(const float* residuals, size_t count,
                               std::vector<uint32_t>& codes) const {
  codes.resize(count * tables_.count);
  std::vector<uint32_t> nearest(count);
  std::vector<float> left;
  if (tables_.spec.levels > 1) {
    left.assign(residuals, residuals + count * dim_);
    residuals = left.data();
  }
  for (size_t t = 0; t < tables_.count; ++t) {
    const size_t at = tables_.PartOf(t) * tables_.part_dim;
    panels_[t].Nearest(residuals + at, dim_, count, nearest.data());
    for (size_t i = 0; i < count; ++i) {
      codes[i * tables_.count + t] = nearest[i];
      if (left.empty()) continue;
      const float* entry = tables_.Entry(t, nearest[i]);
      for (size_t d = 0; d < tables_.part_dim; ++d) left[i * dim_ + at + d] -= entry[d];
    }
  }
}

void ProductCodes::Write(const std::vector<uint32_t>& codes, const std::vector<float>& terms,
                         size_t begin, size_t run_rows, uint8_t* run) const {
  const size_t count = terms.size(), parts = tables_.count;
  if (tables_.layout == Layout::kRecords) {
    for (size_t i = 0; i < count; ++i) {
      uint8_t* record = run + (begin + i) * tables_.record_bytes();
      std::memcpy(record, &terms[i], sizeof(float));
      for (size_t t = 0; t < parts; ++t) {
        std::memcpy(record + sizeof(float) + t * tables_.code_bytes, &codes[i * parts + t],
                    tables_.code_bytes);
      }
    }
    return;
  }
  std::vector<uint8_t> bytes(codes.begin(), codes.end());
  if (tables_.layout == Layout::kNibbles) {
    kernels::PackNibbleBlocks(
        bytes.data(), count, parts,
        run + begin / kernels::kNibbleBlock * kernels::NibbleBlockBytes(parts));
  } else {
    kernels::PackByteBlocks(bytes.data(), count, parts, run + begin * parts);
  }
  std::memcpy(run + tables_.TermsAt(run_rows) + begin * sizeof(float), terms.data(),
              count * sizeof(float));
}

void ProductCodes::Encode(const float* residuals, const float* centre, size_t count, size_t begin,
                          size_t run_rows, uint8_t* run) const {
  std::vector<float> centre_dots(tables_.count * tables_.entries);
  for (size_t t = 0; t < tables_.count; ++t) {
    panels_[t].Dots(centre + tables_.PartOf(t) * tables_.part_dim,
                    &centre_dots[t * tables_.entries]);
  }
  for (size_t done = 0; done < count; done += kBatch) {
    const size_t batch = std::min(kBatch, count - done);
    const float* rows = residuals + done * dim_;
    std::vector<uint32_t> codes;
    FindEntries(rows, batch, codes);
    std::vector<float> terms(batch);
    for (size_t i = 0; i < batch; ++i) {
      float decoded = 0;
      for (size_t t = 0; t < tables_.count; ++t) {
        decoded += centre_dots[t * tables_.entries + codes[i * tables_.count + t]];
      }
      const float* r = rows + i * dim_;
      terms[i] = CodeTerm(metric_, DotOf(r, r, dim_), DotOf(centre, r, dim_), decoded);
    }
    Write(codes, terms, begin + done, run_rows, run);
  }
}

// The tables of one part, level by level. left: (num_rows, part_dim), what the levels so far leave.
absl::Status TrainPart(const CodeSpec& spec, const CodeTraining& training, size_t part,
                       size_t entries, std::vector<float> left, float* tables) {
  const size_t part_dim = training.dim / spec.parts, num_rows = left.size() / part_dim;
  std::vector<uint32_t> members(num_rows);
  std::iota(members.begin(), members.end(), 0u);
  for (size_t level = 0; level < spec.levels; ++level) {
    const VectorRows rows{schema::DataType::kFloatVector, static_cast<int64_t>(part_dim),
                          static_cast<int64_t>(num_rows),
                          reinterpret_cast<const uint8_t*>(left.data())};
    KMeansOptions kmeans;
    kmeans.num_clusters = entries;
    kmeans.sample_per_cluster = num_rows / entries + 1;
    kmeans.seed = training.seed + part * 16 + level;
    kmeans.cancellation = training.cancellation;
    ELANUS_ASSIGN_OR_RETURN(
        const std::vector<uint8_t> centroids,
        TrainCentroids(ClusterRows(rows, Metric::kL2), members, kmeans, part_dim));
    float* table = tables + level * entries * part_dim;
    std::memcpy(table, centroids.data(), centroids.size());
    if (level + 1 == spec.levels) break;
    std::vector<uint32_t> nearest(num_rows);
    kernels::CentroidPanels(table, entries, part_dim)
        .Nearest(left.data(), part_dim, num_rows, nearest.data());
    for (size_t i = 0; i < num_rows; ++i) {
      for (size_t d = 0; d < part_dim; ++d)
        left[i * part_dim + d] -= table[nearest[i] * part_dim + d];
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<CodeStore>> TrainProductCodes(const CodeSpec& spec,
                                                             const CodeTraining& training) {
  const size_t dim = training.dim, part_dim = dim / spec.parts;
  const std::vector<float>& residuals = *training.residuals;
  const size_t num_rows = residuals.size() / dim;
  const size_t entries = std::clamp<size_t>(num_rows, 1, size_t{1} << spec.bits);
  std::vector<float> values(size_t{spec.parts} * spec.levels * entries * part_dim);
  std::vector<absl::Status> outcomes(spec.parts);
  const auto train = [&](size_t part) {
    std::vector<float> left(num_rows * part_dim);
    for (size_t i = 0; i < num_rows; ++i) {
      std::copy_n(&residuals[i * dim + part * part_dim], part_dim, &left[i * part_dim]);
    }
    outcomes[part] = TrainPart(spec, training, part, entries, std::move(left),
                               &values[part * spec.levels * entries * part_dim]);
  };
  if (num_rows > 0) {
    if (training.executor != nullptr) {
      training.executor->ParallelFor(spec.parts, train);
    } else {
      for (size_t part = 0; part < spec.parts; ++part) train(part);
    }
  }
  for (const absl::Status& outcome : outcomes) ELANUS_RETURN_IF_ERROR(outcome);
  return std::make_unique<ProductCodes>(spec, dim, training.metric, std::move(values));
}

std::unique_ptr<CodeStore> OpenProductCodes(const CodeSpec& spec, size_t dim,
                                            kernels::Metric metric, Bytes parameters) {
  // One entry in every table.
  const size_t unit = size_t{spec.levels} * dim * sizeof(float);
  if (parameters.empty() || parameters.size() % unit != 0 ||
      parameters.size() / unit > size_t{1} << spec.bits) {
    return nullptr;
  }
  std::vector<float> values(parameters.size() / sizeof(float));
  std::memcpy(values.data(), parameters.data(), parameters.size());
  return std::make_unique<ProductCodes>(spec, dim, metric, std::move(values));
}

}  // namespace elanus::index
