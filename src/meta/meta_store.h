// Where the catalog is kept: a small ordered map with all-or-nothing transactions.
//
// A transaction is durable when Commit returns true. Everything of a process may be lost at any
// instant: after that a transaction is there completely or not at all.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace elanus::meta {

struct KeyValue {
  std::string key;
  std::string value;
  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

// What must hold for a transaction to happen.
struct Compare {
  std::string key;
  std::optional<std::string> value;  // Nothing: the key must be absent.
};

struct Transaction {
  std::vector<Compare> compares;
  std::vector<KeyValue> puts;  // Create or replace. A key appears once among puts and deletes.
  std::vector<std::string> deletes;  // Absent keys are fine.

  void Put(std::string key, std::string value) {
    puts.push_back({std::move(key), std::move(value)});
  }
  void Delete(std::string key) { deletes.push_back(std::move(key)); }
  bool empty() const { return puts.empty() && deletes.empty(); }
};

// Errors: kDiskLimitExceeded when there is no room (nothing was written; a later try may succeed),
// kDataIntegrity when what is stored is damaged, kIoFailed otherwise. Threads: any.
class MetaStore {
 public:
  virtual ~MetaStore() = default;
  virtual absl::StatusOr<std::optional<std::string>> Get(const std::string& key) = 0;
  // All keys that begin with `prefix`, ascending by bytes.
  virtual absl::StatusOr<std::vector<KeyValue>> Scan(const std::string& prefix) = 0;
  // False when a compare does not hold; then nothing is written.
  virtual absl::StatusOr<bool> Commit(const Transaction& transaction) = 0;
};

// Forgets everything with the process.
std::unique_ptr<MetaStore> MakeMemoryMetaStore();

}  // namespace elanus::meta
