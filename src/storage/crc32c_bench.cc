// How fast is CRC32C, by block size, with the instruction and without?

#include <benchmark/benchmark.h>

#include <string>

#include "storage/crc32c.h"

namespace elanus::storage {
namespace {

void BM_Crc32c(benchmark::State& state) {
  const std::string bytes(state.range(0), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc32c)->Arg(24)->Arg(512)->Arg(4096)->Arg(65536)->Arg(1 << 20);

void BM_Crc32cPortable(benchmark::State& state) {
  const std::string bytes(state.range(0), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Crc32cPortable(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc32cPortable)->Arg(65536);

}  // namespace
}  // namespace elanus::storage
