// Random filters over random rows against an evaluator that is as dull as possible: one row at a
// time, std::optional<bool> for three-valued truth, JSON as a tree that was never text.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <random>

#include "expr/binder.h"
#include "expr/optimiser.h"
#include "expr/parser.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

using Tri = std::optional<bool>;

struct Json {
  // monostate = null.
  std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<int64_t>> value;
};

struct Row {
  std::optional<int64_t> i8, i64;
  std::optional<float> f;
  std::optional<double> d;
  std::optional<std::string> s;
  std::optional<bool> b;
  std::optional<int64_t> t;  // Days since 2025-01-01.
  std::optional<int64_t> x;  // The point (x, 0).
  std::optional<std::vector<int64_t>> a;
  std::optional<std::map<std::string, Json>> j;
};

// A filter and what it should say of a row.
struct Rule {
  std::string text;
  std::function<Tri(const Row&)> says;
};

Tri Not(Tri x) {
  return x.has_value() ? Tri(!*x) : x;
}
Tri And(Tri x, Tri y) {
  if (x == Tri(false) || y == Tri(false)) return false;
  return x.has_value() && y.has_value() ? Tri(true) : Tri();
}
Tri Or(Tri x, Tri y) {
  return Not(And(Not(x), Not(y)));
}

constexpr const char* kOperators[] = {"==", "!=", "<", "<=", ">", ">="};

template <typename T>
bool Holds(int op, const T& x, const T& y) {
  switch (op) {
    case 0:
      return x == y;
    case 1:
      return !(x == y);
    case 2:
      return x < y;
    case 3:
      return x < y || x == y;
    case 4:
      return y < x;
    default:
      return y < x || x == y;
  }
}

template <typename T>
Tri Compare(int op, const std::optional<T>& x, const T& y) {
  return x.has_value() ? Tri(Holds(op, *x, y)) : Tri();
}

std::string Quote(const std::string& text) {
  return "'" + text + "'";
}

class Generator {
 public:
  Generator(uint32_t seed, bool reports_30) : random_(seed), reports_30_(reports_30) {}

  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool Once(int64_t in) { return Below(in) == 0; }
  // Short ones, and some about as long as what is compared at once.
  std::string Word() {
    std::string out(Below(4), 'a');
    for (char& c : out) c = static_cast<char>('a' + Below(2));
    return Once(4) ? std::string(6 + Below(4), 'a') + out : out;
  }
  // Far apart, so that a list of them is no run of bits.
  int64_t Far() { return (Below(40) - 20) * 1'000'000'000'007; }
  double Number() { return static_cast<double>(Below(17) - 8) / 2; }

  Row RandomRow(bool nullable) {
    const auto there = [&] { return !nullable || !Once(5); };
    Row row;
    if (there()) row.i8 = Once(4) ? (Once(2) ? 127 : -128) : Below(9) - 4;
    if (there()) row.i64 = Once(6) ? std::numeric_limits<int64_t>::max() - Below(2) : Below(9) - 4;
    if (row.i64.has_value() && Once(3)) row.i64 = Far();
    if (there()) row.f = Once(3) ? 0.1f : static_cast<float>(Number());
    if (there()) row.d = Once(3) ? 0.1 : Number();
    if (there()) row.s = Word();
    if (there()) row.b = Once(2);
    if (there()) row.t = Below(5);
    if (there()) row.x = Below(6);
    if (there()) row.a = Numbers(Below(4));
    if (there()) {
      row.j.emplace();
      for (const char* key : {"x", "y"}) {
        if (!Once(4)) (*row.j)[key] = RandomJson();
      }
    }
    return row;
  }

  Rule RandomRule(int depth) {
    if (depth == 0 || Once(4)) return Leaf();
    if (Once(3)) {
      const Rule inner = RandomRule(depth - 1);
      return {(Once(2) ? "not (" : "!(") + inner.text + ")",
              [inner](const Row& row) { return Not(inner.says(row)); }};
    }
    const bool is_and = Once(2);
    std::vector<Rule> parts;
    std::string text;
    for (int64_t n = 2 + Below(3); n > 0; --n) {
      parts.push_back(RandomRule(depth - 1));
      const char* word = is_and ? (Once(2) ? " and " : " && ") : (Once(2) ? " or " : " || ");
      text += (text.empty() ? "(" : std::string(word) + "(") + parts.back().text + ")";
    }
    return {text, [parts, is_and](const Row& row) {
              Tri all = is_and;
              for (const Rule& part : parts) {
                all = is_and ? And(all, part.says(row)) : Or(all, part.says(row));
              }
              return all;
            }};
  }

