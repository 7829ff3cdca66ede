#include "index/scalar/scalar_keys.h"

#include <algorithm>
#include <cstring>

namespace elanus::index {
namespace {

using schema::DataType;

// Numbers of T, compared as W.
template <typename T, typename W>
class NumberKeys final : public ScalarKeys {
 public:
  static absl::StatusOr<std::unique_ptr<const ScalarKeys>> Open(const ScalarFile& file) {
    auto out = std::make_unique<NumberKeys>(file);
    const uint64_t num_keys = file.facts().num_keys;
    const uint64_t num_fences = (num_keys + kNumbersPerFence - 1) / kNumbersPerFence;
    if (file.section_bytes(kScalarKeys) != num_keys * sizeof(T) ||
        file.section_bytes(kScalarFences) != num_fences * sizeof(T)) {
      return ScalarFile::Damaged("the size of its keys");
    }
    Scratch scratch;
    ELANUS_ASSIGN_OR_RETURN(const auto fences, file.Read<T>(kScalarFences, 0, num_fences, scratch));
    out->fences_.assign(fences.begin(), fences.end());
    return out;
  }
  explicit NumberKeys(const ScalarFile& file) : file_(file) {}

  bool Takes(const ScalarKey& key) const override { return std::holds_alternative<W>(key); }

  absl::StatusOr<Place> Locate(const ScalarKey& key, Scratch& scratch) const override {
    const W wanted = std::get<W>(key);
    const auto below = [](T a, W b) { return static_cast<W>(a) < b; };
    // The last fence below the key begins the place where it is.
    const auto fence = std::lower_bound(fences_.begin(), fences_.end(), wanted, below);
    const uint64_t begin =
        fence == fences_.begin() ? 0 : (fence - fences_.begin() - 1) * kNumbersPerFence;
    // With the key behind the place, which may be the first that is not below.
    const uint64_t end = std::min(begin + kNumbersPerFence + 1, file_.facts().num_keys);
    ELANUS_ASSIGN_OR_RETURN(const auto keys,
                            file_.Read<T>(kScalarKeys, begin, end - begin, scratch));
    const auto at = std::lower_bound(keys.begin(), keys.end(), wanted, below);
    return Place{begin + (at - keys.begin()), at != keys.end() && static_cast<W>(*at) == wanted};
  }

  int64_t memory_bytes() const override {
    return static_cast<int64_t>(fences_.capacity() * sizeof(T));
  }

 private:
  const ScalarFile& file_;
  std::vector<T> fences_;
};

constexpr uint64_t kGroupTexts = 16;
constexpr uint64_t kBytesPerFence = 32 << 10;
// Groups that are read at once when all texts are visited.
constexpr uint64_t kGroupsAtOnce = 256;

void AppendLength(uint64_t value, std::vector<uint8_t>& out) {
  for (; value >= 128; value >>= 7) out.push_back(static_cast<uint8_t>(value | 128));
  out.push_back(static_cast<uint8_t>(value));
}

bool TakeLength(std::span<const uint8_t>& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const uint8_t byte = bytes[0];
    bytes = bytes.subspan(1);
    value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return false;
}

// A text of a group, behind `text`, which it replaces. False for what is no group.
bool TakeText(std::span<const uint8_t>& group, std::string& text) {
  uint64_t shared = 0, rest = 0;
  if (!TakeLength(group, shared) || !TakeLength(group, rest)) return false;
  if (shared > text.size() || rest > group.size()) return false;
  text.resize(shared);
  text.append(reinterpret_cast<const char*>(group.data()), rest);
  group = group.subspan(rest);
  return true;
}

// The first text, as it lies in the group.
bool HeadOf(std::span<const uint8_t> group, std::string_view& head) {
  uint64_t shared = 0, size = 0;
  if (!TakeLength(group, shared) || !TakeLength(group, size)) return false;
  if (shared != 0 || size > group.size()) return false;
  head = {reinterpret_cast<const char*>(group.data()), size};
  return true;
}

class TextKeys final : public ScalarKeys {
 public:
  static absl::StatusOr<std::unique_ptr<const ScalarKeys>> Open(const ScalarFile& file) {
    auto out = std::make_unique<TextKeys>(file);
    if (file.section_bytes(kScalarGroups) != (out->num_groups_ + 1) * sizeof(uint64_t)) {
      return ScalarFile::Damaged("the size of its groups of keys");
    }
    Scratch scratch;
    ELANUS_ASSIGN_OR_RETURN(
        auto bytes,
        file.Read<uint8_t>(kScalarFences, 0, file.section_bytes(kScalarFences), scratch));
    while (!bytes.empty()) {
      uint64_t group = 0, size = 0;
      if (!TakeLength(bytes, group) || !TakeLength(bytes, size) || size > bytes.size() ||
          group >= out->num_groups_ ||
          (out->fences_.empty() ? group != 0 : group <= out->fences_.back().group)) {
        return ScalarFile::Damaged("its fences");
      }
      out->fences_.push_back({group, {reinterpret_cast<const char*>(bytes.data()), size}});
      bytes = bytes.subspan(size);
    }
    if (out->fences_.empty() != (out->num_groups_ == 0)) return ScalarFile::Damaged("its fences");
    return out;
  }
  explicit TextKeys(const ScalarFile& file)
      : file_(file), num_groups_((file.facts().num_keys + kGroupTexts - 1) / kGroupTexts) {}

