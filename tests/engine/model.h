// The dullest collection there could be.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace elanus::engine {

// What a snapshot holds.
struct KeptRows {
  std::vector<PlacedRow> rows;
  std::set<std::string> partitions;
  uint64_t ttl_ms = 0;
};
inline constexpr char kSnapshot[] = "kept";

// Everything of the collection that outlives a process. A value.
struct Model {
  std::vector<PlacedRow> rows;  // Oldest first; keys may repeat.
  std::set<std::string> partitions = {"_default"};
  bool loaded = false;
  bool loaded_whole = false;
  std::set<std::string> loaded_partitions;  // When not whole.
  uint64_t ttl_ms = 0;                      // 0: none.
  uint64_t now_ms = 0;                      // Rows that are ttl_ms old now are expired.
  std::optional<KeptRows> kept;             // kSnapshot, if there is one.

  void Apply(const Write& write, uint64_t at_ms);
  void DropPartition(const std::string& name);
  bool IsLoaded(const std::string& partition) const;
  // Rows that a read of these partitions (empty: all loaded ones) sees.
  std::vector<Row> Visible(const std::vector<std::string>& only) const;
};

// The newest row of each key, ascending by key.
std::vector<Row> NewestByKey(const std::vector<Row>& rows);
// The k keys nearest to x, nearest first, each with its nearest row.
std::vector<Row> Nearest(const std::vector<Row>& rows, float x, int64_t k);

// How the catalog differs from the model; empty if it does not.
std::string DifferenceOfCatalog(Engine& engine, const Model& model);
// How reads differ from the model. `seed` chooses them; now and then they look at some partitions
// only.
std::string Difference(Engine& engine, const Model& model, uint64_t seed);
// How a read of everything differs from the model.
std::string DifferenceOfRows(Engine& engine, const Model& model);
// How a loaded collection that a snapshot became differs from it.
std::string DifferenceOfRestored(Engine& engine, const std::string& collection,
                                 const KeptRows& kept, uint64_t now_ms);
// The same for a read in the past, of what is loaded now.
std::string DifferenceAt(Engine& engine, const Model& past, Timestamp at);

}  // namespace elanus::engine
