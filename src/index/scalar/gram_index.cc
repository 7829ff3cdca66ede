// N-grams of the texts, each with the rows whose text has it: candidates for patterns.
#include <algorithm>

#include "index/scalar/scalar_structures.h"

namespace elanus::index {
namespace {

// Rare grams say most; a mask is made for each.
constexpr size_t kGramsMax = 4;

class GramIndex final : public ScalarIndexBase {
 public:
  GramIndex(ScalarFilePtr file, std::unique_ptr<const ScalarKeys> keys, const RowLists& lists)
      : ScalarIndexBase(std::move(file)), keys_(std::move(keys)), lists_(lists) {}

  absl::StatusOr<std::optional<ScalarPlan>> PlanFor(const ScalarQuery& query,
                                                    double budget_ns) const override {
    const ScalarCosts costs = ScalarCosts::Of(*file_);
    const std::vector<ScalarKey> grams = GramsOf(query);
    const double mask_ns = costs.mask_row_ns * static_cast<double>(num_rows());
    ScalarPlan plan;
    plan.exact = IsOneGram(query);
    plan.cost_ns = costs.locate_ns * static_cast<double>(grams.size()) + mask_ns;
    if (grams.empty() || plan.cost_ns > budget_ns) return std::nullopt;
    if (query.passes == nullptr && !plan.exact) return std::nullopt;
    struct Gram {
      uint64_t key, entries;
    };
    std::vector<Gram> found;
    Scratch scratch;
    for (const ScalarKey& gram : grams) {
      ELANUS_ASSIGN_OR_RETURN(const auto place, keys_->Locate(gram, scratch));
      if (!place.equal) return plan;  // No row has it: no range, no rows.
      ELANUS_ASSIGN_OR_RETURN(const uint64_t before, lists_.EntriesBefore(place.ordinal, scratch));
      ELANUS_ASSIGN_OR_RETURN(const uint64_t after,
                              lists_.EntriesBefore(place.ordinal + 1, scratch));
      found.push_back({place.ordinal, after - std::min(before, after)});
    }
    std::sort(found.begin(), found.end(),
              [](const Gram& a, const Gram& b) { return a.entries < b.entries; });
    found.resize(std::min(found.size(), kGramsMax));
    plan.num_entries = found.front().entries;
    // Candidates are read again from the column.
    const double column_ns = plan.exact ? 0 : kCandidateNs * static_cast<double>(plan.num_entries);
    for (const Gram& gram : found) {
      const double gram_ns = costs.entry_ns * static_cast<double>(gram.entries) + mask_ns;
      if (!plan.ranges.empty() && gram_ns > column_ns) break;
      plan.ranges.push_back({gram.key, gram.key + 1});
      plan.cost_ns += gram_ns;
    }
    plan.cost_ns += column_ns;
    if (plan.cost_ns > budget_ns) return std::nullopt;
    return plan;
  }

  absl::StatusOr<kernels::RowSet> Find(const ScalarQuery&, const ScalarPlan& plan,
                                       const Cancellation& cancellation) const override {
    kernels::RowSet rows(num_rows());
    for (size_t i = 0; i < plan.ranges.size(); ++i) {
      const std::span<const KeyRange> gram(&plan.ranges[i], 1);
      // The first one is the rarest.
      const uint64_t entries = i == 0 ? plan.num_entries : file_->facts().num_entries;
      ELANUS_ASSIGN_OR_RETURN(kernels::RowSet more, lists_.Rows(gram, entries, cancellation));
      if (i == 0) {
        rows = std::move(more);
      } else {
        rows.And(more);
      }
    }
    return rows;
  }

  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this)) + file_->memory_bytes() + keys_->memory_bytes();
  }

 private:
  // A text of the column that is read alone: a miss of the cache, and the test.
  static constexpr double kCandidateNs = 200;

  // Rows pass if their text has this gram.
  bool IsOneGram(const ScalarQuery& query) const {
    const ScalarFacts& facts = file_->facts();
    return query.kind == ScalarQuery::Kind::kTexts && query.passes == nullptr &&
           query.parts.size() == 1 && query.parts[0].size() >= facts.min_gram &&
           query.parts[0].size() <= facts.max_gram;
  }

  // The longest grams of the index that every passing text has. None: the index cannot help.
  std::vector<ScalarKey> GramsOf(const ScalarQuery& query) const {
    std::vector<ScalarKey> grams;
    if (query.kind != ScalarQuery::Kind::kTexts) return grams;
    for (const std::string& part : query.parts) {
      if (part.size() < file_->facts().min_gram) continue;
      const size_t size = std::min<size_t>(part.size(), file_->facts().max_gram);
      for (size_t at = 0; at + size <= part.size(); ++at) {
        grams.emplace_back(part.substr(at, size));
      }
    }
    std::sort(grams.begin(), grams.end());
    grams.erase(std::unique(grams.begin(), grams.end()), grams.end());
    return grams;
  }

  const std::unique_ptr<const ScalarKeys> keys_;
  const RowLists lists_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenGramIndex(ScalarFilePtr file) {
  ELANUS_ASSIGN_OR_RETURN(auto keys, ScalarKeys::Open(*file));
  ELANUS_ASSIGN_OR_RETURN(const RowLists lists, RowLists::Open(*file));
  const ScalarFacts& facts = file->facts();
  if (facts.key_type != static_cast<uint32_t>(schema::DataType::kVarChar) || facts.min_gram == 0 ||
      facts.min_gram > facts.max_gram) {
    return ScalarFile::Damaged("the sizes of its grams");
  }
  return std::make_unique<GramIndex>(std::move(file), std::move(keys), lists);
}

}  // namespace elanus::index
