// Random filters over random rows of every type: the same rows with indexes as without.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "expr/json_paths.h"
#include "expr/json_values.h"
#include "expr/test_table.h"
#include "index/scalar/scalar_build.h"
#include "index/scalar_kinds.h"
#include "segment/growing_segment.h"
#include "segment/scalar_indexes.h"

namespace elanus::segment {
namespace {

using index::ScalarForm;
using schema::DataType;

constexpr int kRows = 3000;

class Random {
 public:
  explicit Random(uint32_t seed) : random_(seed) {}
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool Once(int64_t in) { return Below(in) == 0; }
  template <typename T>
  T Of(std::initializer_list<T> values) {
    return values.begin()[Below(static_cast<int64_t>(values.size()))];
  }
  std::string Text() {
    std::string text;
    for (int64_t n = Below(6); n > 0; --n) text += "abc"[Below(3)];
    return text + (Once(20) ? "\xc3\xa9" : "");
  }
  std::string Int() { return std::to_string(Once(8) ? Below(1000) - 500 : Below(12) - 4); }
  std::string Double() { return fmt::format("{:.2f}", static_cast<double>(Below(40) - 20) / 4); }
  std::string List(std::string (Random::*item)()) {
    std::string list;
    for (int64_t n = Below(4); n > 0; --n) list += (list.empty() ? "" : ",") + (this->*item)();
    return "[" + list + "]";
  }
  std::string Quoted() { return "\"" + Text() + "\""; }
  std::string Bool() { return Once(2) ? "true" : "false"; }
  std::string JsonNumber() {
    if (Once(12)) {
      return Of<const char*>({"9007199254740993", "18446744073709551615", "-9223372036854775808",
                              "9007199254740992", "1e300"});
    }
    return Once(2) ? Int() : Double();
  }
  std::string Json(int depth = 2) {
    switch (Below(depth > 0 ? 10 : 8)) {
      case 0:
        return "null";
      case 1:
        return Bool();
      case 2:
        return Quoted();
      case 3:
        return List(Once(2) ? &Random::JsonNumber : &Random::Quoted);
      case 4:
        return List(&Random::Bool);
      case 5:
        return Of<std::string>({"[1,\"a\",[2],true,null,2.5]", "[]", "[null,{}]", "{}",
                                "{\"a\":1e999,\"b\":1}",
                                "[9007199254740993,\"" + std::string(1030, 'l') + "\"]",
                                "\"" + std::string(1030, 'l') + "\""});
      case 8:
      case 9:
        return fmt::format("{{\"{}\":{},\"b\":{}}}", Of<const char*>({"a", "b", "\\u0062"}),
                           Json(depth - 1), Json(depth - 1));
      default:
        return JsonNumber();
    }
  }
  std::string Shape() {
    const double x = static_cast<double>(Below(3600)) / 10 - 180,
                 y = static_cast<double>(Below(1700)) / 10 - 85;
    if (Once(15)) return "POINT EMPTY";
    if (Once(2)) return fmt::format("POINT ({} {})", x, y);
    return fmt::format("POLYGON (({0} {1}, {2} {1}, {2} {3}, {0} {1}))", x, y, x + 5, y + 4);
  }

  std::string Row(int64_t id) {
    std::string row = fmt::format("{{\"id\":{}", id);
    const auto add = [&](const char* field, const std::string& value) {
      if (!Once(6)) row += fmt::format(",\"{}\":{}", field, value);
    };
    add("b", Bool());
    for (const char* field : {"i8", "i16", "i32", "i64", "ts"})
      add(field, field == std::string("i8") ? std::to_string(Below(9) - 4) : Int());
    for (const char* field : {"f", "d"}) add(field, Once(9) ? "-0.0" : Once(5) ? "0.1" : Double());
    add("s", Quoted());
    add("ai", List(&Random::Int));
    add("af", List(&Random::Double));
    add("as", List(&Random::Quoted));
    add("ab", List(&Random::Bool));
    add("geo", "\"" + Shape() + "\"");
    add("j", Once(10) ? Json() : fmt::format("{{\"a\":{},\"x/y\":{}}}", Json(), Json()));
    add("$meta", fmt::format("{{\"color\":{}}}", Json()));
    return row + "}";
  }

