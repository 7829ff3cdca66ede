#include "segment/cached_blocks.h"

#include <gtest/gtest.h>

#include <random>

#include "segment/tiers_fixture_test.h"
#include "storage/memory_file_system.h"

namespace elanus::segment {
namespace {

class CachedBlocksTest : public testing::Test {
 protected:
  void Put(size_t bytes) {
    std::mt19937_64 random(bytes);
    object.resize(bytes);
    for (char& byte : object) byte = static_cast<char>(random());
    const std::string_view part = object;
    ASSERT_TRUE(store->Put("index_files/1", {&part, 1}).ok());
  }
  std::shared_ptr<CachedBlocks> Make(TightTiers& tiers) {
    return std::make_shared<CachedBlocks>(
        *tiers.options().tiers, cache::Identity{cache::Kind::kScalarIndex, 1, "index_files/1"},
        object.size());
  }
  std::string Read(storage::BlockReader& reader, uint64_t offset, size_t bytes) {
    std::string out(bytes, '\0');
    const storage::BlockReader::Read read{offset, {reinterpret_cast<uint8_t*>(out.data()), bytes}};
    const absl::Status status = reader.ReadAll({&read, 1});
    EXPECT_TRUE(status.ok()) << status;
    return out;
  }

  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
  std::string object;
};

TEST_F(CachedBlocksTest, GiveTheBytesOfTheObjectWhateverRoomThereIs) {
  for (const size_t size : {1, 63, 64, 65, 70'000, 131'136, 1'000'000}) {
    Put(size);
    for (const uint64_t room :
         {uint64_t{1000}, uint64_t{70'000}, uint64_t{200'000}, uint64_t{64} << 20}) {
      TightTiers tiers(*store, room);
      const auto reader = CachedBlocks::Reader(Make(tiers));
      EXPECT_EQ(reader->size(), size);
      std::mt19937_64 random(room);
      for (int i = 0; i < 40; ++i) {
        const uint64_t offset = random() % size;
        const size_t bytes = random() % (1 + std::min<uint64_t>(size - offset, 150'000));
        ASSERT_EQ(Read(*reader, offset, bytes), object.substr(offset, bytes));
        EXPECT_LE(tiers.memory().used_bytes(), room);
      }
      uint8_t byte;
      const storage::BlockReader::Read behind{size, {&byte, 1}};
      EXPECT_EQ(CodeOf(reader->ReadAll({&behind, 1})), ErrorCode::kIoFailed);
    }
  }
}

TEST_F(CachedBlocksTest, BringOnlyWhatIsRead) {
  Put(1'000'000);
  TightTiers tiers(*store, 64 << 20);
  const auto blocks = Make(tiers);
  const auto reader = CachedBlocks::Reader(blocks);
  EXPECT_EQ(tiers.memory().used_bytes(), 0u);
  Read(*reader, 500'000, 10);
  EXPECT_EQ(tiers.memory().used_bytes(), uint64_t{64} << 10);
  EXPECT_FALSE(blocks->all_here());
  Read(*reader, 0, object.size());
  EXPECT_TRUE(blocks->all_here());
  EXPECT_EQ(tiers.memory().used_bytes(), object.size());
  // Damaged meanwhile: what is here is not asked again until it is discarded.
  const std::string before = object;
  Put(1'000'000);
  object[500'000] ^= 1;
  const std::string_view part = object;
  ASSERT_TRUE(store->Put("index_files/1", {&part, 1}).ok());
  EXPECT_EQ(Read(*reader, 500'000, 1), before.substr(500'000, 1));
  blocks->Discard();
  EXPECT_EQ(Read(*reader, 500'000, 1), object.substr(500'000, 1));
}

}  // namespace
}  // namespace elanus::segment
