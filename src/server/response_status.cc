#include "server/response_status.h"

#include "common/status.h"

namespace elanus::server {

namespace common_proto = ::milvus::proto::common;
using google::protobuf::FieldDescriptor;

StatusField StatusField::Of(const google::protobuf::Descriptor& response) {
  const google::protobuf::Descriptor* const status = common_proto::Status::descriptor();
  StatusField found;
  found.is_itself_ = &response == status;
  if (found.is_itself_) return found;
  for (int i = 0; i < response.field_count(); ++i) {
    const FieldDescriptor* field = response.field(i);
    if (field->is_repeated() || field->message_type() != status) continue;
    if (found.field_ == nullptr || field->number() < found.field_->number()) found.field_ = field;
  }
  return found;
}

common_proto::Status* StatusField::In(google::protobuf::Message* response) const {
  if (is_itself_) return static_cast<common_proto::Status*>(response);
  if (field_ == nullptr) return nullptr;
  return static_cast<common_proto::Status*>(
      response->GetReflection()->MutableMessage(response, field_));
}

const common_proto::Status* StatusField::In(const google::protobuf::Message& response) const {
  if (is_itself_) return static_cast<const common_proto::Status*>(&response);
  if (field_ == nullptr || !response.GetReflection()->HasField(response, field_)) return nullptr;
  return static_cast<const common_proto::Status*>(
      &response.GetReflection()->GetMessage(response, field_));
}

void FillPlainStatus(const absl::Status& error, common_proto::Status* status) {
  const ErrorCode code = CodeOf(error);
  const std::string reason = WireReason(error);
  status->set_code(static_cast<int32_t>(code));
  status->set_error_code(static_cast<common_proto::ErrorCode>(LegacyCode(code)));
  status->set_reason(reason);
  status->set_detail(reason);
  status->set_retriable(KindOf(code) == ErrorKind::kRetryable);
}

}  // namespace elanus::server
