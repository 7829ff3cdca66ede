#include "segment/scalar_indexes.h"

#include "common/logging.h"
#include "expr/json_paths.h"
#include "segment/read_until.h"

namespace elanus::segment {
namespace {

// A look-up whose blocks are away waits for the store a few times.
constexpr double kAwayNs = 30e6;

bool AsksExistence(const expr::IndexQuestion& question) {
  return !question.queries.empty() &&
         question.queries.front().kind == index::ScalarQuery::Kind::kExists;
}

// Rows without a value of the index's type may have one of another.
bool LeavesOtherTypes(const LoadedScalarIndex& loaded, const expr::IndexQuestion& question) {
  return AsksExistence(question) && loaded.path.has_value() && !loaded.all_paths;
}

absl::StatusOr<std::shared_ptr<const index::ScalarIndex>> IndexFor(
    const LoadedScalarIndex& loaded, const expr::IndexQuestion& question,
    const Cancellation& cancellation) {
  if (!loaded.all_paths) return loaded.index.Get(cancellation);
  ELANUS_ASSIGN_OR_RETURN(auto paths, loaded.paths.Get(cancellation));
  return index::PathIndex::At(std::move(paths),
                              {.path = *expr::PlaceBelow(*loaded.path, *question.path),
                               .elements = question.elements,
                               .tells_absent = question.negated || question.missing_unknown});
}

void AddOpen(const index::ScalarRows::Set& rows, int64_t num_rows,
             std::optional<kernels::Bitset>& open) {
  if (rows == nullptr) return;
  if (!open.has_value()) open.emplace(num_rows);
  open->Or(rows->view());
}

}  // namespace

bool IndexSubject::IsOf(const expr::IndexQuestion& question) const {
  if (field != question.field || path.has_value() != (question.path != nullptr)) return false;
  if (all_paths) return expr::PlaceBelow(*path, *question.path).has_value();
  if (question.path != nullptr && *path != *question.path) return false;
  // Whether an array is null is known to the index of its elements; whether there is anything in
  // an array of a document is not.
  const bool whole_array = question.path == nullptr && AsksExistence(question);
  return elements == question.elements || whole_array;
}

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

ScalarIndexes::Ptr ScalarIndexes::Get(IndexId id) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto it = indexes_.find(id);
  return it == indexes_.end() ? nullptr : it->second;
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
  for (const auto& [id, loaded] : indexes_) bytes += loaded->memory_bytes();
  return bytes;
}

std::pair<IndexId, ScalarIndexes::Ptr> ScalarIndexes::TextsOf(FieldId field) const {
  absl::ReaderMutexLock lock(&mutex_);
  for (const auto& [id, loaded] : indexes_) {
    if (loaded->texts && loaded->field == field) return {id, loaded};
  }
  return {};
}

bool ScalarIndexes::HasTexts(FieldId field) const {
  return TextsOf(field).second != nullptr;
}

std::vector<std::pair<IndexId, ScalarIndexes::Ptr>> ScalarIndexes::About(
    const expr::IndexQuestion& question) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<std::pair<IndexId, Ptr>> out;
  for (const auto& [id, loaded] : indexes_) {
    if (!loaded->texts && loaded->IsOf(question)) out.emplace_back(id, loaded);
  }
  return out;
}

absl::Status ScalarIndexes::Try(IndexId id, const LoadedScalarIndex& loaded,
                                const Cancellation& cancellation,
                                absl::FunctionRef<absl::Status()> read) {
  const ReadUntil until(cancellation);
  absl::Status status = read();
  // A disk or store that did not answer may answer the next time.
  if (CodeOf(status) != ErrorCode::kDataIntegrity) return status;
  if (loaded.blocks != nullptr) {
    loaded.blocks->Discard();
    loaded.Forget();
    status = read();
    if (CodeOf(status) != ErrorCode::kDataIntegrity) return status;
  }
  ELANUS_LOG(Error, "scalar index is damaged; its column is read instead",
             Field("index", loaded.name), Field("object", loaded.key), Field("reason", status));
  Set(id, nullptr);
  if (loaded.on_damage) loaded.on_damage(status);
  return status;
}

