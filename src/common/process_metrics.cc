#include "common/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "common/metric_families.h"
#include "common/version.h"

namespace elanus {
namespace {

int64_t CountOpenFiles() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  int64_t count = -3;  // ".", ".." and the directory's own descriptor.
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count < 0 ? 0 : count;
}

double BootUnixSeconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double seconds = 0;
  while (file >> word) {
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

// The gauges of one process, set from one reading.
struct ProcessGauges {
  std::shared_ptr<Gauge> cpu = std::make_shared<Gauge>();
  std::shared_ptr<Gauge> start, resident, heap, alloc, virtual_size, open_files, files_max;
  std::shared_ptr<Gauge> threads, goroutines, go_threads;

  void Refresh() const {
    const ProcessNumbers now = ReadProcessNumbers();
    cpu->Set(now.cpu_seconds);
    start->Set(now.start_unix_seconds);
    resident->Set(static_cast<double>(now.resident_bytes));
    heap->Set(static_cast<double>(now.private_bytes));
    alloc->Set(static_cast<double>(now.private_bytes));
    virtual_size->Set(static_cast<double>(now.virtual_bytes));
    open_files->Set(static_cast<double>(now.open_files));
    files_max->Set(static_cast<double>(now.open_files_max));
    for (const auto& gauge : {threads, goroutines, go_threads}) {
      gauge->Set(static_cast<double>(now.threads));
    }
  }
};

}  // namespace

ProcessNumbers ReadProcessNumbers() {
  ProcessNumbers numbers;
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // Field 2 is the name in brackets and may hold anything; count from behind it.
  const size_t name_end = line.rfind(')');
  if (name_end != std::string::npos) {
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    double user_ticks = 0, system_ticks = 0, start_ticks = 0;
    for (int field = 3; field <= 13; ++field) fields >> skipped;
    fields >> user_ticks >> system_ticks;  // 14, 15
    for (int field = 16; field <= 19; ++field) fields >> skipped;
    fields >> numbers.threads >> skipped >> start_ticks >> numbers.virtual_bytes;  // 20 .. 23
    const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    numbers.cpu_seconds = (user_ticks + system_ticks) / ticks_per_second;
    numbers.start_unix_seconds = BootUnixSeconds() + start_ticks / ticks_per_second;
  }
  std::ifstream memory("/proc/self/statm");
  int64_t size_pages = 0, resident_pages = 0, shared_pages = 0;
  if (memory >> size_pages >> resident_pages >> shared_pages) {
    const int64_t page = sysconf(_SC_PAGESIZE);
    numbers.resident_bytes = resident_pages * page;
    numbers.private_bytes = (resident_pages - shared_pages) * page;
  }
  numbers.open_files = CountOpenFiles();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    numbers.open_files_max = static_cast<int64_t>(limit.rlim_cur);
  }
  return numbers;
}

void AddProcessMetrics(MetricRegistry* registry) {
  registry->GetGauge(metric::kGoInfo, {ElanusVersion()})->Set(1);
  registry->GetGauge(metric::kBuildInfo, {ElanusVersion(), ElanusCommitDate(), ElanusCommit()})
      ->Set(1);
  registry->GetGauge(metric::kRuntimeInfo, {"embedded", "sqlite"})->Set(1);
  auto gauges = std::make_shared<ProcessGauges>();
  gauges->start = registry->GetGauge(metric::kProcessStart);
  gauges->resident = registry->GetGauge(metric::kProcessResident);
  gauges->heap = registry->GetGauge(metric::kGoHeapBytes);
  gauges->alloc = registry->GetGauge(metric::kGoAllocBytes);
  gauges->virtual_size = registry->GetGauge(metric::kProcessVirtual);
  gauges->open_files = registry->GetGauge(metric::kProcessOpenFiles);
  gauges->files_max = registry->GetGauge(metric::kProcessFilesMax);
  gauges->threads = registry->GetGauge(metric::kThreads);
  gauges->goroutines = registry->GetGauge(metric::kGoroutines);
  gauges->go_threads = registry->GetGauge(metric::kGoThreads);
  // A counter in name, but the system already adds it up, in fractions of seconds.
  registry->SetCallback(metric::kProcessCpu, {}, [cpu = gauges->cpu] { return cpu->Value(); });
  registry->AddRefresher([gauges] { gauges->Refresh(); });
}

}  // namespace elanus
