#include "index/hnsw_file.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "index/hnsw_hostile.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

std::string SmallFile(const TestVectors& data) {
  BuildOptions options{.rows = data.rows(), .metric = Metric::kL2};
  options.params = {{"M", "2"}, {"efConstruction", "8"}};
  return BuildHnsw(options).value();
}

TEST(HnswFile, HostileContentUnderRightChecksumsIsAnErrorOrSearchesSafely) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 4, 64, 4, 2);
  const std::string good = SmallFile(data);
  std::string same = good;
  RepairHnswChecksums(same);
  ASSERT_TRUE(same == good) << "the repair does not know the layout";
  ASSERT_TRUE(OpenAndSearch(good, data.rows(), Metric::kL2));

  int opened = 0, refused = 0;
  const auto offer = [&](std::string file) {
    RepairHnswChecksums(file);
    (OpenAndSearch(file, data.rows(), Metric::kL2) ? opened : refused)++;
  };
  for (size_t at = 0; at < good.size(); ++at) {
    for (const int value : {0, 1, 63, 64, 0x7F, 0xFF}) {
      std::string file = good;
      file[at] = static_cast<char>(value);
      offer(file);
    }
  }
  std::mt19937_64 random(2024);
  for (int i = 0; i < 3000; ++i) {
    std::string file = good;
    for (int changes = 1 + random() % 8; changes > 0; --changes) {
      file[random() % file.size()] =
          static_cast<char>(random() % 4 == 0 ? random() : random() % 64);
    }
    if (random() % 8 == 0) file.resize(random() % file.size());
    offer(file);
  }
  for (int i = 0; i < 1000; ++i) {  // Random bytes altogether.
    std::string file(random() % 700, '\0');
    for (char& c : file) c = static_cast<char>(random());
    offer(file);
  }
  EXPECT_GT(opened, 100) << "no change reached the search";
  EXPECT_GT(refused, 100) << "no change was refused";
}

// A file in aligned memory, so that it can be read and changed in place.
class AlignedFile {
 public:
  explicit AlignedFile(const std::string& file) : size_(file.size()), words_((size_ + 7) / 8) {
    std::memcpy(words_.data(), file.data(), size_);
  }
  absl::StatusOr<HnswGraph> Open() const {
    return OpenHnswFile({reinterpret_cast<const uint8_t*>(words_.data()), size_});
  }
  void Repair() {
    std::string file(reinterpret_cast<const char*>(words_.data()), size_);
    RepairHnswChecksums(file);
    std::memcpy(words_.data(), file.data(), size_);
  }
  // Changes one link, repairs the checksums and says what opening it says.
  std::string WhyAfter(const uint32_t* place, uint32_t value) {
    auto* link = const_cast<uint32_t*>(place);
    const uint32_t before = std::exchange(*link, value);
    Repair();
    const std::string why(MessageOf(Open().status()));
    *link = before;
    Repair();
    return why;
  }

 private:
  size_t size_;
  std::vector<uint64_t> words_;
};

TEST(HnswFile, NamesTheOffsetOfADamagedBlockAndRefusesLaterVersions) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 4, 64, 4, 2);
  const std::string good = SmallFile(data);
  const auto why = [](const std::string& file) {
    return std::string(MessageOf(AlignedFile(file).Open().status()));
  };
  std::string file = good;
  file[200] ^= 1;
  EXPECT_EQ(why(file), "HNSW index file is damaged: checksum of the block at offset 128");
  file = good;
  file[8] = 4;
  RepairHnswChecksums(file);
  EXPECT_EQ(why(file), "HNSW index file has version 4, this server reads versions 1 to 3");
}

