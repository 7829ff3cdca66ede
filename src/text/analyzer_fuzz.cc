// Any JSON as an analyzer and any text for it: an error or tokens; never a crash. A zero byte
// stands between the two.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.h"
#include "text/analyzer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = std::min(input.find('\0'), size);
  const std::string_view text = input.substr(std::min(zero + 1, size));
  const auto analyzer = elanus::text::ParseAnalyzer(input.substr(0, zero));
  if (!analyzer.ok()) {
    ELANUS_CHECK(elanus::CodeOf(analyzer.status()) == elanus::ErrorCode::kParameterInvalid);
    return 0;
  }
  for (const elanus::text::Token& token : (*analyzer)->Analyze(text)) {
    ELANUS_CHECK(token.start >= 0 && token.start <= token.end);
    ELANUS_CHECK(token.end <= static_cast<int64_t>(text.size()));
  }
  return 0;
}
