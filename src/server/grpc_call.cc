#include "server/grpc_call.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/slice.h>

#include <utility>

#include "common/logging.h"
#include "common/status.h"

namespace elanus::server {
namespace {

using google::protobuf::Message;
using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Small requests and responses live here, on the executor thread's stack, without any malloc.
constexpr size_t kArenaStackBytes = 8 << 10;

std::string_view Header(const Metadata& metadata, const char* name) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

void ReadContext(grpc::CallbackServerContext& from, proxy::CallContext* to) {
  const Metadata& metadata = from.client_metadata();
  to->database = Header(metadata, "dbname");
  to->authorization = Header(metadata, "authorization");
  to->identifier = Header(metadata, "identifier");
  to->client_unix_ms = Header(metadata, "client-request-unixmsec");
  std::string_view id = Header(metadata, "client-request-id");
  if (id.empty()) id = Header(metadata, "client_request_id");
  to->request_id = id.empty() ? NewRequestId() : std::string(id);
  to->peer = from.peer();
  const auto deadline = from.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    to->deadline = std::chrono::steady_clock::now() + (deadline - std::chrono::system_clock::now());
  }
}

// Parses and empties `bytes`, so that a large insert does not exist twice while it is handled.
//
// A large message arrives in many slices. Joining them first costs a copy, yet is faster than a
// parse across slices: protobuf then sees how long each field is and makes room for it once
// (measured by BM_GrpcServerInsert at 30 MB: the whole call takes a third to a half less time).
bool Parse(grpc::ByteBuffer* bytes, Message* message) {
  if (!bytes->Valid() || bytes->Length() == 0) return true;  // A message without fields.
  grpc::Slice whole;
  if (!bytes->TrySingleSlice(&whole).ok() && !bytes->DumpToSingleSlice(&whole).ok()) return false;
  bytes->Clear();
  return message->ParseFromArray(whole.begin(), static_cast<int>(whole.size()));
}

// Whether `error` ends the call instead of travelling in the response's Status: see RpcHandler.
bool IsTransportLevel(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInvalidArgument:
      return CodeOf(error) == ErrorCode::kUnexpected;  // Errors of ours carry another code.
    default:
      return false;
  }
}

}  // namespace

GrpcCall::GrpcCall(const BoundRow& row, grpc::CallbackServerContext* context,
                   grpc::ByteBuffer* request, grpc::ByteBuffer* response)
    : row_(row),
      request_(request),
      response_(response),
      arrival_(std::chrono::steady_clock::now()) {
  context_.method = row_.row.name;
  context_.request_bytes = request_->Valid() ? request_->Length() : 0;
  context_.cancel_flag = &cancelled_;
  ReadContext(*context, &context_);
}

void GrpcCall::Start() {
  // One pointer fits into a std::function without an allocation.
  if (!row_.executor->Submit([this] { Run(); })) Refuse();
}

void GrpcCall::Run() {
  const RequestScope scope(context_.request_id);
  if (context_.cancelled()) {
    return FinishWith(absl::StatusCode::kCancelled, "cancelled while it waited for a thread");
  }
  alignas(std::max_align_t) char stack[kArenaStackBytes];
  google::protobuf::Arena arena(stack, sizeof(stack));
  Message* request = row_.row.request_prototype->New(&arena);
  if (!Parse(request_, request)) {
    return FinishWith(absl::StatusCode::kInvalidArgument,
                      fmt::format("the bytes of the {} request are not a valid {}", row_.row.name,
                                  request->GetTypeName()));
  }
  Message* response = row_.row.response_prototype->New(&arena);
  const absl::Status status = row_.row.handler(context_, *request, response);
  if (status.ok()) {
    Send(*response);
  } else {
    Answer(status, response);
  }
}

void GrpcCall::Refuse() {
  const RequestScope scope(context_.request_id);
  const auto response = std::unique_ptr<Message>(row_.row.response_prototype->New());
  Answer(RetryableError(ErrorCode::kTooManyRequests, "{}: {}",
                        BaseText(ErrorCode::kTooManyRequests), row_.row.name),
         response.get());
}

void GrpcCall::Answer(const absl::Status& error, Message* response) {
  if (IsTransportLevel(error)) {
    return FinishWith(error.code(), std::string(MessageOf(error)));
  }
  if (KindOf(CodeOf(error)) == ErrorKind::kInternal) {
    ELANUS_LOG(Error, "call failed", Field("method", row_.row.name), Field("peer", context_.peer),
               Field("reason", error));
  }
  if (!row_.status_field.exists()) {
    // The few responses without a Status; of the codes that clients do not repeat, the nearest one.
    const bool overloaded = KindOf(CodeOf(error)) == ErrorKind::kRetryable;
    return FinishWith(
        overloaded ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInvalidArgument,
        WireReason(error));
  }
  response->Clear();
  row_.options->fill_status(error, row_.status_field.In(response));
  Send(*response);
}

void GrpcCall::Send(const Message& response) {
  const size_t size = response.ByteSizeLong();
  if (size > static_cast<size_t>(row_.options->send_bytes_max)) {
    return FinishWith(absl::StatusCode::kResourceExhausted,
                      fmt::format("the response is too large: {} bytes, the limit is {}", size,
                                  row_.options->send_bytes_max));
  }
  // One slice of the exact size: protobuf writes into it without bounds checks or a second pass.
  grpc_slice slice = grpc_slice_malloc(size);
  response.SerializeWithCachedSizesToArray(GRPC_SLICE_START_PTR(slice));
  const grpc::Slice owned(slice, grpc::Slice::STEAL_REF);
  grpc::ByteBuffer bytes(&owned, 1);
  response_->Swap(&bytes);

  const auto* status = row_.status_field.In(response);
  Report(absl::StatusCode::kOk, status == nullptr ? 0 : status->code(), size);
  Finish(grpc::Status::OK);
}

void GrpcCall::FinishWith(absl::StatusCode code, std::string message) {
  Report(code, 0, 0);
  Finish(grpc::Status(static_cast<grpc::StatusCode>(code), std::move(message)));
}

void GrpcCall::Report(absl::StatusCode code, int32_t error_code, size_t response_bytes) const {
  if (!row_.options->on_finished_call) return;
  row_.options->on_finished_call(FinishedCall{
      .method = row_.row.name,
      .database = context_.database,
      .peer = context_.peer,
      .request_id = context_.request_id,
      .transport_code = code,
      .error_code = error_code,
      .duration = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - arrival_),
      .request_bytes = context_.request_bytes,
      .response_bytes = response_bytes,
  });
}

}  // namespace elanus::server
