// A search's hits as the answer to the client.
#pragma once

#include <cstdint>
#include <span>

#include "absl/time/time.h"
#include "meta/types.h"
#include "proxy/output_fields.h"
#include "proxy/time_parts.h"
#include "proxy/wire_types.h"
#include "roles/query_node.h"

namespace elanus::proxy {

struct AnswerOptions {
  int64_t topk = 0;
  const roles::Grouping* grouping = nullptr;  // If the hits come in groups.
  bool group_fields_plural = false;           // Where their values go in the answer.
  int64_t round_decimal = -1;                 // Digits of the scores; -1 = as they are.
  absl::TimeZone zone;
  std::span<const TimePart> time_parts = {};
};

void SearchAnswerToWire(const roles::SearchResult& result, const meta::Collection& collection,
                        const OutputFields& output, const AnswerOptions& options,
                        schema_pb::SearchResultData* out);

// floor(score * 10^digits + 0.5) / 10^digits.
float RoundScore(float score, int64_t digits);

}  // namespace elanus::proxy
