#include "storage/compression.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <vector>

namespace elanus::storage {
namespace {

std::string Bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * 4};
}

std::vector<float> Normal(size_t count) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal(0, 0.1f);
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

std::span<uint8_t> Writable(std::string& bytes) {
  return {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()};
}

TEST(Planes, GiveBackEveryBit) {
  std::vector<float> values = Normal(16384);
  // What no embedding should hold, too.
  const uint32_t odd[] = {0, 1u << 31, 0x7f800000, 0xff800000, 0x7fc00001, 1, 0x807fffff};
  for (size_t i = 0; i < std::size(odd); ++i) values[i * 7] = std::bit_cast<float>(odd[i]);
  const std::string raw = Bytes(values);
  for (const Codec codec : {Codec::kFloatPlanes, Codec::kHalfPlanes}) {
    for (const size_t size : {raw.size(), size_t{4}, size_t{4096}, size_t{40'000}}) {
      const std::string part = raw.substr(0, size);
      const auto stored = CompressPlanes(part, codec);
      if (!stored.has_value()) continue;
      EXPECT_LE(stored->size(), size - size / 8);
      std::string back(size, 'x');
      ASSERT_TRUE(Decode(codec, *stored, Writable(back)).ok());
      EXPECT_EQ(back, part);
    }
  }
  EXPECT_TRUE(CompressPlanes(raw, Codec::kFloatPlanes).has_value());
  const std::string zeros(65536, '\0');
  EXPECT_LT(CompressPlanes(zeros, Codec::kFloatPlanes)->size(), 200u);
}

TEST(Planes, KeepWhatDoesNotGetSmaller) {
  std::mt19937_64 random(2);
  std::string noise(65536, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  EXPECT_FALSE(CompressPlanes(noise, Codec::kFloatPlanes).has_value());
  EXPECT_FALSE(CompressPlanes(noise, Codec::kHalfPlanes).has_value());
}

TEST(Planes, RefuseWhatTheyDidNotWrite) {
  const std::string raw = Bytes(Normal(4096));
  const std::string stored = *CompressPlanes(raw, Codec::kFloatPlanes);
  std::string back(raw.size(), '\0');
  for (size_t size = 0; size < stored.size(); size += size < 40 ? 1 : 977) {
    EXPECT_FALSE(Decode(Codec::kFloatPlanes, stored.substr(0, size), Writable(back)).ok());
  }
  EXPECT_FALSE(Decode(Codec::kFloatPlanes, stored + "x", Writable(back)).ok());
  std::string longer(raw.size() + 4, '\0'), odd(raw.size() - 1, '\0');
  EXPECT_FALSE(Decode(Codec::kFloatPlanes, stored, Writable(longer)).ok());
  EXPECT_FALSE(Decode(Codec::kFloatPlanes, stored, Writable(odd)).ok());
  EXPECT_FALSE(Decode(static_cast<Codec>(9), stored, Writable(back)).ok());
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    std::string bad = stored;
    bad[random() % (i % 2 ? 16 : bad.size())] ^= static_cast<char>(1 << random() % 8);
    Decode(Codec::kFloatPlanes, bad, Writable(back)).IgnoreError();  // Ends, and within bounds.
  }
}

}  // namespace
}  // namespace elanus::storage
