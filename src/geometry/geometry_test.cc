#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "geometry/spatial_test.h"
#include "geometry/wkb.h"
#include "geometry/wkt_reader.h"

namespace elanus::geometry {
namespace {

std::string Wkb(std::string_view wkt) {
  WktReader reader;
  const auto wkb = reader.Read(wkt);
  EXPECT_TRUE(wkb.ok()) << wkt << ": " << wkb.status().ToString();
  return wkb.value_or("");
}

std::string ErrorOf(std::string_view wkt) {
  WktReader reader;
  return WireReason(reader.Read(wkt).status());
}

TEST(Wkt, ComesBackAsItWent) {
  for (const char* wkt :
       {"POINT (1 2)", "POINT (-0.1 1e+300)", "POINT EMPTY", "LINESTRING (0 0, 1 1.5)",
        "LINESTRING EMPTY", "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))", "POLYGON EMPTY",
        "MULTIPOINT (1 1, 2 2)", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))", "MULTIPOLYGON EMPTY",
        "GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1)))",
        "GEOMETRYCOLLECTION EMPTY", "GEOMETRYCOLLECTION (POINT EMPTY, POLYGON EMPTY)"}) {
    const std::string wkb = Wkb(wkt);
    EXPECT_TRUE(IsWkb(wkb)) << wkt;
    std::string expected = wkt;
    if (expected == "MULTIPOINT (1 1, 2 2)") expected = "MULTIPOINT ((1 1), (2 2))";
    EXPECT_EQ(WktOf(wkb), expected);
    EXPECT_EQ(Wkb(WktOf(wkb)), wkb);
  }
  EXPECT_EQ(WktOf(Wkb("point(1.50 -2)")), "POINT (1.5 -2)");
}

TEST(Wkt, KeepsEveryBitOfACoordinate) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    const Point point{std::ldexp(static_cast<double>(random()), -60),
                      -std::ldexp(static_cast<double>(random()), -70)};
    std::string wkb("\1\1\0\0\0", 5);
    wkb.append(reinterpret_cast<const char*>(&point), sizeof(point));
    EXPECT_EQ(Wkb(WktOf(wkb)), wkb) << WktOf(wkb);
  }
}

TEST(Wkt, RefusesWhatIsNoShape) {
  for (const char* wkt :
       {"", "POINT", "POINT (1)", "POINT (1 2", "CIRCLE (0 0, 1)", "POINT (a b)", "POINT (1 2) x",
        "POINT EMPTY x", "POINT (1 2))", "POINT (1 2) (3 4)", "LINESTRING (0 0)",
        "POLYGON ((0 0, 1 1, 2 2))", "POLYGON ((0 0, 1 0, 1 1))", "POINT Z (1 2 3)",
        "POINT (1e999 0)", "SRID=4326;POINT (1 2)"}) {
    EXPECT_NE(ErrorOf(wkt).find("invalid geometry wkt"), std::string::npos) << wkt;
  }
  for (const std::string& zero :
       {std::string("POINT (1 2)\0", 12), std::string("POINT\0(1 2)", 11)}) {
    EXPECT_NE(ErrorOf(zero).find("invalid geometry wkt"), std::string::npos);
  }
  EXPECT_EQ(WktOf(Wkb(" POINT EMPTY\n")), "POINT EMPTY");
}

TEST(Wkt, RefusesDeepNestingBeforeAnybodyRecurses) {
  std::string wkt;
  for (int i = 0; i < 100'000; ++i) wkt += "GEOMETRYCOLLECTION (";
  EXPECT_NE(ErrorOf(wkt).find("nested too deep"), std::string::npos);
  std::string fine = "POINT (1 2)";
  for (int i = 0; i < kMaxNesting; ++i) fine = "GEOMETRYCOLLECTION (" + fine + ")";
  EXPECT_EQ(WktOf(Wkb(fine)), fine);
}

TEST(Wkb, DamagedBytesAreNoShape) {
  std::mt19937_64 random(3);
  const std::string wkb =
      Wkb("GEOMETRYCOLLECTION (POINT (1 2), POLYGON ((0 0, 4 0, 4 4, 0 0)), MULTIPOINT ((1 1)))");
  for (size_t length = 0; length < wkb.size(); ++length) {
    EXPECT_FALSE(IsWkb(wkb.substr(0, length))) << length;
    EXPECT_EQ(WktOf(wkb.substr(0, length)), "");
  }
  EXPECT_FALSE(IsWkb(wkb + "x"));
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = wkb;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) {
      bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const bool good = IsWkb(bad);
    EXPECT_EQ(good, !WktOf(bad).empty());
  }
}

TEST(Wkb, KnowsItsBoundingBox) {
  EXPECT_EQ(BoxOf(Wkb("LINESTRING (3 -1, 0 5)")), (Box{0, -1, 3, 5}));
  EXPECT_EQ(BoxOf(Wkb("POINT (1 2)")), (Box{1, 2, 1, 2}));
  EXPECT_EQ(BoxOf(Wkb("POLYGON EMPTY")), std::nullopt);
  EXPECT_EQ(BoxOf("nonsense"), std::nullopt);
}

bool Holds(Relation relation, std::string_view row, std::string_view literal, double metres = 0) {
  const SpatialQuery query{relation, Wkb(literal), metres};
  SpatialTest test(query);
  return test(Wkb(row));
}

constexpr std::string_view kSquare = "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))";

