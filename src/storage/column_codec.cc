#include "storage/column_codec.h"

#include <algorithm>
#include <vector>

#include "common/check.h"
#include "storage/byte_reader.h"
#include "storage/column_file.h"

namespace elanus::storage {
namespace {

using schema::Column;
using schema::ColumnType;
using schema::ColumnView;
using schema::DataType;

constexpr uint8_t kHasValidity = 1;
constexpr uint8_t kWideEnds = 2;
constexpr uint64_t kHeaderBytes = 16;
constexpr int64_t kDimMax = 1 << 24;

uint64_t ValidityWords(uint64_t num_rows) {
  return (num_rows + 63) / 64;
}

uint64_t VariableBytes(const ColumnView& column) {
  return column.num_rows == 0 ? 0 : column.offsets[column.num_rows] - column.offsets[0];
}

template <typename End>
void AppendEnds(const ColumnView& column, std::string& out) {
  const uint64_t first = column.offsets[0];
  const size_t at = out.size();
  out.resize(at + column.num_rows * sizeof(End));
  char* to = out.data() + at;
  for (int64_t row = 0; row < column.num_rows; ++row) {
    const auto end = static_cast<End>(column.offsets[row + 1] - first);
    std::memcpy(to + row * sizeof(End), &end, sizeof(End));
  }
}

void AppendValidity(const ColumnView& column, std::string& out) {
  const uint64_t words = ValidityWords(column.num_rows);
  out.append(reinterpret_cast<const char*>(column.validity), words * 8);
  const int64_t used = column.num_rows % 64;
  if (used == 0) return;
  // A slice's last word may carry bits of rows behind it.
  const uint64_t last = column.validity[words - 1] & ((uint64_t{1} << used) - 1);
  std::memcpy(out.data() + out.size() - 8, &last, 8);
}

absl::Status Damaged(std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "column is damaged: {}", what);
}

template <typename End>
absl::Status ReadOffsets(std::string_view ends, uint64_t remaining,
                         std::vector<uint64_t>& offsets) {
  const uint64_t num_rows = ends.size() / sizeof(End);
  offsets.resize(num_rows + 1);
  offsets[0] = 0;
  for (uint64_t row = 0; row < num_rows; ++row) {
    End end;
    std::memcpy(&end, ends.data() + row * sizeof(End), sizeof(End));
    if (end < offsets[row]) return Damaged("value ends descend");
    offsets[row + 1] = end;
  }
  if (offsets.back() > remaining) return Damaged("values end behind the buffer");
  return absl::OkStatus();
}

// What the header says, checked.
struct Shape {
  ColumnType type;
  uint64_t num_rows = 0;
  uint8_t flags = 0;
};

absl::StatusOr<Shape> ReadShape(ByteReader& in) {
  uint8_t type = 0;
  uint8_t element = 0;
  uint8_t reserved = 0;
  uint32_t dim = 0;
  Shape shape;
  if (!in.Read(type) || !in.Read(element) || !in.Read(shape.flags) || !in.Read(reserved) ||
      !in.Read(dim) || !in.Read(shape.num_rows)) {
    return Damaged("header is cut short");
  }
  if ((shape.flags & ~(kHasValidity | kWideEnds)) != 0 || reserved != 0) {
    return Damaged("unknown flags");
  }
  shape.type = {static_cast<DataType>(type), static_cast<DataType>(element), dim};
  ELANUS_RETURN_IF_ERROR(CheckColumnType(shape.type));
  // Far beyond any buffer, and small enough that no sum or product below wraps around.
  if (shape.num_rows > (uint64_t{1} << 40)) return Damaged("impossible row count");
  if (shape.type.type == DataType::kNone && shape.num_rows != 0) {
    return Damaged("rows without a type");
  }
  return shape;
}

// Points `view` at the values, still in the buffer; offsets are copied since they may be unaligned.
absl::Status ReadValues(ByteReader& in, const Shape& shape, std::vector<uint64_t>& offsets,
                        ColumnView& view) {
  std::string_view bytes;
  if (const auto width = static_cast<uint64_t>(shape.type.width()); width > 0) {
    if (shape.num_rows > in.remaining() / width || !in.ReadBytes(shape.num_rows * width, bytes)) {
      return Damaged("fewer values than rows");
    }
    view.fixed = reinterpret_cast<const uint8_t*>(bytes.data());
    return absl::OkStatus();
  }
  const uint64_t end_bytes = (shape.flags & kWideEnds) != 0 ? 8 : 4;
  if (shape.num_rows > in.remaining() / end_bytes ||
      !in.ReadBytes(shape.num_rows * end_bytes, bytes)) {
    return Damaged("fewer value ends than rows");
  }
  ELANUS_RETURN_IF_ERROR(end_bytes == 8 ? ReadOffsets<uint64_t>(bytes, in.remaining(), offsets)
                                        : ReadOffsets<uint32_t>(bytes, in.remaining(), offsets));
  if (!in.ReadBytes(offsets.back(), bytes)) return Damaged("values end behind the buffer");
  view.offsets = offsets.data();
  view.bytes = bytes.data();
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckColumnType(const ColumnType& type) {
  const bool known = type.type == DataType::kNone || !schema::DataTypeName(type.type).empty();
  if (!known || schema::DataTypeName(type.element_type).empty()) {
    return Damaged("unknown data type");
  }
  if (type.dim < 0 || type.dim > kDimMax) return Damaged("impossible dimension");
  const bool lists = type.type == DataType::kArrayOfVector;
  const DataType vector = lists ? type.element_type : type.type;
  if (!schema::IsDenseVector(vector)) {
    return lists ? Damaged("lists of something else than vectors") : absl::OkStatus();
  }
  const bool whole_bytes = vector != DataType::kBinaryVector || type.dim % 8 == 0;
  if (type.dim == 0 || !whole_bytes) return Damaged("impossible dimension");
  return absl::OkStatus();
}

bool ValuesNeedCheck(const ColumnType& type) {
  return type.type == DataType::kBool || type.type == DataType::kSparseFloatVector ||
         type.type == DataType::kArrayOfVector;
}

bool ValueIsWellFormed(const ColumnType& type, std::string_view value) {
  if (type.type == DataType::kBool) return static_cast<uint8_t>(value[0]) <= 1;
  if (type.type == DataType::kSparseFloatVector) return value.size() % 8 == 0;
  if (type.type == DataType::kArrayOfVector) return value.size() % type.element_width() == 0;
  return true;
}

uint64_t EncodedColumnSize(const ColumnView& column) {
  uint64_t size = kHeaderBytes;
  if (column.num_rows == 0) return size;
  if (column.validity != nullptr) size += ValidityWords(column.num_rows) * 8;
  if (const int64_t width = column.type.width(); width > 0) return size + column.num_rows * width;
  const uint64_t bytes = VariableBytes(column);
  return size + column.num_rows * (bytes > UINT32_MAX ? 8 : 4) + bytes;
}

void EncodeColumn(const ColumnView& column, std::string& out) {
  ELANUS_CHECK(column.type.dim >= 0 && column.type.dim <= kDimMax);
  const bool wide = column.type.width() == 0 && VariableBytes(column) > UINT32_MAX;
  const bool nulls = column.validity != nullptr && column.num_rows > 0;
  AppendNumber(out, static_cast<uint8_t>(column.type.type));
  AppendNumber(out, static_cast<uint8_t>(column.type.element_type));
  AppendNumber(out, static_cast<uint8_t>((nulls ? kHasValidity : 0) | (wide ? kWideEnds : 0)));
  AppendNumber(out, uint8_t{0});
  AppendNumber(out, static_cast<uint32_t>(column.type.dim));
  AppendNumber(out, static_cast<uint64_t>(column.num_rows));
  if (column.num_rows == 0) return;
  if (nulls) AppendValidity(column, out);
  if (const int64_t width = column.type.width(); width > 0) {
    out.append(reinterpret_cast<const char*>(column.fixed), column.num_rows * width);
    return;
  }
  wide ? AppendEnds<uint64_t>(column, out) : AppendEnds<uint32_t>(column, out);
  out.append(column.bytes + column.offsets[0], VariableBytes(column));
}

absl::StatusOr<Column> DecodeColumn(std::string_view& in) {
  ByteReader reader(in);
  ELANUS_ASSIGN_OR_RETURN(const Shape shape, ReadShape(reader));
  if (shape.num_rows == 0) {
    in = reader.rest();
    return shape.type.type == DataType::kNone ? Column() : Column(shape.type);
  }
  ColumnView view;
  view.type = shape.type;
  view.num_rows = static_cast<int64_t>(shape.num_rows);
  std::vector<uint64_t> validity;
  if ((shape.flags & kHasValidity) != 0) {
    const uint64_t words = ValidityWords(shape.num_rows);
    std::string_view bytes;
    if (words > reader.remaining() / 8 || !reader.ReadBytes(words * 8, bytes)) {
      return Damaged("fewer validity bits than rows");
    }
    validity.resize(words);
    std::memcpy(validity.data(), bytes.data(), bytes.size());
    view.validity = validity.data();
  }
  std::vector<uint64_t> offsets;
  ELANUS_RETURN_IF_ERROR(ReadValues(reader, shape, offsets, view));
  if (ValuesNeedCheck(shape.type)) {
    for (int64_t row = 0; row < view.num_rows; ++row) {
      if (!ValueIsWellFormed(shape.type, view.Raw(row))) return Damaged("malformed value");
    }
  }
  Column column(shape.type);
  column.Reserve(view.num_rows, offsets.empty() ? 0 : static_cast<int64_t>(offsets.back()));
  column.AppendRows(view, 0, view.num_rows);
  in = reader.rest();
  return column;
}

}  // namespace elanus::storage
