#include "segment/shredded_field.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "cache/address_range.h"
#include "common/logging.h"
#include "storage/column_file.h"

namespace elanus::segment {
namespace {

using storage::ColumnFile;
using storage::ColumnRange;

constexpr uint64_t kPartBytes = 4 << 20;

// A part of an object, for what opens whole ones.
class Part final : public storage::MappedFile {
 public:
  Part(std::shared_ptr<const void> owner, std::span<const uint8_t> bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}
  std::span<const uint8_t> data() const override { return bytes_; }

 private:
  const std::shared_ptr<const void> owner_;
  const std::span<const uint8_t> bytes_;
};

}  // namespace

absl::StatusOr<std::string> EncodeShredded(const schema::ColumnView& json,
                                           const expr::ShreddingLimits& limits,
                                           const Cancellation& cancellation) {
  storage::ShreddedFileWriter writer(json.num_rows);
  ELANUS_RETURN_IF_ERROR(
      expr::ShredJson(json, limits, cancellation, [&](expr::ShreddedColumn column) {
        std::optional<schema::ColumnView> others;
        if (column.others.has_value()) others = column.others->View();
        return writer.Add(std::move(column.keys), column.values.View(),
                          others.has_value() ? &*others : nullptr);
      }));
  if (writer.empty()) return std::string();
  return std::move(writer).Finish();
}

// One entry's columns, open.
struct ShreddedField::Loaded {
  std::shared_ptr<const ColumnFile> values, others;
  expr::ShreddedPath path;

  // `bytes_of` gives the bytes of a column file, with what keeps them.
  using BytesOf =
      std::function<absl::StatusOr<std::shared_ptr<storage::MappedFile>>(const ColumnRange&)>;
  static absl::StatusOr<std::shared_ptr<const Loaded>> Open(const storage::ShreddedEntry& entry,
                                                            int64_t num_rows,
                                                            const std::string& name,
                                                            const BytesOf& bytes_of) {
    const auto open =
        [&](const ColumnRange& range,
            schema::DataType type) -> absl::StatusOr<std::shared_ptr<const ColumnFile>> {
      ELANUS_ASSIGN_OR_RETURN(std::shared_ptr<storage::MappedFile> bytes, bytes_of(range));
      ELANUS_ASSIGN_OR_RETURN(auto file, ColumnFile::Open(std::move(bytes), name));
      if (file->View().type.type == type && file->View().num_rows == num_rows) return file;
      return InternalError(ErrorCode::kDataIntegrity,
                           "shredded file is damaged: {} at offset {}: not the column of its path",
                           name, range.offset);
    };
    auto out = std::make_shared<Loaded>();
    ELANUS_ASSIGN_OR_RETURN(out->values, open(entry.values, entry.type));
    out->path.values = out->values->View();
    out->path.zones = &out->values->zones();
    if (entry.others.bytes > 0) {
      ELANUS_ASSIGN_OR_RETURN(out->others, open(entry.others, schema::DataType::kJson));
      out->path.others = out->others->View();
    }
    return out;
  }

  int64_t memory_bytes() const {
    return values->memory_bytes() + (others != nullptr ? others->memory_bytes() : 0);
  }
};

// A cell an entry.
class ShreddedField::Cells final : public cache::CellSet {
 public:
  Cells(const cache::Tiers& tiers, cache::Identity identity, uint64_t object_bytes,
        const storage::ShreddedDirectory& directory, std::vector<cache::Extent> extents,
        std::span<const uint64_t> cell_bytes)
      : CellSet(*tiers.memory, identity, cell_bytes),
        tiers_(tiers),
        directory_(directory),
        extents_(extents),
        stored_(tiers, std::move(identity), object_bytes, std::move(extents)),
        loaded_(directory.entries.size()) {}

