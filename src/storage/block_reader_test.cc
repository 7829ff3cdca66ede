#include "storage/block_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "storage/memory_file_system.h"

namespace elanus::storage {
namespace {

constexpr size_t kFileBytes = 300'000;

class BlockReaderTest : public testing::TestWithParam<const char*> {
 protected:
  BlockReaderTest() : bytes_(kFileBytes) {
    std::mt19937_64 random(1);
    for (uint8_t& byte : bytes_) byte = static_cast<uint8_t>(random());
    path_ = testing::TempDir() + "/block_reader_test." + std::to_string(::getpid());
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes_.data()), kFileBytes);
    const std::string_view way = GetParam();
    if (way == "memory") {
      reader_ = MakeMemoryReader(bytes_);
    } else if (way == "slice") {
      auto longer = std::make_shared<std::vector<uint8_t>>(777, uint8_t{1});
      longer->insert(longer->end(), bytes_.begin(), bytes_.end());
      longer->resize(longer->size() + 2000);
      reader_ = MakeSliceReader(MakeMemoryReader(*longer, longer), 777, kFileBytes);
    } else {
      reader_ = MakeFileReader(::open(path_.c_str(), O_RDONLY), kFileBytes, way == "io_uring");
    }
  }
  ~BlockReaderTest() override { std::filesystem::remove(path_); }

  // Random pieces, compared with what was written.
  void ReadAndCompare(uint64_t seed, size_t num_reads) {
    std::mt19937_64 random(seed);
    std::vector<std::vector<uint8_t>> buffers(num_reads);
    std::vector<BlockReader::Read> reads;
    for (std::vector<uint8_t>& buffer : buffers) {
      buffer.resize(random() % 9000);
      reads.push_back({random() % (kFileBytes - buffer.size()), buffer});
    }
    ASSERT_TRUE(reader_->ReadAll(reads).ok());
    for (size_t i = 0; i < num_reads; ++i) {
      ASSERT_TRUE(
          std::equal(buffers[i].begin(), buffers[i].end(), bytes_.begin() + reads[i].offset));
    }
  }

  std::vector<uint8_t> bytes_;
  std::string path_;
  std::unique_ptr<BlockReader> reader_;
};

TEST_P(BlockReaderTest, ReadsAsManyPiecesAsAreAskedFor) {
  EXPECT_EQ(reader_->size(), kFileBytes);
  for (const size_t num_reads : {0, 1, 2, 63, 64, 65, 300}) ReadAndCompare(num_reads, num_reads);
}

TEST_P(BlockReaderTest, ReadsFromManyThreads) {
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (uint64_t i = 0; i < 50; ++i) ReadAndCompare(t * 100 + i, 17);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(BlockReaderTest, SaysThatTheFileIsTooShort) {
  std::vector<uint8_t> good(100), bad(100);
  const BlockReader::Read reads[] = {{0, good}, {kFileBytes - 50, bad}, {kFileBytes + 1000, bad}};
  EXPECT_TRUE(reader_->ReadAll({reads, 1}).ok());
  for (const size_t first : {0, 1}) {
    const absl::Status status = reader_->ReadAll(std::span(reads).subspan(first, 2));
    EXPECT_EQ(CodeOf(status), ErrorCode::kIoFailed);
    EXPECT_NE(status.message().find("the file ends there"), std::string_view::npos) << status;
  }
  ReadAndCompare(5, 20);  // And goes on.
}

INSTANTIATE_TEST_SUITE_P(Ways, BlockReaderTest,
                         testing::Values("io_uring", "pread", "memory", "slice"));

TEST(BlockReader, IsOpenedByFileSystems) {
  MemoryFileSystem files;
  files.Put("a", "0123456789");
  const auto reader = files.OpenBlocks("a");
  ASSERT_TRUE(reader.ok());
  uint8_t into[4];
  const BlockReader::Read read{3, into};
  ASSERT_TRUE((*reader)->ReadAll({&read, 1}).ok());
  EXPECT_EQ(std::string(into, into + 4), "3456");
  EXPECT_EQ(CodeOf(files.OpenBlocks("b").status()), ErrorCode::kIoKeyNotFound);
}

}  // namespace
}  // namespace elanus::storage
