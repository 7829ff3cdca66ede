// Any text as a filter: an error or a plan, and a plan runs over ten rows; never a crash.
// The first byte chooses the line of releases.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "expr/test_table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using elanus::expr::TemplateValue;
  static const auto* const table = new elanus::expr::TestTable(elanus::expr::EveryType());
  static const elanus::expr::TemplateValues values = {
      {"i", {int64_t{5}}},
      {"s", {std::string("abc")}},
      {"l", {TemplateValue::List{{int64_t{1}}, {2.5}, {std::string("x")}, {true}}}}};
  if (size == 0) return 0;
  elanus::expr::CompileOptions options;
  options.reports_30 = (data[0] & 1) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto plan = elanus::expr::Compile(text, table->schema(), values, options);
  if (!plan.ok()) {
    ELANUS_CHECK(elanus::CodeOf(plan.status()) == elanus::ErrorCode::kParameterInvalid);
    return 0;
  }
  table->Matching(**plan);
  elanus::expr::DebugString(**plan);
  elanus::expr::ExactPrimaryKeys(**plan);
  elanus::expr::RequiredValues(**plan, table->schema().primary_key().id);
  return 0;
}
