// One shape against many: what st_within and its like ask.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "geometry/wkb.h"

namespace elanus::geometry {

// Read "the row ... the literal": DE-9IM as GEOS has it, in the plane.
enum class Relation {
  kEquals,
  kTouches,
  kOverlaps,
  kCrosses,
  kContains,
  kIntersects,
  kWithin,
  kNear,   // At most so many metres from the literal, a point of longitude and latitude.
  kValid,  // Asks of the row alone.
};

struct SpatialQuery {
  Relation relation = Relation::kIntersects;
  std::string wkb;    // The literal. A point for kNear.
  double metres = 0;  // kNear.
};

// Holds the literal prepared; rows whose bounding boxes decide are never read as shapes. Damaged
// bytes, and pairs that GEOS has no answer for (collections in some relations), are FALSE.
// Threads: one.
class SpatialTest {
 public:
  // The query outlives this.
  explicit SpatialTest(const SpatialQuery& query);
  ~SpatialTest();
  SpatialTest(const SpatialTest&) = delete;
  SpatialTest& operator=(const SpatialTest&) = delete;

  bool operator()(std::string_view row_wkb);

 private:
  class Geos;
  bool BoxesAllow(const Box& row) const;
  bool IsNear(std::string_view row_wkb);

  const SpatialQuery& query_;
  const std::optional<Box> box_;  // Of the literal; none if it is empty.
  std::unique_ptr<Geos> geos_;
};

// A box that every shape meets for which the query is TRUE; nothing if there is none, or if shapes
// without a box may pass. Of kNear it is in degrees on one turn of the globe.
std::optional<Box> ReachOf(const SpatialQuery& query);

// Between points of longitude and latitude in degrees, on a sphere.
double HaversineMetres(Point a, Point b);

}  // namespace elanus::geometry
