// Where a response message carries its common.Status, found by descriptor.
//
// Front ends need it for any response type: to report an error that no handler saw (a full queue),
// and to read how a call ended (metrics, access log).
#pragma once

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "common.pb.h"

namespace elanus::server {

// Threads: immutable, any number.
class StatusField {
 public:
  // The response is a Status, or its lowest-numbered singular field of that type is meant (`status`
  // in nearly all, `alter_status` in one), or there is none.
  static StatusField Of(const google::protobuf::Descriptor& response);

  bool exists() const { return is_itself_ || field_ != nullptr; }

  // Null when the message has none (or, for the const one, has not set it: that means success).
  milvus::proto::common::Status* In(google::protobuf::Message* response) const;
  const milvus::proto::common::Status* In(const google::protobuf::Message& response) const;

 private:
  bool is_itself_ = false;
  const google::protobuf::FieldDescriptor* field_ = nullptr;
};

// Fills the codes and the texts of a Status from `error`, which is not OK.
void FillPlainStatus(const absl::Status& error, milvus::proto::common::Status* status);

}  // namespace elanus::server