 private:
  std::vector<int64_t> Numbers(int64_t count) {
    std::vector<int64_t> out;
    while (count-- > 0) out.push_back(Below(5));
    return out;
  }
  Json RandomJson() {
    switch (Below(7)) {
      case 0:
        return {};
      case 1:
        return {Once(2)};
      case 2:
        return {Below(5)};
      case 3:
        return {Number()};
      case 4:
        return {Word()};
      case 5:
        return {Numbers(Below(3))};
      default:
        return {static_cast<double>(Below(5))};
    }
  }

  Rule Leaf() {
    switch (Below(21)) {
      case 0:
        return IntegerRule();
      case 1:
        return FloatRule();
      case 2:
        return TextRule();
      case 3:
        return ColumnsRule();
      case 4:
        return ListRule();
      case 5:
        return RangeRule();
      case 6:
        return NullRule();
      case 7:
        return ArithmeticRule();
      case 8:
        return ElementRule();
      case 9:
        return ArrayRule();
      case 10:
        return BoolRule();
      case 11:
        return JsonListRule();
      case 12:
        return TimeRule();
      case 13:
        return ShapeRule();
      case 14:
        return RegexRule();
      case 15:
        return TextListRule();
      case 16:
        return TextRangeRule();
      case 17:
        return FarListRule();
      default:
        return JsonRule();
    }
  }

  Rule IntegerRule() {
    const int op = static_cast<int>(Below(6));
    if (Once(2)) {
      const int64_t v = Once(4) ? 1000 - 2000 * Below(2) : Below(9) - 4;
      // On either side.
      if (Once(3)) {
        constexpr const char* kMirrored[] = {"==", "!=", ">", ">=", "<", "<="};
        return {std::to_string(v) + kMirrored[op] + "i8",
                [=](const Row& row) { return Compare(op, row.i8, v); }};
      }
      return {"i8 " + std::string(kOperators[op]) + " " + std::to_string(v),
              [=](const Row& row) { return Compare(op, row.i8, v); }};
    }
    const int64_t v = Once(5) ? std::numeric_limits<int64_t>::max() : Below(9) - 4;
    return {"i64 " + std::string(kOperators[op]) + " " + std::to_string(v),
            [=](const Row& row) { return Compare(op, row.i64, v); }};
  }

  Rule FloatRule() {
    const int op = static_cast<int>(Below(6));
    const double v = Once(3) ? 0.1 : Number();
    const std::string text = std::string(kOperators[op]) + " " + ToText(Value(v));
    if (Once(2)) {
      return {"d " + text, [=](const Row& row) { return Compare(op, row.d, v); }};
    }
    return {"f " + text, [=](const Row& row) { return Compare(op, row.f, static_cast<float>(v)); }};
  }

  Rule TextRule() {
    const std::string word = Word();
    const int op = static_cast<int>(Below(10));
    if (op == 9) {
      return {"s like " + Quote(word), [=](const Row& row) { return Compare(0, row.s, word); }};
    }
    if (op < 6) {
      return {"s " + std::string(kOperators[op]) + " " + Quote(word),
              [=](const Row& row) { return Compare(op, row.s, word); }};
    }
    const bool front = op != 6;  // 6: starts with, 7: ends with, 8: holds.
    const bool back = op != 7;
    return {"s like " + Quote((front ? "%" : "") + word + (back ? "%" : "")),
            [=](const Row& row) -> Tri {
              if (!row.s.has_value()) return {};
              if (!front) return row.s->rfind(word, 0) == 0;
              if (back) return row.s->find(word) != std::string::npos;
              return row.s->size() >= word.size() &&
                     row.s->substr(row.s->size() - word.size()) == word;
            }};
  }

  static std::string Iso(int64_t day) {
    return fmt::format("ISO '2025-01-{:02}T00:00:00Z'", day + 1);
  }

