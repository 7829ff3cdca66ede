// Whether the server serves, and if not, why: what /healthz says.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "server/http_server.h"

namespace elanus::server {

// Threads: any.
class Health {
 public:
  // Until this is called the reason is "starting", and what problems there are.
  void SetServing();
  // For good; the reason becomes "stopping".
  void SetStopping();
  // A part that cannot do its work now, such as {"log", "disk full"}. Repeating replaces the
  // reason.
  void SetProblem(std::string_view part, std::string_view reason);
  void ClearProblem(std::string_view part);

  // Empty while all is well, else what is wrong in words.
  std::string Reason() const;

 private:
  enum class Phase { kStarting, kServing, kStopping };

  mutable std::mutex mutex_;
  Phase phase_ = Phase::kStarting;
  std::map<std::string, std::string, std::less<>> problems_;
};

// 200 {"status":"ok"}, or 503 {"status":"unhealthy","reason":"..."}.
HttpResponse HealthPage(const Health& health);

}  // namespace elanus::server
