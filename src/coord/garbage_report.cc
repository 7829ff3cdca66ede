#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "coord/garbage.h"

namespace elanus::coord {
namespace {

struct Sum {
  int64_t objects = 0;
  uint64_t bytes = 0;
};

Sum SumOf(const GarbageReport& report, bool removable) {
  Sum out;
  for (const GarbageObject& object : report.garbage) {
    if (object.removable != removable) continue;
    ++out.objects;
    out.bytes += object.bytes;
  }
  return out;
}

}  // namespace

std::string FormatGarbage(const GarbageReport& report) {
  std::string out;
  for (const GarbageObject& object : report.garbage) {
    out += fmt::format("{}  {:>12}  {:>9} s  {}  ({})\n", object.removable ? "remove" : "wait  ",
                       object.bytes, object.age_ms / 1000, object.key, object.reason);
  }
  const Sum gone = SumOf(report, true), waiting = SumOf(report, false);
  out += fmt::format(
      "{} objects of {} bytes; {} of {} bytes would be removed, {} of {} bytes are not old "
      "enough\n",
      report.num_objects, report.num_bytes, gone.objects, gone.bytes, waiting.objects,
      waiting.bytes);
  return out;
}

std::string GarbageAsJson(const GarbageReport& report) {
  nlohmann::json objects = nlohmann::json::array();
  for (const GarbageObject& object : report.garbage) {
    objects.push_back({{"key", object.key},
                       {"bytes", object.bytes},
                       {"age_ms", object.age_ms},
                       {"reason", object.reason},
                       {"removable", object.removable}});
  }
  const Sum gone = SumOf(report, true);
  const nlohmann::json out = {{"at_ms", report.at_ms},         {"objects", report.num_objects},
                              {"bytes", report.num_bytes},     {"removable_objects", gone.objects},
                              {"removable_bytes", gone.bytes}, {"garbage", std::move(objects)}};
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace elanus::coord
