#include "server/health.h"

#include <fmt/format.h>

namespace elanus::server {
namespace {

std::string JsonString(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json += fmt::format("\\u{:04x}", byte);
    } else {
      json += c;
    }
  }
  return json + '"';
}

}  // namespace

void Health::SetServing() {
  std::lock_guard lock(mutex_);
  if (phase_ == Phase::kStarting) phase_ = Phase::kServing;
}

void Health::SetStopping() {
  std::lock_guard lock(mutex_);
  phase_ = Phase::kStopping;
}

void Health::SetProblem(std::string_view part, std::string_view reason) {
  std::lock_guard lock(mutex_);
  problems_.insert_or_assign(std::string(part), std::string(reason));
}

void Health::ClearProblem(std::string_view part) {
  std::lock_guard lock(mutex_);
  const auto found = problems_.find(part);
  if (found != problems_.end()) problems_.erase(found);
}

std::string Health::Reason() const {
  std::lock_guard lock(mutex_);
  if (phase_ == Phase::kStopping) return "stopping";
  std::string reason = phase_ == Phase::kStarting ? "starting" : "";
  for (const auto& [part, problem] : problems_) {
    reason += fmt::format("{}{}: {}", reason.empty() ? "" : "; ", part, problem);
  }
  return reason;
}

HttpResponse HealthPage(const Health& health) {
  const std::string reason = health.Reason();
  if (reason.empty()) {
    return {.content_type = "application/json", .body = R"({"status":"ok"})"};
  }
  return {.status = 503,
          .content_type = "application/json",
          .body = fmt::format(R"({{"status":"unhealthy","reason":{}}})", JsonString(reason))};
}

}  // namespace elanus::server
