#include "geometry/spatial_test.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "geometry/geos_context.h"

namespace elanus::geometry {
namespace {

constexpr double kEarthRadiusMetres = 6'371'000;
constexpr double kMetresPerDegree = 111'320;

double Radians(double degrees) {
  return degrees * std::numbers::pi / 180;
}

// What a degree is worth about that latitude: the root mean square of both directions.
double MetresPerDegreeAt(double latitude) {
  const double cosine = std::cos(Radians(latitude));
  return kMetresPerDegree * std::sqrt((1 + cosine * cosine) / 2);
}

// In degrees, from a point to the nearest of a box.
double DistanceTo(const Box& box, Point point) {
  const double x = std::max({box.min_x - point.x, 0.0, point.x - box.max_x});
  const double y = std::max({box.min_y - point.y, 0.0, point.y - box.max_y});
  return std::hypot(x, y);
}

}  // namespace

class SpatialTest::Geos {
 public:
  explicit Geos(const SpatialQuery& query)
      : reader_(context_.Own(GEOSWKBReader_create_r(context_.get()))) {
    if (query.relation == Relation::kValid) return;
    literal_ = Read(query.wkb);
    if (literal_ == nullptr) return;
    prepared_ = context_.Own(GEOSPrepare_r(context_.get(), literal_.get()));
  }

  bool IsValid(std::string_view row_wkb) {
    const auto row = Read(row_wkb);
    return row != nullptr && GEOSisValid_r(context_.get(), row.get()) == 1;
  }

  bool Test(Relation relation, std::string_view row_wkb) {
    const auto row = Read(row_wkb);
    if (row == nullptr || prepared_ == nullptr) return false;
    return Ask(relation, row.get()) == 1;
  }

  // In the unit of the coordinates; nothing if there is no answer.
  std::optional<double> Distance(std::string_view row_wkb) {
    const auto row = Read(row_wkb);
    double distance = 0;
    if (row == nullptr || literal_ == nullptr ||
        GEOSDistance_r(context_.get(), row.get(), literal_.get(), &distance) != 1) {
      return std::nullopt;
    }
    return distance;
  }

 private:
  GeosContext::Owned<GEOSGeometry> Read(std::string_view wkb) {
    return context_.Own(GEOSWKBReader_read_r(context_.get(), reader_.get(),
                                             reinterpret_cast<const unsigned char*>(wkb.data()),
                                             wkb.size()));
  }

  // 1 yes, 0 no, 2 no answer. The prepared shape is the literal, the left operand of GEOS: the row
  // contains the literal when the literal is within the row.
  char Ask(Relation relation, const GEOSGeometry* row) const {
    const GEOSContextHandle_t handle = context_.get();
    switch (relation) {
      case Relation::kEquals:
        return GEOSEquals_r(handle, literal_.get(), row);
      case Relation::kTouches:
        return GEOSPreparedTouches_r(handle, prepared_.get(), row);
      case Relation::kOverlaps:
        return GEOSPreparedOverlaps_r(handle, prepared_.get(), row);
      case Relation::kCrosses:
        return GEOSPreparedCrosses_r(handle, prepared_.get(), row);
      case Relation::kContains:
        return GEOSPreparedWithin_r(handle, prepared_.get(), row);
      case Relation::kIntersects:
        return GEOSPreparedIntersects_r(handle, prepared_.get(), row);
      case Relation::kWithin:
        return GEOSPreparedContains_r(handle, prepared_.get(), row);
      case Relation::kNear:
      case Relation::kValid:
        break;
    }
    return 2;
  }

