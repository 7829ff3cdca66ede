#include "proxy/dynamic_keys.h"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace elanus::proxy {
namespace {

// Keeps the order of members, as clients wrote them.
using Json = nlohmann::ordered_json;

Json ParseObject(std::string_view text) {
  Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_object() ? std::move(parsed) : Json::object();
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

struct DynamicKeys::Parser {
  simdjson::dom::parser dom;
};

DynamicKeys::DynamicKeys(std::span<const std::string> keys)
    : keys_(keys), parser_(std::make_unique<Parser>()) {}

DynamicKeys::~DynamicKeys() = default;

std::string DynamicKeys::operator()(std::string_view object) {
  const auto wanted = [this](std::string_view key) {
    return std::find(keys_.begin(), keys_.end(), key) != keys_.end();
  };
  simdjson::dom::object parsed;
  if (parser_->dom.parse(object.data(), object.size()).get(parsed) != simdjson::SUCCESS) {
    // Integers of more than 64 bits, which simdjson does not read.
    Json reduced = Json::object();
    const Json whole = ParseObject(object);
    for (const auto& [key, value] : whole.items()) {
      if (wanted(key)) reduced[key] = value;
    }
    return Dump(reduced);
  }
  std::string out = "{";
  for (const auto& [key, value] : parsed) {
    if (!wanted(key)) continue;
    if (out.size() > 1) out.push_back(',');
    out.append(Dump(Json(std::string(key))));
    out.push_back(':');
    out.append(simdjson::minify(value));
  }
  out.push_back('}');
  return out;
}

std::string MergeObjects(std::string_view object, std::string_view update) {
  Json merged = ParseObject(object);
  const Json members = ParseObject(update);
  for (const auto& [key, value] : members.items()) merged[key] = value;
  return Dump(merged);
}

}  // namespace elanus::proxy
