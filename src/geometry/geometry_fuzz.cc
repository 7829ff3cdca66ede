// WKT as clients send it, and the same bytes taken for a stored shape.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "geometry/spatial_test.h"
#include "geometry/wkt_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace elanus::geometry;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static auto* const reader = new WktReader();
  if (const auto wkb = reader->Read(bytes); wkb.ok()) {
    // What was read can be written, and reads as the same shape.
    const auto again = reader->Read(WktOf(*wkb));
    if (!again.ok() || *again != *wkb) std::abort();
  }
  if (IsWkb(bytes) != !WktOf(bytes).empty()) std::abort();
  static const auto* const query = new SpatialQuery{
      Relation::kIntersects, *reader->Read("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))"), 0};
  static auto* const test = new SpatialTest(*query);
  (void)(*test)(bytes);
  return 0;
}
