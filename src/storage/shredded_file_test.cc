#include "storage/shredded_file.h"

#include <gtest/gtest.h>

#include <random>

#include "storage/column_file.h"

namespace elanus::storage {
namespace {

using schema::DataType;

schema::Column Numbers(int64_t num_rows) {
  schema::Column column({.type = DataType::kInt64});
  for (int64_t row = 0; row < num_rows; ++row) {
    row % 3 == 0 ? column.AppendNull() : column.Append(row);
  }
  return column;
}

schema::Column Texts(DataType type, int64_t num_rows) {
  schema::Column column({.type = type});
  for (int64_t row = 0; row < num_rows; ++row) {
    row % 3 == 0 ? column.AppendRaw(std::to_string(row)) : column.AppendNull();
  }
  return column;
}

std::string SomeFile() {
  ShreddedFileWriter writer(100);
  const schema::Column others = Texts(DataType::kJson, 100);
  const schema::ColumnView others_view = others.View();
  EXPECT_TRUE(writer.Add({"a", "b.c"}, Numbers(100).View(), &others_view).ok());
  EXPECT_TRUE(writer.Add({""}, Texts(DataType::kVarChar, 100).View(), nullptr).ok());
  EXPECT_FALSE(writer.empty());
  return std::move(writer).Finish();
}

class Bytes final : public MappedFile {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  std::span<const uint8_t> data() const override {
    return {reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()};
  }

 private:
  const std::string bytes_;
};

// A column of the file as its text and validity; empty if it is damaged.
std::string ReadColumn(const std::string& file, const ColumnRange& range) {
  const auto column =
      ColumnFile::Open(std::make_shared<Bytes>(file.substr(range.offset, range.bytes)), "column");
  if (!column.ok()) return "";
  std::string out;
  const schema::ColumnView view = (*column)->View();
  for (int64_t row = 0; row < view.num_rows; ++row) {
    out += view.IsValid(row) ? "+" : "-";
    out += view.Raw(row);
  }
  return out;
}

std::string ReadAll(const std::string& file) {
  const auto directory = ReadShreddedDirectory("x", file, file.size());
  if (!directory.ok()) {
    EXPECT_EQ(CodeOf(directory.status()), ErrorCode::kDataIntegrity);
    return "";
  }
  std::string out = std::to_string(directory->num_rows);
  for (const ShreddedEntry& entry : directory->entries) {
    for (const std::string& key : entry.keys) out += "/" + key;
    const std::string values = ReadColumn(file, entry.values);
    const std::string others = entry.others.bytes > 0 ? ReadColumn(file, entry.others) : "none";
    if (values.empty() || others.empty()) return "";
    out += values + others;
  }
  return out;
}

TEST(ShreddedFile, GivesBackPathsAndColumns) {
  const std::string file = SomeFile();
  const auto directory = ReadShreddedDirectory("x", file, file.size());
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ(directory->num_rows, 100);
  ASSERT_EQ(directory->entries.size(), 2u);
  EXPECT_EQ(directory->entries[0].keys, (std::vector<std::string>{"a", "b.c"}));
  EXPECT_EQ(directory->entries[0].type, DataType::kInt64);
  EXPECT_EQ(directory->entries[1].keys, std::vector<std::string>{""});
  EXPECT_EQ(directory->entries[1].type, DataType::kVarChar);
  EXPECT_EQ(directory->entries[1].others.bytes, 0u);
  EXPECT_NE(ReadAll(file), "");
}

TEST(ShreddedFile, IsReadFromItsEndAlone) {
  const std::string file = SomeFile();
  const auto bytes =
      ShreddedTailBytes("x", std::string_view(file).substr(file.size() - 16), file.size());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_TRUE(
      ReadShreddedDirectory("x", std::string_view(file).substr(file.size() - *bytes), file.size())
          .ok());
  EXPECT_FALSE(ReadShreddedDirectory("x", std::string_view(file).substr(file.size() - *bytes + 1),
                                     file.size())
                   .ok());
}

TEST(ShreddedFile, DetectsEveryDamagedByteOrReadsTheSame) {
  const std::string file = SomeFile();
  const std::string content = ReadAll(file);
  for (size_t at = 0; at < file.size(); ++at) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const std::string read = ReadAll(damaged);
    EXPECT_TRUE(read.empty() || read == content) << "byte " << at;
  }
}

TEST(ShreddedFile, RefusesWhatIsCutShort) {
  const std::string file = SomeFile();
  for (size_t size = 0; size < file.size(); ++size) {
    const std::string cut = file.substr(0, size);
    EXPECT_FALSE(ReadShreddedDirectory("x", cut, cut.size()).ok()) << size;
  }
}

}  // namespace
}  // namespace elanus::storage
