#include "server/http_request.h"

#include <algorithm>

namespace elanus::server {
namespace {

constexpr size_t kMethodMax = 16;

bool IsTokenCharacter(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

HttpParse Bad(int status) {
  return {.state = HttpParse::State::kBad, .status = status};
}

// "GET /metrics?x=1 HTTP/1.1"; the status to refuse with, or 0.
int ParseRequestLine(std::string_view line, HttpRequest* request) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(method) || method.size() > kMethodMax) return 400;
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/") return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return 505;
  if (target.empty() || (target.front() != '/' && target != "*")) return 400;
  for (const char c : target) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) return 400;
  }
  request->method = method;
  request->path = target.substr(0, target.find('?'));
  request->query = target.substr(std::min(target.size(), request->path.size() + 1));
  request->keep_alive = version == "HTTP/1.1";
  return 0;
}

int ParseHeader(std::string_view line, HttpRequest* request) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return 400;
  const std::string_view value = Trim(line.substr(colon + 1));
  if (HasControlCharacter(value)) return 400;
  const std::string name = Lower(line.substr(0, colon));
  if (name == "connection") {
    const std::string wanted = Lower(value);
    if (wanted.find("close") != std::string::npos) request->keep_alive = false;
  } else if (name == "transfer-encoding") {
    request->has_body = true;
  } else if (name == "content-length") {
    if (value.empty() || value.size() > 18) return 400;
    if (!std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return 400;
    }
    if (value.find_first_not_of('0') != std::string_view::npos) request->has_body = true;
  }
  return 0;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<std::map<std::string, std::string>> ParseHttpQuery(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    std::optional<std::string> name = Decode(pair.substr(0, equals));
    std::optional<std::string> value = Decode(pair.substr(std::min(pair.size(), equals + 1)));
    if (!name.has_value() || !value.has_value()) return std::nullopt;
    if (!out.try_emplace(*std::move(name), *std::move(value)).second) return std::nullopt;
  }
  return out;
}

HttpParse ParseHttpHead(std::string_view bytes, size_t head_max, HttpRequest* request) {
  *request = HttpRequest();
  size_t at = 0;
  bool request_line = true;
  while (true) {
    const size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos) {
      if (bytes.size() > head_max) return Bad(request_line ? 414 : 431);
      // Nobody may keep the connection open with bytes that cannot become a request.
      const std::string_view rest = bytes.substr(at);
      if (rest.find('\n') != std::string_view::npos) return Bad(400);
      if (request_line && !rest.empty() && !IsTokenCharacter(rest.front())) return Bad(400);
      return {};
    }
    if (end + 2 > head_max) return Bad(request_line ? 414 : 431);
    const std::string_view line = bytes.substr(at, end - at);
    at = end + 2;
    if (line.empty() && !request_line) break;
    if (line.find('\n') != std::string_view::npos) return Bad(400);
    const int refused = request_line ? ParseRequestLine(line, request) : ParseHeader(line, request);
    if (refused != 0) return Bad(refused);
    request_line = false;
  }
  return {.state = HttpParse::State::kComplete, .consumed = at};
}

}  // namespace elanus::server