  std::string Compare(const std::string& left, const std::string& value) {
    return left + " " + Of<const char*>({"==", "!=", "<", "<=", ">", ">="}) + " " + value;
  }
  std::string Within(const std::string& left, std::string low, std::string high, bool texts) {
    const bool swap = texts ? high < low : std::stod(high) < std::stod(low);
    if (swap) std::swap(low, high);
    return fmt::format("{} {} {} {} {}", low, low == high || Once(2) ? "<=" : "<", left,
                       low == high || Once(2) ? "<=" : "<", high);
  }
  std::string Pattern() {
    const std::string a = Text(), b = Text();
    return "'" +
           Of<std::string>({a, a + "%", "%" + a, "%" + a + "%", a + "%" + b,
                            "%" + a + "_" + b + "%", "_" + a}) +
           "'";
  }
  std::string Contains(const std::string& left, std::string (Random::*item)()) {
    switch (Below(3)) {
      case 0:
        return fmt::format("json_contains({}, {})", left, (this->*item)());
      case 1:
        return fmt::format("json_contains_all({}, {})", left, List(item));
      default:
        return fmt::format("json_contains_any({}, {})", left, List(item));
    }
  }
  std::string JsonLeaf() {
    const std::string path =
        Of<std::string>({"j[\"a\"]", "j[\"x/y\"]", "color", "j[\"missing\"]", "j[\"a\"][0]",
                         "j[\"a\"][\"b\"]", "j[\"b\"]", "$meta[\"color\"][\"a\"]"});
    switch (Below(9)) {
      case 7:
        return "exists " + path;
      case 8:
        return path + (Once(2) ? " is null" : " is not null");
      case 0:
        return Compare(path, Quoted());
      case 1:
        return fmt::format("{} {} {}", path, Of<const char*>({"==", "!="}), Bool());
      case 2:
        return path + (Once(2) ? " in " : " not in ") +
               List(Once(2) ? &Random::JsonNumber : &Random::Quoted);
      case 3:
        return path + " like " + Pattern();
      case 4:
        return Contains(path, Once(2) ? &Random::Int : &Random::Quoted);
      case 5:
        return Within(path, Double(), Int(), false);
      default:
        return Compare(path, Once(6) ? "9007199254740993" : Once(2) ? Int() : Double());
    }
  }
  std::string Leaf() {
    const std::string ints = Of<std::string>({"i8", "i16", "i32", "i64"});
    const std::string floats = Of<std::string>({"f", "d"});
    switch (Below(14)) {
      case 13:
        return Of<std::string>({"b", "i8", "i64", "f", "s", "ts", "ai", "as", "geo", "j"}) +
               (Once(2) ? " is null" : " is not null");
      case 0:
        return Compare(ints, Int());
      case 1:
        return Within(ints, Int(), Int(), false);
      case 2:
        return ints + (Once(2) ? " in " : " not in ") + List(&Random::Int);
      case 3:
        return Compare(floats, Once(3) ? "0.1" : Once(3) ? Int() : Double());
      case 4:
        return Within(floats, Double(), Double(), false);
      case 5:
        return floats + (Once(2) ? " in " : " not in ") + List(&Random::Double);
      case 6:
        return Once(2) ? Compare("s", Quoted()) : Within("s", Quoted(), Quoted(), true);
      case 7:
        return "s like " + Pattern();
      case 8:
        return Once(2) ? "s in " + List(&Random::Quoted) : "b == " + Bool();
      case 9:
        return Once(3)   ? Contains("ai", &Random::Int)
               : Once(2) ? Contains("as", &Random::Quoted)
                         : Contains("af", &Random::Double);
      case 10: {
        if (Once(4)) {
          return fmt::format("st_dwithin(geo, 'POINT ({} {})', {})", Below(360) - 180,
                             Below(170) - 85, Below(2'000'000));
        }
        const double x = static_cast<double>(Below(300)) - 150,
                     y = static_cast<double>(Below(140)) - 70;
        return fmt::format(
            "{}(geo, 'POLYGON (({} {}, {} {}, {} {}, {} {}))')",
            Of<const char*>({"st_within", "st_intersects", "st_contains", "st_equals", "st_touches",
                             "st_overlaps", "st_crosses"}),
            x, y, x + 30, y, x + 30, y + 20, x, y);
      }
      default:
        return JsonLeaf();
    }
  }
  // Of what indexes find few rows of.
  std::string Conjunction() {
    std::string out = Narrow();
    for (int64_t n = 1 + Below(3); n > 0; --n) {
      out += " and " + (Once(4) ? "(" + Narrow() + " or " + Narrow() + ")" : Narrow());
    }
    return "(" + out + ")";
  }
  std::string Narrow() {
    if (Once(6)) return Leaf();
    if (Once(4)) return "s == " + Quoted();
    if (Once(4)) return "j[\"a\"] == " + Int();
    if (Once(4)) return "s like '" + Text() + "%'";
    return Of<const char*>({"i8", "i16", "i32", "i64"}) + std::string(" == ") + Int();
  }
  std::string Filter(int depth) {
    if (depth == 0 || Once(3)) return Leaf();
    if (Once(4)) return "not (" + Filter(depth - 1) + ")";
    if (Once(4)) return Conjunction();
    return "(" + Filter(depth - 1) + (Once(2) ? ") and (" : ") or (") + Filter(depth - 1) + ")";
  }

