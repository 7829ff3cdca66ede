// A well-sealed disk graph over 64 rows of dim 4 with arbitrary facts, codes and links, and
// arbitrary bytes as a file: what opens must be searched safely.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "index/disk_graph.h"
#include "index/disk_graph_file.h"
#include "index/hostile_search.h"

namespace {

using namespace elanus;         // NOLINT
using namespace elanus::index;  // NOLINT

constexpr int64_t kRows = 64, kDim = 4;

const VectorRows& Rows() {
  static const std::vector<float> values(kRows * kDim, 0.5f);
  static const VectorRows rows{schema::DataType::kFloatVector, kDim, kRows,
                               reinterpret_cast<const uint8_t*>(values.data())};
  return rows;
}

void OpenAndSearch(const std::string& file) {
  const auto index =
      OpenDiskGraphBytes({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, Rows(),
                         kernels::Metric::kL2, {});
  if (index.ok()) SearchHostile(**index, Rows(), 1, {{"search_list", "3"}});
}

template <typename T>
void Fill(const uint8_t*& data, size_t& size, std::vector<T>& out) {
  const size_t bytes = std::min(size, out.size() * sizeof(T));
  if (bytes > 0) std::memcpy(out.data(), data, bytes);
  data += bytes;
  size -= bytes;
}

// What is handed over to a sink.
template <typename Write>
std::string Collect(const Write& write) {
  std::string file;
  (void)write([&](std::string_view bytes) {
    file += bytes;
    return absl::OkStatus();
  });
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  OpenAndSearch(std::string(reinterpret_cast<const char*>(data), size));
  static const std::string good = [] {
    return Collect([](const FileSink& sink) {
      return BuildDiskGraph({.rows = Rows(), .metric = kernels::Metric::kL2}, false, sink);
    });
  }();
  auto reader =
      storage::MakeMemoryReader({reinterpret_cast<const uint8_t*>(good.data()), good.size()});
  DiskGraphHead head = *ReadDiskGraphHead(*reader, Rows(), kernels::Metric::kL2);
  if (size > 0 && data[0] == 255) {
    const size_t bytes = std::min(size, sizeof(head.facts));
    std::memcpy(&head.facts, data, bytes);
  }
  Fill(data, size, head.codes.head);
  Fill(data, size, head.codes.parameters);
  Fill(data, size, head.entries);
  Fill(data, size, head.codes.codes);
  const DiskGraphLayout layout(head.facts, kDim * 4, 0);
  if (layout.num_blocks > 16 || layout.block_bytes > (1u << 20)) return 0;
  std::vector<uint8_t> blocks(layout.num_blocks * layout.block_bytes);
  Fill(data, size, blocks);
  OpenAndSearch(Collect([&](const FileSink& sink) {
    const auto fill = [&](uint64_t block, std::span<uint8_t> bytes) {
      std::copy_n(&blocks[block * layout.block_bytes], bytes.size(), bytes.data());
      return absl::OkStatus();
    };
    return WriteDiskGraphFile(head, layout, fill, sink);
  }));
  return 0;
}
