// Lists of vectors in growing and sealed segments, with and without an index, against the dullest
// model: every distance in double.
#include "segment/list_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>

#include "index/encoded_lists.h"
#include "index/index_kinds.h"
#include "index/max_sim.h"
#include "segment/segment_fixture_test.h"
#include "storage/object_store.h"

namespace elanus::segment {
namespace {

using index::Neighbor;
using kernels::Metric;
using schema::DataType;

constexpr FieldId kLists{104};
constexpr int64_t kListDim = 4;
using Vector = std::array<float, kListDim>;
using List = std::vector<Vector>;

schema::CollectionSchema ListSchema() {
  schema::CollectionSchema schema;
  schema.name = "lists";
  schema::FieldSchema key{.id = kKey, .name = "key", .type = DataType::kInt64};
  key.is_primary_key = true;
  schema::FieldSchema lists{.id = kLists, .name = "st[v]", .type = DataType::kArrayOfVector};
  lists.element_type = DataType::kFloatVector;
  lists.struct_name = "st";
  lists.nullable = true;
  lists.type_params["dim"] = std::to_string(kListDim);
  schema.fields = {key, lists};
  return schema;
}

double Distance(Metric metric, const Vector& a, const Vector& b) {
  double dot = 0, square = 0;
  for (int64_t d = 0; d < kListDim; ++d) {
    dot += double{a[d]} * b[d];
    square += (double{a[d]} - b[d]) * (double{a[d]} - b[d]);
  }
  return metric == Metric::kL2 ? square : -dot;
}

double ListDistance(Metric metric, const List& query, const List& row) {
  double sum = 0;
  for (const Vector& q : query) {
    double nearest = std::numeric_limits<double>::infinity();
    for (const Vector& r : row) nearest = std::min(nearest, Distance(metric, q, r));
    sum += nearest;
  }
  return sum;
}

class ListSearchTest : public testing::Test {
 protected:
  Vector DrawVector() {
    Vector out;
    for (float& value : out) value = std::normal_distribution<float>()(random_);
    return out;
  }
  List DrawList(int64_t count) {
    List out;
    for (int64_t i = 0; i < count; ++i) out.push_back(DrawVector());
    return out;
  }

  // Rows with keys 0, 1, ...; empty lists are null now and then.
  void Insert(const std::vector<List>& lists) {
    schema::RowBatch batch;
    batch.num_rows = static_cast<int64_t>(lists.size());
    schema::Column keys({.type = DataType::kInt64});
    schema::Column values(schema_.Find(kLists)->column_type());
    for (const List& list : lists) {
      keys.Append(static_cast<int64_t>(rows_.size()));
      rows_.push_back(list);
      if (list.empty() && random_() % 2 == 0) {
        values.AppendNull();
      } else {
        values.AppendRaw(
            {reinterpret_cast<const char*>(list.data()), list.size() * sizeof(Vector)});
      }
    }
    batch.columns.emplace_back(kKey, std::move(keys));
    batch.columns.emplace_back(kLists, std::move(values));
    growing_->Insert(schema_, batch, Timestamp(5));
  }

  void DrawRows(int64_t count, int64_t length_max) {
    std::vector<List> lists;
    for (int64_t i = 0; i < count; ++i) {
      lists.push_back(DrawList(static_cast<int64_t>(random_() % (length_max + 1))));
    }
    Insert(lists);
  }

  std::shared_ptr<SealedSegment> Sealed() {
    auto sealed = Seal(*growing_, schema_, *store_);
    EXPECT_TRUE(sealed.ok()) << sealed.status().ToString();
    return *sealed;
  }