  // The parts of all columns, and what each cell takes at least.
  static std::vector<cache::Extent> ExtentsOf(const storage::ShreddedDirectory& directory,
                                              std::vector<uint64_t>& cell_bytes) {
    std::vector<cache::Extent> out;
    for (const storage::ShreddedEntry& entry : directory.entries) {
      cell_bytes.push_back(entry.values.bytes + entry.others.bytes);
      for (const ColumnRange& range : {entry.values, entry.others}) {
        for (uint64_t at = 0; at < range.bytes; at += kPartBytes) {
          const uint64_t bytes = std::min(kPartBytes, range.bytes - at);
          // The column files have checksums of their own.
          out.push_back({range.offset + at, static_cast<uint32_t>(bytes), 0, /*checked=*/false});
        }
      }
    }
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.offset < b.offset; });
    return out;
  }

  // Only while the cell is pinned.
  std::shared_ptr<const Loaded> Get(uint32_t entry) const { return loaded_[entry]; }
  int64_t memory_bytes() const { return static_cast<int64_t>(tiers_.memory->ResidentBytes(*this)); }

 protected:
  absl::Status Load(std::span<const uint32_t> cells, const Cancellation& cancellation) override {
    for (const uint32_t cell : cells) {
      absl::Status status = LoadOnce(cell, cancellation);
      if (CodeOf(status) == ErrorCode::kDataIntegrity) {
        // Damaged on local disk or on its way: once more from the store.
        stored_.DiscardAll();
        status = LoadOnce(cell, cancellation);
      }
      if (status.ok()) continue;
      for (const uint32_t loaded : cells) Drop(loaded);
      return status;
    }
    return absl::OkStatus();
  }
  void Drop(uint32_t cell) override { loaded_[cell].reset(); }
  // The column files stay beside what was decompressed of them.
  uint64_t LoadedBytes(uint32_t cell) const override {
    const storage::ShreddedEntry& entry = directory_.entries[cell];
    return entry.values.bytes + entry.others.bytes +
           static_cast<uint64_t>(loaded_[cell]->memory_bytes());
  }

 private:
  absl::Status LoadOnce(uint32_t cell, const Cancellation& cancellation) {
    const auto bytes_of =
        [&](const ColumnRange& range) -> absl::StatusOr<std::shared_ptr<storage::MappedFile>> {
      const auto bytes = std::make_shared<std::string>();
      std::vector<uint32_t> parts;
      for (uint32_t e = 0; e < extents_.size(); ++e) {
        const uint64_t at = extents_[e].offset;
        if (at >= range.offset && at < range.offset + range.bytes) parts.push_back(e);
      }
      bytes->resize(range.bytes);
      ELANUS_RETURN_IF_ERROR(
          stored_.Read(parts, cancellation, [&](uint32_t part, std::string_view stored) {
            std::memcpy(bytes->data() + (extents_[part].offset - range.offset), stored.data(),
                        stored.size());
            return absl::OkStatus();
          }));
      const std::span<const uint8_t> span(reinterpret_cast<const uint8_t*>(bytes->data()),
                                          bytes->size());
      return std::make_shared<Part>(bytes, span);
    };
    ELANUS_ASSIGN_OR_RETURN(
        loaded_[cell],
        Loaded::Open(directory_.entries[cell], directory_.num_rows, identity().name, bytes_of));
    return absl::OkStatus();
  }

  const cache::Tiers tiers_;
  const storage::ShreddedDirectory directory_;
  const std::vector<cache::Extent> extents_;
  const cache::StoredObject stored_;
  std::vector<std::shared_ptr<const Loaded>> loaded_;  // By cell.
};