  Rule TimeRule() {
    const int op = static_cast<int>(Below(6));
    const int64_t v = 10 + Below(5);
    if (Once(2)) {
      return {std::string("ts + INTERVAL 'P10D' ") + kOperators[op] + " " + Iso(v),
              [=](const Row& row) -> Tri {
                return row.t.has_value() ? Tri(Holds(op, *row.t + 10, v)) : Tri();
              }};
    }
    if (Once(2)) {  // January has 31 days.
      return {std::string("ts + INTERVAL 'P1M' ") + kOperators[op] +
                  fmt::format(" ISO '2025-02-0{}'", v - 9),
              [=](const Row& row) { return Compare(op, row.t, v - 10); }};
    }
    return {std::string("ts ") + kOperators[op] + " " + Iso(v - 10),
            [=](const Row& row) { return Compare(op, row.t, v - 10); }};
  }

  Rule ShapeRule() {
    const int64_t low = Below(4);
    const int64_t high = low + 1 + Below(3);
    const bool within = Once(2);
    return {fmt::format("st_{}(geo, 'LINESTRING ({} 0, {} 0)')", within ? "within" : "touches", low,
                        high),
            [=](const Row& row) -> Tri {
              if (!row.x.has_value()) return {};
              return within ? low < *row.x && *row.x < high : *row.x == low || *row.x == high;
            }};
  }

  Rule RegexRule() {
    const std::string word = Word();
    const bool negated = Once(2);
    const auto says = [=](const std::string& text) {
      return (text.rfind(word, 0) == 0) != negated;
    };
    const std::string test = (negated ? " !~ " : " =~ ") + Quote("^" + word);
    if (Once(2)) {
      return {"s" + test,
              [=](const Row& row) -> Tri { return row.s.has_value() ? Tri(says(*row.s)) : Tri(); }};
    }
    return {"j['x']" + test, [=, this](const Row& row) {
              const Json* json = At(row, "x");
              const auto* text = json == nullptr ? nullptr : std::get_if<std::string>(&json->value);
              return Settle(text == nullptr ? Tri() : Tri(says(*text)), negated);
            }};
  }

  Rule ColumnsRule() {
    const int op = static_cast<int>(Below(6));
    const auto both = [=](auto x, auto y) -> Tri {
      if (!x.has_value() || !y.has_value()) return {};
      return Holds(op, static_cast<double>(*x), static_cast<double>(*y));
    };
    const std::string word = " " + std::string(kOperators[op]) + " ";
    switch (Below(4)) {
      case 0:
        return {"i8" + word + "d", [=](const Row& row) { return both(row.i8, row.d); }};
      case 1:
        return {"f" + word + "d", [=](const Row& row) { return both(row.f, row.d); }};
      case 2:
        return {"d" + word + "i8", [=](const Row& row) { return both(row.d, row.i8); }};
      default:
        return {"i64" + word + "i8", [=](const Row& row) -> Tri {
                  if (!row.i64.has_value() || !row.i8.has_value()) return {};
                  return Holds(op, *row.i64, *row.i8);
                }};
    }
  }

  Rule ListRule() {
    std::vector<int64_t> list = Numbers(Below(12));
    for (int64_t& v : list) v = Once(8) ? 1000 : v - 2;
    const bool negated = Once(2);
    const bool small = Once(2);
    std::string text = small ? "i8" : "i64";
    text += negated ? " not in [" : " in [";
    for (const int64_t v : list) text += std::to_string(v) + ",";
    return {text + "]", [=](const Row& row) -> Tri {
              const std::optional<int64_t>& x = small ? row.i8 : row.i64;
              if (!x.has_value()) return {};
              return (std::find(list.begin(), list.end(), *x) != list.end()) != negated;
            }};
  }

  template <typename T>
  Rule OneOf(std::string field, std::optional<T> Row::*member, const std::vector<T>& list,
             const std::function<std::string(const T&)>& print) {
    const bool negated = Once(2);
    field += negated ? " not in [" : " in [";
    for (const T& v : list) field += print(v) + ",";
    return {field + "]", [=](const Row& row) -> Tri {
              if (!(row.*member).has_value()) return {};
              return (std::find(list.begin(), list.end(), *(row.*member)) != list.end()) != negated;
            }};
  }

  Rule TextListRule() {
    std::vector<std::string> list(1 + Below(9));
    for (std::string& word : list) word = Word();
    return OneOf<std::string>("s", &Row::s, list, [](const std::string& v) { return Quote(v); });
  }

  Rule FarListRule() {
    std::vector<int64_t> list(9 + Below(10));
    for (int64_t& v : list) v = Far();
    return OneOf<int64_t>("i64", &Row::i64, list,
                          [](const int64_t& v) { return std::to_string(v); });
  }

