#include "common/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "common/metric_families.h"
#include "common/process_metrics.h"

namespace elanus {
namespace {

constexpr double kBounds[] = {1, 2.5};
constexpr MetricFamily kRequests{"requests", MetricType::kCounter, "node_id,kind", {}, "how many"};
constexpr MetricFamily kDepth{"depth", MetricType::kGauge, "", {}, "how deep"};
constexpr MetricFamily kTime{"time", MetricType::kHistogram, "kind", kBounds, "how long"};
constexpr MetricFamily kRows{"rows", MetricType::kCounter, "node_id,db_name,collection_name"};

TEST(Metrics, AFamilyAppearsWithItsFirstSeries) {
  MetricRegistry registry("7");
  EXPECT_EQ(registry.Render(), "");
  registry.GetCounter(kRequests, {"search"})->Add(3);
  EXPECT_EQ(registry.Render(),
            "# HELP requests how many\n# TYPE requests "
            "counter\nrequests{node_id=\"7\",kind=\"search\"} 3\n");
}

TEST(Metrics, TheSameLabelsGiveTheSameSeries) {
  MetricRegistry registry;
  registry.GetCounter(kRequests, {"a"})->Add();
  registry.GetCounter(kRequests, {"a"})->Add();
  registry.GetCounter(kRequests, {"b"})->Add(5);
  EXPECT_EQ(registry.GetCounter(kRequests, {"a"})->Value(), 2u);
}

TEST(Metrics, HistogramsCountUpToAndWithTheirBounds) {
  MetricRegistry registry;
  const auto time = registry.GetHistogram(kTime, {"x"});
  for (const double value : {0.5, 1.0, 2.0, 3.0}) time->Observe(value);
  EXPECT_EQ(registry.Render(),
            "# HELP time how long\n# TYPE time histogram\n"
            "time_bucket{kind=\"x\",le=\"1\"} 2\ntime_bucket{kind=\"x\",le=\"2.5\"} 3\n"
            "time_bucket{kind=\"x\",le=\"+Inf\"} 4\ntime_sum{kind=\"x\"} "
            "6.5\ntime_count{kind=\"x\"} 4\n");
}

TEST(Metrics, GaugesWithoutLabelsHaveNoBraces) {
  MetricRegistry registry;
  registry.GetGauge(kDepth)->Set(2.5);
  registry.GetGauge(kDepth)->Add(-1);
  EXPECT_NE(registry.Render().find("\ndepth 1.5\n"), std::string::npos);
}

TEST(Metrics, CallbacksAndRefreshersRunAtEachScrape) {
  MetricRegistry registry;
  double now = 1;
  registry.SetCallback(kDepth, {}, [&] { return now; });
  EXPECT_NE(registry.Render().find("\ndepth 1\n"), std::string::npos);
  registry.AddRefresher([&] { ++now; });
  EXPECT_NE(registry.Render().find("\ndepth 2\n"), std::string::npos);
}

TEST(Metrics, ValuesOfLabelsAreEscaped) {
  MetricRegistry registry;
  registry.GetCounter(kRequests, {"a\"b\\c\nd"})->Add();
  EXPECT_NE(registry.Render().find(R"(kind="a\"b\\c\nd")"), std::string::npos);
}

TEST(Metrics, ADroppedCollectionTakesItsSeriesAlong) {
  MetricRegistry registry;
  const auto kept = registry.GetCounter(kRows, {"default", "old"});
  registry.GetCounter(kRows, {"other", "old"});
  registry.GetCounter(kRows, {"default", "new"});
  registry.GetCounter(kRequests, {"old"});
  const std::pair<std::string_view, std::string_view> dropped[] = {{"db_name", "default"},
                                                                   {"collection_name", "old"}};
  registry.RemoveSeries(dropped);
  kept->Add();  // A handle in somebody's cache stays harmless.
  const std::string text = registry.Render();
  EXPECT_EQ(text.find("db_name=\"default\",collection_name=\"old\""), std::string::npos);
  EXPECT_NE(text.find("db_name=\"other\",collection_name=\"old\""), std::string::npos);
  EXPECT_NE(text.find("db_name=\"default\",collection_name=\"new\""), std::string::npos);
  EXPECT_NE(text.find("kind=\"old\""), std::string::npos);
  registry.RemoveSeries({});  // Naming nothing removes nothing.
  EXPECT_EQ(registry.Render(), text);
}

TEST(Metrics, SeriesOfAFamilyAreBounded) {
  MetricRegistry registry;
  for (size_t i = 0; i < MetricRegistry::kSeriesMax + 10; ++i) {
    registry.GetCounter(kRequests, {std::to_string(i)})->Add();
  }
  const std::string text = registry.Render();
  EXPECT_EQ(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')),
            MetricRegistry::kSeriesMax + 2);
}

TEST(Metrics, NoCountIsLostBetweenThreads) {
  MetricRegistry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        registry.GetCounter(kRequests, {"x"})->Add();
        registry.GetHistogram(kTime, {"x"})->Observe(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry.GetCounter(kRequests, {"x"})->Value(), 40'000u);
  EXPECT_EQ(registry.GetHistogram(kTime, {"x"})->Sum(), 40'000);
}

TEST(ProcessMetrics, SayWhatDashboardsAskFor) {
  MetricRegistry registry;
  AddProcessMetrics(&registry);
  const std::string text = registry.Render();
  EXPECT_NE(text.find("\ngo_info{version=\""), std::string::npos);
  for (const char* name : {"process_cpu_seconds_total ", "process_open_fds ", "process_max_fds ",
                           "process_virtual_memory_bytes ", "go_goroutines ", "go_threads "}) {
    EXPECT_NE(text.find(std::string("\n") + name), std::string::npos) << name;
  }
  const ProcessNumbers numbers = ReadProcessNumbers();
  EXPECT_GT(numbers.resident_bytes, 100'000);
  EXPECT_GE(numbers.virtual_bytes, numbers.resident_bytes);
  EXPECT_GE(numbers.threads, 1);
  EXPECT_GT(numbers.start_unix_seconds, 1.6e9);
  EXPECT_GE(numbers.open_files_max, numbers.open_files);
}

}  // namespace
}  // namespace elanus
