#include "querynode/warmup.h"

#include <optional>

#include "meta/implied_indexes.h"

namespace elanus::querynode {
namespace {

std::optional<Warmup> ParseWarmup(std::string_view value) {
  if (value == "sync") return Warmup::kSync;
  if (value == "async") return Warmup::kAsync;
  if (value == "disable") return Warmup::kDisable;
  return std::nullopt;
}

std::optional<Warmup> PropertyOf(const meta::Collection& collection, std::string_view key) {
  for (const auto& [name, value] : collection.properties) {
    if (name == key) return ParseWarmup(value);
  }
  return std::nullopt;
}

}  // namespace

Warmup WarmupOf(const WarmupDefaults& defaults, const meta::Collection& collection,
                const schema::FieldSchema& field) {
  const auto own = field.type_params.find("warmup");
  std::optional<Warmup> level;
  if (own != field.type_params.end()) level = ParseWarmup(own->second);
  const bool vector = schema::IsVector(field.type);
  if (!level) level = PropertyOf(collection, vector ? "warmup.vectorField" : "warmup.scalarField");
  return level.value_or(vector ? defaults.vector_field : defaults.scalar_field);
}

Warmup WarmupOf(const WarmupDefaults& defaults, const meta::Collection& collection,
                const meta::Index& index) {
  for (const auto& [key, value] : index.user_params) {
    if (key != "warmup") continue;
    if (const auto level = ParseWarmup(value)) return *level;
  }
  const bool scalar = index.metric.empty();
  const auto level = PropertyOf(collection, scalar ? "warmup.scalarIndex" : "warmup.vectorIndex");
  return level.value_or(scalar ? defaults.scalar_index : defaults.vector_index);
}

Warmup MostEager(const WarmupDefaults& defaults, const meta::Collection& collection) {
  bool async = false;
  const auto is_sync = [&](Warmup level) {
    async |= level == Warmup::kAsync;
    return level == Warmup::kSync;
  };
  for (const schema::FieldSchema& field : collection.schema.fields) {
    if (is_sync(WarmupOf(defaults, collection, field))) return Warmup::kSync;
  }
  for (const meta::Index& index : meta::AllIndexes(collection)) {
    if (is_sync(WarmupOf(defaults, collection, index))) return Warmup::kSync;
  }
  return async ? Warmup::kAsync : Warmup::kDisable;
}

absl::Status WarmSegment(const WarmupDefaults& defaults, const meta::Collection& collection,
                         const segment::SealedSegment& segment, Warmup level,
                         const Cancellation& cancellation) {
  for (const schema::FieldSchema& field : collection.schema.fields) {
    if (WarmupOf(defaults, collection, field) != level) continue;
    ELANUS_RETURN_IF_ERROR(segment.WarmColumn(field.id, cancellation));
  }
  for (const meta::Index& index : meta::AllIndexes(collection)) {
    if (WarmupOf(defaults, collection, index) != level) continue;
    const auto scalar = segment.scalar_indexes().Get(index.id);
    const absl::Status warmed = scalar != nullptr ? segment.WarmIndex(*scalar, cancellation)
                                                  : segment.WarmIndex(index.field, cancellation);
    if (!warmed.ok() && CodeOf(warmed) != ErrorCode::kDataIntegrity) return warmed;
  }
  return absl::OkStatus();
}

}  // namespace elanus::querynode
