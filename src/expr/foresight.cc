#include "expr/foresight.h"

#include <algorithm>
#include <set>

#include "expr/indexed_leaf.h"
#include "expr/outcomes.h"
#include "expr/plan.h"

namespace elanus::expr {
namespace {

// Calls f(leaf) for each node that is no logical one.
template <typename F>
void ForEachLeaf(const Node& node, F&& f) {
  if (const auto* conjunction = std::get_if<And>(&node.is)) {
    for (const NodePtr& child : conjunction->children) ForEachLeaf(*child, f);
  } else if (const auto* disjunction = std::get_if<Or>(&node.is)) {
    for (const NodePtr& child : disjunction->children) ForEachLeaf(*child, f);
  } else if (const auto* negation = std::get_if<Not>(&node.is)) {
    ForEachLeaf(*negation->child, f);
  } else {
    f(node);
  }
}

// The fields whose columns a leaf reads.
std::vector<int> SlotsOf(const Node& leaf) {
  using Slots = std::vector<int>;
  return std::visit(Overload{
                        [](const Constant&) { return Slots(); },
                        [](const And&) { return Slots(); },
                        [](const Or&) { return Slots(); },
                        [](const Not&) { return Slots(); },
                        [](const ConstantIfValid& node) { return Slots{node.slot}; },
                        [](const NullTest& node) { return Slots{node.slot}; },
                        [](const CompareColumns& node) {
                          return Slots{node.left, node.right};
                        },
                        [](const MatchElements& node) { return node.slots; },
                        [](const auto& node) { return Slots{node.operand.slot}; },
                    },
                    leaf.is);
}

class Seer {
 public:
  Seer(const Plan& plan, const ColumnSource& source, kernels::BitView candidates)
      : plan_(plan), source_(source) {
    out_.rows = kernels::Bitset(source.num_rows());
    out_.rows.Or(candidates);
  }

  Foresight See(double column_ns, const Cancellation& cancellation) && {
    const std::vector<uint8_t> settled = AskZones();
    if (source_.has_indexes()) AskIndexes(column_ns, cancellation);
    Narrow(*plan_.root);
    out_.open = out_.rows;
    for (size_t zone = 0; zone < settled.size(); ++zone) {
      if (settled[zone] != 0) Clear(static_cast<int64_t>(zone), out_.open);
    }
    NoteFields();
    return std::move(out_);
  }

 private:
  static constexpr int64_t kZoneWords = storage::kZoneRows / 64;

  static void Clear(int64_t zone, kernels::Bitset& rows) {
    const int64_t end = std::min((zone + 1) * kZoneWords, rows.num_words());
    std::fill(rows.words() + zone * kZoneWords, rows.words() + end, 0);
  }

  // Takes out the rows of zones where nothing passes; says in which everything does.
  std::vector<uint8_t> AskZones() {
    std::vector<const storage::ZoneMap*> maps;
    for (const FieldUse& field : plan_.fields) {
      const storage::ZoneMap* map = source_.Zones(field.id);
      const bool fits = map != nullptr && map->zone_rows == storage::kZoneRows;
      maps.push_back(fits && !map->zones.empty() ? map : nullptr);
    }
    const int64_t num_zones = (source_.num_rows() + storage::kZoneRows - 1) / storage::kZoneRows;
    std::vector<uint8_t> settled(static_cast<size_t>(num_zones), 0);
    for (int64_t zone = 0; zone < num_zones; ++zone) {
      const Outcomes outcomes = OutcomesOf(*plan_.root, [&](int slot) -> const storage::Zone* {
        return maps[slot] == nullptr ? nullptr : &maps[slot]->zones[zone];
      });
      if (!outcomes.yes) Clear(zone, out_.rows);
      settled[zone] = outcomes.only_yes() ? 1 : 0;
    }
    return settled;
  }

  void AskIndexes(double column_ns, const Cancellation& cancellation) {
    const auto num_rows = static_cast<double>(out_.rows.Count());
    if (num_rows == 0) return;
    ForEachLeaf(*plan_.root, [&](const Node& leaf) {
      std::optional<IndexQuestion> question = QuestionOf(plan_, leaf);
      if (!question.has_value() || cancellation.cancelled()) return;
      const double budget_ns = column_ns + num_rows * question->scan_ns;
      auto answer = source_.AskIndex(*question, budget_ns, cancellation);
      if (!answer.has_value()) return;
      questions_.emplace(&leaf, *std::move(question));
      out_.answers.emplace(&leaf, *std::move(answer));
    });
  }

  // Leaves in `rows` where the node may be TRUE, as far as answers tell.
  void Narrow(const Node& node) {
    if (const auto* conjunction = std::get_if<And>(&node.is)) {
      for (const NodePtr& child : conjunction->children) Narrow(*child);
    }
    const auto answer = out_.answers.find(&node);
    if (answer == out_.answers.end()) return;
    const IndexQuestion& question = questions_.at(&node);
    for (int64_t word = 0; word < out_.rows.num_words(); ++word) {
      const auto& open = answer->second.open;
      out_.rows.words()[word] &= TruthOf(question, answer->second, word) |
                                 (open.has_value() ? open->words()[word] : uint64_t{0});
    }
  }

  void NoteFields() {
    std::set<FieldId> fields;
    ForEachLeaf(*plan_.root, [&](const Node& leaf) {
      const auto answer = out_.answers.find(&leaf);
      if (answer != out_.answers.end() && !LeavesRows(answer->second)) return;
      out_.everywhere |= std::holds_alternative<TextMatch>(leaf.is);
      for (const int slot : SlotsOf(leaf)) fields.insert(plan_.fields[slot].id);
    });
    if (out_.open.view().Count() > 0) out_.fields.assign(fields.begin(), fields.end());
  }

  bool LeavesRows(const IndexAnswer& answer) const {
    if (!answer.open.has_value()) return false;
    kernels::Bitset left = out_.open;
    left.And(answer.open->view());
    return left.Count() > 0;
  }

  const Plan& plan_;
  const ColumnSource& source_;
  std::map<const Node*, IndexQuestion> questions_;
  Foresight out_;
};

}  // namespace

Foresight Foresee(const Plan& plan, const ColumnSource& source, kernels::BitView candidates,
                  double column_ns, const Cancellation& cancellation) {
  return Seer(plan, source, candidates).See(column_ns, cancellation);
}

}  // namespace elanus::expr