  bool Takes(const ScalarKey& key) const override {
    return std::holds_alternative<std::string>(key);
  }

  absl::StatusOr<Place> Locate(const ScalarKey& key, Scratch& scratch) const override {
    const std::string_view wanted = std::get<std::string>(key);
    // The last fence that is not above the key: the group that would hold it is from there on.
    const auto fence = std::upper_bound(
        fences_.begin(), fences_.end(), wanted,
        [](std::string_view a, const Fence& b) { return a < std::string_view(b.head); });
    if (fence == fences_.begin()) return Place{0, false};
    const uint64_t first = fence[-1].group;
    const uint64_t end = fence == fences_.end() ? num_groups_ : fence->group;
    Groups groups;
    ELANUS_RETURN_IF_ERROR(ReadGroups(first, end, scratch, groups));
    uint64_t low = first, high = end;  // The head of `low` is not above the key, that of `high` is.
    while (high - low > 1) {
      const uint64_t middle = low + (high - low) / 2;
      std::string_view head;
      if (!HeadOf(groups.Of(middle), head)) return ScalarFile::Damaged("a group of keys");
      (head <= wanted ? low : high) = middle;
    }
    std::span<const uint8_t> group = groups.Of(low);
    std::string text;
    const uint64_t num_texts = TextsOf(low);
    for (uint64_t i = 0; i < num_texts; ++i) {
      if (!TakeText(group, text)) return ScalarFile::Damaged("a group of keys");
      if (text >= wanted) return Place{low * kGroupTexts + i, text == wanted};
    }
    return Place{low * kGroupTexts + num_texts, false};
  }

  absl::Status ForEachText(
      uint64_t begin, uint64_t end,
      const std::function<bool(uint64_t, std::string_view)>& visit) const override {
    Scratch scratch;
    std::string text;
    const uint64_t end_group = (end + kGroupTexts - 1) / kGroupTexts;
    for (uint64_t first = begin / kGroupTexts; first < end_group; first += kGroupsAtOnce) {
      const uint64_t last = std::min(first + kGroupsAtOnce, end_group);
      Groups groups;
      ELANUS_RETURN_IF_ERROR(ReadGroups(first, last, scratch, groups));
      for (uint64_t g = first; g < last; ++g) {
        std::span<const uint8_t> group = groups.Of(g);
        for (uint64_t i = 0; i < TextsOf(g); ++i) {
          if (!TakeText(group, text)) return ScalarFile::Damaged("a group of keys");
          const uint64_t ordinal = g * kGroupTexts + i;
          if (ordinal >= begin && ordinal < end && !visit(ordinal, text)) return absl::OkStatus();
        }
      }
    }
    return absl::OkStatus();
  }

