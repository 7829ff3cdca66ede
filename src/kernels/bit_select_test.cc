#include "kernels/bit_select.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/simd_targets_test.h"

namespace elanus::kernels {
namespace {

TEST(BitSelect, KeepsTheIdsWhoseBitIsSetInTheirOrderOnEveryTarget) {
  std::mt19937 random(11);
  ForEachSimdTarget([&] {
    const SelectSetFunction select = SelectSetOfCpu();
    for (const size_t count : {0, 1, 3, 8, 15, 16, 17, 31, 32, 33, 64, 100}) {
      for (const unsigned one_in : {1u, 2u, 10u, 1000u}) {
        Bitset bits(777);
        for (int64_t row = 0; row < bits.size(); ++row) {
          if (random() % one_in == 0) bits.Set(row);
        }
        std::vector<uint32_t> ids(count), out(count + 16), expected;
        for (uint32_t& id : ids) id = random() % 777;
        if (count > 2) ids[1] = 776, ids[2] = 0;
        for (const uint32_t id : ids) {
          if (bits.Test(id)) expected.push_back(id);
        }
        out.resize(select(bits.view(), ids.data(), count, out.data()));
        EXPECT_EQ(out, expected) << "count " << count << " one in " << one_in;
      }
    }
  });
}

}  // namespace
}  // namespace elanus::kernels
