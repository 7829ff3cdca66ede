#include "index/list_encoder.h"

#include "index/max_sim.h"
#include "index/param_specs.h"

namespace elanus::index {
namespace {

constexpr char kStrategyKey[] = "emb_list_strategy";

}  // namespace

ListStrategy ListStrategyOf(std::string_view metric, const Params& params) {
  const auto it = params.find(kStrategyKey);
  if (it == params.end() || !IsMaxSim(metric)) return ListStrategy::kTokenAnn;
  if (it->second == "muvera") return ListStrategy::kMuvera;
  return it->second == "lemur" ? ListStrategy::kLemur : ListStrategy::kTokenAnn;
}

absl::Status CheckListStrategy(std::string_view index_type, Params& params) {
  ELANUS_RETURN_IF_ERROR(CheckBuildParams(kListParams, params));
  const auto it = params.find(kStrategyKey);
  if (it == params.end() || it->second == "tokenann") return absl::OkStatus();
  const bool muvera = it->second == "muvera";
  if (!muvera && it->second != "lemur") {
    return InvalidIndexParams(fmt::format(
        "invalid emb_list_strategy: {}, expected: tokenann, muvera, lemur", it->second));
  }
  if (index_type == "DISKANN") {
    return InvalidIndexParams(fmt::format(
        "emb_list_strategy {} is not supported by DISKANN, expected: tokenann", it->second));
  }
  return muvera ? CheckBuildParams(kMuveraParams, params) : CheckBuildParams(kLemurParams, params);
}

}  // namespace elanus::index
