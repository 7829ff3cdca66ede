// Any filter over any rows, evaluated in two ways that must agree: as written, row after row in the
// plan's own order; and rewritten, with zones, statistics, an order of its own and a trace, perhaps
// with JSON paths as columns.
//
// Input: options byte (bit 0 line of releases, bit 1 rows in pieces, bit 2 JSON paths as columns),
// the filter up to a line break, then bytes that rows are made of.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "expr/binder.h"
#include "expr/evaluation_trace.h"
#include "expr/explain.h"
#include "expr/optimiser.h"
#include "expr/parser.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

constexpr int64_t kRowsMax = 200;

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Take() {
    if (bytes_.empty()) return 0;
    const char first = bytes_.front();
    bytes_.remove_prefix(1);
    return static_cast<uint8_t>(first);
  }
  std::string_view TakeText() {
    const size_t size = std::min<size_t>(Take() % 16, bytes_.size());
    const std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }

 private:
  std::string_view bytes_;
};

TestTable MakeTable(bool in_pieces, Bytes bytes) {
  TestTable table(in_pieces ? 64 : 0);
  for (const std::string_view field :
       {"id Int64 primary", "i8 Int8 nullable", "i64 Int64 nullable", "d Double nullable", "b Bool",
        "s VarChar nullable match", "a Array Int16 nullable", "j JSON nullable",
        "$meta JSON dynamic"}) {
    table.AddField(field);
  }
  int64_t id = 0;
  for (; id < kRowsMax && !bytes.empty(); ++id) {
    const uint8_t nulls = bytes.Take();
    const auto null = [&](int bit) { return (nulls >> bit & 1) != 0; };
    const auto append = [&](int bit, const char* name, auto value) {
      null(bit) ? table.column(name).AppendNull() : table.column(name).Append(value);
    };
    const auto append_text = [&](int bit, const char* name, std::string_view text) {
      null(bit) ? table.column(name).AppendNull() : table.column(name).AppendRaw(text);
    };
    table.column("id").Append(id);
    const auto small = static_cast<int8_t>(bytes.Take());
    append(0, "i8", small);
    append(
        1, "i64",
        null(6) ? std::numeric_limits<int64_t>::max() - std::abs(int64_t{small}) : int64_t{small});
    append(2, "d", static_cast<double>(small) / 4);
    table.column("b").Append(static_cast<uint8_t>(small & 1));
    append_text(3, "s", bytes.TakeText());
    schema::ArrayBuilder array(schema::DataType::kInt16);
    for (int n = bytes.Take() % 4; n > 0; --n) array.Append(static_cast<int16_t>(bytes.Take() % 8));
    append_text(4, "a", array.Finish());
    // Half of it well-formed: {"k": number}; the other as it comes.
    append_text(5, "j",
                null(7) ? std::string(bytes.TakeText()) : "{\"k\": " + std::to_string(small) + "}");
    table.column("$meta").AppendRaw("{}");
  }
  table.set_num_rows(id);
  return table;
}

void CheckFilter(std::string_view text, TestTable& table, bool shredded,
                 const CompileOptions& options) {
  const absl::StatusOr<PlanPtr> plan = Compile(text, table.schema(), {}, options);
  if (!plan.ok()) return;
  const absl::StatusOr<Ast> ast = Parse(text, options);
  ELANUS_CHECK_OK(ast.status());
  absl::StatusOr<Plan> plain = Bind(*ast, table.schema(), {}, options);
  ELANUS_CHECK_OK(plain.status());
  Finish(*plain);
  const std::vector<int64_t> expected = table.Matching(*plain);
  table.KeepZones();
  table.KeepStatistics();
  if (shredded) table.KeepShredded({.share_min = 0});
  EvaluationTrace trace;
  kernels::Bitset out(table.num_rows());
  ELANUS_CHECK_OK(Evaluate(**plan, table, {}, out, Cancellation(), {.trace = &trace}));
  std::vector<int64_t> found;
  out.view().ForEach([&](int64_t row) { found.push_back(row); });
  ELANUS_CHECK(found == expected);
  StepsOf(**plan, trace);
}

}  // namespace
}  // namespace elanus::expr

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t line = std::min(input.find('\n'), input.size());
  elanus::expr::CompileOptions options;
  options.reports_30 = (data[0] & 1) != 0;
  const elanus::expr::Bytes rows(input.substr(std::min(line + 1, input.size())));
  elanus::expr::TestTable table = elanus::expr::MakeTable((data[0] & 2) != 0, rows);
  elanus::expr::CheckFilter(input.substr(0, line), table, (data[0] & 4) != 0, options);
  return 0;
}
