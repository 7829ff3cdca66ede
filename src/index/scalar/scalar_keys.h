// The keys of a scalar index in their order: numbers side by side, or texts in groups of which each
// text but the first says only how it differs from the one before it (front coding: Witten, Moffat,
// Bell, "Managing Gigabytes", 4.1). A few keys stay in memory as fences, so that a look-up reads
// one place of the file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "index/scalar/scalar_file.h"
#include "index/scalar/scalar_query.h"

namespace elanus::index {

// Threads: any.
class ScalarKeys {
 public:
  // The keys of a file, which outlives them. kDataIntegrity for sections that do not fit together.
  static absl::StatusOr<std::unique_ptr<const ScalarKeys>> Open(const ScalarFile& file);
  virtual ~ScalarKeys() = default;

  struct Place {
    uint64_t ordinal = 0;  // Of the first key that is not below the one asked for.
    bool equal = false;    // It is that one.
  };
  // `key` has the kind of the keys: kDataIntegrity is all that can go wrong.
  virtual absl::StatusOr<Place> Locate(const ScalarKey& key, Scratch& scratch) const = 0;
  // Whether keys of the file compare with this one.
  virtual bool Takes(const ScalarKey& key) const = 0;

  // Texts only: calls f(ordinal, text) for the keys [begin, end) until it returns false.
  virtual absl::Status ForEachText(
      uint64_t begin, uint64_t end,
      const std::function<bool(uint64_t, std::string_view)>& visit) const;
  virtual int64_t memory_bytes() const = 0;
};

// Makes the sections of text keys.
class TextKeyWriter {
 public:
  // Ascending.
  void Add(std::string_view key);
  // After the last one.
  void Finish() { groups_.push_back(bytes_.size()); }

  const std::vector<uint8_t>& keys() const { return bytes_; }
  const std::vector<uint64_t>& groups() const { return groups_; }
  const std::vector<uint8_t>& fences() const { return fences_; }

 private:
  uint64_t count_ = 0;
  uint64_t fence_at_ = 0;  // Where the next fence may stand.
  std::string last_;
  std::vector<uint8_t> bytes_;
  std::vector<uint64_t> groups_;
  std::vector<uint8_t> fences_;
};

// Every so many numbers one is a fence: a place is 32 KB of eight-byte keys.
inline constexpr uint64_t kNumbersPerFence = 4096;

}  // namespace elanus::index
