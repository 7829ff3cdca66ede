// The head of one HTTP/1.x request, from bytes of an untrusted peer.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace elanus::server {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // Without the query,
  std::string query;   // which is what follows the question mark.
  bool keep_alive = true;
  bool has_body = false;  // Announced by a header; this server reads none.
};

struct HttpParse {
  enum class State { kIncomplete, kComplete, kBad };
  State state = State::kIncomplete;
  size_t consumed = 0;  // kComplete: bytes of the head.
  int status = 400;     // kBad: what to answer.
};

// Reads a head from the front of `bytes`. Strict: lines end in CRLF, no folded lines, no spaces
// before a colon, no control characters. `head_max` bounds the head; above it the answer is 431.
HttpParse ParseHttpHead(std::string_view bytes, size_t head_max, HttpRequest* request);

// "a=1&b=x%20y+z" -> {a: "1", b: "x y z"}. Nothing if an escape is broken or a name comes twice.
std::optional<std::map<std::string, std::string>> ParseHttpQuery(std::string_view query);

}  // namespace elanus::server
