// What the tests of the log share: a journal of what was appended, and its comparison with a
// replay.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "log/log.h"
#include "storage/file_system.h"

namespace elanus::log {

inline constexpr char kTestDirectory[] = "data/wal";

inline LogOptions TestOptions(uint64_t file_bytes_max) {
  LogOptions options;
  options.directory = kTestDirectory;
  options.file_bytes_max = file_bytes_max;
  options.salt_seed = 1;
  return options;
}

struct JournalEntry {
  std::string text;
  bool acknowledged = false;
  bool failed = false;
  uint64_t position = 0;  // If acknowledged.
  uint64_t stamp = 0;     // What the clock of the test said when the log reported.
};
using Journal = std::vector<JournalEntry>;

// Appends all texts at once and waits. `stamp` is read at each report.
inline void AppendAll(
    Log& log, const std::vector<std::string>& texts, Journal& journal,
    const std::function<uint64_t()>& stamp = [] { return 0; }) {
  const size_t first = journal.size();
  for (const std::string& text : texts) journal.push_back({text});
  absl::BlockingCounter pending(static_cast<int>(texts.size()));
  for (size_t i = 0; i < texts.size(); ++i) {
    log.Append(texts[i], [&, i](const absl::StatusOr<Position>& position) {
      JournalEntry& entry = journal[first + i];
      entry.acknowledged = position.ok();
      entry.failed = !position.ok();
      if (position.ok()) entry.position = position->value();
      entry.stamp = stamp();
      pending.DecrementCount();
    });
  }
  pending.Wait();
}

struct Replayed {
  absl::Status status;
  std::vector<std::pair<uint64_t, std::string>> records;
};

// Opens, replays and closes.
inline Replayed OpenAndReplay(storage::FileSystem& files, const LogOptions& options,
                              uint64_t from = 0) {
  Replayed result;
  const auto log = OpenFileLog(files, options);
  result.status = log.status();
  if (!log.ok()) return result;
  result.status = (*log)->Replay(Position(from), [&](Position position, std::string_view text) {
    result.records.emplace_back(position.value(), text);
    return absl::OkStatus();
  });
  return result;
}

}  // namespace elanus::log
