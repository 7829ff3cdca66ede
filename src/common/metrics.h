// Numbers about the running server, in the text form that Prometheus reads.
//
// A family is a row of metric_families.h. Ask the registry for a series once and keep the handle:
// an increment is then one relaxed atomic addition, with no map and no lock. A family appears in
// the output when its first series is made. The label node_id is filled in by the registry; callers
// give the values of the other labels, in the order of the row.
//
// Threads: any, for everything here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus {

enum class MetricType { kCounter, kGauge, kHistogram };

struct MetricFamily {
  std::string_view name;
  MetricType type;
  std::string_view labels;  // "node_id,db_name"; empty for none.
  std::span<const double> buckets = {};
  std::string_view help = {};
};

class Counter {
 public:
  void Add(uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  uint64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  double Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds), counts_(std::make_unique<std::atomic<uint64_t>[]>(bounds.size() + 1)) {}

  void Observe(double value);
  std::span<const double> bounds() const { return bounds_; }
  // Observations in bucket `index` alone; the last one is above every bound.
  uint64_t Count(size_t index) const { return counts_[index].load(std::memory_order_relaxed); }
  double Sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::span<const double> bounds_;
  const std::unique_ptr<std::atomic<uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

class MetricRegistry {
 public:
  using Labels = std::initializer_list<std::string_view>;
  // Series of one family that are kept at most; handles beyond count, but are not shown.
  static constexpr size_t kSeriesMax = 20'000;

  // `node_id` becomes the value of that label everywhere.
  explicit MetricRegistry(std::string node_id = "1") : node_id_(std::move(node_id)) {}

  std::shared_ptr<Counter> GetCounter(const MetricFamily& family, Labels labels = {});
  std::shared_ptr<Gauge> GetGauge(const MetricFamily& family, Labels labels = {});
  std::shared_ptr<Histogram> GetHistogram(const MetricFamily& family, Labels labels = {});

  // Shows what `read` returns at each scrape. It must stay callable until the registry is gone or
  // RemoveSeries took the series away, and must not call the registry.
  void SetCallback(const MetricFamily& family, Labels labels, std::function<double()> read);

  // Runs before each scrape, to set gauges that are costly to keep current.
  void AddRefresher(std::function<void()> refresh);

  // Drops every series that has all of these label values, for example those of a dropped
  // collection:
  // {{"db_name", "default"}, {"collection_name", "old"}}. Handles kept elsewhere stay valid,
  // unseen.
  void RemoveSeries(std::span<const std::pair<std::string_view, std::string_view>> labels);

  // Text exposition format 0.0.4.
  std::string Render() const;

 private:
  struct Series {
    std::vector<std::string> values;
    std::shared_ptr<Counter> counter;
    std::shared_ptr<Gauge> gauge;
    std::shared_ptr<Histogram> histogram;
    std::function<double()> callback;
  };
  struct Family {
    MetricFamily row;
    std::vector<std::string> label_names;
    std::map<std::vector<std::string>, Series> series;
  };

  // The series, new or not; null when the family is full. Requires mutex_.
  Series* Find(const MetricFamily& family, Labels labels);
  static void RenderFamily(const Family& family, std::string* out);

  const std::string node_id_;

  mutable std::mutex mutex_;  // Of all below.
  std::map<std::string_view, Family> families_;
  std::vector<std::function<void()>> refreshers_;
};

}  // namespace elanus