TEST(SpatialTest, TheRowIsTheLeftOperand) {
  EXPECT_TRUE(Holds(Relation::kWithin, "POINT (1 1)", kSquare));
  EXPECT_FALSE(Holds(Relation::kContains, "POINT (1 1)", kSquare));
  EXPECT_TRUE(Holds(Relation::kContains, kSquare, "POINT (1 1)"));
  EXPECT_FALSE(Holds(Relation::kWithin, kSquare, "POINT (1 1)"));
  EXPECT_FALSE(Holds(Relation::kWithin, "POINT (4 2)", kSquare)) << "on the border";
}

TEST(SpatialTest, KnowsEveryRelation) {
  EXPECT_TRUE(Holds(Relation::kEquals, "POLYGON ((4 4, 0 4, 0 0, 4 0, 4 4))", kSquare));
  EXPECT_FALSE(Holds(Relation::kEquals, "POLYGON ((0 0, 4 0, 4 4, 0 0))", kSquare));
  EXPECT_TRUE(Holds(Relation::kTouches, "POINT (4 2)", kSquare));
  EXPECT_FALSE(Holds(Relation::kTouches, "POINT (1 2)", kSquare));
  EXPECT_TRUE(Holds(Relation::kOverlaps, "POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))", kSquare));
  EXPECT_FALSE(Holds(Relation::kOverlaps, "POLYGON ((1 1, 2 1, 2 2, 1 1))", kSquare));
  EXPECT_TRUE(Holds(Relation::kCrosses, "LINESTRING (-1 2, 6 2)", kSquare));
  EXPECT_TRUE(Holds(Relation::kCrosses, kSquare, "LINESTRING (-1 2, 6 2)"));
  EXPECT_FALSE(Holds(Relation::kCrosses, "LINESTRING (1 2, 2 2)", kSquare));
  EXPECT_TRUE(Holds(Relation::kIntersects, "POINT (4 4)", kSquare));
  EXPECT_FALSE(Holds(Relation::kIntersects, "POINT (5 4)", kSquare));
  EXPECT_TRUE(Holds(Relation::kValid, kSquare, "POINT EMPTY"));
  EXPECT_FALSE(Holds(Relation::kValid, "POLYGON ((0 0, 4 4, 4 0, 0 4, 0 0))", "POINT EMPTY"));
}

TEST(SpatialTest, EmptyShapesEqualEachOtherAndNothingElse) {
  EXPECT_TRUE(Holds(Relation::kEquals, "POINT EMPTY", "POLYGON EMPTY"));
  EXPECT_FALSE(Holds(Relation::kEquals, "POINT EMPTY", kSquare));
  EXPECT_FALSE(Holds(Relation::kIntersects, "POINT EMPTY", kSquare));
  EXPECT_FALSE(Holds(Relation::kNear, "POINT EMPTY", "POINT (0 0)", 1e9));
}

TEST(SpatialTest, DistancesAreMetresOnTheSphereBetweenPoints) {
  EXPECT_NEAR(HaversineMetres({0, 0}, {1, 0}), 111194.93, 0.01);
  EXPECT_NEAR(HaversineMetres({10, 20}, {-170, -20}), 6371000 * M_PI, 0.01) << "the other side";
  EXPECT_TRUE(Holds(Relation::kNear, "POINT (0 1)", "POINT (0 0)", 111195));
  EXPECT_FALSE(Holds(Relation::kNear, "POINT (0 1)", "POINT (0 0)", 111194));
  // Other shapes: degrees, by the mean of their two lengths.
  EXPECT_TRUE(Holds(Relation::kNear, "LINESTRING (1 -1, 1 1)", "POINT (0 0)", 111321));
  EXPECT_FALSE(Holds(Relation::kNear, "LINESTRING (1 -1, 1 1)", "POINT (0 0)", 111319));
  EXPECT_TRUE(Holds(Relation::kNear, kSquare, "POINT (1 1)", 0)) << "inside";
}

// Convex polygons: inside is where all edges turn left.
TEST(SpatialTest, AgreesWithArithmeticOnRandomPointsAndTriangles) {
  std::mt19937_64 random(11);
  const auto draw = [&] { return static_cast<int>(random() % 21) - 10; };
  for (int round = 0; round < 300; ++round) {
    int x[3], y[3];
    for (int i = 0; i < 3; ++i) x[i] = draw(), y[i] = draw();
    const auto side = [&](int i, int px, int py) {
      const int j = (i + 1) % 3;
      return (x[j] - x[i]) * (py - y[i]) - (y[j] - y[i]) * (px - x[i]);
    };
    const int area = side(0, x[2], y[2]);
    if (area == 0) continue;
    const SpatialQuery within{Relation::kWithin,
                              Wkb(fmt::format("POLYGON (({} {}, {} {}, {} {}, {} {}))", x[0], y[0],
                                              x[1], y[1], x[2], y[2], x[0], y[0])),
                              0};
    const SpatialQuery touching{Relation::kTouches, within.wkb, 0};
    SpatialTest is_within(within), touches(touching);
    for (int i = 0; i < 40; ++i) {
      const int px = draw(), py = draw();
      int least = 1;
      for (int edge = 0; edge < 3; ++edge) {
        const int turn = area > 0 ? side(edge, px, py) : -side(edge, px, py);
        least = std::min(least, turn < 0 ? -1 : turn > 0 ? 1 : 0);
      }
      const std::string point = Wkb(fmt::format("POINT ({} {})", px, py));
      EXPECT_EQ(is_within(point), least > 0);
      EXPECT_EQ(touches(point), least == 0);
    }
  }
}

}  // namespace
}  // namespace elanus::geometry
