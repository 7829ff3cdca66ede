// How an index answers a search: the ways there are, and the model of what each would cost.
//
// A filter makes one or another way the cheapest, by how many rows it allows and by whether they
// lie near the query. The first is known before; the second shows while a graph is walked, so that
// a walk asks again with the share of allowed rows that it has met (as NaviX, Sehgal & Salihoglu,
// VLDB 2025, decides by the local selectivity).
#pragma once

#include <array>
#include <cstdint>

#include "index/vector_index.h"

namespace elanus::index {

// What the model needs to know of a graph and a search.
struct GraphSearchFacts {
  int64_t num_nodes = 0;
  int64_t num_allowed = 0;  // Of the nodes; at least 1.
  int64_t width = 0;        // Allowed nodes that a walk is to find: ef.
  int64_t candidates = 0;   // Rows that are compared exactly after codes were; 0: none are.
  int64_t degree = 0;       // Links of a node.
  int64_t row_bytes = 0;    // Of what is compared exactly.
  int64_t code_bytes = 0;   // Of what walks and scans over codes compare; 0: they compare rows.
  bool can_scan_codes = true;
  bool can_walk_allowed = true;

  double share() const { return static_cast<double>(num_allowed) / static_cast<double>(num_nodes); }
};

// What each way is expected to cost if the part `share` of the nodes near the query is allowed.
// Where that is far fewer than in all, links that lead towards the query lead away from allowed
// rows. Infinite for ways that the graph does not have.
SearchCosts GraphSearchCosts(const GraphSearchFacts& facts, double share);

// What it costs to compare one row or code that a walk comes by.
double GraphDistanceCost(const GraphSearchFacts& facts);

// The cheapest; of scans alone. Ties go to the first of the enum.
SearchStrategy CheapestOf(const SearchCosts& costs);
SearchStrategy CheapestScan(const SearchCosts& costs);

// The cheapest; but where a scan costs many times a walk without a filter, the walk, so that it
// sees whether the allowed rows lie near the query.
SearchStrategy ChooseStrategy(const GraphSearchFacts& facts, const SearchCosts& costs);

// How many nodes a walk of two-hop links keeps to find `width`: their graph hangs together the less
// well, the fewer of a neighbourhood are allowed.
double TwoHopWidth(int64_t width, double share);

}  // namespace elanus::index
