#include "expr/json_shredding.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "expr/json_cursor.h"
#include "expr/json_path.h"

namespace elanus::expr {
namespace {

using schema::DataType;

constexpr int64_t kSampleRows = 8192;
constexpr int64_t kRowsPerCheck = 1 << 14;
constexpr int64_t kGroupBytes = 256 << 20;
// Of the paths that are counted: what has more of them than this has no shape worth knowing.
constexpr size_t kPathsMax = 1 << 14;
constexpr int kDepthMax = 16;
constexpr size_t kKeyBytesMax = 1024;
// Values that are longer on average are documents rather than what filters compare, and would take
// their space twice.
constexpr int64_t kMeanBytesMax = 256;

// What values of a type become.
DataType ColumnTypeOf(JsonType type) {
  switch (type) {
    case JsonType::kBool:
      return DataType::kBool;
    case JsonType::kInt:
      return DataType::kInt64;
    case JsonType::kDouble:
      return DataType::kDouble;
    case JsonType::kString:
      return DataType::kVarChar;
    case JsonType::kMissing:
    case JsonType::kNull:
    case JsonType::kUnsigned:
    case JsonType::kArray:
    case JsonType::kObject:
      break;
  }
  return DataType::kJson;
}

// A path and what stands there in the sample.
struct Candidate {
  std::vector<std::string> keys;
  std::array<int64_t, 5> counts{};  // By kTypes.
  int64_t text_bytes = 0;
  int64_t last_row = -1;

  static constexpr DataType kTypes[] = {DataType::kBool, DataType::kInt64, DataType::kDouble,
                                        DataType::kVarChar, DataType::kJson};
  void Count(DataType type) { ++counts[std::find(kTypes, std::end(kTypes), type) - kTypes]; }
  int64_t total() const {
    int64_t sum = 0;
    for (const int64_t count : counts) sum += count;
    return sum;
  }
  // Of most of the values.
  DataType type() const {
    return kTypes[std::max_element(counts.begin(), counts.end()) - counts.begin()];
  }
};

// Counts the paths of a sample.
class Census {
 public:
  void Add(int64_t row, std::string_view json) {
    row_ = row;
    JsonCursor cursor(json);
    if (cursor.Peek() == '{') Object(cursor, root_, 0);
  }

  // Those with values in `count_min` rows or more, in the order in which they came.
  std::vector<Candidate> Frequent(int64_t count_min, int64_t columns_max) {
    std::vector<Candidate> out;
    for (Candidate& candidate : candidates_) {
      const int64_t total = candidate.total();
      if (total < count_min || candidate.text_bytes > total * kMeanBytesMax) continue;
      out.push_back(std::move(candidate));
    }
    if (static_cast<int64_t>(out.size()) <= columns_max) return out;
    std::vector<int64_t> totals;
    for (const Candidate& candidate : out) totals.push_back(candidate.total());
    std::nth_element(totals.begin(), totals.begin() + columns_max - 1, totals.end(),
                     std::greater<>());
    const int64_t enough = totals[columns_max - 1];
    // Of equally frequent ones the first.
    int64_t room = columns_max;
    for (const int64_t total : totals) room -= total > enough ? 1 : 0;
    std::erase_if(out, [&](const Candidate& candidate) {
      return candidate.total() < enough || (candidate.total() == enough && room-- <= 0);
    });
    return out;
  }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    size_t candidate = 0;
  };

  bool Object(JsonCursor& cursor, Node& node, int depth) {
    cursor.Take('{');
    if (cursor.Take('}')) return true;
    do {
      std::string_view key;
      bool escaped;
      if (!cursor.ReadString(key, escaped) || !cursor.Take(':')) return false;
      Node* const child =
          depth < kDepthMax ? ChildOf(node, JsonText(key, escaped, text_)) : nullptr;
      if (!(child == nullptr ? cursor.Skip() : Value(cursor, *child, depth))) return false;
    } while (cursor.Take(','));
    return cursor.Take('}');
  }

  bool Value(JsonCursor& cursor, Node& node, int depth) {
    if (cursor.Peek() == '{') {
      Push(node);
      const bool ok = Object(cursor, node, depth + 1);
      keys_.pop_back();
      return ok;
    }
    JsonValue value;
    const char* const begin = cursor.position();
    if (!cursor.Read(value)) {
      cursor.Rewind(begin);
      return cursor.Skip();
    }
    Candidate& candidate = candidates_[node.candidate];
    if (value.type == JsonType::kNull || candidate.last_row == row_) return true;
    candidate.last_row = row_;
    candidate.Count(ColumnTypeOf(value.type));
    candidate.text_bytes += cursor.position() - begin;
    return true;
  }

  void Push(const Node& node) { keys_.push_back(candidates_[node.candidate].keys.back()); }

  // Null if there are too many.
  Node* ChildOf(Node& node, std::string_view key) {
    const auto found = node.children.find(key);
    if (found != node.children.end()) return found->second.get();
    if (candidates_.size() >= kPathsMax || key.size() > kKeyBytesMax) return nullptr;
    auto child = std::make_unique<Node>();
    child->candidate = candidates_.size();
    candidates_.emplace_back().keys = keys_;
    candidates_.back().keys.emplace_back(key);
    return node.children.emplace(std::string(key), std::move(child)).first->second.get();
  }

  Node root_;
  std::vector<Candidate> candidates_;
  std::vector<std::string> keys_;  // Of the object that is read.
  std::string text_;
  int64_t row_ = 0;
};

// One column while it is filled.
class Filler {
 public:
  explicit Filler(Candidate candidate) : type_(candidate.type()) {
    out_.keys = std::move(candidate.keys);
    out_.values = schema::Column({.type = type_});
  }

