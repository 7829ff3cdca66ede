// Little-endian numbers and bytes from the front of a buffer that may be hostile.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace elanus::storage {

static_assert(std::endian::native == std::endian::little, "the file formats are little-endian");

// Every Read says whether there were enough bytes; after a false one nothing was consumed.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}

  template <typename T>
  [[nodiscard]] bool Read(T& out) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (rest_.size() < sizeof(T)) return false;
    std::memcpy(&out, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  [[nodiscard]] bool ReadBytes(uint64_t count, std::string_view& out) {
    if (rest_.size() < count) return false;
    out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  std::string_view rest() const { return rest_; }
  uint64_t remaining() const { return rest_.size(); }
  uint64_t consumed() const { return size_ - rest_.size(); }

 private:
  std::string_view rest_;
  uint64_t size_;
};

template <typename T>
void AppendNumber(std::string& out, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

}  // namespace elanus::storage
