// Shapes as clients write them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::geometry {

// Reads WKT (OGC 06-103r4, 7): POINT, LINESTRING, POLYGON, their MULTI forms, GEOMETRYCOLLECTION.
// Threads: one.
class WktReader {
 public:
  WktReader();
  ~WktReader();
  WktReader(const WktReader&) = delete;
  WktReader& operator=(const WktReader&) = delete;

  // The shape as it is stored (wkb.h). kParameterInvalid for what is no WKT, has a third dimension,
  // infinite coordinates or more than kMaxNesting collections in each other. Shapes need not be
  // valid: rings may cross themselves.
  absl::StatusOr<std::string> Read(std::string_view wkt);

 private:
  class Geos;
  std::unique_ptr<Geos> geos_;
};

}  // namespace elanus::geometry
