#include "proxy/search_trace.h"

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

std::vector<roles::SegmentWork> TwoSegments() {
  roles::SegmentWork growing;
  growing.segment = SegmentId(17);
  growing.growing = true;
  growing.rows = 10000;
  growing.candidates = 8000;
  growing.searches = 1;
  growing.strategy = "codes of 9216 rows, 557 refined; 784 exact";
  growing.distances = 10557;
  roles::SegmentWork sealed = growing;
  sealed.segment = SegmentId(18);
  sealed.growing = false;
  sealed.strategy = "DISKANN";
  sealed.hops = 40;
  sealed.reads = 12;
  sealed.bytes_read = 49152;
  return {growing, sealed};
}

TEST(SearchTrace, IsOneLineForTheLog) {
  EXPECT_EQ(PlanText(TwoSegments()),
            "growing 17 (8000 of 10000 rows): codes of 9216 rows, 557 refined; 784 exact, 10557 "
            "distances; sealed 18 (8000 of 10000 rows): DISKANN, 10557 distances, 40 hops, 12 "
            "reads of 49152 bytes");
  EXPECT_EQ(PlanText(std::vector<roles::SegmentWork>()), "");
  const std::vector<roles::SegmentWork> many(40);
  EXPECT_TRUE(PlanText(many).ends_with("; and 24 segments more"));
}

TEST(SearchTrace, IsJsonOnDemand) {
  EXPECT_EQ(
      PlanJson(std::vector{TwoSegments().front()}, 3, "{}"),
      R"({"segments": [{"id": 17, "state": "growing", "rows": 10000, "candidates": 8000, )"
      R"("strategy": "codes of 9216 rows, 557 refined; 784 exact", "searches": 1, )"
      R"("distances": 10557, "hops": 0, "reads": 0, "bytes_read": 0, )"
      R"("cells_missed": 0, "bytes_loaded": 0, "wait_us": 0, "waited_for": []}], "segments_pruned": 3, "filter": {}})");
  EXPECT_EQ(PlanJson(std::vector<roles::SegmentWork>(), 0, "[]"),
            R"({"segments": [], "segments_pruned": 0, "filter": []})");
}

TEST(SearchTrace, IsCountedBySegmentState) {
  MetricRegistry metrics;
  CountWork(TwoSegments(), metrics);
  CountWork(TwoSegments(), metrics);
  const std::string text = metrics.Render();
  for (const char* line :
       {"elanus_search_distances_total{node_id=\"1\",segment_state=\"Growing\"} 21114",
        "elanus_search_distances_total{node_id=\"1\",segment_state=\"Sealed\"} 21114",
        "elanus_search_reads_total{node_id=\"1\",segment_state=\"Sealed\"} 24",
        "elanus_search_read_bytes_total{node_id=\"1\",segment_state=\"Sealed\"} 98304",
        "elanus_search_hops_total{node_id=\"1\",segment_state=\"Sealed\"} 80"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace elanus::proxy
