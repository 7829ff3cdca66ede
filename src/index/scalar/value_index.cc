// Values in their order, each with its rows.
#include <algorithm>
#include <limits>

#include "index/scalar/scalar_structures.h"

namespace elanus::index {
namespace {

class ValueIndex final : public ScalarIndexBase {
 public:
  ValueIndex(ScalarFilePtr file, std::unique_ptr<const ScalarKeys> keys, const RowLists& lists)
      : ScalarIndexBase(std::move(file)), keys_(std::move(keys)), lists_(lists) {}

  absl::StatusOr<std::optional<ScalarPlan>> PlanFor(const ScalarQuery& query,
                                                    double budget_ns) const override {
    const ScalarCosts costs = ScalarCosts::Of(*file_);
    const double mask_ns = costs.mask_row_ns * static_cast<double>(num_rows());
    ScalarPlan plan;
    plan.cost_ns = LookUpCost(query, costs);
    if (!Takes(query) || plan.cost_ns > budget_ns) return std::nullopt;
    Scratch scratch;
    switch (query.kind) {
      case ScalarQuery::Kind::kAnyOf:
      case ScalarQuery::Kind::kAllOf:
        for (const ScalarKey& key : query.keys) {
          ELANUS_ASSIGN_OR_RETURN(const auto place, keys_->Locate(key, scratch));
          // An empty range stands for a key that is not there.
          plan.ranges.push_back({place.ordinal, place.ordinal + (place.equal ? 1 : 0)});
        }
        break;
      case ScalarQuery::Kind::kInterval: {
        ELANUS_ASSIGN_OR_RETURN(const KeyRange range, Between(query, scratch));
        plan.ranges.push_back(range);
        break;
      }
      case ScalarQuery::Kind::kTexts: {
        ELANUS_ASSIGN_OR_RETURN(const KeyRange range, Between(query, scratch));
        plan.cost_ns += costs.text_ns * static_cast<double>(range.end - range.begin);
        if (plan.cost_ns > budget_ns) return std::nullopt;
        ELANUS_RETURN_IF_ERROR(AddPassing(query, range, plan.ranges));
        break;
      }
      case ScalarQuery::Kind::kExists:
      case ScalarQuery::Kind::kBox:
        return std::nullopt;
    }
    for (const KeyRange& range : plan.ranges) {
      if (range.begin >= range.end) continue;
      ELANUS_ASSIGN_OR_RETURN(const uint64_t before, lists_.EntriesBefore(range.begin, scratch));
      ELANUS_ASSIGN_OR_RETURN(const uint64_t after, lists_.EntriesBefore(range.end, scratch));
      plan.num_entries += after - std::min(before, after);
    }
    plan.cost_ns += costs.entry_ns * static_cast<double>(plan.num_entries);
    if (!lists_.GiveList(plan.ranges, plan.num_entries)) plan.cost_ns += mask_ns;
    if (query.kind == ScalarQuery::Kind::kAllOf) {
      plan.cost_ns += mask_ns * static_cast<double>(query.keys.size() - 1);
    }
    if (plan.cost_ns > budget_ns) return std::nullopt;
    return plan;
  }

  absl::StatusOr<kernels::RowSet> Find(const ScalarQuery& query, const ScalarPlan& plan,
                                       const Cancellation& cancellation) const override {
    if (query.kind != ScalarQuery::Kind::kAllOf) {
      return lists_.Rows(plan.ranges, plan.num_entries, cancellation);
    }
    std::optional<kernels::RowSet> rows;
    for (const KeyRange& key : plan.ranges) {
      ELANUS_ASSIGN_OR_RETURN(const kernels::RowSet more,
                              lists_.Rows({&key, 1}, plan.num_entries, cancellation));
      if (rows.has_value()) {
        rows->And(more);
      } else {
        rows = more;
      }
    }
    return *std::move(rows);
  }

  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this)) + file_->memory_bytes() + keys_->memory_bytes();
  }

 private:
  bool Takes(const ScalarQuery& query) const {
    if (query.kind == ScalarQuery::Kind::kTexts &&
        (key_type() != schema::DataType::kVarChar || query.passes == nullptr)) {
      return false;
    }
    if (query.kind == ScalarQuery::Kind::kAllOf && query.keys.empty()) return false;
    for (const ScalarKey& key : query.keys) {
      if (!keys_->Takes(key)) return false;
    }
    for (const auto* bound : {&query.lower, &query.upper}) {
      if (bound->has_value() && !keys_->Takes((*bound)->key)) return false;
    }
    return true;
  }

  double LookUpCost(const ScalarQuery& query, const ScalarCosts& costs) const {
    const size_t look_ups =
        query.keys.size() + (query.lower.has_value() ? 1 : 0) + (query.upper.has_value() ? 1 : 0);
    return costs.locate_ns * static_cast<double>(look_ups);
  }

  absl::StatusOr<KeyRange> Between(const ScalarQuery& query, Scratch& scratch) const {
    KeyRange range{0, file_->facts().num_keys};
    if (query.lower.has_value()) {
      ELANUS_ASSIGN_OR_RETURN(const auto place, keys_->Locate(query.lower->key, scratch));
      range.begin = place.ordinal + (place.equal && !query.lower->inclusive ? 1 : 0);
    }
    if (query.upper.has_value()) {
      ELANUS_ASSIGN_OR_RETURN(const auto place, keys_->Locate(query.upper->key, scratch));
      range.end = place.ordinal + (place.equal && query.upper->inclusive ? 1 : 0);
    }
    range.begin = std::min(range.begin, range.end);
    return range;
  }

  // The texts that pass; neighbours in one range.
  absl::Status AddPassing(const ScalarQuery& query, const KeyRange& among,
                          std::vector<KeyRange>& ranges) const {
    return keys_->ForEachText(among.begin, among.end, [&](uint64_t ordinal, std::string_view text) {
      if (!query.passes(text)) return true;
      if (ranges.empty() || ranges.back().end != ordinal) {
        ranges.push_back({ordinal, ordinal});
      }
      ++ranges.back().end;
      return true;
    });
  }

  const std::unique_ptr<const ScalarKeys> keys_;
  const RowLists lists_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenValueIndex(ScalarFilePtr file) {
  ELANUS_ASSIGN_OR_RETURN(auto keys, ScalarKeys::Open(*file));
  ELANUS_ASSIGN_OR_RETURN(const RowLists lists, RowLists::Open(*file));
  return std::make_unique<ValueIndex>(std::move(file), std::move(keys), lists);
}

}  // namespace elanus::index
