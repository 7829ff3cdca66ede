#include "index/scalar/path_index.h"

#include <limits>

#include "index/scalar/path_keys.h"
#include "index/scalar/scalar_structures.h"

namespace elanus::index {
namespace {

constexpr double kAnyCost = std::numeric_limits<double>::infinity();

ScalarQuery Between(std::string begin, std::string end) {
  return {.kind = ScalarQuery::Kind::kInterval,
          .lower = ScalarBound{std::move(begin), true},
          .upper = ScalarBound{std::move(end), false}};
}

// What keys of one type are called at a path.
struct FactsOf {
  PathFact present, value, element;
};

FactsOf FactsOfKey(const ScalarKey& key) {
  if (std::holds_alternative<int64_t>(key)) {
    return {PathFact::kBool, PathFact::kBoolIs, PathFact::kHasBool};
  }
  if (std::holds_alternative<double>(key)) {
    return {PathFact::kNumber, PathFact::kNumberIs, PathFact::kHasNumber};
  }
  return {PathFact::kText, PathFact::kTextIs, PathFact::kHasText};
}

void AppendValue(const ScalarKey& key, std::string& out) {
  if (const auto* number = std::get_if<double>(&key)) {
    AppendPathNumber(*number, out);
  } else if (const auto* text = std::get_if<std::string>(&key)) {
    out += *text;
  } else {
    out.push_back(static_cast<char>(std::get<int64_t>(key) != 0 ? 1 : 0));
  }
}

}  // namespace

class PathIndex::View final : public ScalarIndex {
 public:
  View(std::shared_ptr<const PathIndex> index, Place place)
      : index_(std::move(index)), values_(*index_->values_), place_(std::move(place)) {}

  absl::StatusOr<std::optional<ScalarPlan>> Plan(const ScalarQuery& query,
                                                 double budget_ns) const override {
    const std::optional<ScalarQuery> about_keys = Translate(query);
    if (!about_keys.has_value()) return std::nullopt;
    ELANUS_ASSIGN_OR_RETURN(auto plan, values_.Plan(*about_keys, budget_ns));
    if (!plan.has_value()) return std::nullopt;
    for (const ScalarQuery& more : Beside(query)) {
      ELANUS_ASSIGN_OR_RETURN(const auto beside, values_.Plan(more, budget_ns - plan->cost_ns));
      if (!beside.has_value()) return std::nullopt;
      if (!AllRows(*beside)) plan->cost_ns += beside->cost_ns;
    }
    return plan;
  }

  absl::StatusOr<ScalarRows> Rows(const ScalarQuery& query, const ScalarPlan& plan,
                                  const Cancellation& cancellation) const override {
    const std::optional<ScalarQuery> about_keys = Translate(query);
    ELANUS_ASSIGN_OR_RETURN(ScalarRows rows, values_.Rows(*about_keys, plan, cancellation));
    rows.absent = nullptr;  // Of the keys: every row of theirs has one.
    if (query.kind == ScalarQuery::Kind::kExists) return rows;
    std::optional<kernels::Bitset> odd;
    if (OddFact(query).has_value()) {
      ELANUS_ASSIGN_OR_RETURN(odd, RowsWith(*OddFact(query), cancellation));
    }
    if (place_.tells_absent) {
      ELANUS_ASSIGN_OR_RETURN(auto absent, RowsWith(PresentFact(query), cancellation));
      if (odd.has_value()) absent.Or(odd->view());
      absent.Invert();
      if (absent.Count() > 0) {
        rows.absent = std::make_shared<const kernels::Bitset>(std::move(absent));
      }
    }
    if (odd.has_value() && odd->Count() > 0) {
      if (rows.odd != nullptr) odd->Or(rows.odd->view());
      rows.odd = std::make_shared<const kernels::Bitset>(*std::move(odd));
    }
    return rows;
  }

  schema::DataType key_type() const override { return schema::DataType::kJson; }
  int64_t num_rows() const override { return values_.num_rows(); }
  int64_t memory_bytes() const override { return 0; }

 private:
  // A key or bound of the query; null if it has none.
  static const ScalarKey* AnyKeyOf(const ScalarQuery& query) {
    static const ScalarKey kText(std::string{});
    if (query.kind == ScalarQuery::Kind::kTexts) return &kText;
    if (!query.keys.empty()) return &query.keys.front();
    if (query.lower.has_value()) return &query.lower->key;
    return query.upper.has_value() ? &query.upper->key : nullptr;
  }

