// The one table of all index types this server knows. Parameter checks, names in the API, docs and
// the conformance test read it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/index_params.h"
#include "index/scalar/scalar_build.h"
#include "index/vector_index.h"
#include "schema/collection_schema.h"
#include "storage/block_reader.h"

namespace elanus::index {

struct IndexKind {
  std::string_view name;      // "HNSW"
  bool is_vector = false;     // false: an index on a scalar field.
  bool builds_files = false;  // false: FLAT and the like search the column itself.
  bool available = false;     // false: known to the protocol, not in this version.
  bool supports_mmap = false;
  bool (*admits)(const schema::FieldSchema& field) = nullptr;  // Data types.
  std::vector<kernels::Metric> (*metrics)(schema::DataType) = nullptr;

  // Checks and completes build parameters (ranges, defaults).
  absl::Status (*check_build)(const schema::FieldSchema& field, Params& params) = nullptr;
  // Checks search parameters against k (ef < k and the like).
  absl::Status (*check_search)(const Params& params, int64_t k) = nullptr;
  // Builds and returns the file's bytes (with checksums).
  absl::StatusOr<std::string> (*build)(const BuildOptions& options) = nullptr;
  // The same in pieces, for files that are larger than memory; null: they are not.
  absl::Status (*build_into)(const BuildOptions& options, const FileSink& sink) = nullptr;
  // Opens `file` (borrowed, e.g. a memory map; must outlive the index) over the column's rows.
  absl::StatusOr<std::unique_ptr<VectorIndex>> (*open)(std::span<const uint8_t> file,
                                                       const VectorRows& rows,
                                                       kernels::Metric metric,
                                                       const Params& params) = nullptr;
  // Opens a file that stays on disk, of which searches read parts. Null: `open` is the only way.
  // The same hits either way.
  absl::StatusOr<std::unique_ptr<VectorIndex>> (*open_blocks)(
      std::unique_ptr<storage::BlockReader> file, const VectorRows& rows, kernels::Metric metric,
      const Params& params) = nullptr;

  // What the type makes of a scalar field: BuildScalarIndex and OpenScalarIndex take it from here.
  // kNone: a vector index, with `build` and `open`.
  ScalarForm scalar_form = ScalarForm::kNone;

  // True: made to be opened by blocks; false: only where memory is to be spared.
  bool stays_on_disk = false;

  // False: a name that clients must not pass, because the server chooses it (HYBRID) or because
  // this build has no GPU.
  bool offered = true;
  // Metrics as the protocol names them, with those that are no kernels::Metric (BM25, MHJACCARD).
  std::span<const std::string_view> metric_names;
  // What the parameters may be: ranges, defaults. Docs are made from it.
  std::span<const ParamSpec> param_specs;
};

std::span<const IndexKind> IndexKinds();
// By exact name or an accepted alias (IVFFLAT, marisa-trie, ...); null if unknown.
const IndexKind* FindIndexKind(std::string_view name);

// What CreateIndex makes of the client's parameters.
struct ResolvedIndex {
  std::string type;    // The type built: AUTOINDEX is resolved.
  std::string metric;  // Upper case; empty for scalar indexes.
  Params params;       // Complete build parameters, without index_type and metric_type.
  bool is_auto = false;
  std::string why;  // Of AUTOINDEX: what decided, for the log.
};

// What AUTOINDEX becomes: JSON objects of index parameters with index_type, and metric_type for
// requests that name none. Empty: this server's own choice.
struct AutoIndexRules {
  bool override_explicit = false;  // Requests of explicit types too.
  std::string float_build, int8_build, binary_build, sparse_build;
  std::string large_topk_build;   // Instead of float_build; empty: no instead.
  std::string deduplicate_build;  // Of MHJACCARD.
  Params disk_build;              // Of DISKANN, whoever asks for it: build keys.
  // Of scalar and JSON fields.
  bool override_scalar = false;  // Requests of explicit types too.
  std::string scalar_build;      // {"int": TYPE, "varchar": TYPE, ...}; others by this server.
  int64_t bitmap_cardinality_limit = 100;  // Of HYBRID.
  bool operator==(const AutoIndexRules&) const = default;
};

// Checks index parameters, in the words and codes that clients match on. `user_params` are the
// request's extra_params in order; the key "params" holds a JSON object whose members are
// flattened. The result is of a kind that is available: a known type that this version lacks is
// refused with kIndexNotSupported, once everything else about the request is right.
absl::StatusOr<ResolvedIndex> ResolveIndex(
    const schema::FieldSchema& field,
    const std::vector<std::pair<std::string, std::string>>& user_params,
    const AutoIndexRules& rules = {});

// Checks a property that alter_index (and create_index) may set on an index of this type:
// mmap.enabled, indexoffsetcache.enabled, warmup.
absl::Status CheckIndexProperty(std::string_view index_type, std::string_view key,
                                std::string_view value);

// Flattens search parameters: `params` JSON text (may be empty) -> Params. Whether a value suits
// its key is IndexKind::check_search's to say.
absl::StatusOr<Params> ParseSearchParams(std::string_view json);

}  // namespace elanus::index