 private:
  std::mt19937 random_;
};

// A table with indexes, which are asked whatever they cost.
class IndexedTable final : public expr::ColumnSource {
 public:
  static constexpr char kAllPaths[] = "all paths";

  explicit IndexedTable(const expr::TestTable& table) : table_(table) {}

  void Index(const char* field_name, ScalarForm form, bool by_blocks,
             const std::string& pointer = "", const char* cast_name = nullptr) {
    const schema::FieldSchema* field = table_.schema().Find(field_name);
    const schema::ColumnView view = table_.Rows(field->id, 0, table_.num_rows());
    index::ScalarBuildOptions options{.form = form, .rows = view};
    options.params = {{"min_gram", "2"}, {"max_gram", "3"}};
    auto loaded = std::make_shared<LoadedScalarIndex>();
    loaded->field = field->id;
    loaded->elements = field->type == DataType::kArray;
    expr::JsonValues values;
    if (cast_name != nullptr && cast_name == std::string_view("JSON")) {
      loaded->path = expr::PathOfPointer(pointer);
      auto file = expr::BuildJsonPathIndex(view, *loaded->path, Cancellation());
      ELANUS_CHECK_OK(file.status());
      const index::Bytes bytes = Keep(*std::move(file));
      auto opened = by_blocks
                        ? index::PathIndex::Open(storage::MakeMemoryReader(bytes), view.num_rows)
                        : index::PathIndex::Open(bytes, view.num_rows);
      ELANUS_CHECK_OK(opened.status());
      loaded->paths = *std::move(opened);
      loaded->all_paths = true;
      loaded->name = kAllPaths;
      return Use(std::move(loaded));
    }
    if (cast_name != nullptr) {
      const auto cast = index::JsonCastOf({{"json_cast_type", cast_name}});
      loaded->path = expr::PathOfPointer(pointer);
      loaded->elements = cast->array;
      auto read = expr::ReadJsonValues(view, *loaded->path, *cast, Cancellation());
      ELANUS_CHECK_OK(read.status());
      values = *std::move(read);
      options.rows = values.column.View();
      options.odd = values.odd;
    }
    auto file = index::BuildScalarIndex(options);
    ELANUS_CHECK_OK(file.status());
    const index::Bytes bytes = Keep(*std::move(file));
    auto opened = by_blocks
                      ? index::OpenScalarIndex(storage::MakeMemoryReader(bytes), view.num_rows)
                      : index::OpenScalarIndex(bytes, view.num_rows);
    ELANUS_CHECK_OK(opened.status());
    loaded->index = *std::move(opened);
    Use(std::move(loaded));
  }

