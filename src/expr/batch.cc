#include "expr/batch.h"

#include <algorithm>
#include <bit>

#include "expr/indexed_leaf.h"

namespace elanus::expr {
namespace {

// 32 B each: 4 MB for the JSON values of a batch, however many paths there are.
constexpr int64_t kMaxJsonValues = int64_t{1} << 17;

// Fewer rows are tested in the time that choosing an order takes.
constexpr int64_t kRowsWorthAnOrder = 16384;

JsonValue ValueAt(const schema::ColumnView& column, int64_t row) {
  JsonValue value;
  switch (column.type.type) {
    case schema::DataType::kBool:
      value.type = JsonType::kBool;
      value.boolean = column.Value<uint8_t>(row) != 0;
      break;
    case schema::DataType::kInt64:
      value.type = JsonType::kInt;
      value.integer = column.Value<int64_t>(row);
      break;
    case schema::DataType::kDouble:
      value.type = JsonType::kDouble;
      value.number = column.Value<double>(row);
      break;
    case schema::DataType::kVarChar:
      value.type = JsonType::kString;
      value.text = column.Bytes(row);
      break;
    default:
      JsonCursor(column.Bytes(row)).Read(value);
      break;
  }
  return value;
}

}  // namespace

// A path of the plan that the source keeps as a column.
struct Batch::Shredded {
  std::shared_ptr<const ShreddedPath> path;
  int slot = 0;        // In fields_.
  JsonPathTree below;  // One path, if the plan's goes on inside the column's values.
  std::vector<JsonValue> values;
  Words found{};
};

Batch::Batch(const Plan& plan, const ColumnSource& source, const Cancellation& cancellation,
             const EvaluateOptions& options, const Narrowing* narrowing)
    : plan_(plan),
      source_(source),
      cancellation_(cancellation),
      has_indexes_(source.has_indexes()),
      trace_(options.trace),
      tally_(options.tally),
      answers_(options.answers),
      narrowing_(narrowing),
      fields_(plan.fields.size()),
      known_(plan.num_shared),
      noted_(plan.num_nodes) {
  int64_t paths = 1;
  for (size_t slot = 0; slot < plan.fields.size(); ++slot) {
    paths += plan.fields[slot].paths.num_paths();
    const storage::ZoneMap* const zones = source.Zones(plan.fields[slot].id);
    if (zones != nullptr && zones->zone_rows == storage::kZoneRows && !zones->zones.empty()) {
      fields_[slot].zones = zones;
    }
  }
  FindShredded();
  if (trace_ != nullptr || (plan.has_choice && source.num_rows() >= kRowsWorthAnOrder)) {
    ChooseOrder();
  }
  if (trace_ != nullptr) {
    trace_->nodes.resize(plan.num_nodes);
    trace_->order = order_;
  }
  if (narrowing_ != nullptr) NoteNarrowing();
  max_rows_ = std::clamp<int64_t>(kMaxJsonValues / paths / 64 * 64, 64, kBatchRows);
}

Batch::~Batch() {
  if (tally_ != nullptr) AddToTally();
}

void Batch::NoteNarrowing() {
  for (const Narrowing::Answer& answer : narrowing_->answers) {
    const int id = answer.leaf->id;
    index_of_[id] = TypeOfIndex(answer.by);
    if (trace_ == nullptr) continue;
    NodeTrace& trace = trace_->nodes[id];
    trace.index = answer.by;
    trace.nanoseconds = answer.nanoseconds;
    trace.rows_asked = source_.num_rows();
    trace.rows_true = answer.num_rows;
  }
}

void Batch::AddToTally() const {
  constexpr std::pair<AnsweredBy, const char*> kNames[] = {
      {AnsweredBy::kColumn, "column"},
      {AnsweredBy::kZones, "zones"},
      {AnsweredBy::kShredded, "shredded_column"}};
  for (size_t id = 0; id < noted_.size(); ++id) {
    for (const auto& [by, name] : kNames) {
      if ((noted_[id] >> static_cast<uint8_t>(by) & 1) != 0) ++(*tally_)[name];
    }
  }
  for (const auto& [id, type] : index_of_) ++(*tally_)[type];
}

void Batch::Move(int64_t begin, int64_t count) {
  begin_ = begin;
  count_ = count;
  for (Field& field : fields_) {
    field.loaded = false;
    field.found.fill(0);
  }
  for (const auto& shredded : shredded_) shredded->found.fill(0);
  for (Known& known : known_) known.rows.fill(0);
}

void Batch::ChooseOrder() {
  std::vector<std::shared_ptr<const ColumnStatistics>> statistics;
  bool any = false;
  for (const FieldUse& field : plan_.fields) {
    any |= statistics.emplace_back(source_.Statistics(field.id)) != nullptr;
  }
  if (!any && trace_ == nullptr) return;
  order_ = expr::OrderOf(plan_, [&](int slot) { return statistics[slot].get(); });
}

const std::vector<int>& Batch::OrderOf(int id) const {
  static const std::vector<int> kAsTheyStand;
  return order_.children.empty() ? kAsTheyStand : order_.children[id];
}

Batch::Known& Batch::KnownOf(int shared) {
  return known_[shared];
}

const schema::ColumnView& Batch::Column(int slot) {
  Field& field = fields_[slot];
  if (!field.loaded) {
    field.view = field.column != nullptr ? field.column->values.Slice(begin_, count_)
                                         : source_.Rows(plan_.fields[slot].id, begin_, count_);
    field.loaded = true;
  }
  return field.view;
}

Outcomes Batch::OutcomesOf(const Node& node) const {
  const auto zone = [&](int slot) -> const storage::Zone* {
    const storage::ZoneMap* const zones = fields_[slot].zones;
    return zones == nullptr ? nullptr : &zones->zones[begin_ / storage::kZoneRows];
  };
  return expr::OutcomesOf(node, zone);
}

const JsonValue* Batch::Json(int slot, int path, const Words& rows) {
  Field& field = fields_[slot];
  if (Shredded* const shredded = field.shredded[path]) return ReadShredded(*shredded, rows);
  Column(slot);
  if (field.values.empty()) {
    field.values.resize(plan_.fields[slot].paths.num_paths() * max_rows_);
  }
  for (int64_t word = 0; word < num_words(); ++word) {
    const uint64_t wanted = rows[word] & RowsOfWord(word) & ~field.found[word];
    if (wanted == 0) continue;
    if (cancelled()) break;
    FindPaths(slot, field, word, wanted);
    field.found[word] |= wanted;
  }
  return field.values.data() + path * max_rows_;
}

void Batch::FindShredded() {
  for (size_t slot = 0; slot < plan_.fields.size(); ++slot) {
    const FieldUse& use = plan_.fields[slot];
    fields_[slot].shredded.resize(use.paths.num_paths());
    for (int path = 0; path < use.paths.num_paths(); ++path) {
      const JsonPath& steps = use.paths.path(path);
      ShreddedPrefix found = source_.Shredded(use.id, steps);
      if (found.path == nullptr) continue;
      auto shredded = std::make_unique<Shredded>();
      shredded->path = std::move(found.path);
      shredded->slot = static_cast<int>(fields_.size());
      if (found.num_steps < steps.size()) {
        shredded->below.Add({steps.begin() + static_cast<int64_t>(found.num_steps), steps.end()});
      }
      Field& column = fields_.emplace_back();
      column.column = shredded->path.get();
      const storage::ZoneMap* const zones = shredded->path->zones;
      if (zones != nullptr && zones->zone_rows == storage::kZoneRows && !zones->zones.empty()) {
        column.zones = zones;
      }
      fields_[slot].shredded[path] = shredded.get();
      shredded_.push_back(std::move(shredded));
    }
  }
}

Batch::Shredded* Batch::ShreddedOf(const Operand& operand) const {
  return fields_[operand.slot].shredded[operand.path];
}

const Batch::ShreddedUse* Batch::ShreddedUseOf(const Node& node) {
  if (shredded_.empty()) return nullptr;
  const auto [found, added] = shredded_uses_.try_emplace(&node);
  if (added) {
    const Operand* const operand = JsonOperandOf(node);
    const Shredded* const shredded = operand != nullptr ? ShreddedOf(*operand) : nullptr;
    if (shredded != nullptr) {
      ShreddedUse& use = found->second.emplace();
      if (shredded->below.num_paths() == 0) {
        use.leaf = ShreddedLeafOf(plan_, node, shredded->path->values.type.type, shredded->slot);
      }
      if (shredded->path->others.has_value()) use.others = &*shredded->path->others;
    }
  }
  return found->second.has_value() ? &*found->second : nullptr;
}

const JsonValue* Batch::ReadShredded(Shredded& shredded, const Words& rows) {
  shredded.values.resize(kBatchRows);
  const schema::ColumnView& column = Column(shredded.slot);
  const auto& others = shredded.path->others;
  for (int64_t word = 0; word < num_words(); ++word) {
    uint64_t wanted = rows[word] & RowsOfWord(word) & ~shredded.found[word];
    shredded.found[word] |= wanted;
    for (; wanted != 0; wanted &= wanted - 1) {
      const int64_t row = word * 64 + std::countr_zero(wanted);
      JsonValue& value = shredded.values[row];
      value = JsonValue();
      if (column.IsValid(row)) {
        value = ValueAt(column, row);
      } else if (others.has_value() && others->IsValid(begin_ + row)) {
        value = ValueAt(*others, begin_ + row);
      }
      if (shredded.below.num_paths() == 0) continue;
      const bool inside = value.type == JsonType::kArray || value.type == JsonType::kObject;
      const std::string_view text = inside ? value.text : std::string_view();
      shredded.below.Find(text, &value, 1);
    }
  }
  return shredded.values.data();
}

const kernels::Bitset* Batch::TextMatches(const TextMatch& node) {
  const auto [found, added] = text_matches_.try_emplace(&node);
  if (added) {
    found->second =
        source_.MatchText(plan_.fields[node.operand.slot].id, node.query, cancellation_);
  }
  return found->second.has_value() ? &*found->second : nullptr;
}

bool Batch::AnswerByIndex(const Node& node, const Words& rows, Mask& out, Words* open) {
  if (!has_indexes_ || (narrowing_ != nullptr && narrowing_->HasAsked(node))) return false;
  const bool shredded = ShreddedUseOf(node) != nullptr;
  const auto [leaf, added] = indexed_leaves_.try_emplace(&node, plan_, node, shredded);
  if (added && answers_ != nullptr) {
    const auto known = answers_->find(&node);
    if (known != answers_->end()) leaf->second.Know(known->second);
  }
  const IndexAnswer* answer = leaf->second.Answer(*this, source_, rows, cancellation_);
  if (answer == nullptr) return false;
  if (NodeTrace* trace = TraceOf(node.id)) trace->index = answer->by;
  if (tally_ != nullptr) {
    const auto [noted, first] = index_of_.try_emplace(node.id);
    if (first) noted->second = TypeOfIndex(answer->by);
  }
  ApplyAnswer(leaf->second.question(), *answer, *this, rows, out, open);
  return true;
}

const IndexedLeaf* Batch::WholeAnswer() const {
  if (indexed_leaves_.empty()) return nullptr;
  const auto root = indexed_leaves_.find(plan_.root.get());
  if (root == indexed_leaves_.end()) return nullptr;
  const IndexAnswer* const answer = root->second.answer();
  return answer != nullptr && !answer->open.has_value() ? &root->second : nullptr;
}

geometry::SpatialTest& Batch::SpatialTestOf(const geometry::SpatialQuery& query) {
  return spatial_tests_.try_emplace(&query, query).first->second;
}

void Batch::FindPaths(int slot, Field& field, int64_t word, uint64_t rows) {
  const JsonPathTree& paths = plan_.fields[slot].paths;
  for (; rows != 0; rows &= rows - 1) {
    const int64_t row = word * 64 + std::countr_zero(rows);
    const std::string_view json =
        field.view.IsValid(row) ? field.view.Bytes(row) : std::string_view();
    paths.Find(json, field.values.data() + row, max_rows_);
  }
}

}  // namespace elanus::expr