  // An index that finds the true nearest vectors: all of its lists are looked at.
  void AddIndex(SealedSegment& segment, Metric metric) {
    const index::IndexKind* kind = index::FindIndexKind("IVF_FLAT");
    index::BuildOptions options;
    options.rows = segment.Vectors(kLists);
    options.metric = metric;
    options.params = {{"nlist", "8"}};
    const auto bytes = kind->build(options);
    ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
    file_ = *bytes;
    auto opened = kind->open({reinterpret_cast<const uint8_t*>(file_.data()), file_.size()},
                             options.rows, metric, options.params);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    auto loaded = std::make_shared<LoadedIndex>();
    loaded->index = *std::move(opened);
    loaded->metric = metric;
    segment.SetIndex(kLists, loaded);
  }

  // An index of encoded lists.
  void AddEncodedIndex(SealedSegment& segment, Metric metric, std::string_view strategy) {
    const index::IndexKind* kind = index::FindIndexKind("HNSW");
    index::BuildOptions options{.metric = metric};
    options.params = {{"emb_list_strategy", std::string(strategy)},
                      {"muvera_num_repeats", "20"},
                      {"lemur_hidden_dim", "32"},
                      {"lemur_num_epochs", "20"},
                      {"M", "16"},
                      {"efConstruction", "100"}};
    const auto source = segment.Source(schema_, segment.num_rows());
    const schema::ColumnView lists = source->Rows(kLists, 0, segment.num_rows());
    const auto bytes = index::BuildEncodedLists(*kind, index::ElementRows(lists), options);
    ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
    file_ = *bytes;
    auto opened = index::OpenEncodedLists(
        *kind, {reinterpret_cast<const uint8_t*>(file_.data()), file_.size()},
        segment.Vectors(kLists), segment.num_rows(), metric, options.params);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    auto loaded = std::make_shared<LoadedIndex>();
    loaded->index = *std::move(opened);
    loaded->metric = metric;
    segment.SetIndex(kLists, loaded);
  }

  std::vector<Neighbor> Search(const Segment& segment, Metric metric, const List& query, int64_t k,
                               const kernels::Bitset& candidates, bool as_list,
                               kernels::DistanceRange range = {}) {
    const int64_t begins[] = {0, static_cast<int64_t>(query.size())};
    const index::Params params = params_;
    SearchSpec spec;
    spec.field = kLists;
    spec.metric = metric;
    spec.params = &params;
    spec.queries = reinterpret_cast<const uint8_t*>(query.data());
    spec.num_queries = 1;
    spec.list_begins = as_list ? begins : nullptr;
    spec.k = k;
    spec.range = range;
    const auto hits = segment.Search(spec, candidates, Cancellation());
    EXPECT_TRUE(hits.ok()) << hits.status().ToString();
    return hits->front();
  }

  const List& RowOf(const Segment& segment, int64_t row) {
    return rows_[segment.Key(row).as_int()];
  }

  kernels::Bitset DrawCandidates(int64_t num_rows, int one_in) {
    kernels::Bitset out(num_rows, true);
    if (one_in == 0) return out;
    for (int64_t row = 0; row < num_rows; ++row) {
      if (random_() % one_in != 0) out.Reset(row);
    }
    return out;
  }

