#include "server/garbage_pages.h"

#include <gtest/gtest.h>

namespace elanus::server {
namespace {

TEST(GarbagePages, ReadParametersByName) {
  EXPECT_EQ(QueryParameter("a=1&bc=2&b=3", "b"), "3");
  EXPECT_EQ(QueryParameter("a=1&bc=2&b=3", "a"), "1");
  EXPECT_EQ(QueryParameter("a&b", "a"), "");
  EXPECT_EQ(QueryParameter("", "a"), "");
  EXPECT_EQ(QueryParameter("&&=&a=&a=1", "a"), "");
}

TEST(GarbagePages, SayWhatIsWrongBeforeTheyLookForACoordinator) {
  GarbagePages pages;
  const auto pause = [&](std::string query) { return pages.Pause({.query = std::move(query)}); };
  for (const char* bad :
       {"pause_seconds=0", "pause_seconds=-1", "pause_seconds=x", "pause_seconds=86401",
        "collection_id=c", "collection_id=-4", "pause_seconds=99999999999999999999"}) {
    EXPECT_EQ(pause(bad).status, 400) << bad;
  }
  EXPECT_EQ(pause("pause_seconds=60&collection_id=4").status, 503);
  EXPECT_EQ(pause("").status, 503);
  EXPECT_EQ(pages.Resume({.query = "ticket="}).status, 400);
  EXPECT_EQ(pages.Resume({.query = "ticket=1"}).status, 503);
  EXPECT_EQ(pages.DryRun({}).status, 503);
}

}  // namespace
}  // namespace elanus::server
