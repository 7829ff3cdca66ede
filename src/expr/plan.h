// A filter whose names and types are settled.
//
// Every node is a predicate: TRUE, FALSE or UNKNOWN per row. What differs between the 2.6 and 3.0
// lines is decided here or by `reports_30` in the leaf that evaluates it, never by the caller.
//
// To add a predicate (a geometry test, ...): a struct here and in Node, a case in the
// binder, one in evaluate.cc; the compiler lists the visitors that must say something about it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "expr/json_path.h"
#include "expr/like_pattern.h"
#include "expr/regex_pattern.h"
#include "expr/value.h"
#include "expr/value_set.h"
#include "geometry/spatial_test.h"
#include "schema/collection_schema.h"
#include "schema/primary_key.h"
#include "schema/timestamptz.h"
#include "text/analyzer.h"
#include "text/match_query.h"

namespace elanus::expr {

// A field that the plan reads. Operands name it by its place in Plan::fields, its slot.
struct FieldUse {
  FieldId id;
  std::string name;
  schema::DataType type = schema::DataType::kNone;
  schema::DataType element_type = schema::DataType::kNone;
  bool nullable = false;
  JsonPathTree paths;  // Of a JSON field.
};

enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

enum class ArithmeticOp : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kBitAnd,
  kBitOr,
  kBitXor
};

// operand `op` constant.
struct Arithmetic {
  ArithmeticOp op = ArithmeticOp::kAdd;
  Value constant;
};

// A value per row.
struct Operand {
  enum class Kind : uint8_t {
    kColumn,        // A scalar field.
    kArray,         // A whole ARRAY.
    kArrayElement,  // array[index].
    kArrayLength,
    kJson,        // A path into a JSON field, or the whole of it.
    kJsonLength,  // array_length of such a path.
  };
  Kind kind = Kind::kColumn;
  schema::DataType type = schema::DataType::kNone;  // Of the value; kJson: decided by the row.
  int slot = 0;
  int path = 0;       // kJson, kJsonLength: into FieldUse::paths.
  int64_t index = 0;  // kArrayElement.
  std::optional<Arithmetic> arithmetic;

  bool is_json() const { return kind == Kind::kJson || kind == Kind::kJsonLength; }
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

// The same for every row, nulls included.
struct Constant {
  bool value = true;
};
// The same for every row whose field is not null, UNKNOWN for the others: `int8_field < 1000`.
struct ConstantIfValid {
  int slot = 0;
  bool value = true;
};
struct And {
  std::vector<NodePtr> children;
};
struct Or {
  std::vector<NodePtr> children;
};
struct Not {
  NodePtr child;
};
// The value has the operand's type: int64 for integers, double (narrowed for Float) for floating
// ones, a list for whole arrays, anything for JSON.
struct Compare {
  Operand operand;
  CompareOp op = CompareOp::kEqual;
  Value value;
};
struct CompareColumns {
  int left = 0;
  CompareOp op = CompareOp::kEqual;
  int right = 0;
};
struct RangeBound {
  Value value;
  bool inclusive = true;
};
struct Range {
  Operand operand;
  RangeBound lower;
  RangeBound upper;
};
struct InList {
  Operand operand;
  std::vector<Value> values;  // As given; moves into `set` when the plan is finished.
  ValueSet set;
};
struct Like {
  Operand operand;
  LikePattern pattern;
};
struct Regex {
  Operand operand;
  RegexPattern pattern;
};
// A time that is moved by years or months before it is compared; others move the constant instead.
struct CompareMovedTime {
  Operand operand;
  schema::Interval interval;
  int sign = 1;
  CompareOp op = CompareOp::kEqual;
  int64_t value = 0;  // Microseconds.
};
struct CompareSpatially {
  Operand operand;
  geometry::SpatialQuery query;
};
struct NullTest {
  int slot = 0;
  bool is_null = true;
};
// Something but null, {} or [] at a JSON path. Never UNKNOWN.
struct Exists {
  Operand operand;
};
struct Contains {
  enum class Mode : uint8_t { kOne, kAll, kAny };
  Operand operand;  // kArray or kJson.
  Mode mode = Mode::kOne;
  std::vector<Value> values;  // Not empty.
};

// A text that passes text_match, text_match_fuzzy or phrase_match.
struct TextMatch {
  Operand operand;  // kColumn.
  text::MatchQuery query;
  text::AnalyzerPtr analyzer;  // The field's.
  std::string source;          // As written: `phrase_match(title, "a b", 2)`.
};

class Plan;
// How many elements of a struct array a plan over its elements keeps. UNKNOWN for a null array.
struct MatchElements {
  enum class Mode : uint8_t { kAll, kAny, kLeast, kMost, kExact };
  Mode mode = Mode::kAny;
  int64_t threshold = 0;  // kLeast, kMost, kExact.
  // The arrays that the plan's fields come from, in their order; one of the struct at least.
  std::vector<int> slots;
  std::shared_ptr<const Plan> elements;  // Its rows are elements, its fields those of the struct.
};

struct Node {
  std::variant<Constant, ConstantIfValid, And, Or, Not, Compare, CompareColumns, Range, InList,
               Like, Regex, CompareMovedTime, CompareSpatially, NullTest, Exists, Contains,
               TextMatch, MatchElements>
      is;
  // Set when the plan is finished.
  int id = 0;       // In [0, Plan::num_nodes).
  int shared = -1;  // The same for nodes that say the same; -1: there is one only.
};

template <typename T>
NodePtr MakeNode(T node) {
  return std::make_unique<Node>(Node{std::move(node)});
}

class Plan {
 public:
  bool reports_30 = false;
  std::vector<FieldUse> fields;
  NodePtr root;
  int num_nodes = 0;
  int num_shared = 0;            // Values of Node::shared.
  bool has_choice = false;       // There is an `and` or `or`, whose children may go in any order.
  std::optional<double> sample;  // Of random_sample: the part of the rows to keep.
  // Of a filter that ends in element_filter: it is about single elements of this struct array. The
  // tree holds the same test as a MatchElements of rows.
  std::string element_struct;
  std::optional<MatchElements> element_filter;
  // The keys if the filter, as written, is `pk == v` or `pk in [...]`.
  std::optional<std::vector<schema::PrimaryKey>> exact_primary_keys;
};

// "==", "<" and so on.
std::string_view TextOf(CompareOp op);
// A node of the plan as DebugString(plan) writes it.
std::string DebugString(const Plan& plan, const Node& node);

// For std::visit.
template <typename... Cases>
struct Overload : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overload(Cases...) -> Overload<Cases...>;  // clang 14 does not make it up itself.

}  // namespace elanus::expr