  int64_t num_rows() const override { return table_.num_rows(); }
  int64_t ContiguousRows(int64_t begin) const override { return table_.ContiguousRows(begin); }
  schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
    return table_.Rows(field, begin, count);
  }
  bool has_indexes() const override { return true; }
  std::optional<expr::IndexAnswer> AskIndex(const expr::IndexQuestion& question, double,
                                            const Cancellation& cancellation) const override {
    auto answer = indexes_.Ask(question, 1e18, cancellation);
    num_answers_ += answer.has_value() ? 1 : 0;
    num_by_paths_ += answer.has_value() && answer->by == kAllPaths ? 1 : 0;
    return answer;
  }
  // Any estimates: they choose what is asked, and never what the answer is.
  std::optional<expr::IndexOffer> OfferRows(const expr::IndexQuestion& question, double,
                                            const Cancellation& cancellation) const override {
    if (offers_.Once(5)) return std::nullopt;
    auto offer = indexes_.Offer(question, 1e18, cancellation);
    if (!offer.has_value()) return std::nullopt;
    if (offers_.Once(3)) offer->cost_ns = offers_.Of({0.0, 20'000.0, 1e9});
    if (offers_.Once(3)) offer->num_rows = offers_.Below(num_rows() + 1);
    offer->take = [this, take = std::move(offer->take)](const Cancellation& cancellation) {
      auto rows = take(cancellation);
      if (!rows.has_value() || offers_.Once(20)) return std::optional<expr::IndexRows>();
      ++num_answers_;
      ++(rows->rows.is_list() ? num_lists_ : num_masks_);
      num_by_paths_ += rows->by == kAllPaths ? 1 : 0;
      return rows;
    };
    return offer;
  }
  int64_t num_answers() const { return num_answers_; }
  int64_t num_lists() const { return num_lists_; }
  int64_t num_masks() const { return num_masks_; }
  int64_t num_by_paths() const { return num_by_paths_; }

 private:
  index::Bytes Keep(std::string file) {
    files_.push_back(std::make_unique<std::string>(std::move(file)));
    return {reinterpret_cast<const uint8_t*>(files_.back()->data()), files_.back()->size()};
  }
  void Use(std::shared_ptr<LoadedScalarIndex> loaded) {
    indexes_.Set(IndexId(static_cast<int64_t>(files_.size())), std::move(loaded));
  }

  const expr::TestTable& table_;
  std::vector<std::unique_ptr<std::string>> files_;
  mutable ScalarIndexes indexes_;
  mutable int64_t num_answers_ = 0, num_by_paths_ = 0, num_lists_ = 0, num_masks_ = 0;
  mutable Random offers_{1};
};

expr::TestTable RandomTable(Random& random) {
  expr::TestTable table = expr::EveryType();
  for (int64_t id = table.num_rows(); id < kRows; ++id) table.AddRow(random.Row(id));
  return table;
}

void IndexAll(Random& random, IndexedTable& table) {
  const auto values = [&] {
    return random.Of({ScalarForm::kValues, ScalarForm::kBitmap, ScalarForm::kHybrid});
  };
  for (const char* field :
       {"b", "i8", "i16", "i32", "i64", "f", "d", "s", "ts", "ai", "af", "as", "ab"}) {
    if (!random.Once(6)) table.Index(field, values(), random.Once(2));
  }
  if (random.Once(2)) table.Index("s", ScalarForm::kGrams, random.Once(2));
  table.Index("geo", ScalarForm::kBoxes, random.Once(2));
  for (const char* cast :
       {"BOOL", "DOUBLE", "VARCHAR", "ARRAY_BOOL", "ARRAY_DOUBLE", "ARRAY_VARCHAR"}) {
    for (const char* pointer : {"/a", "/x~1y", "/a/0"}) {
      if (random.Once(2)) table.Index("j", values(), random.Once(2), pointer, cast);
    }
    if (random.Once(2)) table.Index("$meta", values(), random.Once(2), "/color", cast);
  }
  if (random.Once(2)) table.Index("j", ScalarForm::kGrams, random.Once(2), "/a", "VARCHAR");
  for (const char* pointer : {"", "/a", "/a/0"}) {
    if (random.Once(2)) table.Index("j", values(), random.Once(2), pointer, "JSON");
  }
  if (random.Once(2)) table.Index("$meta", values(), random.Once(2), "", "JSON");
}

TEST(ScalarIndexes, ChangeNoAnswer) {
  int64_t answers = 0, lists = 0, masks = 0, by_paths = 0, filters = 0;
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    Random random(seed);
    const expr::TestTable table = RandomTable(random);
    IndexedTable indexed(table);
    IndexAll(random, indexed);
    for (int i = 0; i < 250; ++i) {
      const std::string filter = random.Filter(2);
      const bool reports_30 = random.Once(2);
      const auto plan = expr::Compile(filter, table.schema(), {}, {.reports_30 = reports_30});
      if (!plan.ok()) continue;
      ++filters;
      kernels::Bitset candidates(table.num_rows(), true);
      if (random.Once(3)) {
        for (int64_t row = 0; row < table.num_rows(); ++row) {
          if (random.Once(2)) candidates.Reset(row);
        }
      }
      kernels::Bitset expected(table.num_rows()), found(table.num_rows());
      ELANUS_CHECK_OK(Evaluate(**plan, table, candidates.view(), expected, Cancellation()));
      ELANUS_CHECK_OK(Evaluate(**plan, indexed, candidates.view(), found, Cancellation()));
      for (int64_t row = 0; row < table.num_rows(); ++row) {
        ASSERT_EQ(found.Test(row), expected.Test(row))
            << filter << " row " << row << " seed " << seed << " 3.0: " << reports_30;
      }
    }
    answers += indexed.num_answers();
    lists += indexed.num_lists();
    masks += indexed.num_masks();
    by_paths += indexed.num_by_paths();
  }
  EXPECT_GT(filters, 2500) << "the filters are well formed";
  EXPECT_GT(answers, filters) << "the indexes are asked";
  EXPECT_GT(lists, 50) << "some find few rows";
  EXPECT_GT(masks, 500) << "some many";
  EXPECT_GT(by_paths, 300) << "those over all paths, too";
}

// The rows of a table in a growing segment, some inserted while it is asked.
class GrowingTable {
 public:
  explicit GrowingTable(const expr::TestTable& table)
      : table_(table), segment_(SegmentId(1), PartitionId(1), 0, table.schema()) {}

