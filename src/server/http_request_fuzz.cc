// Any bytes sent to the management port: a request or a refusal, and never more consumed than
// given.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/http_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using elanus::server::HttpParse;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  elanus::server::HttpRequest request;
  const HttpParse parse = elanus::server::ParseHttpHead(bytes, 8192, &request);
  if (parse.state == HttpParse::State::kComplete && parse.consumed > size) std::abort();
  elanus::server::ParseHttpQuery(bytes);
  // Giving the bytes in two parts must not change what they mean.
  if (parse.state == HttpParse::State::kComplete) {
    const HttpParse part =
        elanus::server::ParseHttpHead(bytes.substr(0, parse.consumed - 1), 8192, &request);
    if (part.state != HttpParse::State::kIncomplete) std::abort();
  }
  return 0;
}