  GeosContext context_;
  GeosContext::Owned<GEOSWKBReader> reader_;
  GeosContext::Owned<GEOSGeometry> literal_;
  GeosContext::Owned<const GEOSPreparedGeometry> prepared_;
};

SpatialTest::SpatialTest(const SpatialQuery& query)
    : query_(query), box_(BoxOf(query.wkb)), geos_(std::make_unique<Geos>(query)) {}
SpatialTest::~SpatialTest() = default;

bool SpatialTest::BoxesAllow(const Box& row) const {
  switch (query_.relation) {
    case Relation::kEquals:
      return row == *box_;
    case Relation::kContains:
      return row.Covers(*box_);
    case Relation::kWithin:
      return box_->Covers(row);
    case Relation::kTouches:
    case Relation::kOverlaps:
    case Relation::kCrosses:
    case Relation::kIntersects:
      return row.Intersects(*box_);
    case Relation::kNear:
    case Relation::kValid:
      break;
  }
  return true;
}

bool SpatialTest::IsNear(std::string_view row_wkb) {
  const std::optional<Point> literal = PointOf(query_.wkb);
  if (!literal.has_value()) return false;
  if (const std::optional<Point> point = PointOf(row_wkb)) {
    return HaversineMetres(*point, *literal) <= query_.metres;
  }
  const double degrees = query_.metres / MetresPerDegreeAt(literal->y);
  const std::optional<Box> box = BoxOf(row_wkb);
  if (!box.has_value() || DistanceTo(*box, *literal) > degrees) return false;
  const std::optional<double> distance = geos_->Distance(row_wkb);
  return distance.has_value() && *distance <= degrees;
}

bool SpatialTest::operator()(std::string_view row_wkb) {
  if (query_.relation == Relation::kNear) return IsNear(row_wkb);
  if (!IsWkb(row_wkb)) return false;
  if (query_.relation == Relation::kValid) return geos_->IsValid(row_wkb);
  const std::optional<Box> row = BoxOf(row_wkb);
  // Empty shapes equal each other and have no other relation.
  if (!row.has_value() || !box_.has_value()) {
    return query_.relation == Relation::kEquals && row.has_value() == box_.has_value();
  }
  return BoxesAllow(*row) && geos_->Test(query_.relation, row_wkb);
}

std::optional<Box> ReachOf(const SpatialQuery& query) {
  if (query.relation == Relation::kValid) return std::nullopt;
  std::optional<Box> box = BoxOf(query.wkb);
  if (query.relation != Relation::kNear || !box.has_value()) return box;
  const std::optional<Point> point = PointOf(query.wkb);
  if (!point.has_value()) return std::nullopt;
  // Rounding must not make it smaller.
  const double angle = query.metres / kEarthRadiusMetres * (1 + 1e-9) + 1e-12;
  const double degrees =
      std::max(angle * 180 / std::numbers::pi, query.metres / MetresPerDegreeAt(point->y)) + 1e-9;
  if (std::abs(point->x) > 180 || std::abs(point->y) > 90) return std::nullopt;
  box->min_y = point->y - degrees;
  box->max_y = point->y + degrees;
  // Round a pole, or over the date line, rows of any longitude may be near.
  const double sine = std::sin(std::min(angle, 1.0)) / std::cos(Radians(point->y));
  const bool polar = angle >= 1 || box->max_y >= 90 || box->min_y <= -90 || sine >= 1;
  const double across =
      polar ? 360 : std::max(degrees, std::asin(sine) * 180 / std::numbers::pi * (1 + 1e-9) + 1e-9);
  const bool wraps = point->x - across < -180 || point->x + across > 180;
  box->min_x = wraps ? -180 : point->x - across;
  box->max_x = wraps ? 180 : point->x + across;
  return box;
}

double HaversineMetres(Point a, Point b) {
  const double latitude = std::sin(Radians(b.y - a.y) / 2);
  const double longitude = std::sin(Radians(b.x - a.x) / 2);
  const double h =
      latitude * latitude + std::cos(Radians(a.y)) * std::cos(Radians(b.y)) * longitude * longitude;
  return 2 * kEarthRadiusMetres * std::asin(std::min(1.0, std::sqrt(h)));
}

}  // namespace elanus::geometry