  void Declare(Random& random) {
    std::vector<DeclaredIndex> declared;
    const auto add = [&](const char* name, ScalarForm form, const std::string& pointer = "",
                         const char* cast_name = nullptr) {
      const schema::FieldSchema* field = table_.schema().Find(name);
      DeclaredIndex index{.id = IndexId(std::ssize(declared) + 1), .name = "GROWING x"};
      index.subject.field = field->id;
      index.subject.elements = field->type == DataType::kArray;
      index.build.form = form;
      index.build.params = {{"min_gram", "2"}, {"max_gram", "3"}};
      if (cast_name != nullptr) {
        index.build.params["json_cast_type"] = cast_name;
        index.build.path = expr::PathOfPointer(pointer);
        const auto cast = index::JsonCastOf(index.build.params);
        index.subject.path = index.build.path;
        index.subject.all_paths = !cast.has_value();
        index.subject.elements = cast.has_value() && cast->array;
      }
      if (!random.Once(5)) declared.push_back(std::move(index));
    };
    for (const char* field : {"b", "i8", "i16", "i32", "i64", "f", "d", "s", "ai", "af", "as"}) {
      add(field, ScalarForm::kHybrid);
    }
    add("s", ScalarForm::kGrams);
    add("geo", ScalarForm::kBoxes);
    add("j", ScalarForm::kValues, "/a", "DOUBLE");
    add("j", ScalarForm::kValues, "/a", "ARRAY_DOUBLE");
    add("j", ScalarForm::kValues, "", "JSON");
    add("$meta", ScalarForm::kValues, "/color", "VARCHAR");
    segment_.indexes().Declare(std::move(declared), nullptr);
  }

  void Insert(int64_t end) {
    const int64_t begin = segment_.num_rows();
    schema::RowBatch batch{.num_rows = end - begin};
    for (const schema::FieldSchema& field : table_.schema().fields) {
      schema::Column column(field.column_type());
      column.AppendRows(table_.Rows(field.id, 0, table_.num_rows()), begin, end - begin);
      batch.columns.emplace_back(field.id, std::move(column));
    }
    segment_.Insert(table_.schema(), batch, Timestamp(end));
  }

  const GrowingSegment& segment() const { return segment_; }