TEST(HnswFile, HostileCodesUnderRightChecksumsAreAnErrorOrSearchSafely) {
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    const auto data = ClusteredVectors(DataType::kFloatVector, 48, 64, 4, 2);
    BuildOptions options{.rows = data.rows(), .metric = metric};
    options.params = {{"M", "2"}, {"efConstruction", "8"}};
    const std::string good = BuildHnsw(options).value();
    ASSERT_TRUE(OpenAndSearch(good, data.rows(), metric));
    std::mt19937_64 random(7);
    int opened = 0, refused = 0;
    for (int i = 0; i < 4000; ++i) {
      std::string file = good;
      for (int changes = 1 + random() % 8; changes > 0; --changes) {
        // Half of them in the last section, the scale, where exponents are.
        const size_t at =
            random() % 2 == 0 ? file.size() - 4 - random() % 384 : random() % file.size();
        file[at] = static_cast<char>(random() % 4 == 0 ? 0x7F : random());
      }
      RepairHnswChecksums(file);
      (OpenAndSearch(file, data.rows(), metric) ? opened : refused)++;
    }
    EXPECT_GT(opened, 100);
    EXPECT_GT(refused, 100);
  }
}

// A file as versions 1 and 2 wrote it: links of 32 bits, and nothing said about them.
std::string OfVersion(int version, std::string file) {
  file[8] = static_cast<char>(version);
  file[104] = 0;
  RepairHnswChecksums(file);
  return file;
}

TEST(HnswFile, OpensFilesOfEarlierVersions) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 40, 64, 4, 2);
  const std::string file = SmallFile(data);
  ASSERT_EQ(file[104], 32);
  const std::string one = OfVersion(1, file);
  EXPECT_TRUE(OpenAndSearch(one, data.rows(), Metric::kL2));
  EXPECT_TRUE(AlignedFile(one).Open()->codes.empty());
  std::string coded = one;
  coded[100] = 4;
  RepairHnswChecksums(coded);
  EXPECT_EQ(MessageOf(AlignedFile(coded).Open().status()),
            "HNSW index file is damaged: counts in the header contradict each other");

  const auto more = ClusteredVectors(DataType::kFloatVector, 64, 64, 4, 2);
  const std::string two = OfVersion(2, SmallFile(more));
  EXPECT_TRUE(OpenAndSearch(two, more.rows(), Metric::kL2));
  EXPECT_FALSE(AlignedFile(two).Open()->codes.empty());
}

TEST(HnswFile, NarrowLinksAreThoseThatWereWritten) {
  std::mt19937_64 random(5);
  std::vector<uint32_t> buffer;
  for (const uint32_t num_rows : {1u, 2u, 63u, 64u, 65u, 1000u, 70000u}) {
    for (const uint32_t m : {2u, 3u, 16u}) {
      for (const bool narrow : {false, true}) {
        HnswHeader header{.type = DataType::kFloatVector, .dim = 4, .num_rows = num_rows};
        header.num_linked = num_rows;
        header.m = m;
        header.link_bits = narrow ? NarrowLinkBits(num_rows) : 32;
        std::vector<uint32_t> links(num_rows * 2 * m, kNoNode);
        for (size_t row = 0; row < num_rows; ++row) {
          for (size_t i = random() % (2 * m + 1); i-- > 0;) {
            links[row * 2 * m + i] =
                static_cast<uint32_t>(random() % 4 == 0 ? num_rows - 1 : random() % num_rows);
          }
        }
        std::string file(HnswLayout(header).file_bytes, '\0');
        WriteLevel0(header, links, file);
        const HnswGraph graph = HnswGraphOn(header, reinterpret_cast<const uint8_t*>(file.data()));
        for (uint32_t row = 0; row < num_rows; ++row) {
          const uint32_t* expected = links.data() + row * 2 * m;
          const auto list = graph.Links(0, row, buffer);
          ASSERT_TRUE(std::equal(list.begin(), list.end(), expected,
                                 std::find(expected, expected + 2 * m, kNoNode)));
        }
      }
    }
  }
}

TEST(HnswFile, LinksAreNarrowBesideShortVectorsAlone) {
  HnswHeader header{.type = DataType::kFloatVector, .dim = 128, .num_rows = 60000};
  header.m = 16;
  EXPECT_EQ(LinkBitsFor(header), 16u);
  header.num_rows = 1 << 16;
  EXPECT_EQ(LinkBitsFor(header), 17u) << "the last number ends lists";
  header.dim = 256;
  EXPECT_EQ(LinkBitsFor(header), 32u);
  header.type = DataType::kInt8Vector;
  EXPECT_EQ(LinkBitsFor(header), 17u);
}

