#include "proxy/search_iterator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "schema.pb.h"

namespace elanus::proxy {
namespace {

// What a query node answers for rows of these scores (L2, ascending; the row's number is its key).
roles::SearchResult Answer(const std::vector<float>& scores, const roles::SearchRequest& search) {
  std::vector<float> found;
  for (const float score : scores) {
    if (search.range.Contains(score)) found.push_back(score);
  }
  roles::SearchResult result;
  const auto end = static_cast<size_t>(search.offset + search.k);
  for (size_t i = static_cast<size_t>(search.offset); i < std::min(end, found.size()); ++i) {
    result.scores.push_back(found[i]);
  }
  result.cut_ties = end < found.size() && found[end - 1] == found[end];
  result.hits_per_query = {std::ssize(result.scores)};
  return result;
}

// The sizes of an iterator's pages and, in `seen`, all its scores.
std::vector<size_t> Walk(const std::vector<float>& scores, int64_t batch,
                         std::vector<float>& seen) {
  IteratorCursors cursors(5);
  SearchIteratorParams params;
  std::vector<size_t> sizes;
  for (int page = 0; page < 1000; ++page) {
    roles::SearchRequest search;
    search.num_queries = 1;
    search.k = batch;
    const auto more = PreparePage(params, cursors, search);
    EXPECT_TRUE(more.ok());
    const roles::SearchResult result = *more ? Answer(scores, search) : roles::SearchResult();
    schema_pb::SearchIteratorV2Results out;
    FinishPage(params, search, result, cursors, &out);
    EXPECT_TRUE(IsToken(out.token()));
    EXPECT_TRUE(params.token.empty() || params.token == out.token());
    if (result.scores.empty()) break;
    EXPECT_EQ(out.last_bound(), result.scores.back());
    sizes.push_back(result.scores.size());
    seen.insert(seen.end(), result.scores.begin(), result.scores.end());
    params = {out.token(), out.last_bound()};
  }
  EXPECT_EQ(cursors.size(), 0u) << "nothing is left of an iterator that came to its end";
  return sizes;
}

TEST(SearchIterator, PagesAreFullAndHoldEveryRowOnceAlsoAtEqualScores) {
  std::vector<float> scores;
  for (int i = 0; i < 400; ++i) scores.push_back(static_cast<float>(i / 90));
  scores.push_back(1000);
  for (const int64_t batch : {1, 7, 100, 1000}) {
    std::vector<float> seen;
    const std::vector<size_t> sizes = Walk(scores, batch, seen);
    EXPECT_EQ(seen, scores) << batch;
    for (size_t i = 0; i + 1 < sizes.size(); ++i) EXPECT_EQ(sizes[i], static_cast<size_t>(batch));
  }
}

TEST(SearchIterator, EndsBehindInfiniteDistances) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> scores = {1, infinity, infinity, infinity};
  std::vector<float> seen;
  Walk(scores, 2, seen);
  EXPECT_EQ(seen, scores);
}

TEST(SearchIterator, AnEmptyFirstPageEndsAtTheWorstScore) {
  IteratorCursors cursors;
  roles::SearchRequest search;
  search.metric = kernels::Metric::kIp;
  schema_pb::SearchIteratorV2Results out;
  FinishPage({}, search, {}, cursors, &out);
  EXPECT_EQ(out.last_bound(), -std::numeric_limits<float>::max());
  FinishPage({"", 0.5f}, search, {}, cursors, &out);
  EXPECT_EQ(out.last_bound(), 0.5f);
}

TEST(SearchIterator, TakesOneQuery) {
  roles::SearchRequest search;
  search.num_queries = 2;
  EXPECT_EQ(CodeOf(PreparePage({}, IteratorCursors(), search).status()),
            ErrorCode::kParameterInvalid);
}

TEST(SearchIterator, ALostCursorLosesTheRestOfOneScoreOnly) {
  roles::SearchRequest search;
  search.num_queries = 1;
  ASSERT_TRUE(*PreparePage({"unknown", 3.0f}, IteratorCursors(), search));
  EXPECT_EQ(search.offset, 0);
  EXPECT_FALSE(search.range.Contains(3.0f));
  EXPECT_TRUE(search.range.Contains(3.0000002f));
}

TEST(IteratorCursors, ForgetTheOldestBeyondTheirNumber) {
  IteratorCursors cursors(1, 2);
  cursors.Set("a", 1, 5);
  cursors.Set("b", 1, 6);
  cursors.Set("a", 2, 7);
  cursors.Set("c", 1, 8);
  EXPECT_EQ(cursors.size(), 2u);
  EXPECT_EQ(cursors.Returned("a", 2), 7);
  EXPECT_EQ(cursors.Returned("a", 1), 0) << "of another score";
  EXPECT_EQ(cursors.Returned("b", 1), 0);
  cursors.Set("c", 1, 0);
  EXPECT_EQ(cursors.size(), 1u);
  EXPECT_NE(cursors.NewToken(), cursors.NewToken());
}

}  // namespace
}  // namespace elanus::proxy