  Rule TextRangeRule() {
    std::string low = Word();
    std::string high = Word();
    if (high < low) std::swap(low, high);
    if (low == high) high += "b";
    const bool low_closed = Once(2);
    const bool high_closed = Once(2);
    return {
        Quote(low) + (low_closed ? " <= s " : " < s ") + (high_closed ? "<= " : "< ") + Quote(high),
        [=](const Row& row) {
          return And(Compare(low_closed ? 5 : 4, row.s, low),
                     Compare(high_closed ? 3 : 2, row.s, high));
        }};
  }

  Rule RangeRule() {
    const double low = Number();
    const double high = low + 0.5 + static_cast<double>(Below(4));
    const bool low_closed = Once(2);
    const bool high_closed = Once(2);
    return {ToText(Value(low)) + (low_closed ? " <= d " : " < d ") + (high_closed ? "<= " : "< ") +
                ToText(Value(high)),
            [=](const Row& row) {
              return And(Compare(low_closed ? 5 : 4, row.d, low),
                         Compare(high_closed ? 3 : 2, row.d, high));
            }};
  }

  Rule NullRule() {
    const bool negated = Once(2);
    const std::string test = negated ? " is not null" : " is null";
    switch (Below(3)) {
      case 0:
        return {"s" + test, [=](const Row& row) -> Tri { return row.s.has_value() == negated; }};
      case 1:
        return {"i8" + test, [=](const Row& row) -> Tri { return row.i8.has_value() == negated; }};
      default:
        return {"j['x']" + test,
                [=](const Row& row) -> Tri { return Exists(row, "x") == negated; }};
    }
  }

  Rule ArithmeticRule() {
    const int op = static_cast<int>(Below(6));
    const int64_t c = 1 + Below(3);
    const int64_t v = Below(9) - 4;
    const auto rule = [&](std::string left, std::function<int64_t(int64_t)> apply) {
      return Rule{left + " " + kOperators[op] + " " + std::to_string(v),
                  [=](const Row& row) -> Tri {
                    if (!row.i8.has_value()) return {};
                    return Holds(op, apply(*row.i8), v);
                  }};
    };
    const std::string text = std::to_string(c);
    switch (Below(5)) {
      case 0:
        return rule("i8 + " + text, [=](int64_t x) { return x + c; });
      case 1:
        return rule("i8 - " + text, [=](int64_t x) { return x - c; });
      case 2:
        return rule(text + " * i8", [=](int64_t x) { return x * c; });
      case 3:
        return rule("i8 / " + text, [=](int64_t x) { return x / c; });
      default:
        return rule("i8 % " + text, [=](int64_t x) { return x % c; });
    }
  }

  Rule ElementRule() {
    const int op = static_cast<int>(Below(6));
    const int64_t index = Below(3);
    const int64_t v = Below(5);
    const bool reports_30 = reports_30_;
    return {"a[" + std::to_string(index) + "] " + kOperators[op] + " " + std::to_string(v),
            [=](const Row& row) -> Tri {
              if (!row.a.has_value()) return {};
              if (index >= static_cast<int64_t>(row.a->size()))
                return reports_30 ? Tri() : Tri(false);
              return Holds(op, (*row.a)[index], v);
            }};
  }

  Rule ArrayRule() {
    const std::vector<int64_t> list = Numbers(Below(3));
    std::string text = "[";
    for (const int64_t v : list) text += std::to_string(v) + ",";
    text += "]";
    switch (Below(4)) {
      case 0:
        return {"a == " + text, [=](const Row& row) { return Compare(0, row.a, list); }};
      case 1:
        return {"a != " + text, [=](const Row& row) { return Compare(1, row.a, list); }};
      case 2: {
        const int64_t n = Below(4);
        return {"array_length(a) >= " + std::to_string(n), [=](const Row& row) -> Tri {
                  if (!row.a.has_value()) return {};
                  return static_cast<int64_t>(row.a->size()) >= n;
                }};
      }
      default:
        return {"array_contains_all(a, " + text + ")", [=](const Row& row) -> Tri {
                  if (list.empty()) return true;
                  if (!row.a.has_value()) return {};
                  for (const int64_t v : list) {
                    if (std::find(row.a->begin(), row.a->end(), v) == row.a->end()) return false;
                  }
                  return true;
                }};
    }
  }

