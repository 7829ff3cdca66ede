// Shapes as they are stored: ISO WKB (OGC 06-103r4, 8.2), little-endian, two dimensions.
//
//   shape      = 1:u8 type:u32 body        type: 1 point ... 7 collection, in the order of WkbType
//   point      = x:f64 y:f64               the empty point is (NaN, NaN)
//   line       = count:u32 (x:f64 y:f64)*
//   polygon    = count:u32 line*           rings, the outer one first
//   multi*, collection = count:u32 shape*
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace elanus::geometry {

enum class WkbType : uint32_t {
  kPoint = 1,
  kLineString,
  kPolygon,
  kMultiPoint,
  kMultiLineString,
  kMultiPolygon,
  kCollection,
};

// How deep shapes may lie in collections.
inline constexpr int kMaxNesting = 32;

struct Point {
  double x = 0, y = 0;
};

struct Box {
  double min_x = 0, min_y = 0, max_x = 0, max_y = 0;
  bool Intersects(const Box& other) const {
    return min_x <= other.max_x && other.min_x <= max_x && min_y <= other.max_y &&
           other.min_y <= max_y;
  }
  bool Covers(const Box& other) const {
    return min_x <= other.min_x && other.max_x <= max_x && min_y <= other.min_y &&
           other.max_y <= max_y;
  }
  friend bool operator==(const Box&, const Box&) = default;
};

// False for bytes that are no such shape: too short, too long, other types, infinite coordinates.
bool IsWkb(std::string_view wkb);

// Nothing for empty shapes and for damaged bytes.
std::optional<Box> BoxOf(std::string_view wkb);

// The point, if the shape is one and not empty.
std::optional<Point> PointOf(std::string_view wkb);

// "POINT (1 2)", "POLYGON ((0 0, 1 0, 1 1, 0 0))", "POINT EMPTY"; "" for damaged bytes.
std::string WktOf(std::string_view wkb);

}  // namespace elanus::geometry
