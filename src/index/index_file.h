// The common form of index files: named by a magic, sections one after the other, a checksum over
// every block of 64 KiB. docs/formats/ivf.md has the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "kernels/metric.h"

namespace elanus::index {

using Bytes = std::span<const uint8_t>;

template <typename T>
Bytes BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)};
}

// The whole file. magic: 8 bytes. Each section begins at a multiple of 64.
std::string MakeIndexFile(std::string_view magic, std::span<const Bytes> sections);

// Verifies every byte; the sections refer into `file`, which must be aligned to 8 bytes.
// kDataIntegrity says what is wrong and at which offset. `name` is for messages ("IVF").
absl::StatusOr<std::vector<Bytes>> OpenIndexFile(Bytes file, std::string_view magic,
                                                 std::string_view name, size_t num_sections);

// `file`, or `copy` filled with it where it does not lie aligned to 8 bytes.
Bytes AlignedFile(Bytes file, std::vector<uint64_t>& copy);

// Numbers of metrics in files; never reused. 0: no index file has this metric.
uint32_t MetricNumber(kernels::Metric metric);
std::optional<kernels::Metric> MetricOfNumber(uint32_t number);

}  // namespace elanus::index