absl::Status ScalarIndexes::Consider(IndexId id, const Ptr& loaded,
                                     const expr::IndexQuestion& question, double budget_ns,
                                     const Cancellation& cancellation,
                                     std::optional<Choice>& best) {
  ELANUS_ASSIGN_OR_RETURN(const auto index, IndexFor(*loaded, question, cancellation));
  for (const index::ScalarQuery& query : question.queries) {
    ELANUS_ASSIGN_OR_RETURN(auto plan, index->Plan(query, best ? best->plan.cost_ns : budget_ns));
    // What is not there, or only perhaps there, says nothing of the other rows.
    if (!plan.has_value() || (question.negated && !plan->exact)) continue;
    best = {id, loaded, index, &query, *std::move(plan)};
  }
  return absl::OkStatus();
}

std::optional<ScalarIndexes::Choice> ScalarIndexes::Choose(const expr::IndexQuestion& question,
                                                           double budget_ns,
                                                           const Cancellation& cancellation) {
  std::optional<Choice> best;
  for (const auto& entry : About(question)) {
    const Ptr& loaded = entry.second;
    if (loaded->blocks != nullptr && budget_ns < kAwayNs && !loaded->blocks->all_here()) continue;
    const absl::Status status = Try(entry.first, *loaded, cancellation, [&] {
      return Consider(entry.first, loaded, question, budget_ns, cancellation, best);
    });
    if (status.ok() || cancellation.cancelled()) continue;
    ELANUS_LOG_EVERY(10, Warn, "scalar index cannot be read; its column is read instead",
                     Field("index", entry.first.value()), Field("reason", status));
  }
  return best;
}

std::optional<expr::IndexAnswer> ScalarIndexes::Ask(const expr::IndexQuestion& question,
                                                    double budget_ns,
                                                    const Cancellation& cancellation) {
  if (question.text != nullptr) return AskTexts(question, cancellation);
  const std::optional<Choice> choice = Choose(question, budget_ns, cancellation);
  if (!choice.has_value()) return std::nullopt;
  const index::ScalarIndex& index = *choice->index;
  index::ScalarRows rows;
  const absl::Status status = Try(choice->id, *choice->loaded, cancellation, [&]() -> absl::Status {
    ELANUS_ASSIGN_OR_RETURN(rows, index.Rows(*choice->query, choice->plan, cancellation));
    return absl::OkStatus();
  });
  if (!status.ok()) return std::nullopt;
  expr::IndexAnswer answer;
  answer.by = choice->loaded->name;
  answer.absent = std::move(rows.absent);
  if (choice->plan.exact) {
    answer.found = std::move(rows.found).ToBits();
  } else {
    answer.found = kernels::Bitset(index.num_rows());
    answer.open = std::move(rows.found).ToBits();
  }
  AddOpen(rows.odd, index.num_rows(), answer.open);
  if (LeavesOtherTypes(*choice->loaded, question)) {
    kernels::Bitset others = answer.found;
    others.Invert();
    if (others.Count() > 0) answer.open = std::move(others);
  }
  return answer;
}

// Whatever it takes: reading texts takes more.
std::optional<expr::IndexAnswer> ScalarIndexes::AskTexts(const expr::IndexQuestion& question,
                                                         const Cancellation& cancellation) {
  const std::pair<IndexId, Ptr> found = TextsOf(question.field);
  if (found.second == nullptr) return std::nullopt;
  const LoadedScalarIndex& loaded = *found.second;
  expr::IndexAnswer answer;
  const absl::Status status = Try(found.first, loaded, cancellation, [&]() -> absl::Status {
    ELANUS_ASSIGN_OR_RETURN(const auto texts, loaded.texts.Get(cancellation));
    ELANUS_ASSIGN_OR_RETURN(auto rows, texts->Match(*question.text, cancellation));
    answer.found = std::move(rows).ToBits();
    answer.absent = texts->absent();
    return absl::OkStatus();
  });
  if (!status.ok()) return std::nullopt;
  answer.by = loaded.name;
  return answer;
}

