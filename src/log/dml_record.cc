#include "log/dml_record.h"

#include "storage/byte_reader.h"
#include "storage/column_codec.h"
#include "storage/column_file.h"

namespace elanus::log {
namespace {

using schema::Column;
using schema::DataType;
using storage::AppendNumber;
using storage::ByteReader;

constexpr uint32_t kVersion = 1;
constexpr uint64_t kHeaderBytes = 4 + 8 + 8 + 8 + 4;  // Behind these: keys, parts.
constexpr uint64_t kPartHeaderBytes = 4 + 8 + 8 + 8 + 4;
constexpr uint64_t kFieldIdBytes = 8;

absl::Status Damaged(std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "write record is damaged: {}", what);
}

uint64_t EncodedSize(const DmlRecord& record) {
  uint64_t size = kHeaderBytes + storage::EncodedColumnSize(record.deleted_keys.View());
  for (const InsertPart& part : record.inserts) {
    size += kPartHeaderBytes;
    for (const auto& [field, column] : part.rows.columns) {
      size += kFieldIdBytes + storage::EncodedColumnSize(column.View());
    }
  }
  return size;
}

absl::StatusOr<Column> ReadColumn(ByteReader& in) {
  std::string_view rest = in.rest();
  const uint64_t before = rest.size();
  ELANUS_ASSIGN_OR_RETURN(Column column, storage::DecodeColumn(rest));
  std::string_view consumed;
  if (!in.ReadBytes(before - rest.size(), consumed)) return Damaged("column is cut short");
  return column;
}

absl::Status ReadPart(ByteReader& in, InsertPart& part) {
  int64_t partition = 0;
  int64_t segment = 0;
  uint32_t num_columns = 0;
  if (!in.Read(part.shard) || !in.Read(partition) || !in.Read(segment) ||
      !in.Read(part.rows.num_rows) || !in.Read(num_columns)) {
    return Damaged("insert is cut short");
  }
  if (part.rows.num_rows < 0) return Damaged("negative row count");
  part.partition = PartitionId(partition);
  part.segment = SegmentId(segment);
  for (uint32_t i = 0; i < num_columns; ++i) {
    int64_t field = 0;
    if (!in.Read(field)) return Damaged("insert is cut short");
    ELANUS_ASSIGN_OR_RETURN(Column column, ReadColumn(in));
    if (column.num_rows() != part.rows.num_rows) return Damaged("columns differ in length");
    part.rows.columns.emplace_back(FieldId(field), std::move(column));
  }
  return absl::OkStatus();
}

bool MayBeKeys(const Column& keys) {
  const DataType type = keys.type().type;
  if (keys.has_nulls()) return false;
  return type == DataType::kInt64 || type == DataType::kVarChar || keys.num_rows() == 0;
}

}  // namespace

std::string EncodeDmlRecord(const DmlRecord& record) {
  std::string out;
  out.reserve(EncodedSize(record));
  AppendNumber(out, kVersion);
  AppendNumber(out, record.collection.value());
  AppendNumber(out, record.timestamp.value());
  AppendNumber(out, record.delete_partition.value());
  AppendNumber(out, static_cast<uint32_t>(record.inserts.size()));
  storage::EncodeColumn(record.deleted_keys.View(), out);
  for (const InsertPart& part : record.inserts) {
    AppendNumber(out, part.shard);
    AppendNumber(out, part.partition.value());
    AppendNumber(out, part.segment.value());
    AppendNumber(out, part.rows.num_rows);
    AppendNumber(out, static_cast<uint32_t>(part.rows.columns.size()));
    for (const auto& [field, column] : part.rows.columns) {
      AppendNumber(out, field.value());
      storage::EncodeColumn(column.View(), out);
    }
  }
  return out;
}

absl::StatusOr<DmlRecord> DecodeDmlRecord(std::string_view bytes) {
  ByteReader in(bytes);
  uint32_t version = 0;
  if (!in.Read(version)) return Damaged("record is cut short");
  if (version != kVersion) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "write record has a version this server does not know: {}", version);
  }
  int64_t collection = 0;
  uint64_t timestamp = 0;
  int64_t delete_partition = 0;
  uint32_t num_inserts = 0;
  if (!in.Read(collection) || !in.Read(timestamp) || !in.Read(delete_partition) ||
      !in.Read(num_inserts)) {
    return Damaged("record is cut short");
  }
  DmlRecord record;
  record.collection = CollectionId(collection);
  record.timestamp = Timestamp(timestamp);
  record.delete_partition = PartitionId(delete_partition);
  ELANUS_ASSIGN_OR_RETURN(record.deleted_keys, ReadColumn(in));
  if (!MayBeKeys(record.deleted_keys)) return Damaged("deleted keys of an impossible type");
  for (uint32_t i = 0; i < num_inserts; ++i) {
    InsertPart part;
    ELANUS_RETURN_IF_ERROR(ReadPart(in, part));
    record.inserts.push_back(std::move(part));
  }
  if (in.remaining() != 0) return Damaged("bytes behind the end");
  return record;
}

}  // namespace elanus::log
