#include "segment/scalar_indexes.h"

#include "common/logging.h"

namespace elanus::segment {
namespace {

bool IsAbout(const LoadedScalarIndex& loaded, const expr::IndexQuestion& question) {
  if (loaded.field != question.field || loaded.elements != question.elements) return false;
  if (question.path == nullptr) return !loaded.path.has_value();
  return loaded.path.has_value() && *loaded.path == *question.path;
}

}  // namespace

void ScalarIndexes::Set(IndexId id, Ptr index) {
  absl::MutexLock lock(&mutex_);
  if (index == nullptr) {
    indexes_.erase(id);
  } else {
    indexes_[id] = std::move(index);
  }
}

std::string ScalarIndexes::KeyOf(IndexId id) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto it = indexes_.find(id);
  return it == indexes_.end() ? "" : it->second->key;
}

bool ScalarIndexes::empty() const {
  absl::ReaderMutexLock lock(&mutex_);
  return indexes_.empty();
}

void ScalarIndexes::Keep(const std::set<IndexId>& ids) {
  absl::MutexLock lock(&mutex_);
  std::erase_if(indexes_, [&](const auto& entry) { return !ids.contains(entry.first); });
}

int64_t ScalarIndexes::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  int64_t bytes = 0;
  for (const auto& [id, loaded] : indexes_) bytes += loaded->index->memory_bytes();
  return bytes;
}

std::map<IndexId, ScalarIndexes::Ptr> ScalarIndexes::About(
    const expr::IndexQuestion& question) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::map<IndexId, Ptr> out;
  for (const auto& [id, loaded] : indexes_) {
    if (IsAbout(*loaded, question)) out.emplace(id, loaded);
  }
  return out;
}

void ScalarIndexes::NoteDamage(IndexId id, const LoadedScalarIndex& loaded,
                               const absl::Status& damage) {
  // A disk that did not answer may answer the next time.
  if (CodeOf(damage) != ErrorCode::kDataIntegrity) return;
  Set(id, nullptr);
  if (loaded.on_damage) loaded.on_damage(damage);
}

std::optional<ScalarIndexes::Choice> ScalarIndexes::Choose(const expr::IndexQuestion& question,
                                                           double budget_ns) {
  std::optional<Choice> best;
  for (const auto& [id, loaded] : About(question)) {
    for (const index::ScalarQuery& query : question.queries) {
      auto plan = loaded->index->Plan(query, best ? best->plan.cost_ns : budget_ns);
      if (!plan.ok()) {
        ELANUS_LOG_EVERY(10, Warn, "scalar index cannot be read; its column is read instead",
                         Field("index", id.value()), Field("reason", plan.status()));
        NoteDamage(id, *loaded, plan.status());
        break;
      }
      // What is not there, or only perhaps there, says nothing of the other rows.
      if (!plan->has_value() || (question.negated && !(*plan)->exact)) continue;
      best = {id, loaded, &query, *std::move(*plan)};
    }
  }
  return best;
}

std::optional<expr::IndexAnswer> ScalarIndexes::Ask(const expr::IndexQuestion& question,
                                                    double budget_ns,
                                                    const Cancellation& cancellation) {
  const std::optional<Choice> choice = Choose(question, budget_ns);
  if (!choice.has_value()) return std::nullopt;
  const index::ScalarIndex& index = *choice->loaded->index;
  absl::StatusOr<kernels::Bitset> rows = index.Rows(*choice->query, choice->plan, cancellation);
  if (!rows.ok()) {
    NoteDamage(choice->id, *choice->loaded, rows.status());
    return std::nullopt;
  }
  expr::IndexAnswer answer;
  answer.index = choice->loaded;
  answer.by = choice->loaded->name;
  answer.absent = index.absent();
  if (choice->plan.exact) {
    answer.found = *std::move(rows);
  } else {
    answer.found = kernels::Bitset(index.num_rows());
    answer.open = *std::move(rows);
  }
  if (index.odd() != nullptr) {
    if (!answer.open.has_value()) answer.open.emplace(index.num_rows());
    answer.open->Or(index.odd()->view());
  }
  return answer;
}

std::optional<int64_t> ScalarIndexes::EstimateRows(const expr::IndexQuestion& question,
                                                   double budget_ns) {
  const std::optional<Choice> choice = Choose(question, budget_ns);
  if (!choice.has_value()) return std::nullopt;
  const index::ScalarIndex& index = *choice->loaded->index;
  int64_t rows = std::min(static_cast<int64_t>(choice->plan.num_entries), index.num_rows());
  if (question.negated) rows = index.num_rows() - rows;
  return rows;
}

}  // namespace elanus::segment
