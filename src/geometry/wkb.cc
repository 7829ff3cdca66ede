#include "geometry/wkb.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

namespace elanus::geometry {
namespace {

constexpr std::string_view kNames[] = {
    "",           "POINT",           "LINESTRING",   "POLYGON",
    "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"};

// Walks over a shape and tells a visitor what it meets. Every read is checked.
//
//   Visitor: Begin(WkbType, depth, num_parts), BeginList(num_parts) and EndList() around the points
//   of a line or ring, EmptyPoint(), At(Point), End(). Depth 0 is the shape itself.
template <typename Visitor>
class Walker {
 public:
  Walker(std::string_view bytes, Visitor& visitor) : bytes_(bytes), visitor_(visitor) {}
  bool Run() { return Shape(0, std::nullopt) && bytes_.empty(); }

 private:
  template <typename T>
  bool Read(T* value) {
    if (bytes_.size() < sizeof(T)) return false;
    std::memcpy(value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return true;
  }
  // A number of parts that take at least `bytes` each.
  bool ReadCount(size_t bytes, uint32_t* count) {
    return Read(count) && *count <= bytes_.size() / bytes;
  }

  bool Shape(int depth, std::optional<WkbType> only) {
    uint8_t order = 0;
    uint32_t number = 0;
    if (depth > kMaxNesting || !Read(&order) || order != 1 || !Read(&number)) return false;
    if (number < 1 || number > static_cast<uint32_t>(WkbType::kCollection)) return false;
    const auto type = static_cast<WkbType>(number);
    if (only.has_value() && type != *only) return false;
    switch (type) {
      case WkbType::kPoint:
        return SinglePoint(depth);
      case WkbType::kLineString:
        visitor_.Begin(type, depth, 1);
        if (!Line()) return false;
        visitor_.End();
        return true;
      case WkbType::kPolygon:
        return Polygon(depth);
      case WkbType::kMultiPoint:
        return Parts(type, depth, WkbType::kPoint);
      case WkbType::kMultiLineString:
        return Parts(type, depth, WkbType::kLineString);
      case WkbType::kMultiPolygon:
        return Parts(type, depth, WkbType::kPolygon);
      case WkbType::kCollection:
        return Parts(type, depth, std::nullopt);
    }
    return false;
  }

  bool SinglePoint(int depth) {
    Point point;
    if (!Read(&point.x) || !Read(&point.y)) return false;
    visitor_.Begin(WkbType::kPoint, depth, 1);
    if (std::isnan(point.x) && std::isnan(point.y)) {
      visitor_.EmptyPoint();
    } else if (!std::isfinite(point.x) || !std::isfinite(point.y)) {
      return false;
    } else {
      visitor_.BeginList(1);
      visitor_.At(point);
      visitor_.EndList();
    }
    visitor_.End();
    return true;
  }

  bool Line() {
    uint32_t count = 0;
    if (!ReadCount(sizeof(Point), &count)) return false;
    visitor_.BeginList(count);
    for (uint32_t i = 0; i < count; ++i) {
      Point point;
      Read(&point.x);
      Read(&point.y);
      if (!std::isfinite(point.x) || !std::isfinite(point.y)) return false;
      visitor_.At(point);
    }
    visitor_.EndList();
    return true;
  }

  bool Polygon(int depth) {
    uint32_t rings = 0;
    if (!ReadCount(sizeof(uint32_t), &rings)) return false;
    visitor_.Begin(WkbType::kPolygon, depth, rings);
    for (uint32_t i = 0; i < rings; ++i) {
      if (!Line()) return false;
    }
    visitor_.End();
    return true;
  }

  bool Parts(WkbType type, int depth, std::optional<WkbType> only) {
    uint32_t count = 0;
    if (!ReadCount(1 + sizeof(uint32_t), &count)) return false;
    visitor_.Begin(type, depth, count);
    for (uint32_t i = 0; i < count; ++i) {
      if (!Shape(depth + 1, only)) return false;
    }
    visitor_.End();
    return true;
  }

  std::string_view bytes_;
  Visitor& visitor_;
};

struct Nothing {
  void Begin(WkbType, int, uint32_t) {}
  void BeginList(uint32_t) {}
  void EndList() {}
  void EmptyPoint() {}
  void At(Point) {}
  void End() {}
};

struct BoxFinder : Nothing {
  std::optional<Box> box;
  void At(Point point) {
    if (!box.has_value()) box = Box{point.x, point.y, point.x, point.y};
    box->min_x = std::min(box->min_x, point.x);
    box->min_y = std::min(box->min_y, point.y);
    box->max_x = std::max(box->max_x, point.x);
    box->max_y = std::max(box->max_y, point.y);
  }
};

class WktWriter {
 public:
  void Begin(WkbType type, int depth, uint32_t num_parts) {
    if (!open_.empty()) Separate();
    // Parts of multi-shapes have no names of their own.
    const bool named = depth == 0 || open_.back().type == WkbType::kCollection;
    if (named) {
      out_ += kNames[static_cast<uint32_t>(type)];
      out_ += ' ';
    }
    const bool brackets = type != WkbType::kPoint && type != WkbType::kLineString;
    open_.push_back({type, true, brackets && num_parts > 0});
    if (brackets) out_ += num_parts > 0 ? "(" : "EMPTY";
  }
  void BeginList(uint32_t num_parts) {
    const bool ring = open_.back().type == WkbType::kPolygon;
    if (ring) Separate();
    first_point_ = true;
    empty_list_ = num_parts == 0;
    out_ += empty_list_ ? "EMPTY" : "(";
  }
  void EndList() {
    if (!empty_list_) out_ += ')';
  }
  void EmptyPoint() { out_ += "EMPTY"; }
  void At(Point point) {
    if (!first_point_) out_ += ", ";
    first_point_ = false;
    Number(point.x);
    out_ += ' ';
    Number(point.y);
  }
  void End() {
    if (open_.back().brackets) out_ += ')';
    open_.pop_back();
  }
  std::string Take() { return std::move(out_); }