  std::mt19937 random_{7};
  const schema::CollectionSchema schema_ = ListSchema();
  storage::MemoryFileSystem files_;
  std::unique_ptr<storage::ObjectStore> store_ = storage::MakeLocalObjectStore(files_, "store");
  std::shared_ptr<GrowingSegment> growing_ =
      std::make_shared<GrowingSegment>(SegmentId(1), PartitionId(1), 0, schema_);
  std::vector<List> rows_;
  std::string file_;
  index::Params params_ = {{"nprobe", "8"}};  // Of searches.
};

TEST_F(ListSearchTest, ListsEqualTheModelOverGrowingAndSealedRows) {
  DrawRows(0, 5);
  DrawRows(150, 5);  // Several chunks.
  DrawRows(40, 300);
  const auto sealed = Sealed();
  for (const Segment* segment :
       {static_cast<const Segment*>(growing_.get()), static_cast<const Segment*>(sealed.get())}) {
    for (const Metric metric : {Metric::kL2, Metric::kIp}) {
      for (const int one_in : {0, 2, 20, 1000}) {
        const kernels::Bitset candidates = DrawCandidates(segment->num_rows(), one_in);
        const List query = DrawList(1 + random_() % 20);
        std::vector<double> model;
        candidates.view().ForEach([&](int64_t row) {
          const List& list = RowOf(*segment, row);
          if (!list.empty()) model.push_back(ListDistance(metric, query, list));
        });
        std::sort(model.begin(), model.end());
        const auto hits = Search(*segment, metric, query, 10, candidates, true);
        ASSERT_EQ(hits.size(), std::min<size_t>(10, model.size()));
        for (size_t i = 0; i < hits.size(); ++i) {
          EXPECT_NEAR(hits[i].distance, model[i], 1e-3) << i;
          EXPECT_TRUE(candidates.Test(hits[i].row));
          EXPECT_NEAR(ListDistance(metric, query, RowOf(*segment, hits[i].row)), model[i], 1e-3);
        }
      }
    }
  }
}

TEST_F(ListSearchTest, SingleVectorsEqualTheModelWithAndWithoutIndex) {
  DrawRows(200, 6);
  const auto sealed = Sealed();
  const auto indexed = Sealed();
  AddIndex(*indexed, Metric::kL2);
  for (const Segment* segment :
       {static_cast<const Segment*>(growing_.get()), static_cast<const Segment*>(sealed.get()),
        static_cast<const Segment*>(indexed.get())}) {
    for (const int one_in : {0, 3, 50}) {
      for (const bool ranged : {false, true}) {
        const kernels::Bitset candidates = DrawCandidates(segment->num_rows(), one_in);
        const List query = DrawList(1);
        const kernels::DistanceRange range =
            ranged ? kernels::DistanceRange{1.0f, 4.0f} : kernels::DistanceRange{};
        std::vector<double> model;
        candidates.view().ForEach([&](int64_t row) {
          for (const Vector& vector : RowOf(*segment, row)) {
            const double distance = Distance(Metric::kL2, query[0], vector);
            if (range.Contains(static_cast<float>(distance))) model.push_back(distance);
          }
        });
        std::sort(model.begin(), model.end());
        const auto hits = Search(*segment, Metric::kL2, query, 25, candidates, false, range);
        ASSERT_EQ(hits.size(), std::min<size_t>(25, model.size()));
        for (size_t i = 0; i < hits.size(); ++i) {
          const auto at = ElementOfRow::Unpack(hits[i].row);
          ASSERT_TRUE(candidates.Test(at.row));
          const Vector& vector = RowOf(*segment, at.row)[static_cast<size_t>(at.element)];
          EXPECT_NEAR(hits[i].distance, model[i], 1e-3);
          EXPECT_NEAR(Distance(Metric::kL2, query[0], vector), hits[i].distance, 1e-3);
        }
      }
    }
  }
}

TEST_F(ListSearchTest, AnIndexFindsTheRowThatAQueryIsNear) {
  DrawRows(800, 6);
  const auto sealed = Sealed();
  AddIndex(*sealed, Metric::kL2);
  for (const int one_in : {0, 2}) {
    const kernels::Bitset candidates = DrawCandidates(sealed->num_rows(), one_in);
    for (int64_t row = 0; row < sealed->num_rows(); row += 7) {
      List query = RowOf(*sealed, row);
      if (query.empty() || !candidates.Test(row)) continue;
      for (Vector& vector : query) vector[0] += 0.01f;
      const auto hits = Search(*sealed, Metric::kL2, query, 5, candidates, true);
      ASSERT_EQ(hits.size(), 5u);
      EXPECT_EQ(hits[0].row, row);
      for (size_t i = 0; i < hits.size(); ++i) {
        EXPECT_TRUE(candidates.Test(hits[i].row));
        EXPECT_NEAR(hits[i].distance, ListDistance(Metric::kL2, query, RowOf(*sealed, hits[i].row)),
                    1e-3);
        if (i > 0) EXPECT_LE(hits[i - 1].distance, hits[i].distance);
      }
    }
  }
}

TEST_F(ListSearchTest, EncodedListsProposeRowsAndVectorsRankThem) {
  DrawRows(800, 6);
  for (const char* strategy : {"muvera", "lemur"}) {
    SCOPED_TRACE(strategy);
    const auto sealed = Sealed();
    AddEncodedIndex(*sealed, Metric::kL2, strategy);
    int first = 0, asked = 0;
    for (const int one_in : {0, 2}) {
      const kernels::Bitset candidates = DrawCandidates(sealed->num_rows(), one_in);
      for (int64_t row = 0; row < sealed->num_rows(); row += 7) {
        List query = RowOf(*sealed, row);
        if (query.empty() || !candidates.Test(row)) continue;
        for (Vector& vector : query) vector[0] += 0.01f;
        params_ = {};
        const auto hits = Search(*sealed, Metric::kL2, query, 5, candidates, true);
        ASSERT_EQ(hits.size(), 5u);
        ++asked;
        first += hits[0].row == row ? 1 : 0;
        for (size_t i = 0; i < hits.size(); ++i) {
          EXPECT_TRUE(candidates.Test(hits[i].row));
          EXPECT_NEAR(hits[i].distance,
                      ListDistance(Metric::kL2, query, RowOf(*sealed, hits[i].row)), 1e-3);
          if (i > 0) EXPECT_LE(hits[i - 1].distance, hits[i].distance);
        }
        // What the encodings say stays as it is if nobody asks for more.
        params_ = {{"emb_list_rerank", "false"}};
        const auto estimates = Search(*sealed, Metric::kL2, query, 5, candidates, true);
        ASSERT_EQ(estimates.size(), 5u);
        int exact = 0;
        for (const Neighbor& hit : estimates) {
          const double distance = ListDistance(Metric::kL2, query, RowOf(*sealed, hit.row));
          exact += std::abs(hit.distance - distance) < 1e-5 ? 1 : 0;
        }
        EXPECT_LT(exact, 5);
      }
    }
    EXPECT_GE(first, asked * 0.85);
    // Single vectors are compared with all others.
    const kernels::Bitset all(sealed->num_rows(), true);
    const List one = DrawList(1);
    const auto plain = Sealed();
    EXPECT_EQ(Search(*sealed, Metric::kL2, one, 9, all, false),
              Search(*plain, Metric::kL2, one, 9, all, false));
    // Few candidates are compared by their vectors: nothing is missed.
    const kernels::Bitset few = DrawCandidates(sealed->num_rows(), 60);
    EXPECT_EQ(Search(*sealed, Metric::kL2, one, 5, few, true),
              Search(*plain, Metric::kL2, one, 5, few, true));
  }
}

TEST_F(ListSearchTest, ARowWithManyNearVectorsDoesNotHideTheOthers) {
  std::vector<List> lists(1, List(500, Vector{0.1f, 0, 0, 0}));
  for (int i = 0; i < 100; ++i) lists.push_back(DrawList(2));
  Insert(lists);
  const auto sealed = Sealed();
  AddIndex(*sealed, Metric::kL2);
  const kernels::Bitset all(sealed->num_rows(), true);
  EXPECT_EQ(Search(*sealed, Metric::kL2, {Vector{}}, 10, all, true).size(), 10u);
}

TEST_F(ListSearchTest, NothingIsFoundWhereThereIsNothing) {
  EXPECT_TRUE(Search(*growing_, Metric::kL2, DrawList(2), 10, kernels::Bitset(0), true).empty());
  Insert({{}, {}, {}});
  const kernels::Bitset all(3, true);
  const auto sealed = Sealed();
  for (const bool as_list : {false, true}) {
    EXPECT_TRUE(Search(*growing_, Metric::kL2, DrawList(1), 10, all, as_list).empty());
    EXPECT_TRUE(Search(*sealed, Metric::kL2, DrawList(1), 10, all, as_list).empty());
  }
}

}  // namespace
}  // namespace elanus::segment
