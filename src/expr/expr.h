// Filters: text -> typed plan -> a bit per row.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "common/cancellation.h"
#include "common/status.h"
#include "expr/answer_tally.h"
#include "expr/index_question.h"
#include "expr/json_path.h"
#include "expr/shredded_path.h"
#include "kernels/bitset.h"
#include "kernels/row_set.h"
#include "schema/collection_schema.h"
#include "schema/column.h"
#include "schema/primary_key.h"
#include "storage/column_statistics.h"
#include "storage/zone_map.h"

namespace elanus::text {
struct MatchQuery;
}

namespace elanus::expr {

using storage::ColumnStatistics;

// A value given for a template variable `{name}`.
struct TemplateValue {
  using List = std::vector<TemplateValue>;
  std::variant<std::monostate, bool, int64_t, double, std::string, List> value;
};
using TemplateValues = std::map<std::string, TemplateValue, std::less<>>;

struct CompileOptions {
  bool reports_30 = false;  // Semantics of the 3.0 line where the two lines differ (query.md 2.1).
  int max_depth = 256;      // Nesting; deeper filters are refused.
  size_t max_length = 16 << 20;  // Bytes: a delete by keys names them all.
  absl::TimeZone zone;           // Of times without offset; UTC.
};

class Plan;  // Immutable, type-checked; see expr/plan.h.
using PlanPtr = std::shared_ptr<const Plan>;

// Parses and type-checks a filter against a schema. An empty (or blank) text gives a plan that is
// always true. Errors: kParameterInvalid with "cannot parse expression: <text>, error: <gist>", the
// gist pointing at the column where there is one. The caller adds "failed to create query plan".
absl::StatusOr<PlanPtr> Compile(std::string_view text, const schema::CollectionSchema& schema,
                                const TemplateValues& values = {},
                                const CompileOptions& options = {});

// Where a filter's columns come from. `segment` implements it.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  virtual int64_t num_rows() const = 0;
  // How many rows from `begin` on lie in one piece for every field. At least 1 below num_rows();
  // pieces begin at multiples of 64.
  virtual int64_t ContiguousRows(int64_t begin) const = 0;
  // Rows [begin, begin + count) of a field, which lie in one piece; `begin` is a multiple of 64.
  // Fields added after these rows were written come as their default or null.
  virtual schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const = 0;
  // The range of values in each run of rows of a field. Null if that is not kept.
  virtual const storage::ZoneMap* Zones(FieldId) const { return nullptr; }
  // The column that stands for a path of a JSON field, or for the longest beginning of it that has
  // one. Its views hold as long as the source.
  virtual ShreddedPrefix Shredded(FieldId, const JsonPath&) const { return {}; }
  // How the field's values are spread. Null if that is not known.
  virtual std::shared_ptr<const ColumnStatistics> Statistics(FieldId) const { return nullptr; }
  // The rows whose text passes, as an index of the field knows them: num_rows() bits, and any for
  // null rows; some are missing if `cancellation` says so. Nothing without index: then rows are
  // analysed one by one.
  virtual std::optional<kernels::Bitset> MatchText(FieldId, const text::MatchQuery&,
                                                   const Cancellation&) const {
    return std::nullopt;
  }
  // Whether it is worth asking the next two anything.
  virtual bool has_indexes() const { return false; }
  // What an index says of all rows, if there is one that knows and takes no more than `budget_ns`
  // (about nanoseconds).
  virtual std::optional<IndexAnswer> AskIndex(const IndexQuestion&, double /*budget_ns*/,
                                              const Cancellation&) const {
    return std::nullopt;
  }
  // What an index would say of the rows that pass, if one knows within `budget_ns` and the question
  // is about nothing else (IndexQuestion::is_plain).
  virtual std::optional<IndexOffer> OfferRows(const IndexQuestion&, double /*budget_ns*/,
                                              const Cancellation&) const {
    return std::nullopt;
  }
};

struct EvaluationTrace;  // expr/evaluation_trace.h
struct Node;             // expr/plan.h

struct EvaluateOptions {
  EvaluationTrace* trace = nullptr;  // Filled if given; timing every step costs a little.
  // Asked now and then, at first with nothing: whether what passes of rows [0, end), which is
  // settled, is all that the caller wants. If so the rest is not looked at and comes as 0.
  std::function<bool(const kernels::Bitset& passing, int64_t end)> enough;
  AnswerTally* tally = nullptr;  // Added to if given.
  // What indexes said before (expr/foresight.h); may be null. Outlives the call.
  const std::map<const Node*, IndexAnswer>* answers = nullptr;
};

// The rows of `source` where the plan is TRUE (not UNKNOWN), of those set in `candidates` (empty =
// all); others need not be evaluated.
absl::StatusOr<kernels::RowSet> Evaluate(const Plan& plan, const ColumnSource& source,
                                         kernels::BitView candidates,
                                         const Cancellation& cancellation,
                                         const EvaluateOptions& options = {});
// The same as bits; out.size() must be source.num_rows().
absl::Status Evaluate(const Plan& plan, const ColumnSource& source, kernels::BitView candidates,
                      kernels::Bitset& out, const Cancellation& cancellation,
                      const EvaluateOptions& options = {});

// What the caller wants to know of a plan.
bool IsAlwaysTrue(const Plan& plan);
// True for an empty filter and for one of constants alone (`1 == 1`): nothing that a row could
// fail. A filter that every row happens to pass, such as `int8_field < 1000`, does name a field.
bool NamesNoField(const Plan& plan);
bool IsAlwaysFalse(const Plan& plan);
bool Samples(const Plan& plan);  // Keeps a random part of what passes.
// The keys, if the whole filter is `pk == v` or `pk in [...]`; in the order given, repeats kept.
std::optional<std::vector<schema::PrimaryKey>> ExactPrimaryKeys(const Plan& plan);
// Values that the field must have in every matching row (`f == v`, `f in [...]`, and-ed with
// anything, or-ed when both sides restrict it); nothing if the filter does not restrict it.
std::optional<std::vector<schema::PrimaryKey>> RequiredValues(const Plan& plan, FieldId field);
// Field ids the plan reads.
std::vector<FieldId> FieldsOf(const Plan& plan);
// The paths of JSON fields that the plan reads, of each field that is read by paths alone.
std::map<FieldId, std::vector<JsonPath>> JsonPathsOf(const Plan& plan);
// A normal form of the plan as text, for logs, tests and explain.
std::string DebugString(const Plan& plan);

}  // namespace elanus::expr
