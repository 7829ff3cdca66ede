#include "index/scalar/token_positions.h"

#include <algorithm>
#include <cstring>

namespace elanus::index {
namespace {

constexpr uint64_t kBlockRows = 128;
// Read at once, at least a block: about what the file verifies at once.
constexpr uint64_t kWindowBytes = 64 << 10;
// No text is longer; keeps sums of hostile distances from overflowing.
constexpr uint64_t kPositionMax = uint64_t{1} << 60;

void AppendVarint(uint64_t value, std::vector<uint8_t>& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

bool TakeVarint(Bytes bytes, size_t* at, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && *at < bytes.size(); shift += 7) {
    const uint8_t byte = bytes[(*at)++];
    *value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Goes over a row; false if it has no end.
bool SkipRow(Bytes bytes, size_t* at) {
  for (bool more = true; more;) {
    if (*at >= bytes.size()) return false;
    more = (bytes[*at] & 1) != 0;
    while ((bytes[(*at)++] & 0x80) != 0) {
      if (*at >= bytes.size()) return false;
    }
  }
  return true;
}

uint64_t NumBlocks(uint64_t num_rows) {
  return (num_rows + kBlockRows - 1) / kBlockRows;
}

}  // namespace

void TokenPositionWriter::AddRow(std::span<const int64_t> positions) {
  if (num_rows_ > 0 && num_rows_ % kBlockRows == 0) block_offsets_.push_back(token_.size());
  ++num_rows_;
  int64_t before = 0;
  for (size_t i = 0; i < positions.size(); ++i) {
    const bool more = i + 1 < positions.size();
    AppendVarint(static_cast<uint64_t>(positions[i] - before) << 1 | (more ? 1 : 0), token_);
    before = positions[i];
  }
}

void TokenPositionWriter::EndToken() {
  offsets_.push_back(bytes_.size());
  const auto* const directory = reinterpret_cast<const uint8_t*>(block_offsets_.data());
  bytes_.insert(bytes_.end(), directory, directory + block_offsets_.size() * sizeof(uint64_t));
  bytes_.insert(bytes_.end(), token_.begin(), token_.end());
  num_rows_ = 0;
  block_offsets_.clear();
  token_.clear();
}

absl::StatusOr<TokenPositions> TokenPositions::Open(const ScalarFile& file, uint64_t token,
                                                    uint64_t num_rows) {
  TokenPositions out(file);
  ELANUS_ASSIGN_OR_RETURN(const auto offsets,
                          file.Read<uint64_t>(kTokenPositionOffsets, token, 2, out.scratch_));
  const uint64_t begin = offsets[0], end = offsets[1];
  const uint64_t num_offsets = NumBlocks(num_rows) - std::min<uint64_t>(NumBlocks(num_rows), 1);
  const uint64_t directory_bytes = num_offsets * sizeof(uint64_t);
  if (begin > end || end > file.section_bytes(kTokenPositions) || directory_bytes > end - begin) {
    return ScalarFile::Damaged("the place of positions");
  }
  ELANUS_ASSIGN_OR_RETURN(const auto directory, file.Read<uint8_t>(kTokenPositions, begin,
                                                                   directory_bytes, out.scratch_));
  out.block_offsets_.resize(num_offsets);
  if (num_offsets > 0) std::memcpy(out.block_offsets_.data(), directory.data(), directory_bytes);
  out.num_rows_ = num_rows;
  out.begin_ = begin + directory_bytes;
  out.end_ = end;
  const bool ordered = std::is_sorted(out.block_offsets_.begin(), out.block_offsets_.end()) &&
                       (num_offsets == 0 || out.block_offsets_.back() <= out.end_ - out.begin_);
  if (!ordered) return ScalarFile::Damaged("the order of positions");
  return out;
}

uint64_t TokenPositions::BeginOf(uint64_t block) const {
  if (block == 0) return begin_;
  return block > block_offsets_.size() ? end_ : begin_ + block_offsets_[block - 1];
}

absl::Status TokenPositions::MoveTo(uint64_t block) {
  const uint64_t begin = BeginOf(block), end = BeginOf(block + 1);
  if (begin < window_begin_ || end > window_begin_ + window_.size()) {
    const uint64_t wanted =
        file_->by_blocks() ? std::max(end, std::min(begin + kWindowBytes, end_)) : end_;
    ELANUS_ASSIGN_OR_RETURN(window_,
                            file_->Read<uint8_t>(kTokenPositions, begin, wanted - begin, scratch_));
    window_begin_ = begin;
  }
  at_ = begin - window_begin_;
  next_ = block * kBlockRows;
  placed_ = true;
  return absl::OkStatus();
}

absl::Status TokenPositions::Read(uint64_t ordinal, std::vector<int64_t>& out) {
  if (ordinal >= num_rows_) return ScalarFile::Damaged("a row behind the last one");
  const uint64_t block = ordinal / kBlockRows;
  // `next_` may stand at the end of the block before.
  if (!placed_ || next_ > ordinal || (next_ == 0 ? 0 : (next_ - 1) / kBlockRows) != block) {
    ELANUS_RETURN_IF_ERROR(MoveTo(block));
  }
  for (; next_ < ordinal; ++next_) {
    if (!SkipRow(window_, &at_)) return ScalarFile::Damaged("a list of positions");
  }
  out.clear();
  uint64_t position = 0;
  for (uint64_t value = 1; (value & 1) != 0;) {
    if (!TakeVarint(window_, &at_, &value) || value >> 1 > kPositionMax ||
        (!out.empty() && value >> 1 == 0)) {
      return ScalarFile::Damaged("a list of positions");
    }
    position += value >> 1;
    if (position > kPositionMax) return ScalarFile::Damaged("a list of positions");
    out.push_back(static_cast<int64_t>(position));
  }
  ++next_;
  return absl::OkStatus();
}

}  // namespace elanus::index
