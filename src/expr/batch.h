// The rows a plan is evaluated on at a time, with what its leaves share.
//
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/cancellation.h"
#include "expr/evaluation_trace.h"
#include "expr/expr.h"
#include "expr/narrowing.h"
#include "expr/outcomes.h"
#include "expr/plan.h"
#include "expr/shredded_leaf.h"

namespace elanus::expr {

class IndexedLeaf;

// 4096 rows: two columns of int64 and the masks fit a 256 KB second-level cache.
inline constexpr int64_t kBatchRows = 4096;
inline constexpr int64_t kBatchWords = kBatchRows / 64;

// Three-valued truth of a batch's rows. No row has both bits. Only the rows that were asked for
// count; the bits of others may be anything.
struct Mask {
  std::array<uint64_t, kBatchWords> truth;
  std::array<uint64_t, kBatchWords> unknown;
};

using Words = std::array<uint64_t, kBatchWords>;

class Batch {
 public:
  // `narrowing`: what indexes said before, of rows outside of which this is not asked; may be null.
  Batch(const Plan& plan, const ColumnSource& source, const Cancellation& cancellation,
        const EvaluateOptions& options, const Narrowing* narrowing = nullptr);
  ~Batch();

  // Rows [begin, begin + count) of the source from now on; they lie in one piece and in one zone.
  void Move(int64_t begin, int64_t count);

  const Plan& plan() const { return plan_; }
  int64_t num_rows() const { return count_; }
  int64_t num_words() const { return (count_ + 63) / 64; }
  // At most this many rows a batch: fewer than kBatchRows if rows bring many JSON values along.
  int64_t max_rows() const { return max_rows_; }
  // The bits of word `word` that stand for rows.
  uint64_t RowsOfWord(int64_t word) const {
    const int64_t rows = count_ - word * 64;
    return rows >= 64 ? ~uint64_t{0} : (uint64_t{1} << rows) - 1;
  }

  const schema::ColumnView& Column(int slot);
  // What a node can be on the rows of this batch, by their zones.
  Outcomes OutcomesOf(const Node& node) const;
  // The values at a JSON path, one per row; those of `rows` are there (kMissing for null rows).
  const JsonValue* Json(int slot, int path, const Words& rows);

  // What the source's index says of all rows of a text predicate, asked once an evaluation; null if
  // there is no index. The bits of this batch begin at word begin() / 64.
  const kernels::Bitset* TextMatches(const TextMatch& node);
  int64_t begin() const { return begin_; }

  // What an index of the source says of a leaf; `*open` has those of `rows` that it leaves to the
  // column. False if there is no index that is worth it.
  bool AnswerByIndex(const Node& node, const Words& rows, Mask& out, Words* open);
  // A child of the root that all rows pass, as an index said.
  bool IsSettled(const Node& child) const {
    return narrowing_ != nullptr && narrowing_->settled.contains(&child);
  }
  // What an index said of the whole plan and of every row; null: none did, up to now.
  const IndexedLeaf* WholeAnswer() const;

  // A leaf over a JSON path that the source keeps as a column. Its typed form leaves out the rows
  // with values of other types.
  struct ShreddedUse {
    std::optional<ShreddedLeaf> leaf;
    const schema::ColumnView* others = nullptr;  // Of all rows; null: there are none.
  };
  // Null if the leaf reads no such path.
  const ShreddedUse* ShreddedUseOf(const Node& node);

  // The literal of a query made ready for many rows; kept for all batches.
  geometry::SpatialTest& SpatialTestOf(const geometry::SpatialQuery& query);

  // The children of node `id` in the order to test them; empty: as they stand.
  const std::vector<int>& OrderOf(int id) const;
  // Null if nobody wants to know.
  NodeTrace* TraceOf(int id) { return trace_ == nullptr ? nullptr : &trace_->nodes[id]; }

  enum class AnsweredBy : uint8_t { kColumn, kZones, kShredded };
  // That some rows of a leaf were answered so.
  void Note(const Node& node, AnsweredBy by) {
    if (tally_ != nullptr) noted_[node.id] |= static_cast<uint8_t>(1u << static_cast<uint8_t>(by));
  }

  // What is known of a predicate that stands in several places; `rows` says for which rows.
  struct Known {
    Words rows;
    Mask mask;
  };
  Known& KnownOf(int shared);

  const Cancellation& cancellation() const { return cancellation_; }
  bool cancelled() const { return cancellation_.cancelled(); }

 private:
  struct Shredded;
  // Of the plan; behind them one for each shredded path.
  struct Field {
    const storage::ZoneMap* zones = nullptr;
    bool loaded = false;
    schema::ColumnView view;
    std::vector<JsonValue> values;         // (path, row)
    Words found;                           // Rows whose values are there.
    std::vector<Shredded*> shredded;       // By path; null: in the text of the rows.
    const ShreddedPath* column = nullptr;  // Of a shredded path: all its rows.
  };
  void FindShredded();
  Shredded* ShreddedOf(const Operand& operand) const;
  const JsonValue* ReadShredded(Shredded& shredded, const Words& rows);
  void FindPaths(int slot, Field& field, int64_t word, uint64_t rows);

  const Plan& plan_;
  const ColumnSource& source_;
  const Cancellation& cancellation_;
  const bool has_indexes_;
  int64_t max_rows_ = kBatchRows;
  int64_t begin_ = 0;
  int64_t count_ = 0;
  void ChooseOrder();
  void NoteNarrowing();

  void AddToTally() const;

  EvaluationTrace* const trace_;  // May be null, as the next three.
  AnswerTally* const tally_;
  const std::map<const Node*, IndexAnswer>* const answers_;
  const Narrowing* const narrowing_;
  EvaluationOrder order_;
  std::vector<Field> fields_;
  std::vector<std::unique_ptr<Shredded>> shredded_;
  std::map<const Node*, std::optional<ShreddedUse>> shredded_uses_;
  std::vector<Known> known_;             // By Node::shared.
  std::vector<uint8_t> noted_;           // By Node::id, bits by AnsweredBy.
  std::map<int, std::string> index_of_;  // By Node::id: the type of the index that answered.
  std::map<const TextMatch*, std::optional<kernels::Bitset>> text_matches_;
  std::map<const Node*, IndexedLeaf> indexed_leaves_;
  std::map<const geometry::SpatialQuery*, geometry::SpatialTest> spatial_tests_;
};

inline uint64_t ValidRows(const schema::ColumnView& column, int64_t word) {
  return column.validity == nullptr ? ~uint64_t{0} : column.validity[word];
}

}  // namespace elanus::expr
