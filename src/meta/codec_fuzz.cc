// Decodes bytes as every kind of catalog row. What decodes must encode, and to the same row.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "meta/codec.h"

namespace elanus::meta {
namespace {

// Text that a row holds came from JSON, so writing it again can only fail for surrogate halves and
// the like; when it succeeds, reading gives the same text again.
template <typename Row>
void CheckRoundTrip(const absl::StatusOr<Row>& row,
                    absl::StatusOr<Row> (*decode)(std::string_view, std::string_view)) {
  if (!row.ok()) return;
  const absl::StatusOr<std::string> text = Encode(*row);
  if (!text.ok()) return;
  const absl::StatusOr<Row> again = decode("fuzz", *text);
  ELANUS_CHECK_OK(again.status());
  const absl::StatusOr<std::string> text_again = Encode(*again);
  ELANUS_CHECK_OK(text_again.status());
  ELANUS_CHECK(*text == *text_again);
}

}  // namespace
}  // namespace elanus::meta

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace elanus::meta;  // NOLINT: the fuzzer's entry point must not be in a namespace.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckRoundTrip(DecodeFormat("fuzz", bytes), &DecodeFormat);
  CheckRoundTrip(DecodeDatabase("fuzz", bytes), &DecodeDatabase);
  CheckRoundTrip(DecodeCollection("fuzz", bytes), &DecodeCollection);
  CheckRoundTrip(DecodeSegment("fuzz", bytes), &DecodeSegment);
  CheckRoundTrip(DecodeDelta("fuzz", bytes), &DecodeDelta);
  CheckRoundTrip(DecodeSnapshot("fuzz", bytes), &DecodeSnapshot);
  CheckRoundTrip(DecodeRestoreJob("fuzz", bytes), &DecodeRestoreJob);
  (void)DecodeNumber("fuzz", bytes).ok();
  return 0;
}
