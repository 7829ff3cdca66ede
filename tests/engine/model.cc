#include "engine/model.h"

#include <algorithm>
#include <random>

namespace elanus::engine {
namespace {

std::string Show(const std::vector<Row>& rows) {
  std::string out;
  for (const Row& row : rows) out += fmt::format(" {}:{}", row.key, row.number);
  return out;
}

// Empty if the answer is that.
std::string Compare(std::string_view what, const absl::StatusOr<std::vector<Row>>& answer,
                    const std::vector<Row>& expected) {
  if (!answer.ok()) return fmt::format("{}: {}", what, MessageOf(answer.status()));
  if (*answer == expected) return "";
  return fmt::format("{}: got{}, expected{}", what, Show(*answer), Show(expected));
}

std::string CompareCount(const absl::StatusOr<int64_t>& count, size_t expected) {
  if (!count.ok()) return fmt::format("count: {}", MessageOf(count.status()));
  if (*count == static_cast<int64_t>(expected)) return "";
  return fmt::format("count: got {}, expected {}", *count, expected);
}

std::vector<Row> Filtered(std::vector<Row> rows, const std::function<bool(const Row&)>& matches) {
  std::erase_if(rows, [&](const Row& row) { return !matches(row); });
  return rows;
}

}  // namespace

void Model::Apply(const Write& write, uint64_t at_ms) {
  for (const int64_t key : write.deletes) {
    std::erase_if(rows, [&](const PlacedRow& placed) {
      return placed.row.key == key &&
             (write.delete_partition.empty() || placed.partition == write.delete_partition);
    });
  }
  for (PlacedRow placed : write.inserts) {
    placed.inserted_ms = at_ms;
    rows.push_back(std::move(placed));
  }
}

void Model::DropPartition(const std::string& name) {
  partitions.erase(name);
  std::erase_if(rows, [&](const PlacedRow& placed) { return placed.partition == name; });
}

bool Model::IsLoaded(const std::string& partition) const {
  return loaded && (loaded_whole || loaded_partitions.contains(partition));
}

std::vector<Row> Model::Visible(const std::vector<std::string>& only) const {
  std::vector<Row> out;
  for (const PlacedRow& placed : rows) {
    if (ttl_ms > 0 && placed.inserted_ms + ttl_ms <= now_ms) continue;
    const bool in_scope =
        only.empty() || std::find(only.begin(), only.end(), placed.partition) != only.end();
    if (in_scope && IsLoaded(placed.partition)) out.push_back(placed.row);
  }
  return out;
}

std::vector<Row> NewestByKey(const std::vector<Row>& rows) {
  std::map<int64_t, int64_t> newest;  // Numbers grow from write to write.
  for (const Row& row : rows) newest[row.key] = std::max(newest[row.key], row.number);
  std::vector<Row> out;
  for (const auto& [key, number] : newest) out.push_back({key, number});
  return out;
}

std::vector<Row> Nearest(const std::vector<Row>& rows, float x, int64_t k) {
  std::vector<Row> sorted = rows;
  std::sort(sorted.begin(), sorted.end(), [x](const Row& a, const Row& b) {
    return std::abs(static_cast<float>(a.number) - x) < std::abs(static_cast<float>(b.number) - x);
  });
  std::vector<Row> out;
  std::set<int64_t> seen;
  for (const Row& row : sorted) {
    if (static_cast<int64_t>(out.size()) < k && seen.insert(row.key).second) out.push_back(row);
  }
  return out;
}

std::string DifferenceOfCatalog(Engine& engine, const Model& model) {
  const meta::CollectionPtr collection = engine.collection();
  std::set<std::string> partitions;
  for (const meta::Partition& partition : collection->partitions) partitions.insert(partition.name);
  std::set<std::string> loaded;
  for (const PartitionId id : collection->load.partitions) {
    const meta::Partition* partition = collection->FindPartition(id);
    loaded.insert(partition == nullptr ? "?" : partition->name);
  }
  if (partitions != model.partitions) return "other partitions";
  if (collection->load.loaded != model.loaded || loaded != model.loaded_partitions ||
      collection->load.all_partitions != model.loaded_whole) {
    return "other partitions are loaded";
  }
  if (engine.coordinator->GetSnapshot("", kCollection, kSnapshot).ok() != model.kept.has_value()) {
    return "a snapshot too many or too few";
  }
  return "";
}

std::string DifferenceOfRows(Engine& engine, const Model& model) {
  const std::vector<Row> visible = model.Visible({});
  const std::string found = CompareCount(Count(engine, {}), visible.size());
  return found.empty() ? Compare("all", Query(engine, {}), NewestByKey(visible)) : found;
}

std::string DifferenceOfRestored(Engine& engine, const std::string& collection,
                                 const KeptRows& kept, uint64_t now_ms) {
  std::set<std::string> partitions;
  for (const meta::Partition& partition : engine.collection(collection)->partitions) {
    partitions.insert(partition.name);
  }
  if (partitions != kept.partitions) return "other partitions";
  Model model;
  model.rows = kept.rows;
  model.partitions = kept.partitions;
  model.loaded = model.loaded_whole = true;
  model.ttl_ms = kept.ttl_ms;
  model.now_ms = now_ms;
  for (const std::string& partition : partitions) {
    const Read read{.partitions = {partition}, .collection = collection};
    const std::vector<Row> visible = model.Visible(read.partitions);
    std::string found = CompareCount(Count(engine, read), visible.size());
    if (found.empty()) found = Compare("restored", Query(engine, read), NewestByKey(visible));
    if (!found.empty()) return fmt::format("restored {}: {}", partition, found);
  }
  return "";
}

std::string Difference(Engine& engine, const Model& model, uint64_t seed) {
  if (std::string found = DifferenceOfCatalog(engine, model); !found.empty()) return found;
  if (!model.loaded) {
    const auto answer = Query(engine, {});
    return CodeOf(answer.status()) == ErrorCode::kCollectionNotLoaded ? "" : "read though released";
  }
  std::mt19937_64 random(seed);
  Read read;
  for (const std::string& partition : model.partitions) {
    if (random() % 8 == 0) read.partitions.push_back(partition);
  }
  for (const std::string& partition : read.partitions) {
    if (model.IsLoaded(partition)) continue;
    const auto answer = Query(engine, read);
    return CodeOf(answer.status()) == ErrorCode::kPartitionNotLoaded ? "" : "read though released";
  }
  const std::vector<Row> visible = model.Visible(read.partitions);
  const bool text = engine.collection()->schema.primary_key().type == schema::DataType::kVarChar;
  std::string found = CompareCount(Count(engine, read), visible.size());
  if (found.empty()) found = Compare("all", Query(engine, read), NewestByKey(visible));

  const int64_t key = static_cast<int64_t>(random() % 20);
  const auto literal = [&](int64_t k) {
    return text ? fmt::format("'{}'", KeyText(k)) : std::to_string(k);
  };
  Read by_key = read;
  by_key.filter = fmt::format("key in [{}, {}]", literal(key), literal(key + 3));
  const auto has_key = [&](const Row& row) { return row.key == key || row.key == key + 3; };
  if (found.empty()) {
    found = Compare(by_key.filter, Query(engine, by_key), NewestByKey(Filtered(visible, has_key)));
  }
  const int64_t limit = static_cast<int64_t>(random() % 300);
  Read filtered = read;
  filtered.filter = fmt::format("number > {} and key != {}", limit, literal(key));
  const std::vector<Row> matching =
      Filtered(visible, [&](const Row& row) { return row.number > limit && row.key != key; });
  if (found.empty()) found = CompareCount(Count(engine, filtered), matching.size());
  if (found.empty()) {
    found = Compare(filtered.filter, Query(engine, filtered), NewestByKey(matching));
  }
  const float x = static_cast<float>(random() % 400) + 0.25f;  // No two numbers are as near.
  const int64_t k = 1 + static_cast<int64_t>(random() % 12);
  if (found.empty()) found = Compare("search", Search(engine, read, x, k), Nearest(visible, x, k));
  if (found.empty()) {
    found = Compare("filtered search", Search(engine, filtered, x, k), Nearest(matching, x, k));
  }
  SearchOptions options;
  options.range.nearest = static_cast<float>(random() % 2000);
  options.range.farthest = options.range.nearest + static_cast<float>(random() % 20000);
  options.offset = static_cast<int64_t>(random() % 4);
  options.exact_ties = random() % 2 == 0;
  const auto distance = [x](const Row& row) {
    const float difference = static_cast<float>(row.number) - x;
    return difference * difference;
  };
  std::vector<Row> ranged = Nearest(
      Filtered(visible, [&](const Row& row) { return options.range.Contains(distance(row)); }), x,
      k + options.offset);
  ranged.erase(ranged.begin(), ranged.begin() + std::min(std::ssize(ranged), options.offset));
  if (found.empty()) found = Compare("range search", Search(engine, read, x, k, options), ranged);
  return found;
}

std::string DifferenceAt(Engine& engine, const Model& past, Timestamp at) {
  if (!past.loaded) return "";
  Read read;
  read.at = at;
  const std::vector<Row> visible = past.Visible({});
  std::string found = CompareCount(Count(engine, read), visible.size());
  if (found.empty()) found = Compare("past", Query(engine, read), NewestByKey(visible));
  return found.empty() ? "" : fmt::format("at {}: {}", at, found);
}

}  // namespace elanus::engine
