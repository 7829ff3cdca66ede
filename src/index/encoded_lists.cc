#include "index/encoded_lists.h"

#include <algorithm>
#include <cstring>

#include "index/index_file.h"
#include "index/lemur.h"
#include "index/muvera.h"
#include "kernels/half.h"

namespace elanus::index {
namespace {

constexpr std::string_view kMagic = "ELNSLIST";
constexpr char kName[] = "encoded lists";
constexpr size_t kSections = 4;
constexpr int64_t kBatchRows = 64;  // That one thread encodes at a time.
// The share of a build that learning and encoding take, for progress only.
constexpr double kLearnShare = 0.4, kEncodeShare = 0.7;
constexpr uint64_t kDimMax = uint64_t{1} << 20;  // More than any column's vectors have.

template <typename... Args>
absl::Status Damaged(fmt::format_string<Args...> format, Args&&... args) {
  return InternalError(ErrorCode::kDataIntegrity, "{} index file is damaged: {}", kName,
                       fmt::format(format, std::forward<Args>(args)...));
}

bool ReranksByDefault(const Params& params) {
  const auto it = params.find("emb_list_rerank");
  return it == params.end() || ParseSettingBool(it->second).value_or(true);
}

bool MakesSense(const EncodedListsFacts& facts) {
  if (facts.dim == 0 || facts.dim > kDimMax || facts.encoded_dim > kDimMax) return false;
  switch (static_cast<ListStrategy>(facts.strategy)) {
    case ListStrategy::kMuvera:
      return facts.first >= 1 && facts.first <= 7 && facts.second >= 1 && facts.second <= 32;
    case ListStrategy::kLemur:
      return facts.first >= 1 && facts.first <= 8192 && facts.second >= 1 && facts.second <= 8;
    case ListStrategy::kTokenAnn:
      break;
  }
  return false;
}

// Of facts that make sense.
size_t NumFloats(const EncodedListsFacts& facts) {
  return static_cast<ListStrategy>(facts.strategy) == ListStrategy::kMuvera
             ? MuveraShape{facts.first, facts.second}.NumFloats(facts.dim)
             : LemurShape{facts.first, facts.second}.NumFloats(facts.dim);
}

std::unique_ptr<const ListEncoder> MakeEncoder(const EncodedListsFacts& facts,
                                               const TokenForm& form,
                                               std::span<const float> floats) {
  if (static_cast<ListStrategy>(facts.strategy) == ListStrategy::kMuvera) {
    return std::make_unique<Muvera>(MuveraShape{facts.first, facts.second, facts.seed}, form,
                                    floats);
  }
  return std::make_unique<Lemur>(LemurShape{facts.first, facts.second}, form, floats);
}

std::span<const float> FloatsOf(Bytes bytes) {
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

// Makes encoder and encodings.
class Encoding {
 public:
  Encoding(const ElementRows& lists, const BuildOptions& options, ListStrategy strategy)
      : lists_(lists),
        options_(options),
        strategy_(strategy),
        form_(lists.vectors().type, lists.vectors().dim, options.metric) {
    facts.strategy = static_cast<uint32_t>(strategy);
    facts.metric = MetricNumber(options.metric);
    facts.dim = static_cast<uint64_t>(lists.vectors().dim);
    facts.num_rows = static_cast<uint64_t>(lists.num_rows());
    facts.num_vectors = static_cast<uint64_t>(lists.num_elements());
    facts.encoded_dim = static_cast<uint64_t>(
        EncodedDim(options.params, strategy, lists.vectors().dim, options.metric));
  }

  absl::Status Run() {
    encodings.resize(facts.num_rows * facts.encoded_dim);
    return strategy_ == ListStrategy::kMuvera ? RunMuvera() : RunLemur();
  }

  EncodedListsFacts facts;
  std::vector<float> floats;
  std::vector<uint16_t> encodings;  // (num_rows, encoded_dim), bfloat16.

 private:
  absl::Status RunMuvera() {
    const MuveraShape shape = MuveraShapeOf(options_.params);
    facts.first = shape.num_planes;
    facts.second = shape.num_repeats;
    facts.seed = shape.seed;
    floats = MuveraFloats(shape, form_, lists_);
    const Muvera encoder(shape, form_, floats);
    return EncodeAll(encoder.dim(), [&](int64_t begin, int64_t end, float* out) {
      for (int64_t row = begin; row < end; ++row, out += encoder.dim()) {
        if (lists_.IsEmpty(row)) continue;
        const int64_t first = lists_.Begin(row);
        encoder.EncodeRow(lists_.vectors().Row(first), lists_.End(row) - first, out);
      }
    });
  }

  absl::Status RunLemur() {
    const LemurShape shape = LemurShapeOf(options_.params);
    facts.first = shape.hidden;
    facts.second = shape.num_layers;
    BuildOptions learning = options_;
    if (options_.progress) {
      learning.progress = [this](double share) { options_.progress(share * kLearnShare); };
    }
    LemurBuilder builder(learning, lists_, form_);
    ELANUS_RETURN_IF_ERROR(builder.Learn());
    floats = builder.floats();
    return EncodeAll(shape.EncodedDim(), [&](int64_t begin, int64_t end, float* out) {
      builder.EncodeRows(begin, end, out);
    });
  }

  // encode(begin, end, out): fills rows of zeros, `dim` floats each. Threads: any.
  template <typename F>
  absl::Status EncodeAll(size_t dim, const F& encode) {
    const int64_t num_rows = lists_.num_rows();
    const auto one = [&](size_t batch) {
      if (options_.cancellation != nullptr && options_.cancellation->cancelled()) return;
      const int64_t begin = static_cast<int64_t>(batch) * kBatchRows;
      const int64_t end = std::min(begin + kBatchRows, num_rows);
      std::vector<float> out(static_cast<size_t>(end - begin) * dim);
      encode(begin, end, out.data());
      for (int64_t row = begin; row < end; ++row) {
        // The encoder keeps everything within range.
        (void)kernels::FloatToHalf(kernels::ElementType::kBFloat16,
                                   &out[static_cast<size_t>(row - begin) * dim], dim,
                                   &encodings[static_cast<size_t>(row) * facts.encoded_dim]);
      }
      if (options_.progress) {
        options_.progress(kLearnShare + (kEncodeShare - kLearnShare) * static_cast<double>(end) /
                                            static_cast<double>(num_rows));
      }
    };
    const auto batches = static_cast<size_t>((num_rows + kBatchRows - 1) / kBatchRows);
    if (options_.executor != nullptr) {
      options_.executor->ParallelFor(batches, one);
    } else {
      for (size_t batch = 0; batch < batches; ++batch) one(batch);
    }
    return options_.cancellation != nullptr ? options_.cancellation->Check() : absl::OkStatus();
  }

  const ElementRows& lists_;
  const BuildOptions& options_;
  const ListStrategy strategy_;
  const TokenForm form_;
};

}  // namespace

int64_t EncodedDim(const Params& params, ListStrategy strategy, int64_t dim,
                   kernels::Metric metric) {
  const size_t encoded = strategy == ListStrategy::kMuvera
                             ? MuveraShapeOf(params).EncodedDim(static_cast<size_t>(dim), metric)
                             : LemurShapeOf(params).EncodedDim();
  const int64_t parts = std::max<int64_t>(IntParam(params, "m", 1), 1);
  return (static_cast<int64_t>(encoded) + parts - 1) / parts * parts;
}

std::string MakeEncodedListsFile(const EncodedListsFacts& facts, const std::vector<float>& encoder,
                                 const std::vector<uint16_t>& encodings, std::string_view index) {
  const Bytes sections[kSections] = {
      {reinterpret_cast<const uint8_t*>(&facts), sizeof(facts)},
      BytesOf(encoder),
      BytesOf(encodings),
      {reinterpret_cast<const uint8_t*>(index.data()), index.size()}};
  return MakeIndexFile(kMagic, sections);
}

absl::StatusOr<std::string> BuildEncodedLists(const IndexKind& kind, const ElementRows& lists,
                                              const BuildOptions& options) {
  const ListStrategy strategy = ListStrategyOf("MAX_SIM", options.params);
  if (strategy == ListStrategy::kTokenAnn || lists.num_elements() == 0) {
    return InternalError(ErrorCode::kInternal, "nothing to encode in {} lists", lists.num_rows());
  }
  if (lists.num_elements() > UINT32_MAX) {
    return UserError(ErrorCode::kParameterInvalid, "too many vectors for one index: {}",
                     lists.num_elements());
  }
  Encoding encoding(lists, options, strategy);
  ELANUS_RETURN_IF_ERROR(encoding.Run());
  kernels::Bitset with_vectors(lists.num_rows());
  for (int64_t row = 0; row < lists.num_rows(); ++row) {
    if (!lists.IsEmpty(row)) with_vectors.Set(row);
  }
  BuildOptions inner = options;
  inner.rows = {schema::DataType::kBFloat16Vector, static_cast<int64_t>(encoding.facts.encoded_dim),
                lists.num_rows(), reinterpret_cast<const uint8_t*>(encoding.encodings.data())};
  inner.valid = with_vectors.view();
  inner.metric = kernels::Metric::kIp;
  if (options.progress) {
    inner.progress = [&options](double share) {
      options.progress(kEncodeShare + (1 - kEncodeShare) * share);
    };
  }
  ELANUS_ASSIGN_OR_RETURN(const std::string index, kind.build(inner));
  return MakeEncodedListsFile(encoding.facts, encoding.floats, encoding.encodings, index);
}

struct EncodedLists::Parts {
  std::vector<uint64_t> copy;  // Of a file that did not lie aligned.
  EncodedListsFacts facts;
  std::unique_ptr<const ListEncoder> encoder;
  std::unique_ptr<const VectorIndex> index;
  bool reranks = true;
};

EncodedLists::EncodedLists(Parts parts) : parts_(std::make_unique<const Parts>(std::move(parts))) {}
EncodedLists::~EncodedLists() = default;

bool EncodedLists::reranks() const {
  return parts_->reranks;
}

int64_t EncodedLists::memory_bytes() const {
  return static_cast<int64_t>(parts_->copy.capacity() * sizeof(uint64_t)) +
         parts_->encoder->memory_bytes() + parts_->index->memory_bytes();
}

EncodedLists::Query EncodedLists::EncodeQuery(const uint8_t* list, int64_t num_vectors) const {
  const ListEncoder::Query encoded = parts_->encoder->Encode(list, num_vectors);
  Query query{.vector = std::vector<uint16_t>(parts_->facts.encoded_dim),
              .offset = encoded.offset,
              .scale = encoded.scale};
  (void)kernels::FloatToHalf(kernels::ElementType::kBFloat16, encoded.vector.data(),
                             encoded.vector.size(), query.vector.data());
  return query;
}

absl::StatusOr<std::vector<Neighbor>> EncodedLists::Search(const SearchRequest& request,
                                                           SearchStatistics* statistics) const {
  return parts_->index->Search(request, statistics);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenEncodedLists(
    const IndexKind& kind, std::span<const uint8_t> file, const VectorRows& vectors,
    int64_t num_rows, kernels::Metric metric, const Params& params) {
  EncodedLists::Parts parts;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<Bytes> sections,
                          OpenIndexFile(AlignedFile(file, parts.copy), kMagic, kName, kSections));
  EncodedListsFacts& facts = parts.facts;
  if (sections[0].size() != sizeof(facts)) return Damaged("size of its facts");
  std::memcpy(&facts, sections[0].data(), sizeof(facts));
  if (!MakesSense(facts)) return Damaged("its facts contradict each other");
  if (facts.dim != static_cast<uint64_t>(vectors.dim) ||
      facts.num_rows != static_cast<uint64_t>(num_rows) || MetricOfNumber(facts.metric) != metric) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "{} index file is for other rows: {} rows, {} vectors of dim {}", kName,
                         facts.num_rows, facts.num_vectors, facts.dim);
  }
  if (sections[1].size() != NumFloats(facts) * sizeof(float) ||
      sections[2].size() / sizeof(uint16_t) / std::max<uint64_t>(facts.encoded_dim, 1) !=
          facts.num_rows ||
      sections[2].size() % (sizeof(uint16_t) * std::max<uint64_t>(facts.encoded_dim, 1)) != 0) {
    return Damaged("size of a section");
  }
  const std::span<const float> floats = FloatsOf(sections[1]);
  if (!kernels::AllFinite(kernels::ElementType::kFloat32, floats.data(), floats.size())) {
    return Damaged("a number of its encoder");
  }
  parts.encoder = MakeEncoder(facts, TokenForm(vectors.type, vectors.dim, metric), floats);
  if (parts.encoder->dim() > facts.encoded_dim) return Damaged("size of its encodings");
  const VectorRows encodings{schema::DataType::kBFloat16Vector,
                             static_cast<int64_t>(facts.encoded_dim), num_rows, sections[2].data()};
  ELANUS_ASSIGN_OR_RETURN(parts.index,
                          kind.open(sections[3], encodings, kernels::Metric::kIp, params));
  parts.reranks = ReranksByDefault(params);
  return std::make_unique<EncodedLists>(std::move(parts));
}

}  // namespace elanus::index