TEST(HnswFile, HoldsTheSameGraphWithoutCodes) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 64, 500, 4, 2);
  BuildOptions options{.rows = data.rows(), .metric = Metric::kL2};
  options.params = {{"M", "8"}, {"efConstruction", "40"}};
  const std::string with = BuildHnsw(options).value(), without = BuildHnswLinks(options).value();
  EXPECT_LT(without.size() + 500 * 32, with.size());
  const auto open = [](const std::string& file) {
    return OpenHnswFile({reinterpret_cast<const uint8_t*>(file.data()), file.size()}).value();
  };
  const HnswGraph a = open(with), b = open(without);
  EXPECT_TRUE(a.header.has_codes);
  EXPECT_FALSE(b.header.has_codes);
  EXPECT_TRUE(std::equal(a.level0, a.level0 + 500 * a.level0_stride, b.level0));
}

TEST(HnswFile, RefusesLinksThatLeadNowhere) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 40, 64, 4, 2);
  AlignedFile file(SmallFile(data));
  const auto graph = file.Open();
  ASSERT_TRUE(graph.ok());
  const std::string damaged = "HNSW index file is damaged: ";
  EXPECT_EQ(file.WhyAfter(graph->WordsOf(5), 64), damaged + "links of row 5");
  EXPECT_EQ(file.WhyAfter(graph->WordsOf(5), kNoNode), damaged + "links of row 5") << "ends early";
  uint32_t low = kNoNode, high = kNoNode;  // Upper nodes of level 1 only, and of more.
  for (uint32_t u = 0; u < graph->header.num_upper; ++u) {
    (graph->UpperLevels(u) == 1 ? low : high) = u;
  }
  ASSERT_TRUE(low != kNoNode && high != kNoNode);
  EXPECT_EQ(file.WhyAfter(graph->UpperList(2, high), low),
            damaged + fmt::format("links of upper node {} at level 2", high));
  EXPECT_EQ(file.WhyAfter(graph->UpperList(1, low), graph->header.num_upper),
            damaged + fmt::format("links of upper node {} at level 1", low));
  EXPECT_EQ(file.WhyAfter(graph->upper_rows + 3, 64), damaged + "upper node 3");
  EXPECT_EQ(file.WhyAfter(graph->upper_first + 4, 1 << 30), damaged + "upper node 3");
  EXPECT_TRUE(file.Open().ok());
}

TEST(HnswFile, SectionsLieOneBehindTheOtherOnCacheLines) {
  HnswHeader header;
  header.num_rows = 1000;
  header.num_linked = 999;
  header.m = 5;
  header.num_upper = 7;
  header.num_upper_lists = 9;
  const HnswLayout layout(header);
  EXPECT_EQ(layout.linked, 128u);
  EXPECT_EQ(layout.level0, 256u);                           // 16 words of bitmap.
  EXPECT_EQ(layout.upper_rows, 256u + 40000u);              // 10 links of 4 bytes a row.
  EXPECT_EQ(layout.upper_first, layout.upper_rows + 64u);   // 28 bytes.
  EXPECT_EQ(layout.upper_links, layout.upper_first + 64u);  // 32 bytes.
  EXPECT_EQ(layout.checksums, layout.upper_links + 192u);   // 180 bytes.
  EXPECT_EQ(layout.file_bytes, layout.checksums + 4u);      // One block.

  header.has_codes = true;
  header.dim = 50;
  header.metric = Metric::kL2;
  const HnswLayout coded(header);
  EXPECT_EQ(coded.codes, layout.checksums);
  EXPECT_EQ(coded.terms, coded.codes + 32000u);    // 1000 codes of two blocks.
  EXPECT_EQ(coded.scale, coded.terms + 4032u);     // 4000 bytes.
  EXPECT_EQ(coded.checksums, coded.scale + 448u);  // 400 bytes.
  header.metric = Metric::kIp;
  EXPECT_EQ(HnswLayout(header).scale, coded.terms);

  header.link_bits = 10;  // 13 bytes for 10 links, and 8 zeros: 13008 bytes.
  EXPECT_EQ(HnswLayout(header).upper_rows, 256u + 13056u);
}

}  // namespace
}  // namespace elanus::index
