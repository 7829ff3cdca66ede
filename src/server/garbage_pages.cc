#include "server/garbage_pages.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace elanus::server {
namespace {

constexpr int64_t kPauseSecondsDefault = 3600;
constexpr int64_t kPauseSecondsMax = 86'400;  // A forgotten pause ends.
constexpr uint64_t kReportFreshMs = 60'000;

HttpResponse Json(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

HttpResponse Bad(std::string_view what) {
  return Json(400, fmt::format(R"({{"msg":"{}"}})", what));
}

// Nothing for a text that is no whole number; `otherwise` for none.
std::optional<int64_t> NumberOr(std::string_view text, int64_t otherwise) {
  if (text.empty()) return otherwise;
  int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

HttpResponse NotReady() {
  return Json(503, R"({"msg":"the server is not ready"})");
}

}  // namespace

std::string_view QueryParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
  }
  return {};
}

void GarbagePages::Use(coord::Coordinator* coordinator) {
  std::lock_guard lock(mutex_);
  coordinator_ = coordinator;
}

HttpResponse GarbagePages::Pause(const HttpRequest& request) {
  const auto seconds =
      NumberOr(QueryParameter(request.query, "pause_seconds"), kPauseSecondsDefault);
  const auto collection = NumberOr(QueryParameter(request.query, "collection_id"), 0);
  if (!seconds.has_value() || *seconds <= 0 || *seconds > kPauseSecondsMax) {
    return Bad(fmt::format("pause_seconds must be in [1, {}]", kPauseSecondsMax));
  }
  if (!collection.has_value() || *collection < 0) return Bad("collection_id must be an id");
  std::lock_guard lock(mutex_);
  if (coordinator_ == nullptr) return NotReady();
  const int64_t ticket = coordinator_->PauseGarbage(
      static_cast<uint64_t>(*seconds) * 1000,
      *collection > 0 ? std::optional(CollectionId(*collection)) : std::nullopt);
  return Json(200, fmt::format(R"({{"msg":"OK","ticket":"{}"}})", ticket));
}

HttpResponse GarbagePages::Resume(const HttpRequest& request) {
  const auto ticket = NumberOr(QueryParameter(request.query, "ticket"), 0);
  if (!ticket.has_value() || *ticket <= 0) return Bad("ticket must be what a pause answered");
  std::lock_guard lock(mutex_);
  if (coordinator_ == nullptr) return NotReady();
  if (!coordinator_->ResumeGarbage(*ticket)) return Bad("no such ticket");
  return Json(200, R"({"msg":"OK"})");
}

HttpResponse GarbagePages::DryRun(const HttpRequest&) {
  std::lock_guard lock(mutex_);
  if (coordinator_ == nullptr) return NotReady();
  const coord::Coordinator::GarbageAnswer answer = coordinator_->AskForGarbage(kReportFreshMs);
  if (!answer.failure.ok()) {
    // Quotes and control characters of a message would break the answer.
    std::string words(MessageOf(answer.failure));
    for (char& c : words) {
      if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) c = '\'';
    }
    return Json(500, fmt::format(R"({{"msg":"{}"}})", words));
  }
  return Json(
      200, fmt::format(R"({{"msg":"OK","listing":{},"report":{}}})", answer.listing,
                       answer.report == nullptr ? "null" : coord::GarbageAsJson(*answer.report)));
}

void GarbagePages::AddTo(HttpRoutes& routes) {
  const std::string base = kGarbagePage;
  routes[base + "/pause"] = [this](const HttpRequest& request) { return Pause(request); };
  routes[base + "/resume"] = [this](const HttpRequest& request) { return Resume(request); };
  routes[base + "/dry_run"] = [this](const HttpRequest& request) { return DryRun(request); };
}

}  // namespace elanus::server