 private:
  struct Open {
    WkbType type;
    bool first = true;  // No part was written yet.
    bool brackets = false;
  };
  void Separate() {
    if (!open_.back().first) out_ += ", ";
    open_.back().first = false;
  }
  void Number(double value) {
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
    out_.append(text, end);
  }

  std::string out_;
  std::vector<Open> open_;
  bool first_point_ = true;
  bool empty_list_ = false;
};

constexpr size_t kPointBytes = 1 + sizeof(uint32_t) + sizeof(Point);

}  // namespace

bool IsWkb(std::string_view wkb) {
  Nothing nothing;
  return Walker<Nothing>(wkb, nothing).Run();
}

std::optional<Box> BoxOf(std::string_view wkb) {
  if (const std::optional<Point> point = PointOf(wkb)) {
    return Box{point->x, point->y, point->x, point->y};
  }
  BoxFinder finder;
  if (!Walker<BoxFinder>(wkb, finder).Run()) return std::nullopt;
  return finder.box;
}

std::optional<Point> PointOf(std::string_view wkb) {
  uint32_t type = 0;
  if (wkb.size() != kPointBytes || wkb[0] != 1) return std::nullopt;
  std::memcpy(&type, wkb.data() + 1, sizeof(type));
  if (type != static_cast<uint32_t>(WkbType::kPoint)) return std::nullopt;
  Point point;
  std::memcpy(&point, wkb.data() + kPointBytes - sizeof(Point), sizeof(Point));
  if (!std::isfinite(point.x) || !std::isfinite(point.y)) return std::nullopt;
  return point;
}

std::string WktOf(std::string_view wkb) {
  WktWriter writer;
  if (!Walker<WktWriter>(wkb, writer).Run()) return "";
  return writer.Take();
}

}  // namespace elanus::geometry