  void Add(int64_t row, const JsonValue& value, std::string_view text) {
    const bool any = value.type != JsonType::kMissing && value.type != JsonType::kNull;
    const bool fits = any && (type_ == DataType::kJson || ColumnTypeOf(value.type) == type_);
    fits ? Append(value, text) : out_.values.AppendNull();
    if (any && value.type != JsonType::kObject) ++count_;
    if (!any || fits) return;
    if (!out_.others.has_value()) out_.others.emplace(schema::ColumnType{.type = DataType::kJson});
    while (out_.others->num_rows() < row) out_.others->AppendNull();
    out_.others->AppendRaw(text);
  }

  int64_t count() const { return count_; }
  ShreddedColumn Finish(int64_t num_rows) && {
    while (out_.others.has_value() && out_.others->num_rows() < num_rows) out_.others->AppendNull();
    return std::move(out_);
  }

 private:
  void Append(const JsonValue& value, std::string_view text) {
    switch (type_) {
      case DataType::kBool:
        return out_.values.Append(static_cast<uint8_t>(value.boolean));
      case DataType::kInt64:
        return out_.values.Append(value.integer);
      case DataType::kDouble:
        return out_.values.Append(value.number);
      case DataType::kVarChar:
        return out_.values.AppendRaw(JsonText(value, scratch_));
      default:
        return out_.values.AppendRaw(text);
    }
  }

  const DataType type_;
  ShreddedColumn out_;
  int64_t count_ = 0;  // Rows with a value that is no object.
  std::string scratch_;
};

class Shredder {
 public:
  Shredder(const schema::ColumnView& json, const Cancellation& cancellation)
      : json_(json), cancellation_(cancellation) {}

  absl::StatusOr<std::vector<Candidate>> Choose(const ShreddingLimits& limits) {
    Census census;
    const int64_t step = std::max<int64_t>(1, json_.num_rows / kSampleRows);
    int64_t sampled = 0;
    for (int64_t row = 0; row < json_.num_rows; row += step, ++sampled) {
      if (sampled % 1024 == 0) ELANUS_RETURN_IF_ERROR(cancellation_.Check());
      if (json_.IsValid(row)) census.Add(row, json_.Bytes(row));
    }
    bytes_per_sampled_byte_ = static_cast<double>(step);
    // A sample may say a little less than is true; all rows are counted in the end.
    const double part = step > 1 ? 0.9 : 1.0;
    const auto count_min =
        static_cast<int64_t>(part * limits.share_min * static_cast<double>(sampled));
    return census.Frequent(std::max<int64_t>(count_min, 1), limits.columns_max);
  }

  // The candidates that are read in one go from [begin] on.
  size_t GroupEnd(const std::vector<Candidate>& candidates, size_t begin) const {
    double bytes = 0;
    size_t end = begin;
    while (end < candidates.size() && (end == begin || bytes < kGroupBytes)) {
      bytes += static_cast<double>(candidates[end++].text_bytes) * bytes_per_sampled_byte_ +
               static_cast<double>(json_.num_rows) * 8;
    }
    return end;
  }

  absl::StatusOr<std::vector<Filler>> Fill(std::span<Candidate> candidates) const {
    JsonPathTree paths;
    std::vector<Filler> fillers;
    for (Candidate& candidate : candidates) {
      JsonPath path;
      for (const std::string& key : candidate.keys) path.push_back({.key = key});
      paths.Add(path);
      fillers.emplace_back(std::move(candidate));
    }
    std::vector<JsonValue> values(fillers.size());
    std::vector<std::string_view> texts(fillers.size());
    for (int64_t row = 0; row < json_.num_rows; ++row) {
      if (row % kRowsPerCheck == 0) ELANUS_RETURN_IF_ERROR(cancellation_.Check());
      const std::string_view text = json_.IsValid(row) ? json_.Bytes(row) : std::string_view();
      paths.Find(text, values.data(), 1, texts.data());
      for (size_t i = 0; i < fillers.size(); ++i) fillers[i].Add(row, values[i], texts[i]);
    }
    return fillers;
  }

 private:
  const schema::ColumnView json_;
  const Cancellation& cancellation_;
  double bytes_per_sampled_byte_ = 1;
};

}  // namespace

absl::Status ShredJson(const schema::ColumnView& json, const ShreddingLimits& limits,
                       const Cancellation& cancellation,
                       const std::function<absl::Status(ShreddedColumn)>& take) {
  if (limits.columns_max <= 0) return absl::OkStatus();
  Shredder shredder(json, cancellation);
  ELANUS_ASSIGN_OR_RETURN(std::vector<Candidate> candidates, shredder.Choose(limits));
  for (size_t begin = 0; begin < candidates.size();) {
    const size_t end = shredder.GroupEnd(candidates, begin);
    ELANUS_ASSIGN_OR_RETURN(
        std::vector<Filler> fillers,
        shredder.Fill(std::span<Candidate>(candidates).subspan(begin, end - begin)));
    for (Filler& filler : fillers) {
      const double share = static_cast<double>(filler.count()) / static_cast<double>(json.num_rows);
      if (filler.count() == 0 || share < limits.share_min) continue;
      ELANUS_RETURN_IF_ERROR(take(std::move(filler).Finish(json.num_rows)));
    }
    begin = end;
  }
  return absl::OkStatus();
}

}  // namespace elanus::expr
