#include "proxy/search_trace.h"

#include <algorithm>

#include "common/metric_families.h"

namespace elanus::proxy {
namespace {

constexpr size_t kSegmentsShown = 16;

const char* StateOf(const roles::SegmentWork& work) {
  return work.growing ? "growing" : "sealed";
}

// Keys of objects are our own text: nothing in them needs to be escaped.
std::string QuotedNames(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", name);
  return out;
}

}  // namespace

roles::SegmentWork TotalOf(std::span<const roles::SegmentWork> work) {
  roles::SegmentWork total;
  for (const roles::SegmentWork& segment : work) {
    total.rows += segment.rows;
    total.candidates += segment.candidates;
    total.searches += segment.searches;
    total.distances += segment.distances;
    total.hops += segment.hops;
    total.reads += segment.reads;
    total.bytes_read += segment.bytes_read;
    total.cells_missed += segment.cells_missed;
    total.bytes_loaded += segment.bytes_loaded;
    total.wait_us += segment.wait_us;
  }
  return total;
}

std::string PlanText(std::span<const roles::SegmentWork> work) {
  std::string out;
  for (const roles::SegmentWork& segment : work.first(std::min(work.size(), kSegmentsShown))) {
    out += fmt::format("{}{} {} ({} of {} rows): {}, {} distances", out.empty() ? "" : "; ",
                       StateOf(segment), segment.segment, segment.candidates, segment.rows,
                       segment.strategy, segment.distances);
    if (segment.hops > 0) out += fmt::format(", {} hops", segment.hops);
    if (segment.reads > 0) {
      out += fmt::format(", {} reads of {} bytes", segment.reads, segment.bytes_read);
    }
    if (segment.cells_missed > 0) {
      out += fmt::format(", {:.1f} ms for {} cells of {} bytes that were not here",
                         static_cast<double>(segment.wait_us) / 1000, segment.cells_missed,
                         segment.bytes_loaded);
      for (const std::string& name : segment.waited_for) out += " " + name;
    }
  }
  if (work.size() > kSegmentsShown) {
    out += fmt::format("; and {} segments more", work.size() - kSegmentsShown);
  }
  return out;
}

std::string PlanJson(std::span<const roles::SegmentWork> work, int64_t segments_pruned,
                     std::string_view filter) {
  std::string out;
  for (const roles::SegmentWork& segment : work) {
    // A strategy is our own text: nothing in it needs to be escaped.
    out += fmt::format(
        R"({}{{"id": {}, "state": "{}", "rows": {}, "candidates": {}, "strategy": "{}", )"
        R"("searches": {}, "distances": {}, "hops": {}, "reads": {}, "bytes_read": {}, )"
        R"("cells_missed": {}, "bytes_loaded": {}, "wait_us": {}, "waited_for": [{}]}})",
        out.empty() ? "" : ", ", segment.segment, StateOf(segment), segment.rows,
        segment.candidates, segment.strategy, segment.searches, segment.distances, segment.hops,
        segment.reads, segment.bytes_read, segment.cells_missed, segment.bytes_loaded,
        segment.wait_us, QuotedNames(segment.waited_for));
  }
  return fmt::format(R"({{"segments": [{}], "segments_pruned": {}, "filter": {}}})", out,
                     segments_pruned, filter);
}

void CountWork(std::span<const roles::SegmentWork> work, MetricRegistry& metrics) {
  for (const bool growing : {false, true}) {
    std::vector<roles::SegmentWork> of_state;
    std::copy_if(work.begin(), work.end(), std::back_inserter(of_state),
                 [growing](const roles::SegmentWork& one) { return one.growing == growing; });
    const roles::SegmentWork total = TotalOf(of_state);
    const char* state = growing ? "Growing" : "Sealed";
    const auto add = [&](const MetricFamily& family, int64_t count) {
      if (count > 0) metrics.GetCounter(family, {state})->Add(static_cast<uint64_t>(count));
    };
    add(metric::kSearchDistances, total.distances);
    add(metric::kSearchHops, total.hops);
    add(metric::kSearchReads, total.reads);
    add(metric::kSearchReadBytes, total.bytes_read);
  }
}

}  // namespace elanus::proxy
