// Column files of hostile bytes, as they are and with right checksums, so that what lies behind the
// checksums is reached too.

#include <cstring>
#include <string>

#include "storage/column_file.h"
#include "storage/column_file_format.h"
#include "storage/crc32c.h"

namespace elanus::storage {
namespace {

class Bytes final : public MappedFile {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  std::span<const uint8_t> data() const override {
    return {reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()};
  }

 private:
  const std::string bytes_;
};

template <typename T>
T NumberAt(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <typename T>
void SetNumber(std::string& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

// Makes magics, version and all checksums right; the footer begins where the trailer says, or at
// the first byte behind the header if that is impossible.
void MakeRight(std::string& file) {
  if (file.size() < kColumnHeaderBytes + kColumnTrailerBytes) return;
  file.replace(0, kColumnFileMagic.size(), kColumnFileMagic);
  SetNumber(file, kColumnFileMagic.size(), kColumnFileVersion);
  const std::string_view all = file;
  SetNumber(file, kColumnHeaderBytes - 4, Crc32c(all.substr(0, kColumnHeaderBytes - 4)));
  const size_t trailer = file.size() - kColumnTrailerBytes;
  file.replace(trailer + 8, 8, kColumnFileEndMagic);
  auto size = NumberAt<uint32_t>(file, trailer) % 4096;
  if (size > trailer - kColumnHeaderBytes) size = trailer - kColumnHeaderBytes;
  SetNumber(file, trailer, static_cast<uint32_t>(size));
  const size_t footer = trailer - size;
  size_t at = footer + 16;
  for (uint32_t stream = 0; stream < kNumStreamKinds && at + 4 <= trailer; ++stream) {
    uint32_t blocks = NumberAt<uint32_t>(file, at);
    at += 4;
    for (; blocks > 0 && at + 24 <= trailer; --blocks, at += 24) {
      const auto offset = NumberAt<uint64_t>(file, at);
      const auto stored = NumberAt<uint32_t>(file, at + 8);
      if (offset > footer || stored > footer - offset) continue;
      SetNumber(file, at + 16, Crc32c(std::string_view(file).substr(offset, stored)));
    }
  }
  SetNumber(file, trailer + 4, Crc32c(std::string_view(file).substr(footer, size + 4)));
}

void OpenAndReadAll(std::string bytes) {
  const auto file = ColumnFile::Open(std::make_shared<Bytes>(std::move(bytes)), "fuzz");
  if (!file.ok()) return;
  const schema::ColumnView view = (*file)->View();
  volatile uint64_t sum = 0;
  for (int64_t row = 0; row < view.num_rows; ++row) {
    uint64_t row_sum = view.IsValid(row) ? 1 : 0;
    for (const char c : view.Raw(row)) row_sum += static_cast<uint8_t>(c);
    sum = sum + row_sum;
  }
}

}  // namespace
}  // namespace elanus::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  elanus::storage::OpenAndReadAll(bytes);
  elanus::storage::MakeRight(bytes);
  elanus::storage::OpenAndReadAll(std::move(bytes));
  return 0;
}
