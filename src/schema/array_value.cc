#include "schema/array_value.h"

namespace elanus::schema {
namespace {
uint32_t ReadU32(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}
}  // namespace

ArrayView::ArrayView(DataType element_type, std::string_view bytes)
    : element_type_(element_type), width_(FixedWidth(element_type, 0)) {
  if (bytes.size() < 4) return;
  const uint64_t count = ReadU32(bytes.data());
  const uint64_t rest = bytes.size() - 4;
  if (width_ > 0) {
    if (count * static_cast<uint64_t>(width_) > rest) return;
    elements_ = bytes.data() + 4;
  } else {
    if (count * 4 > rest) return;
    ends_ = bytes.data() + 4;
    elements_ = ends_ + count * 4;
    const uint64_t text = rest - count * 4;
    uint32_t last = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const uint32_t end = ReadU32(ends_ + i * 4);
      if (end < last || end > text) return;
      last = end;
    }
  }
  count_ = static_cast<int64_t>(count);
}

std::string_view ArrayView::Raw(int64_t i) const {
  if (width_ > 0) return {elements_ + i * width_, static_cast<size_t>(width_)};
  const uint32_t begin = i == 0 ? 0 : ReadU32(ends_ + (i - 1) * 4);
  return {elements_ + begin, ReadU32(ends_ + i * 4) - begin};
}

int64_t ArrayView::Int(int64_t i) const {
  switch (width_) {
    case 1:
      return Value<int8_t>(i);
    case 2:
      return Value<int16_t>(i);
    case 4:
      return Value<int32_t>(i);
    default:
      return Value<int64_t>(i);
  }
}

double ArrayView::Double(int64_t i) const {
  if (element_type_ == DataType::kFloat) return Value<float>(i);
  if (element_type_ == DataType::kDouble) return Value<double>(i);
  return static_cast<double>(Int(i));
}

int64_t ElementCount(const ColumnView& column, int64_t row) {
  const std::string_view bytes = column.Bytes(row);
  if (column.type.type == DataType::kArrayOfVector) {
    return static_cast<int64_t>(bytes.size()) / column.type.element_width();
  }
  return ArrayView(column.type.element_type, bytes).size();
}

void ArrayBuilder::AppendRaw(std::string_view element) {
  bytes_.append(element);
  if (FixedWidth(element_type_, 0) == 0) ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  ++count_;
}

std::string ArrayBuilder::Finish() {
  std::string out(reinterpret_cast<const char*>(&count_), sizeof(count_));
  out.append(reinterpret_cast<const char*>(ends_.data()), ends_.size() * sizeof(uint32_t));
  out.append(bytes_);
  count_ = 0;
  ends_.clear();
  bytes_.clear();
  return out;
}

}  // namespace elanus::schema
