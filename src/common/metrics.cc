#include "common/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "common/check.h"

namespace elanus {
namespace {

std::vector<std::string> SplitLabels(std::string_view labels) {
  std::vector<std::string> names;
  while (!labels.empty()) {
    const size_t end = std::min(labels.find(','), labels.size());
    names.emplace_back(labels.substr(0, end));
    labels.remove_prefix(std::min(end + 1, labels.size()));
  }
  return names;
}

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "";
}

void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    if (c == '\\' || c == '"') *out += '\\';
    if (c == '\n') {
      *out += "\\n";
    } else {
      *out += c;
    }
  }
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// `name="value",...` without braces.
std::string LabelText(const std::vector<std::string>& names,
                      const std::vector<std::string>& values) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += ',';
    text += names[i];
    text += "=\"";
    AppendEscaped(values[i], &text);
    text += '"';
  }
  return text;
}

std::string Braced(const std::string& labels) {
  return labels.empty() ? "" : fmt::format("{{{}}}", labels);
}

void RenderHistogram(std::string_view name, const std::string& labels, const Histogram& histogram,
                     std::string* out) {
  const std::string separator = labels.empty() ? "" : ",";
  uint64_t total = 0;
  for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
    total += histogram.Count(i);
    const bool last = i == histogram.bounds().size();
    const std::string bound = last ? "+Inf" : Number(histogram.bounds()[i]);
    fmt::format_to(std::back_inserter(*out), "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels,
                   separator, bound, total);
  }
  fmt::format_to(std::back_inserter(*out), "{}_sum{} {}\n{}_count{} {}\n", name, Braced(labels),
                 Number(histogram.Sum()), name, Braced(labels), total);
}

}  // namespace

void Histogram::Observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

MetricRegistry::Series* MetricRegistry::Find(const MetricFamily& row, Labels labels) {
  auto [found, is_new] = families_.try_emplace(row.name);
  Family& family = found->second;
  if (is_new) {
    family.row = row;
    family.label_names = SplitLabels(row.labels);
  }
  std::vector<std::string> values;
  auto next = labels.begin();
  for (const std::string& name : family.label_names) {
    if (name == "node_id") {
      values.push_back(node_id_);
    } else {
      ELANUS_CHECK(next != labels.end());  // A caller must give every label.
      values.emplace_back(*next++);
    }
  }
  ELANUS_CHECK(next == labels.end());
  const auto at = family.series.find(values);
  if (at != family.series.end()) return &at->second;
  if (family.series.size() >= kSeriesMax) return nullptr;
  Series& series = family.series[values];
  series.values = std::move(values);
  return &series;
}

std::shared_ptr<Counter> MetricRegistry::GetCounter(const MetricFamily& family, Labels labels) {
  ELANUS_CHECK(family.type == MetricType::kCounter);
  std::lock_guard lock(mutex_);
  Series* series = Find(family, labels);
  if (series == nullptr) return std::make_shared<Counter>();
  if (series->counter == nullptr) series->counter = std::make_shared<Counter>();
  return series->counter;
}

std::shared_ptr<Gauge> MetricRegistry::GetGauge(const MetricFamily& family, Labels labels) {
  ELANUS_CHECK(family.type == MetricType::kGauge);
  std::lock_guard lock(mutex_);
  Series* series = Find(family, labels);
  if (series == nullptr) return std::make_shared<Gauge>();
  if (series->gauge == nullptr) series->gauge = std::make_shared<Gauge>();
  return series->gauge;
}

std::shared_ptr<Histogram> MetricRegistry::GetHistogram(const MetricFamily& family, Labels labels) {
  ELANUS_CHECK(family.type == MetricType::kHistogram);
  std::lock_guard lock(mutex_);
  Series* series = Find(family, labels);
  if (series == nullptr) return std::make_shared<Histogram>(family.buckets);
  if (series->histogram == nullptr) series->histogram = std::make_shared<Histogram>(family.buckets);
  return series->histogram;
}

void MetricRegistry::SetCallback(const MetricFamily& family, Labels labels,
                                 std::function<double()> read) {
  ELANUS_CHECK(family.type != MetricType::kHistogram);
  std::lock_guard lock(mutex_);
  if (Series* series = Find(family, labels)) series->callback = std::move(read);
}

void MetricRegistry::AddRefresher(std::function<void()> refresh) {
  std::lock_guard lock(mutex_);
  refreshers_.push_back(std::move(refresh));
}

void MetricRegistry::RemoveSeries(
    std::span<const std::pair<std::string_view, std::string_view>> labels) {
  std::lock_guard lock(mutex_);
  for (auto& [name, family] : families_) {
    std::vector<std::pair<size_t, std::string_view>> wanted;
    for (const auto& [label, value] : labels) {
      const auto at = std::find(family.label_names.begin(), family.label_names.end(), label);
      if (at == family.label_names.end()) break;
      wanted.emplace_back(at - family.label_names.begin(), value);
    }
    if (wanted.size() != labels.size() || wanted.empty()) continue;
    std::erase_if(family.series, [&](const auto& entry) {
      return std::all_of(wanted.begin(), wanted.end(),
                         [&](const auto& want) { return entry.first[want.first] == want.second; });
    });
  }
}

void MetricRegistry::RenderFamily(const Family& family, std::string* out) {
  if (family.series.empty()) return;
  const std::string_view name = family.row.name;
  fmt::format_to(std::back_inserter(*out), "# HELP {} {}\n# TYPE {} {}\n", name, family.row.help,
                 name, TypeName(family.row.type));
  for (const auto& [values, series] : family.series) {
    const std::string labels = LabelText(family.label_names, values);
    if (series.histogram != nullptr) {
      RenderHistogram(name, labels, *series.histogram, out);
      continue;
    }
    double value = 0;
    if (series.callback != nullptr) {
      value = series.callback();
    } else if (series.counter != nullptr) {
      fmt::format_to(std::back_inserter(*out), "{}{} {}\n", name, Braced(labels),
                     series.counter->Value());
      continue;
    } else if (series.gauge != nullptr) {
      value = series.gauge->Value();
    }
    fmt::format_to(std::back_inserter(*out), "{}{} {}\n", name, Braced(labels), Number(value));
  }
}

std::string MetricRegistry::Render() const {
  std::vector<std::function<void()>> refreshers;
  {
    std::lock_guard lock(mutex_);
    refreshers = refreshers_;
  }
  for (const auto& refresh : refreshers) refresh();  // They set gauges, which takes no lock.
  std::string out;
  std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) RenderFamily(family, &out);
  return out;
}

}  // namespace elanus