  // The same question about keys. Nothing if it cannot be asked here.
  std::optional<ScalarQuery> Translate(const ScalarQuery& query) const {
    if (query.kind == ScalarQuery::Kind::kExists) {
      return Between(PathKey(place_.path, PathFact::kBool), PathKey(place_.path, PathFact::kArray));
    }
    const ScalarKey* const any = AnyKeyOf(query);
    if (any == nullptr || query.kind == ScalarQuery::Kind::kBox) return std::nullopt;
    if (query.kind == ScalarQuery::Kind::kTexts && query.passes == nullptr) return std::nullopt;
    const FactsOf facts = FactsOfKey(*any);
    const PathFact fact = place_.elements ? facts.element : facts.value;
    const std::string prefix = PathKey(place_.path, fact);
    ScalarQuery out{.kind = query.kind};
    for (const ScalarKey& key : query.keys) {
      if (key.index() != any->index()) return std::nullopt;
      std::string text = prefix;
      AppendValue(key, text);
      out.keys.emplace_back(std::move(text));
    }
    if (!query.keys.empty()) return out;
    out.lower = ScalarBound{prefix, true};
    out.upper = ScalarBound{
        PathKey(place_.path, static_cast<PathFact>(static_cast<uint8_t>(fact) + 1)), false};
    for (const auto& [from, to] :
         {std::pair(&query.lower, &out.lower), {&query.upper, &out.upper}}) {
      if (!from->has_value()) continue;
      if ((*from)->key.index() != any->index()) return std::nullopt;
      std::string text = prefix;
      AppendValue((*from)->key, text);
      *to = ScalarBound{std::move(text), (*from)->inclusive};
    }
    if (query.passes != nullptr) {
      out.passes = [&query, skip = prefix.size()](std::string_view key) {
        return query.passes(key.substr(skip));
      };
    }
    return out;
  }

  // The fact that rows with a value of the query's type have.
  PathFact PresentFact(const ScalarQuery& query) const {
    return place_.elements ? PathFact::kArray : FactsOfKey(*AnyKeyOf(query)).present;
  }
  std::optional<PathFact> OddFact(const ScalarQuery& query) const {
    if (std::holds_alternative<int64_t>(*AnyKeyOf(query))) return std::nullopt;
    return place_.elements ? PathFact::kOddElement : PathFact::kOdd;
  }

  // What has to be looked up besides the query.
  std::vector<ScalarQuery> Beside(const ScalarQuery& query) const {
    std::vector<ScalarQuery> out;
    if (query.kind == ScalarQuery::Kind::kExists) return out;
    if (place_.tells_absent) out.push_back(With(PresentFact(query)));
    if (OddFact(query).has_value()) out.push_back(With(*OddFact(query)));
    return out;
  }

  ScalarQuery With(PathFact fact) const { return {.keys = {PathKey(place_.path, fact)}}; }
  bool AllRows(const ScalarPlan& plan) const {
    return plan.num_entries == static_cast<uint64_t>(num_rows());
  }

  absl::StatusOr<kernels::Bitset> RowsWith(PathFact fact, const Cancellation& cancellation) const {
    const ScalarQuery query = With(fact);
    ELANUS_ASSIGN_OR_RETURN(const auto plan, values_.Plan(query, kAnyCost));
    if (!plan.has_value()) return ScalarFile::Damaged("the type of its keys");
    if (AllRows(*plan)) return kernels::Bitset(num_rows(), true);
    ELANUS_ASSIGN_OR_RETURN(ScalarRows rows, values_.Rows(query, *plan, cancellation));
    return std::move(rows.found).ToBits();
  }

  const std::shared_ptr<const PathIndex> index_;
  const ScalarIndex& values_;
  const Place place_;
};

std::shared_ptr<const ScalarIndex> PathIndex::At(std::shared_ptr<const PathIndex> index,
                                                 Place place) {
  return std::make_shared<const View>(std::move(index), std::move(place));
}

absl::StatusOr<std::unique_ptr<const PathIndex>> PathIndex::Of(
    absl::StatusOr<std::unique_ptr<const ScalarFile>> file) {
  ELANUS_RETURN_IF_ERROR(file.status());
  const ScalarFacts& facts = (*file)->facts();
  if (facts.structure != ScalarStructure::kPaths ||
      facts.key_type != static_cast<uint32_t>(schema::DataType::kVarChar)) {
    return ScalarFile::Damaged("its structure");
  }
  ELANUS_ASSIGN_OR_RETURN(auto values, OpenValueIndex(*std::move(file)));
  return std::unique_ptr<const PathIndex>(new PathIndex(std::move(values)));
}

absl::StatusOr<std::unique_ptr<const PathIndex>> PathIndex::Open(Bytes file, int64_t num_rows) {
  return Of(ScalarFile::Open(file, num_rows));
}

absl::StatusOr<std::unique_ptr<const PathIndex>> PathIndex::Open(
    std::unique_ptr<storage::BlockReader> file, int64_t num_rows) {
  return Of(ScalarFile::Open(std::move(file), num_rows));
}

}  // namespace elanus::index
