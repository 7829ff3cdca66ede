// The parameters of each family, with ranges and defaults: the public reference of the API.
#pragma once

#include <array>

#include "index/index_params.h"

namespace elanus::index {

inline constexpr double kIntMax = 2147483647;
inline constexpr double kAny = 1e300;
inline constexpr auto kSearchUse = ParamUse::kSearch;

// clang-format off
#define ELANUS_IVF_PARAMS \
    {.name = "nlist", .min = 1, .max = 65536, .fallback = "128"}, \
    {.name = "use_elkan", .type = ParamType::kBool}, \
    {.name = "nprobe", .use = kSearchUse, .min = 1, .max = 65536}, \
    {.name = "ensure_topk_full", .use = kSearchUse, .type = ParamType::kBool}, \
    {.name = "max_empty_result_buckets", .use = kSearchUse, .min = 0, .max = 65536}
#define ELANUS_REFINE_PARAMS(kinds) \
    {.name = "refine", .type = ParamType::kBool}, \
    {.name = "refine_type", .type = ParamType::kText, .choices = kinds, \
     .refusal = "invalid refine type"}, \
    {.name = "refine_k", .use = kSearchUse, .type = ParamType::kFloat, .min = 1, .max = kAny}
#define ELANUS_HNSW_PARAMS(ef_at_least_k) \
    {.name = "M", .min = 2, .max = 2048, .fallback = "30"}, \
    {.name = "efConstruction", .min = 1, .max = kIntMax, .fallback = "360"}, \
    {.name = "ef", .use = kSearchUse, .min = 1, .max = kIntMax, .at_least_k = ef_at_least_k}, \
    {.name = "seed_ef", .use = kSearchUse, .min = 1, .max = kIntMax}, \
    {.name = "disable_fallback_brute_force", .use = kSearchUse, .type = ParamType::kBool}
#define ELANUS_IVF_REFINE "sq6|sq8|fp16|bf16|fp32|flat"
#define ELANUS_HNSW_REFINE "sq4u|sq6|sq8|fp16|bf16|fp32|flat"

inline constexpr std::array<ParamSpec, 0> kNoParams{};
inline constexpr ParamSpec kIvfParams[] = {ELANUS_IVF_PARAMS};
inline constexpr ParamSpec kIvfSqParams[] = {
    ELANUS_IVF_PARAMS, ELANUS_REFINE_PARAMS(ELANUS_IVF_REFINE),
    {.name = "sq_type", .type = ParamType::kText, .choices = "sq4|sq6|sq8",
     .refusal = "invalid scalar quantizer type"}};
inline constexpr ParamSpec kIvfPqParams[] = {
    ELANUS_IVF_PARAMS, ELANUS_REFINE_PARAMS(ELANUS_IVF_REFINE),
    {.name = "m", .min = 1, .max = 65536, .required = true},
    {.name = "nbits", .min = 1, .max = 24, .fallback = "8"}};
inline constexpr ParamSpec kIvfRabitqParams[] = {
    ELANUS_IVF_PARAMS, ELANUS_REFINE_PARAMS(ELANUS_IVF_REFINE),
    {.name = "rbq_bits", .min = 1, .max = 9},
    {.name = "rbq_bits_query", .use = kSearchUse, .min = 0, .max = 8}};
inline constexpr ParamSpec kIvfRabitqFastScanParams[] = {
    ELANUS_IVF_PARAMS, ELANUS_REFINE_PARAMS("fp32|flat"),
    {.name = "rbq_bits_query", .use = kSearchUse, .min = 0, .max = 0}};
inline constexpr ParamSpec kScannParams[] = {
    ELANUS_IVF_PARAMS,
    {.name = "with_raw_data", .type = ParamType::kBool, .fallback = "true"},
    {.name = "sub_dim", .min = 1, .max = 65536, .fallback = "2"},
    {.name = "reorder_k", .use = kSearchUse, .min = 1, .max = kIntMax, .at_least_k = true}};

inline constexpr ParamSpec kHnswParams[] = {ELANUS_HNSW_PARAMS(true)};
inline constexpr ParamSpec kHnswSqParams[] = {
    ELANUS_HNSW_PARAMS(true), ELANUS_REFINE_PARAMS(ELANUS_HNSW_REFINE),
    {.name = "sq_type", .type = ParamType::kText, .fallback = "SQ8",
     .choices = "sq4u|sq6|sq8|fp16|bf16", .refusal = "invalid scalar quantizer type"}};
inline constexpr ParamSpec kHnswPqParams[] = {
    ELANUS_HNSW_PARAMS(false), ELANUS_REFINE_PARAMS(ELANUS_HNSW_REFINE),
    {.name = "m", .min = 1, .max = 65536, .fallback = "32"},
    {.name = "nbits", .min = 1, .max = 24, .fallback = "8"}};
inline constexpr ParamSpec kHnswPrqParams[] = {
    ELANUS_HNSW_PARAMS(false), ELANUS_REFINE_PARAMS(ELANUS_HNSW_REFINE),
    {.name = "m", .min = 1, .max = 65536, .fallback = "2"},
    {.name = "nrq", .min = 1, .max = 16, .fallback = "2"},
    {.name = "nbits", .min = 1, .max = 24, .fallback = "8"}};

#define ELANUS_DISK_SEARCH_PARAMS \
    {.name = "search_list", .use = kSearchUse, .min = 1, .max = kIntMax, .at_least_k = true}, \
    {.name = "beamwidth", .use = kSearchUse, .min = 1, .max = 128}, \
    {.name = "filter_threshold", .use = kSearchUse, .type = ParamType::kFloat, .min = -1, .max = 1}, \
    {.name = "min_k", .use = kSearchUse, .min = 1, .max = kIntMax}, \
    {.name = "max_k", .use = kSearchUse, .min = 1, .max = kIntMax}
// DISKANN's build keys are set by the server's configuration whatever the client says, so any value
// is accepted for them.
inline constexpr ParamSpec kDiskAnnParams[] = {ELANUS_DISK_SEARCH_PARAMS};
inline constexpr ParamSpec kAisaqParams[] = {
    ELANUS_DISK_SEARCH_PARAMS,
    {.name = "max_degree", .min = 1, .max = 2048, .fallback = "56"},
    {.name = "search_list_size", .min = 1, .max = kIntMax, .fallback = "100"},
    {.name = "pq_code_budget_gb_ratio", .type = ParamType::kFloat, .min = 0, .max = kAny,
     .min_open = true},
    {.name = "search_cache_budget_gb_ratio", .type = ParamType::kFloat, .min = 0, .max = kAny},
    {.name = "inline_pq", .min = -1, .max = 2048},
    {.name = "rearrange", .type = ParamType::kBool},
    {.name = "num_entry_points", .min = 0, .max = 1000},
    {.name = "pq_cache_size", .min = 0, .max = 1073741824},
    {.name = "pq_read_page_cache_size", .min = 0, .max = 33554432},
    {.name = "vectors_beamwidth", .use = kSearchUse, .min = 1, .max = 4}};

inline constexpr ParamSpec kMinHashParams[] = {
    {.name = "mh_element_bit_width", .min = 8, .max = 256, .fallback = "8"},
    {.name = "mh_lsh_band", .min = 1, .max = kIntMax, .fallback = "1"},
    {.name = "mh_lsh_aligned_block_size", .min = 4096, .max = kIntMax, .fallback = "4096"},
    {.name = "mh_lsh_code_in_mem", .type = ParamType::kBool},
    {.name = "mh_lsh_shared_bloom_filter", .type = ParamType::kBool},
    {.name = "mh_lsh_bloom_false_positive_prob", .type = ParamType::kFloat, .min = 0, .max = 1},
    {.name = "with_raw_data", .type = ParamType::kBool},
    {.name = "mh_search_with_jaccard", .use = kSearchUse, .type = ParamType::kBool},
    {.name = "refine_k", .use = kSearchUse, .min = 1, .max = kIntMax},
    {.name = "mh_lsh_batch_search", .use = kSearchUse, .type = ParamType::kBool}};

inline constexpr ParamSpec kSparseParams[] = {
    {.name = "inverted_index_algo", .type = ParamType::kText,
     .choices = "TAAT_NAIVE|DAAT_WAND|DAAT_MAXSCORE|BLOCK_MAX_MAXSCORE|BLOCK_MAX_WAND|SINDI",
     .refusal = "sparse inverted index algo not found or not supported"},
    {.name = "drop_ratio_build", .type = ParamType::kFloat, .min = 0, .max = 1, .max_open = true},
    {.name = "bm25_k1", .type = ParamType::kFloat, .min = 0, .max = 3},
    {.name = "bm25_b", .type = ParamType::kFloat, .min = 0, .max = 1},
    {.name = "bm25_avgdl", .type = ParamType::kFloat, .min = 0, .max = kAny},
    {.name = "inverted_index_codec", .type = ParamType::kText,
     .choices = "block_streamvbyte|block_maskedvbyte", .refusal = "invalid inverted_index_codec"},
    {.name = "block_max_block_size", .min = 1, .max = kIntMax},
    {.name = "quant_type", .type = ParamType::kText, .choices = "fp16|fp32|u16|u32",
     .refusal = "invalid quant_type"},
    {.name = "sindi_window_size", .min = 1024, .max = 65535},
    {.name = "drop_ratio_search", .use = kSearchUse, .type = ParamType::kFloat, .min = 0, .max = 1,
     .max_open = true},
    {.name = "refine_factor", .use = kSearchUse, .min = 1, .max = kIntMax},
    {.name = "dim_max_score_ratio", .use = kSearchUse, .type = ParamType::kFloat, .min = 0.5,
     .max = 1.3}};

#define ELANUS_GPU_IVF_PARAMS \
    {.name = "nlist", .min = 1, .max = 65536, .fallback = "128"}, \
    {.name = "cache_dataset_on_device", .type = ParamType::kBool}, \
    {.name = "nprobe", .use = kSearchUse, .min = 1, .max = 65536}
inline constexpr ParamSpec kGpuIvfParams[] = {
    ELANUS_GPU_IVF_PARAMS, {.name = "adaptive_centers", .type = ParamType::kBool}};
inline constexpr ParamSpec kGpuIvfPqParams[] = {
    ELANUS_GPU_IVF_PARAMS,
    {.name = "m", .min = 0, .max = 65536, .fallback = "0"},
    {.name = "nbits", .min = 4, .max = 8, .fallback = "8"},
    {.name = "codebook_kind", .type = ParamType::kText, .choices = "PER_SUBSPACE|PER_CLUSTER",
     .refusal = "invalid codebook_kind"},
    {.name = "preferred_shmem_carveout", .use = kSearchUse, .type = ParamType::kFloat, .min = 0,
     .max = 1}};
inline constexpr ParamSpec kGpuCagraParams[] = {
    {.name = "build_algo", .type = ParamType::kText, .choices = "NN_DESCENT|IVF_PQ",
     .refusal = "invalid build_algo"},
    {.name = "cache_dataset_on_device", .type = ParamType::kBool},
    {.name = "adapt_for_cpu", .type = ParamType::kBool},
    {.name = "team_size", .use = kSearchUse, .min = 0, .max = 32},
    {.name = "hashmap_max_fill_rate", .use = kSearchUse, .type = ParamType::kFloat, .min = 0.1,
     .max = 0.9},
    {.name = "persistent", .use = kSearchUse, .type = ParamType::kBool}};

#define ELANUS_SVS_PARAMS(kinds) \
    {.name = "svs_graph_max_degree", .min = 4, .max = 256}, \
    {.name = "svs_construction_window_size", .min = 1, .max = 10000}, \
    {.name = "svs_alpha", .type = ParamType::kFloat, .min = 0, .max = 10}, \
    {.name = "svs_storage_kind", .type = ParamType::kText, .choices = kinds, \
     .refusal = "invalid svs_storage_kind"}, \
    {.name = "svs_search_window_size", .use = kSearchUse, .min = 1, .max = kIntMax}, \
    {.name = "svs_search_buffer_capacity", .use = kSearchUse, .min = 1, .max = kIntMax}
inline constexpr ParamSpec kSvsVamanaParams[] = {ELANUS_SVS_PARAMS("fp32|fp16|sqi8")};
inline constexpr ParamSpec kSvsLvqParams[] = {ELANUS_SVS_PARAMS("lvq4x0|lvq4x4|lvq4x8")};
inline constexpr ParamSpec kSvsLeanVecParams[] = {
    ELANUS_SVS_PARAMS("leanvec4x4|leanvec4x8|leanvec8x8"),
    {.name = "svs_leanvec_dim", .min = 0, .max = 32768}};
inline constexpr ParamSpec kFaissParams[] = {
    {.name = "faiss_index_name", .type = ParamType::kText, .required = true},
    {.name = "nprobe", .use = kSearchUse, .min = 1, .max = 65536},
    {.name = "ef", .use = kSearchUse, .min = 1, .max = kIntMax},
    {.name = "efSearch", .use = kSearchUse, .min = 1, .max = kIntMax},
    {.name = "refine_k", .use = kSearchUse, .type = ParamType::kFloat, .min = 1, .max = kAny},
    {.name = "k_factor", .use = kSearchUse, .type = ParamType::kFloat, .min = 1, .max = kAny}};

// How lists of vectors are indexed under a MAX_SIM metric, whatever the kind.
inline constexpr ParamSpec kListParams[] = {
    {.name = "emb_list_rerank", .type = ParamType::kBool}};
inline constexpr ParamSpec kMuveraParams[] = {
    {.name = "muvera_num_projections", .min = 1, .max = 7, .fallback = "4"},
    {.name = "muvera_num_repeats", .min = 1, .max = 32, .fallback = "7"},
    {.name = "muvera_seed", .min = -kAny, .max = kAny, .fallback = "42"}};
inline constexpr ParamSpec kLemurParams[] = {
    {.name = "lemur_hidden_dim", .min = 8, .max = 8192, .fallback = "256"},
    {.name = "lemur_num_train_samples", .min = 1000, .max = 100000, .fallback = "20000"},
    {.name = "lemur_num_epochs", .min = 1, .max = 1000, .fallback = "50"},
    {.name = "lemur_batch_size", .min = 1, .max = 4096, .fallback = "512"},
    {.name = "lemur_learning_rate", .type = ParamType::kFloat, .min = 0, .max = kAny,
     .fallback = "0.001", .min_open = true},
    {.name = "lemur_num_layers", .min = 1, .max = 8, .fallback = "2"}};

inline constexpr ParamSpec kHybridParams[] = {
    {.name = "bitmap_cardinality_limit", .min = 1, .max = 1000}};
// clang-format on

#undef ELANUS_IVF_PARAMS
#undef ELANUS_REFINE_PARAMS
#undef ELANUS_HNSW_PARAMS
#undef ELANUS_IVF_REFINE
#undef ELANUS_HNSW_REFINE
#undef ELANUS_DISK_SEARCH_PARAMS
#undef ELANUS_GPU_IVF_PARAMS
#undef ELANUS_SVS_PARAMS

}  // namespace elanus::index