  Rule BoolRule() {
    const bool v = Once(2);
    const int op = static_cast<int>(Below(2));
    return {"b " + std::string(kOperators[op]) + (v ? " true" : " False"),
            [=](const Row& row) { return Compare(op, row.b, v); }};
  }

  static const Json* At(const Row& row, const std::string& key) {
    if (!row.j.has_value()) return nullptr;
    const auto found = row.j->find(key);
    return found == row.j->end() ? nullptr : &found->second;
  }
  static bool Exists(const Row& row, const std::string& key) {
    const Json* json = At(row, key);
    if (json == nullptr || std::holds_alternative<std::monostate>(json->value)) return false;
    const auto* list = std::get_if<std::vector<int64_t>>(&json->value);
    return list == nullptr || !list->empty();
  }
  // Nothing if the types have nothing to do with each other.
  static Tri JsonCompare(int op, const Json* json, const Value& v) {
    if (json == nullptr) return {};
    if (const auto* text = std::get_if<std::string>(&json->value)) {
      return v.is_string() ? Tri(Holds(op, *text, v.as_string())) : Tri();
    }
    if (const auto* flag = std::get_if<bool>(&json->value)) {
      return v.is_bool() ? Tri(Holds(op, *flag, v.as_bool())) : Tri();
    }
    if (!v.is_number()) return {};
    if (const auto* i = std::get_if<int64_t>(&json->value)) {
      return Holds(op, static_cast<double>(*i), v.as_double());
    }
    if (const auto* d = std::get_if<double>(&json->value)) return Holds(op, *d, v.as_double());
    return {};
  }
  Tri Settle(Tri answer, bool when_missing) const {
    return answer.has_value() || reports_30_ ? answer : Tri(when_missing);
  }

  Value RandomConstant() {
    switch (Below(4)) {
      case 0:
        return Value(Number());
      case 1:
        return Value(Word());
      case 2:
        return Value(Once(2));
      default:
        return Value(Below(5));
    }
  }

  Rule JsonRule() {
    const std::string key = Once(2) ? "x" : "y";
    if (Once(6)) {
      return {"exists j['" + key + "']", [=](const Row& row) -> Tri { return Exists(row, key); }};
    }
    const Value v = RandomConstant();
    const int op = static_cast<int>(Below(6));
    return {"j['" + key + "'] " + kOperators[op] + " " + ToText(v), [=, this](const Row& row) {
              return Settle(JsonCompare(op, At(row, key), v), op == 1);
            }};
  }

  Rule JsonListRule() {
    const std::string key = Once(2) ? "x" : "y";
    Value::List list = {RandomConstant()};
    for (int64_t n = Below(3); n > 0; --n) {
      const Value next = RandomConstant();
      if (next.data.index() == list[0].data.index()) list.push_back(next);
    }
    const bool negated = Once(2);
    const std::string text = (negated ? " not in " : " in ") + ToText(Value(list));
    return {"j['" + key + "']" + text, [=, this](const Row& row) {
              Tri any = false;
              for (const Value& v : list) any = Or(any, JsonCompare(0, At(row, key), v));
              any = Settle(any, false);
              return negated ? Not(any) : any;
            }};
  }

  std::mt19937_64 random_;
  const bool reports_30_;
};

std::string JsonText(const Json& json) {
  if (std::holds_alternative<std::monostate>(json.value)) return "null";
  if (const auto* list = std::get_if<std::vector<int64_t>>(&json.value)) {
    Value::List values(list->begin(), list->end());
    return ToText(Value(std::move(values)));
  }
  if (const auto* flag = std::get_if<bool>(&json.value)) return *flag ? "true" : "false";
  if (const auto* i = std::get_if<int64_t>(&json.value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&json.value)) return ToText(Value(*d));
  return ToText(Value(std::get<std::string>(json.value)));
}

