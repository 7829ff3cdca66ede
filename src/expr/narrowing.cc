#include "expr/narrowing.h"

#include <algorithm>
#include <chrono>

#include "expr/plan.h"
#include "expr/shredded_leaf.h"

namespace elanus::expr {
namespace {

// What it takes to come to a row that lies alone (measured: bench/index_bench.py).
constexpr double kLoneRowNs = 20;
// A conjunction with other parts than indexed ones begins with an index only if this many rows are
// left out for one that stays: the other parts may leave out as many for less.
constexpr int64_t kNarrowsBy = 16;

struct Found {
  kernels::RowSet rows;
  bool exact = true;
};

// What could be asked about a node; of a leaf an offer, of others the bids for their children.
struct Bid {
  const Node* node = nullptr;
  std::unique_ptr<const IndexQuestion> question;  // The offer refers to it.
  IndexOffer offer;
  std::vector<Bid> parts;
  bool whole = true;     // There are bids for all leaves.
  int64_t num_rows = 0;  // At most.
  double cost_ns = 0;
  double scan_ns = 0;  // For a row, by the columns.
};

class Narrower {
 public:
  Narrower(const Plan& plan, const ColumnSource& source, const Cancellation& cancellation)
      : plan_(plan), source_(source), cancellation_(cancellation) {}

  std::optional<Narrowing> operator()() && {
    const std::optional<Bid> bid = BidFor(*plan_.root);
    if (!bid.has_value()) return std::nullopt;
    std::optional<Found> found = Take(*bid);
    if (!found.has_value()) return std::nullopt;
    out_.exact = found->exact || found->rows.Count() == 0;
    out_.rows = std::move(found->rows);
    return std::move(out_);
  }

 private:
  std::optional<Bid> BidFor(const Node& node) {
    if (const auto* conjunction = std::get_if<And>(&node.is)) return BidForAnd(node, *conjunction);
    if (const auto* disjunction = std::get_if<Or>(&node.is)) return BidForOr(node, *disjunction);
    std::optional<IndexQuestion> question = QuestionOf(plan_, node, IsShredded(node));
    if (!question.has_value() || !question->is_plain() || cancellation_.cancelled()) {
      return std::nullopt;
    }
    question->missing_unknown = false;  // FALSE and UNKNOWN are one here.
    Bid bid{.node = &node, .scan_ns = question->scan_ns};
    bid.question = std::make_unique<const IndexQuestion>(*std::move(question));
    const double budget_ns = bid.scan_ns * static_cast<double>(source_.num_rows());
    auto offer = source_.OfferRows(*bid.question, budget_ns, cancellation_);
    if (!offer.has_value()) return std::nullopt;
    bid.offer = *std::move(offer);
    bid.num_rows = bid.offer.num_rows;
    bid.cost_ns = bid.offer.cost_ns;
    return bid;
  }

  std::optional<Bid> BidForAnd(const Node& node, const And& conjunction) {
    Bid bid{.node = &node};
    for (const NodePtr& child : conjunction.children) {
      std::optional<Bid> part = BidFor(*child);
      bid.whole = bid.whole && part.has_value() && part->whole;
      if (!part.has_value()) continue;
      bid.scan_ns += part->scan_ns;
      bid.parts.push_back(*std::move(part));
    }
    if (bid.parts.empty()) return std::nullopt;
    std::stable_sort(bid.parts.begin(), bid.parts.end(),
                     [](const Bid& a, const Bid& b) { return a.num_rows < b.num_rows; });
    bid.num_rows = bid.parts.front().num_rows;
    bid.cost_ns = bid.parts.front().cost_ns;
    if (!bid.whole && bid.num_rows > source_.num_rows() / kNarrowsBy) return std::nullopt;
    return bid;
  }

  std::optional<Bid> BidForOr(const Node& node, const Or& disjunction) {
    Bid bid{.node = &node};
    for (const NodePtr& child : disjunction.children) {
      std::optional<Bid> part = BidFor(*child);
      if (!part.has_value()) return std::nullopt;
      bid.whole = bid.whole && part->whole;
      bid.num_rows = std::min(bid.num_rows + part->num_rows, source_.num_rows());
      bid.cost_ns += part->cost_ns;
      bid.scan_ns += part->scan_ns;
      bid.parts.push_back(*std::move(part));
    }
    return bid;
  }

  std::optional<Found> Take(const Bid& bid) {
    if (std::holds_alternative<And>(bid.node->is)) return TakeAnd(bid);
    if (std::holds_alternative<Or>(bid.node->is)) return TakeOr(bid);
    const auto begin = std::chrono::steady_clock::now();
    std::optional<IndexRows> rows = bid.offer.take(cancellation_);
    if (!rows.has_value()) return std::nullopt;
    const auto time = std::chrono::steady_clock::now() - begin;
    out_.answers.push_back({bid.node, std::move(rows->by), rows->rows.Count(),
                            std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()});
    return Found{std::move(rows->rows), rows->exact};
  }

  std::optional<Found> TakeAnd(const Bid& bid) {
    std::optional<Found> all;
    bool taken = bid.whole;
    for (const Bid& part : bid.parts) {
      if (all.has_value()) {
        const auto num_rows = static_cast<double>(all->rows.Count());
        if (num_rows == 0) break;
        if (part.cost_ns > num_rows * (part.scan_ns + kLoneRowNs)) {
          taken = false;
          continue;
        }
      }
      std::optional<Found> found = Take(part);
      if (!found.has_value()) {
        taken = false;
        continue;
      }
      if (found->exact && bid.node == plan_.root.get()) out_.settled.insert(part.node);
      taken = taken && found->exact;
      if (all.has_value()) {
        all->rows.And(found->rows);
      } else {
        all = std::move(found);
      }
    }
    if (all.has_value()) all->exact = taken || all->rows.Count() == 0;
    return all;
  }

  std::optional<Found> TakeOr(const Bid& bid) {
    Found any{kernels::RowSet(source_.num_rows())};
    for (const Bid& part : bid.parts) {
      const std::optional<Found> found = Take(part);
      if (!found.has_value()) return std::nullopt;
      any.rows.Or(found->rows);
      any.exact = any.exact && found->exact;
    }
    return any;
  }

  // Its JSON path is kept as a column.
  bool IsShredded(const Node& leaf) const {
    const Operand* const operand = JsonOperandOf(leaf);
    if (operand == nullptr) return false;
    const FieldUse& field = plan_.fields[operand->slot];
    return source_.Shredded(field.id, field.paths.path(operand->path)).path != nullptr;
  }

  const Plan& plan_;
  const ColumnSource& source_;
  const Cancellation& cancellation_;
  Narrowing out_;
};

}  // namespace

std::optional<Narrowing> Narrow(const Plan& plan, const ColumnSource& source,
                                const Cancellation& cancellation) {
  return Narrower(plan, source, cancellation)();
}

}  // namespace elanus::expr
