#include "expr/json_paths.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "expr/json_cursor.h"
#include "index/scalar/path_build.h"
#include "index/scalar/path_keys.h"

namespace elanus::expr {
namespace {

using index::PathFact;

constexpr int64_t kRowsPerCheck = 1024;
constexpr int64_t kSampleRows = 1024;
// Doubles stand for these integers and their neighbours, each for itself.
constexpr int64_t kExactMax = int64_t{1} << 53;

// The keys of one document at a time.
class Walker {
 public:
  explicit Walker(index::PathIndexBuilder& out) : out_(out) {}

  // False if the text is broken: what was added is true, but not all.
  bool Add(uint32_t row, const JsonValue& root) {
    row_ = row;
    path_.clear();
    return AddValue(root, 0);
  }

 private:
  bool AddValue(const JsonValue& value, int depth) {
    switch (value.type) {
      case JsonType::kMissing:
      case JsonType::kNull:
        return true;
      case JsonType::kArray:
        AddArray(value);
        return true;
      case JsonType::kObject:
        AddContent(value);
        return depth >= index::kPathStepsMax || AddObject(value, depth);
      default:
        AddScalar(value, /*element=*/false);
        return true;
    }
  }

  void AddContent(const JsonValue& value) {
    if (JsonHasContent(value)) Put(PathFact::kContainer);
  }

  void AddArray(const JsonValue& value) {
    AddContent(value);
    Put(PathFact::kArray);
    ForEachJsonElement(value.text, [&](const JsonValue& element) {
      AddScalar(element, /*element=*/true);
      return true;
    });
  }

  // Bools, numbers and texts; nothing for others.
  void AddScalar(const JsonValue& value, bool element) {
    switch (value.type) {
      case JsonType::kBool:
        if (!element) Put(PathFact::kBool);
        return Put(element ? PathFact::kHasBool : PathFact::kBoolIs,
                   [&](std::string& key) { key.push_back(value.boolean ? '\1' : '\0'); });
      case JsonType::kInt:
      case JsonType::kUnsigned:
      case JsonType::kDouble:
        if (value.type == JsonType::kUnsigned ||
            (value.type == JsonType::kInt &&
             (value.integer > kExactMax || value.integer < -kExactMax))) {
          return Put(element ? PathFact::kOddElement : PathFact::kOdd);
        }
        if (!element) Put(PathFact::kNumber);
        return Put(element ? PathFact::kHasNumber : PathFact::kNumberIs,
                   [&](std::string& key) { index::AppendPathNumber(value.as_double(), key); });
      case JsonType::kString: {
        const std::string_view text = JsonText(value, text_);
        if (text.size() > index::kPathTextBytesMax) {
          return Put(element ? PathFact::kOddElement : PathFact::kOdd);
        }
        if (!element) Put(PathFact::kText);
        return Put(element ? PathFact::kHasText : PathFact::kTextIs,
                   [&](std::string& key) { key += text; });
      }
      default:
        return;
    }
  }

  // Of equal keys the first counts.
  bool AddObject(const JsonValue& value, int depth) {
    if (seen_.size() <= static_cast<size_t>(depth)) seen_.resize(depth + 1);
    seen_[depth].clear();
    JsonCursor cursor(value.text);
    cursor.Take('{');
    if (cursor.Take('}')) return true;
    do {
      std::string_view inside;
      bool escaped;
      if (!cursor.ReadString(inside, escaped) || !cursor.Take(':')) return false;
      cursor.Peek();
      const char* const begin = cursor.position();
      JsonValue child;
      if (!cursor.Read(child)) {
        // A number that is none to us, say: nothing is there, which counts all the same.
        child = JsonValue();
        cursor.Rewind(begin);
        if (!cursor.Skip()) return false;
      }
      const std::string_view key = JsonText(inside, escaped, text_);
      if (key.size() > index::kPathKeyBytesMax || !seen_[depth].emplace(key).second) continue;
      const size_t above = path_.size();
      index::AppendPathStep(key, path_);
      const bool whole = AddValue(child, depth + 1);
      path_.resize(above);
      if (!whole) return false;
    } while (cursor.Take(','));
    return cursor.Take('}');
  }

  template <typename Append>
  void Put(PathFact fact, const Append& append) {
    const size_t above = path_.size();
    path_.push_back(static_cast<char>(fact));
    append(path_);
    out_.Add(path_, row_);
    path_.resize(above);
  }
  void Put(PathFact fact) {
    Put(fact, [](std::string&) {});
  }

  index::PathIndexBuilder& out_;
  uint32_t row_ = 0;
  std::string path_;  // Of the value that is looked at.
  std::string text_;
  std::deque<absl::flat_hash_set<std::string>> seen_;  // Keys so far, of the object of each depth.
};

// The keys of rows, at a root and below.
class RowKeys {
 public:
  RowKeys(const JsonPath& root, index::PathIndexBuilder& out) : out_(out), walker_(out) {
    paths_.Add(root);
  }

  void Add(int64_t row, std::string_view text) {
    JsonValue value;
    paths_.Find(text, &value, 1);
    const auto number = static_cast<uint32_t>(row);
    // Something may be found inside a container that has no end.
    const bool whole = value.type != JsonType::kMissing || JsonCursor(text).Skip();
    if (!whole || !walker_.Add(number, value)) out_.AddOdd(number);
  }

 private:
  index::PathIndexBuilder& out_;
  Walker walker_;
  JsonPathTree paths_;
};

}  // namespace

absl::StatusOr<std::string> BuildJsonPathIndex(const schema::ColumnView& json, const JsonPath& root,
                                               const Cancellation& cancellation,
                                               const std::function<void(double)>& progress) {
  index::PathIndexBuilder builder;
  RowKeys keys(root, builder);
  for (int64_t row = 0; row < json.num_rows; ++row) {
    if (row % kRowsPerCheck == 0) {
      ELANUS_RETURN_IF_ERROR(cancellation.Check());
      if (progress) progress(0.7 * static_cast<double>(row) / static_cast<double>(json.num_rows));
    }
    if (json.IsValid(row)) keys.Add(row, json.Bytes(row));
  }
  return std::move(builder).Finish(json.num_rows, cancellation);
}

int64_t JsonPathBuildMemoryBytes(const schema::ColumnView& json, const JsonPath& root) {
  // Of tables, and of the file while it is put together (measured: documents of 60 to 80 bytes
  // whose values are all different).
  constexpr int64_t kKeyBytes = 210, kEntryBytes = 2;
  index::PathIndexBuilder builder;
  RowKeys keys(root, builder);
  const int64_t step = std::max<int64_t>(1, json.num_rows / kSampleRows);
  for (int64_t row = 0; row < json.num_rows; row += step) {
    if (json.IsValid(row)) keys.Add(row, json.Bytes(row));
  }
  return step * (kKeyBytes * builder.num_keys() + 2 * builder.key_bytes() +
                 kEntryBytes * builder.num_entries());
}

std::optional<std::string> PlaceBelow(const JsonPath& root, const JsonPath& path) {
  if (path.size() < root.size() || path.size() - root.size() > index::kPathStepsMax ||
      !std::equal(root.begin(), root.end(), path.begin())) {
    return std::nullopt;
  }
  std::string place;
  for (size_t i = root.size(); i < path.size(); ++i) {
    if (path[i].is_index || path[i].key.size() > index::kPathKeyBytesMax) return std::nullopt;
    index::AppendPathStep(path[i].key, place);
  }
  return place;
}

}  // namespace elanus::expr