TestTable TableOf(const std::vector<Row>& rows, bool nullable, int64_t rows_per_piece) {
  TestTable table(rows_per_piece);
  const std::string null = nullable ? " nullable" : "";
  for (const std::string_view field :
       {"i8 Int8", "i64 Int64", "f Float", "d Double", "s VarChar", "b Bool", "a Array Int16",
        "j JSON", "ts Timestamptz", "geo Geometry"}) {
    table.AddField(std::string(field) + null);
  }
  table.AddField("id Int64 primary");
  const auto append = [&](const char* name, const auto& value, auto cast) {
    schema::Column& column = table.column(name);
    if (value.has_value()) {
      column.Append(static_cast<decltype(cast)>(*value));
    } else {
      column.AppendNull();
    }
  };
  const auto append_text = [&](const char* name, const std::optional<std::string>& value) {
    if (value.has_value()) {
      table.column(name).AppendRaw(*value);
    } else {
      table.column(name).AppendNull();
    }
  };
  int64_t id = 0;
  geometry::WktReader reader;
  for (const Row& row : rows) {
    append("i8", row.i8, int8_t{});
    append("i64", row.i64, int64_t{});
    append("f", row.f, float{});
    append("d", row.d, double{});
    append("b", row.b, uint8_t{});
    append_text("s", row.s);
    constexpr int64_t kDay = int64_t{86400} * 1'000'000;
    append("ts", row.t.has_value() ? std::optional(1735689600'000000 + *row.t * kDay) : row.t,
           int64_t{});
    std::optional<std::string> shape;
    if (row.x.has_value()) shape = *reader.Read(fmt::format("POINT ({} 0)", *row.x));
    append_text("geo", shape);
    std::optional<std::string> array;
    if (row.a.has_value()) {
      schema::ArrayBuilder builder(schema::DataType::kInt16);
      for (const int64_t v : *row.a) builder.Append(static_cast<int16_t>(v));
      array = builder.Finish();
    }
    append_text("a", array);
    std::optional<std::string> json;
    if (row.j.has_value()) {
      json = "{";
      for (const auto& [key, value] : *row.j) {
        *json += (json->size() > 1 ? ", \"" : "\"") + key + "\": " + JsonText(value);
      }
      *json += "}";
    }
    append_text("j", json);
    table.column("id").Append(id++);
  }
  table.set_num_rows(id);
  return table;
}

void CheckOneTable(uint32_t seed, bool reports_30) {
  SCOPED_TRACE("seed " + std::to_string(seed) + (reports_30 ? ", 3.0" : ", 2.6"));
  Generator generator(seed, reports_30);
  const bool nullable = !generator.Once(4);
  constexpr int64_t kSizes[] = {1, 2, 3, 5, 63, 64, 65, 130, 200};
  std::vector<Row> rows;
  for (int64_t n = kSizes[generator.Below(std::size(kSizes))]; n > 0; --n) {
    rows.push_back(generator.RandomRow(nullable));
  }
  TestTable table = TableOf(rows, nullable, generator.Once(2) ? 64 : 0);
  if (generator.Once(2)) table.KeepZones();
  if (generator.Once(2)) table.KeepStatistics();
  if (generator.Once(2)) table.KeepShredded({.share_min = generator.Once(2) ? 0.3 : 0});
  CompileOptions options;
  options.reports_30 = reports_30;
  for (int i = 0; i < 40; ++i) {
    const Rule rule = generator.RandomRule(3);
    std::vector<int64_t> expected;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rule.says(rows[row]) == Tri(true)) expected.push_back(static_cast<int64_t>(row));
    }
    const absl::StatusOr<Ast> ast = Parse(rule.text, options);
    ASSERT_TRUE(ast.ok()) << ast.status();
    absl::StatusOr<Plan> plain = Bind(*ast, table.schema(), {}, options);
    ASSERT_TRUE(plain.ok()) << plain.status();
    Finish(*plain);
    ASSERT_EQ(table.Matching(*plain), expected) << rule.text;
    const absl::StatusOr<PlanPtr> optimised = Compile(rule.text, table.schema(), {}, options);
    ASSERT_TRUE(optimised.ok());
    ASSERT_EQ(table.Matching(**optimised), expected)
        << rule.text << "\nas " << DebugString(**optimised);
  }
}

// ELANUS_FILTER_TABLES=25000 makes a million filters of it.
uint32_t NumTables() {
  const char* wanted = std::getenv("ELANUS_FILTER_TABLES");
  return wanted == nullptr ? 100 : static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10));
}

TEST(Property, AgreesWithARowAtATimeEvaluator) {
  const uint32_t seed = std::random_device{}();
  for (uint32_t i = 0; i < NumTables() && !testing::Test::HasFatalFailure(); ++i) {
    CheckOneTable(seed + i, i % 2 == 0);
  }
}

}  // namespace
}  // namespace elanus::expr