absl::Status ShreddedField::Use(std::string name, storage::ShreddedDirectory directory,
                                int64_t num_rows) {
  name_ = std::move(name);
  directory_ = std::move(directory);
  if (directory_.num_rows != num_rows) {
    return InternalError(ErrorCode::kDataIntegrity, "{} is about {} rows, the catalog says {}",
                         name_, directory_.num_rows, num_rows);
  }
  for (uint32_t entry = 0; entry < directory_.entries.size(); ++entry) {
    by_keys_[directory_.entries[entry].keys] = entry;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const ShreddedField>> ShreddedField::Open(
    std::shared_ptr<storage::MappedFile> object, std::string name, int64_t num_rows) {
  std::shared_ptr<ShreddedField> out(new ShreddedField());
  const std::string_view file(reinterpret_cast<const char*>(object->data().data()),
                              object->data().size());
  ELANUS_ASSIGN_OR_RETURN(storage::ShreddedDirectory directory,
                          storage::ReadShreddedDirectory(name, file, file.size()));
  ELANUS_RETURN_IF_ERROR(out->Use(std::move(name), std::move(directory), num_rows));
  out->object_ = std::move(object);
  return out;
}

absl::StatusOr<std::shared_ptr<const ShreddedField>> ShreddedField::Open(
    const cache::Tiers& tiers, cache::Identity identity, uint64_t object_bytes, int64_t num_rows,
    const Cancellation& cancellation) {
  std::shared_ptr<ShreddedField> out(new ShreddedField());
  ELANUS_ASSIGN_OR_RETURN(const std::string tail, cache::FetchTail(
                                                      tiers, identity.name, object_bytes,
                                                      [&](std::string_view end) {
                                                        return storage::ShreddedTailBytes(
                                                            identity.name, end, object_bytes);
                                                      },
                                                      cancellation));
  ELANUS_ASSIGN_OR_RETURN(storage::ShreddedDirectory directory,
                          storage::ReadShreddedDirectory(identity.name, tail, object_bytes));
  ELANUS_RETURN_IF_ERROR(out->Use(identity.name, std::move(directory), num_rows));
  std::vector<uint64_t> cell_bytes;
  std::vector<cache::Extent> extents = Cells::ExtentsOf(out->directory_, cell_bytes);
  out->cells_ = std::make_shared<Cells>(tiers, std::move(identity), object_bytes, out->directory_,
                                        std::move(extents), cell_bytes);
  return out;
}

std::optional<ShreddedField::Found> ShreddedField::Find(const expr::JsonPath& path) const {
  std::optional<Found> longest;
  std::vector<std::string> keys;
  for (const expr::JsonStep& step : path) {
    if (step.is_index) break;
    keys.push_back(step.key);
    const auto found = by_keys_.find(keys);
    if (found != by_keys_.end()) longest = {found->second, keys.size()};
  }
  return longest;
}

void ShreddedField::Want(const std::set<uint32_t>& entries, cache::TierWants& wants) const {
  if (cells_ == nullptr || entries.empty()) return;
  cache::Want want{cells_, {}};
  for (const uint32_t entry : entries) {
    if (!want.ranges.empty() && want.ranges.back().end == entry) {
      want.ranges.back().end = entry + 1;
    } else {
      want.ranges.push_back({entry, entry + 1});
    }
  }
  wants.memory.push_back(std::move(want));
}

std::shared_ptr<const expr::ShreddedPath> ShreddedField::Get(uint32_t entry) const {
  std::shared_ptr<const Loaded> loaded;
  if (cells_ != nullptr) {
    loaded = cells_->Get(entry);
  } else {
    absl::MutexLock lock(&mutex_);
    const auto [found, added] = loaded_.try_emplace(entry);
    if (added) {
      const auto bytes_of =
          [&](const ColumnRange& range) -> absl::StatusOr<std::shared_ptr<storage::MappedFile>> {
        return std::make_shared<Part>(object_, object_->data().subspan(range.offset, range.bytes));
      };
      auto opened = Loaded::Open(directory_.entries[entry], directory_.num_rows, name_, bytes_of);
      if (opened.ok()) {
        found->second = *std::move(opened);
      } else {
        ELANUS_LOG(Error, "a JSON path's column cannot be read; the texts are read instead",
                   Field("object", name_), Field("reason", opened.status()));
      }
    }
    loaded = found->second;
  }
  if (loaded == nullptr) return nullptr;
  return {loaded, &loaded->path};
}

int64_t ShreddedField::memory_bytes() const {
  if (cells_ != nullptr) return cells_->memory_bytes();
  absl::MutexLock lock(&mutex_);
  int64_t bytes = 0;
  for (const auto& [entry, loaded] : loaded_) {
    if (loaded != nullptr) bytes += loaded->memory_bytes();
  }
  return bytes;
}

}  // namespace elanus::segment
