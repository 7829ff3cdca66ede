// How fast does the log take records, with and without waiting for the disk, and replay them?
// Files lie in the current directory, so that the disk is the caller's choice.

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <string>

#include "absl/synchronization/blocking_counter.h"
#include "log/dml_record.h"
#include "log/log.h"
#include "storage/random_columns.h"

namespace elanus::log {
namespace {

class Directory {
 public:
  Directory() {
    char pattern[] = "log-bench-XXXXXX";
    if (::mkdtemp(pattern) != nullptr) path_ = pattern;
  }
  ~Directory() { storage::PosixFileSystem().RemoveRecursively(path_).IgnoreError(); }
  LogOptions Options(bool sync) const {
    LogOptions options;
    options.directory = path_ + "/wal";
    options.sync = sync;
    return options;
  }

 private:
  std::string path_;
};

// range: record bytes, records in flight, sync.
void BM_Append(benchmark::State& state) {
  const Directory directory;
  const auto log = OpenFileLog(storage::PosixFileSystem(), directory.Options(state.range(2) != 0));
  const std::string record(state.range(0), 'r');
  const int in_flight = static_cast<int>(state.range(1));
  uint64_t failed = 0;
  for (auto _ : state) {
    absl::BlockingCounter pending(in_flight);
    for (int i = 0; i < in_flight; ++i) {
      (*log)->Append(record, [&](const absl::StatusOr<Position>& position) {
        failed += position.ok() ? 0 : 1;
        pending.DecrementCount();
      });
    }
    pending.Wait();
    if (state.iterations() % 64 == 0) {
      (*log)->TruncateBelow((*log)->statistics().end).IgnoreError();  // Keeps the disk free.
    }
  }
  if (failed != 0) state.SkipWithError("appends failed");
  state.SetBytesProcessed(state.iterations() * in_flight * state.range(0));
  state.SetItemsProcessed(state.iterations() * in_flight);
  state.SetLabel(state.range(2) != 0 ? "synced" : "relaxed");
}
BENCHMARK(BM_Append)
    ->UseRealTime()
    ->Args({512, 1, 1})
    ->Args({512, 64, 1})
    ->Args({512, 64, 0})
    ->Args({64 << 10, 16, 1})
    ->Args({64 << 10, 16, 0})
    ->Args({4 << 20, 4, 1})
    ->Args({4 << 20, 4, 0});

// range: record bytes.
void BM_Replay(benchmark::State& state) {
  constexpr int64_t kTotal = 256 << 20;
  const Directory directory;
  {
    const auto log = OpenFileLog(storage::PosixFileSystem(), directory.Options(false));
    for (int64_t i = 0; i < kTotal / state.range(0); ++i) {
      if (!(*log)->AppendAndWait(std::string(state.range(0), 'r')).ok()) {
        state.SkipWithError("append failed");
      }
    }
  }
  for (auto _ : state) {
    const auto log = OpenFileLog(storage::PosixFileSystem(), directory.Options(false));
    uint64_t bytes = 0;
    const absl::Status status = (*log)->Replay(Position(0), [&](Position, std::string_view record) {
      bytes += record.size();
      return absl::OkStatus();
    });
    if (!status.ok() || bytes != kTotal) state.SkipWithError("replay failed");
  }
  state.SetBytesProcessed(state.iterations() * kTotal);
}
BENCHMARK(BM_Replay)->UseRealTime()->Arg(4 << 10)->Arg(1 << 20);

DmlRecord MakeRecord() {
  storage::Random random(1);
  DmlRecord record;
  InsertPart part;
  part.rows.num_rows = 5000;
  part.rows.columns.emplace_back(
      FieldId(100), storage::RandomColumn(random, {schema::DataType::kInt64}, 5000, 0));
  part.rows.columns.emplace_back(
      FieldId(101), storage::RandomColumn(random, {schema::DataType::kVarChar}, 5000, 0));
  part.rows.columns.emplace_back(
      FieldId(102),
      storage::RandomColumn(random, {schema::DataType::kFloatVector, schema::DataType::kNone, 768},
                            5000, 0));
  record.inserts.push_back(std::move(part));
  return record;
}

void BM_EncodeDmlRecord(benchmark::State& state) {
  const DmlRecord record = MakeRecord();
  size_t size = 0;
  for (auto _ : state) {
    const std::string bytes = EncodeDmlRecord(record);
    benchmark::DoNotOptimize(bytes.data());
    size = bytes.size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * size));
  state.SetItemsProcessed(state.iterations() * 5000);
}
BENCHMARK(BM_EncodeDmlRecord);

void BM_DecodeDmlRecord(benchmark::State& state) {
  const std::string bytes = EncodeDmlRecord(MakeRecord());
  for (auto _ : state) benchmark::DoNotOptimize(DecodeDmlRecord(bytes));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
  state.SetItemsProcessed(state.iterations() * 5000);
}
BENCHMARK(BM_DecodeDmlRecord);

}  // namespace
}  // namespace elanus::log
