// One request as the operations describe it to Client::Send; for client*.cc alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "s3/client.h"

namespace elanus::s3 {

struct Client::Call {
  std::string operation;  // For errors: "put object".
  std::string method;
  std::string key;  // Empty: the bucket.
  std::vector<NameValue> query = {};
  std::vector<NameValue> headers = {};
  std::vector<std::string_view> body = {};
  bool writes = false;
  bool hedge = false;
  size_t answer_bytes_max = 64 << 20;
  int patience = 1;                // Times the stall time-out.
  std::vector<int> accepted = {};  // Statuses that are answers, not errors.
  // Looks into a success: an error is one after all.
  std::function<std::optional<S3Error>(const HttpAnswer&)> check = nullptr;
};

}  // namespace elanus::s3
