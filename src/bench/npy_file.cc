#include "bench/npy_file.h"

#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

namespace elanus::bench {
namespace {

struct TypeName {
  std::string_view descr;
  NpyType type;
  int64_t width;
};
constexpr TypeName kTypes[] = {{"<f4", NpyType::kFloat32, 4}, {"<f2", NpyType::kFloat16, 2},
                               {"|i1", NpyType::kInt8, 1},    {"|u1", NpyType::kUint8, 1},
                               {"<i4", NpyType::kInt32, 4},   {"<i8", NpyType::kInt64, 8}};
constexpr int64_t kElementsMax = int64_t{1} << 40;

template <typename... Args>
absl::Status Refused(const std::string& name, fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, "{}: {}", name,
                   fmt::format(format, std::forward<Args>(args)...));
}

// The text behind `key` in the header, which is a Python dictionary of literals.
std::string_view After(std::string_view header, std::string_view key) {
  const size_t at = header.find(key);
  if (at == std::string_view::npos) return {};
  std::string_view rest = header.substr(at + key.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" :"), rest.size()));
  return rest;
}

// "(3, 4)" -> two numbers; false for another count.
bool ReadShape(std::string_view text, int64_t* num_rows, int64_t* num_columns) {
  if (text.empty() || text.front() != '(') return false;
  text.remove_prefix(1);
  for (int64_t* number : {num_rows, num_columns}) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    if (error != std::errc() || *number < 0) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
  text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
  return !text.empty() && text.front() == ')';
}

}  // namespace

absl::StatusOr<NpyMatrix> ParseNpy(const std::string& bytes, const std::string& name) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  if (bytes.size() < 12 || bytes.compare(0, kMagic.size(), kMagic) != 0) {
    return Refused(name, "not a .npy file");
  }
  const bool wide = bytes[6] >= 2;  // Versions 2 and 3 have four bytes of header length.
  uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data() + 8, wide ? 4 : 2);
  const size_t begin = wide ? 12 : 10;
  if (header_bytes > bytes.size() - begin) return Refused(name, "the header is cut off");
  const std::string_view header(bytes.data() + begin, header_bytes);
  const std::string_view descr = After(header, "'descr'");
  const TypeName* found = nullptr;
  for (const TypeName& type : kTypes) {
    if (descr.size() > 4 && descr.substr(1, 3) == type.descr) found = &type;
  }
  if (found == nullptr) return Refused(name, "data type {} unknown", descr.substr(0, 6));
  if (After(header, "'fortran_order'").substr(0, 5) != "False") {
    return Refused(name, "not in C order");
  }
  NpyMatrix matrix{.type = found->type};
  if (!ReadShape(After(header, "'shape'"), &matrix.num_rows, &matrix.num_columns)) {
    return Refused(name, "not a matrix: shape {}", After(header, "'shape'").substr(0, 24));
  }
  const uint64_t have = bytes.size() - begin - header_bytes;
  if (matrix.num_rows > kElementsMax / std::max<int64_t>(1, matrix.num_columns) ||
      have != static_cast<uint64_t>(matrix.num_rows * matrix.num_columns * found->width)) {
    return Refused(name, "{} bytes of data do not fit the shape ({}, {})", have, matrix.num_rows,
                   matrix.num_columns);
  }
  matrix.data.assign(bytes.end() - static_cast<std::ptrdiff_t>(have), bytes.end());
  return matrix;
}

absl::StatusOr<NpyMatrix> ReadNpy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Refused(path, "cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  return ParseNpy(std::move(text).str(), path);
}

}  // namespace elanus::bench