 private:
  const expr::TestTable& table_;
  GrowingSegment segment_;
};

TEST(GrowingIndexes, ChangeNoAnswer) {
  expr::AnswerTally tally;
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    Random random(seed);
    expr::TestTable table = expr::EveryType();
    constexpr int64_t kGrowingRows = 17'000;  // Two chunks, and a tail.
    for (int64_t id = table.num_rows(); id < kGrowingRows; ++id) table.AddRow(random.Row(id));
    GrowingTable growing(table);
    growing.Declare(random);
    for (const int64_t end : {int64_t{5000}, int64_t{9000}, kGrowingRows}) {
      growing.Insert(end);
      // As many looks as make every index worth it.
      for (int i = 0; i < 200; ++i) {
        for (const char* filter :
             {"b == true or i8 == 3 or i16 == 3 or i32 == 3 or i64 == 3 or f == 3.0 or d == 3.0",
              "s == 'abc' or array_contains(ai, 3) or array_contains(as, 'a')"}) {
          const auto plan = expr::Compile(filter, table.schema());
          const auto source = growing.segment().Source(table.schema(), end);
          kernels::Bitset found(end);
          ELANUS_CHECK_OK(Evaluate(**plan, *source, {}, found, Cancellation()));
        }
      }
      for (int i = 0; i < 150; ++i) {
        const std::string filter = random.Filter(2);
        const bool reports_30 = random.Once(2);
        const auto plan = expr::Compile(filter, table.schema(), {}, {.reports_30 = reports_30});
        if (!plan.ok()) continue;
        // An earlier reader sees fewer rows.
        const int64_t rows = random.Once(3) ? end - random.Below(end) : end;
        kernels::Bitset expected(table.num_rows()), found(rows);
        ELANUS_CHECK_OK(Evaluate(**plan, table, {}, expected, Cancellation()));
        const auto source = growing.segment().Source(table.schema(), rows);
        ELANUS_CHECK_OK(Evaluate(**plan, *source, {}, found, Cancellation(), {.tally = &tally}));
        for (int64_t row = 0; row < rows; ++row) {
          ASSERT_EQ(found.Test(row), expected.Test(row))
              << filter << " row " << row << " of " << rows << " seed " << seed;
        }
      }
    }
  }
  EXPECT_GT(tally["GROWING"], 300) << "indexes answer";
  EXPECT_GT(tally["column"], 300) << "columns answer for the rest";
}

TEST(GrowingIndexes, AreMadeOfFullChunksThatWereLookedAtOftenEnough) {
  Random random(1);
  expr::TestTable table = expr::EveryType();
  for (int64_t id = table.num_rows(); id < 9000; ++id) table.AddRow(random.Row(id));
  GrowingTable growing(table);
  growing.Insert(9000);
  DeclaredIndex index{.id = IndexId(1), .name = "INVERTED by_s"};
  index.subject.field = table.schema().Find("s")->id;
  growing.segment().indexes().Declare({index}, nullptr);
  const auto plan = expr::Compile("s like '%bc'", table.schema());
  const auto ask = [&](int64_t rows) {
    expr::AnswerTally tally;
    kernels::Bitset found(rows);
    const auto source = growing.segment().Source(table.schema(), rows);
    ELANUS_CHECK_OK(Evaluate(**plan, *source, {}, found, Cancellation(), {.tally = &tally}));
    return tally;
  };
  EXPECT_EQ(ask(9000), (expr::AnswerTally{{"column", 1}})) << "one look is no reason";
  for (int i = 0; i < 200; ++i) ask(9000);
  EXPECT_EQ(ask(9000), (expr::AnswerTally{{"INVERTED", 1}, {"column", 1}}));
  EXPECT_EQ(ask(8191), (expr::AnswerTally{{"column", 1}})) << "the chunk is not full for a reader";
  EXPECT_GT(growing.segment().indexes().memory_bytes(), 0);
  growing.segment().indexes().Declare({}, nullptr);
  EXPECT_EQ(ask(9000), (expr::AnswerTally{{"column", 1}})) << "it was dropped";
  EXPECT_EQ(growing.segment().indexes().memory_bytes(), 0);
}

TEST(ScalarIndexes, OfSeveralTheCheapestAnswers) {
  Random random(1);
  const expr::TestTable table = RandomTable(random);
  IndexedTable indexed(table);
  indexed.Index("s", ScalarForm::kGrams, false);
  indexed.Index("s", ScalarForm::kValues, true);
  indexed.Index("s", ScalarForm::kValues, false);
  const auto plan = expr::Compile("s == 'abc'", table.schema(), {}, {});
  kernels::Bitset found(table.num_rows());
  ELANUS_CHECK_OK(Evaluate(**plan, indexed, {}, found, Cancellation()));
  EXPECT_EQ(indexed.num_answers(), 1);
  EXPECT_GT(found.Count(), 0);
}

}  // namespace
}  // namespace elanus::segment