std::optional<expr::IndexOffer> ScalarIndexes::Offer(const expr::IndexQuestion& question,
                                                     double budget_ns,
                                                     const Cancellation& cancellation) {
  if (question.text != nullptr) return OfferTexts(question, budget_ns, cancellation);
  std::optional<Choice> choice = Choose(question, budget_ns, cancellation);
  if (!choice.has_value() || LeavesOtherTypes(*choice->loaded, question)) return std::nullopt;
  expr::IndexOffer offer{.cost_ns = choice->plan.cost_ns};
  offer.num_rows =
      std::min(static_cast<int64_t>(choice->plan.num_entries), choice->index->num_rows());
  offer.take = [this, choice = *std::move(choice)](const Cancellation& cancellation) {
    return Take(choice, cancellation);
  };
  return offer;
}

std::optional<expr::IndexRows> ScalarIndexes::Take(const Choice& choice,
                                                   const Cancellation& cancellation) {
  index::ScalarRows rows;
  const absl::Status status = Try(choice.id, *choice.loaded, cancellation, [&]() -> absl::Status {
    ELANUS_ASSIGN_OR_RETURN(rows, choice.index->Rows(*choice.query, choice.plan, cancellation));
    return absl::OkStatus();
  });
  if (!status.ok()) return std::nullopt;
  expr::IndexRows out{.rows = std::move(rows.found), .exact = choice.plan.exact};
  if (rows.absent != nullptr) out.rows.AndNot(rows.absent->view());
  if (rows.odd != nullptr) {
    out.rows.Or(kernels::RowSet(*rows.odd));
    out.exact = false;
  }
  out.by = choice.loaded->name;
  return out;
}

std::optional<expr::IndexOffer> ScalarIndexes::OfferTexts(const expr::IndexQuestion& question,
                                                          double budget_ns,
                                                          const Cancellation& cancellation) {
  std::pair<IndexId, Ptr> found = TextsOf(question.field);
  if (found.second == nullptr) return std::nullopt;
  index::TextIndex::Estimate estimate;
  const absl::Status status = Try(found.first, *found.second, cancellation, [&]() -> absl::Status {
    ELANUS_ASSIGN_OR_RETURN(const auto texts, found.second->texts.Get(cancellation));
    ELANUS_ASSIGN_OR_RETURN(estimate, texts->EstimateMatch(*question.text));
    return absl::OkStatus();
  });
  if (!status.ok() || estimate.cost_ns > budget_ns) return std::nullopt;
  expr::IndexOffer offer{.num_rows = estimate.num_rows, .cost_ns = estimate.cost_ns};
  offer.take = [this, &question, found = std::move(found)](const Cancellation& cancellation) {
    return TakeTexts(found.first, found.second, question, cancellation);
  };
  return offer;
}

std::optional<expr::IndexRows> ScalarIndexes::TakeTexts(IndexId id, const Ptr& loaded,
                                                        const expr::IndexQuestion& question,
                                                        const Cancellation& cancellation) {
  expr::IndexRows out;
  const absl::Status status = Try(id, *loaded, cancellation, [&]() -> absl::Status {
    ELANUS_ASSIGN_OR_RETURN(const auto texts, loaded->texts.Get(cancellation));
    ELANUS_ASSIGN_OR_RETURN(out.rows, texts->Match(*question.text, cancellation));
    if (texts->absent() != nullptr) out.rows.AndNot(texts->absent()->view());
    return absl::OkStatus();
  });
  if (!status.ok()) return std::nullopt;
  out.by = loaded->name;
  return out;
}

}  // namespace elanus::segment
