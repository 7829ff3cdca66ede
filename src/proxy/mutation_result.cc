#include "proxy/mutation_result.h"

#include <algorithm>

#include "milvus.pb.h"
#include "proxy/convert_column_out.h"
#include "proxy/wire_status.h"

namespace elanus::proxy {
namespace {

// More rows than a request holds.
constexpr int64_t kIndexesMax = 8 << 20;

void FillIndexes(int64_t count, google::protobuf::RepeatedField<uint32_t>* out) {
  out->Reserve(static_cast<int>(count));
  for (int64_t i = 0; i < count; ++i) out->AddAlreadyReserved(static_cast<uint32_t>(i));
}

}  // namespace

void FillRowsResult(const schema::Column& keys, Timestamp timestamp,
                    milvus_pb::MutationResult* result) {
  const RowRange all[] = {{0, keys.num_rows()}};
  KeysToWire(keys.View(), all, result->mutable_ids());
  FillIndexes(keys.num_rows(), result->mutable_succ_index());
  result->set_acknowledged(true);
  result->set_timestamp(timestamp.value());
}

void FillFailedRows(const absl::Status& error, int64_t num_rows,
                    milvus_pb::MutationResult* result) {
  result->Clear();
  FillMutationStatus(error, result->mutable_status());
  // The number is the client's word: a small request must not cost much memory.
  if (num_rows <= kIndexesMax) FillIndexes(num_rows, result->mutable_err_index());
}

absl::Status CheckSchemaTimestamp(uint64_t sent, const meta::Collection& collection,
                                  const std::string& requested_name) {
  if (sent == 0 || sent == collection.updated.value()) return absl::OkStatus();
  return UserError(ErrorCode::kSchemaMismatch, "collection schema mismatch[collection={}]",
                   requested_name);
}

}  // namespace elanus::proxy