  int64_t memory_bytes() const override {
    int64_t bytes = 0;
    for (const Fence& fence : fences_) {
      bytes += static_cast<int64_t>(sizeof(fence) + fence.head.size());
    }
    return bytes;
  }

 private:
  struct Fence {
    uint64_t group;
    std::string head;
  };
  // Groups [first, ...) as read.
  struct Groups {
    uint64_t first = 0;
    std::vector<uint64_t> begins;  // In the keys; one more than there are groups.
    std::span<const uint8_t> bytes;
    std::span<const uint8_t> Of(uint64_t group) const {
      const uint64_t begin = begins[group - first];
      return bytes.subspan(begin - begins[0], begins[group - first + 1] - begin);
    }
  };

  uint64_t TextsOf(uint64_t group) const {
    return std::min(kGroupTexts, file_.facts().num_keys - group * kGroupTexts);
  }

  absl::Status ReadGroups(uint64_t first, uint64_t end, Scratch& scratch, Groups& out) const {
    ELANUS_ASSIGN_OR_RETURN(const auto begins,
                            file_.Read<uint64_t>(kScalarGroups, first, end - first + 1, scratch));
    out.first = first;
    out.begins.assign(begins.begin(), begins.end());
    if (!std::is_sorted(out.begins.begin(), out.begins.end())) {
      return ScalarFile::Damaged("the order of its groups");
    }
    ELANUS_ASSIGN_OR_RETURN(out.bytes,
                            file_.Read<uint8_t>(kScalarKeys, out.begins.front(),
                                                out.begins.back() - out.begins.front(), scratch));
    return absl::OkStatus();
  }

  const ScalarFile& file_;
  const uint64_t num_groups_;
  std::vector<Fence> fences_;
};

}  // namespace

absl::Status ScalarKeys::ForEachText(uint64_t, uint64_t,
                                     const std::function<bool(uint64_t, std::string_view)>&) const {
  return InternalError(ErrorCode::kInternal, "an index of numbers has no texts");
}

absl::StatusOr<std::unique_ptr<const ScalarKeys>> ScalarKeys::Open(const ScalarFile& file) {
  switch (static_cast<DataType>(file.facts().key_type)) {
    case DataType::kBool:
    case DataType::kInt8:
      return NumberKeys<int8_t, int64_t>::Open(file);
    case DataType::kInt16:
      return NumberKeys<int16_t, int64_t>::Open(file);
    case DataType::kInt32:
      return NumberKeys<int32_t, int64_t>::Open(file);
    case DataType::kInt64:
    case DataType::kTimestamptz:
      return NumberKeys<int64_t, int64_t>::Open(file);
    case DataType::kFloat:
      return NumberKeys<float, double>::Open(file);
    case DataType::kDouble:
      return NumberKeys<double, double>::Open(file);
    case DataType::kVarChar:
      return TextKeys::Open(file);
    default:
      return ScalarFile::Damaged("the type of its keys");
  }
}

void TextKeyWriter::Add(std::string_view key) {
  size_t shared = 0;
  if (count_ % kGroupTexts == 0) {
    groups_.push_back(bytes_.size());
    if (count_ == 0 || bytes_.size() >= fence_at_) {
      AppendLength(groups_.size() - 1, fences_);
      AppendLength(key.size(), fences_);
      fences_.insert(fences_.end(), key.begin(), key.end());
      fence_at_ = bytes_.size() + kBytesPerFence;
    }
  } else {
    shared =
        std::mismatch(last_.begin(), last_.end(), key.begin(), key.end()).first - last_.begin();
  }
  AppendLength(shared, bytes_);
  AppendLength(key.size() - shared, bytes_);
  bytes_.insert(bytes_.end(), key.begin() + static_cast<ptrdiff_t>(shared), key.end());
  last_ = key;
  ++count_;
}

}  // namespace elanus::index
