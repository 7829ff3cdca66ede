// Writes small valid inputs of the binary fuzz targets: make_seeds FOLDER makes
// FOLDER/<target>/<name>. Run it again after a format has changed (tests/fuzz/README.md).
#include <filesystem>
#include <fstream>
#include <iostream>

#include "common/check.h"
#include "geometry/wkt_reader.h"
#include "index/encoded_lists.h"
#include "index/hnsw_hostile.h"
#include "index/scalar/scalar_build.h"
#include "index/scalar/text_build.h"
#include "log/dml_record.h"
#include "log/log_file.h"
#include "meta/codec.h"
#include "proxy/fuzz_seeds_test.h"
#include "schema/data_type.h"
#include "storage/byte_reader.h"
#include "storage/column_file.h"
#include "storage/delta_file.h"
#include "storage/random_columns.h"
#include "storage/shredded_file.h"
#include "text/analyzer.h"

namespace elanus {
namespace {

class SeedWriter {
 public:
  explicit SeedWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void Write(std::string_view target, std::string_view name, std::string_view bytes) const {
    const std::filesystem::path folder = folder_ / target;
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / name, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ELANUS_CHECK(file.good());
  }

 private:
  const std::filesystem::path folder_;
};

// Of 100 rows, as scalar_fuzz.cc expects.
void WriteScalarIndexes(const SeedWriter& out) {
  using index::ScalarForm;
  const auto write = [&](const char* name, ScalarForm form, schema::DataType type, auto value) {
    schema::Column column({.type = type});
    for (int row = 0; row < 100; ++row) {
      if (row % 9 == 0) {
        column.AppendNull();
      } else {
        value(row, column);
      }
    }
    index::ScalarBuildOptions options{.form = form, .rows = column.View()};
    options.params = {{"min_gram", "2"}, {"max_gram", "3"}};
    out.Write("scalar_fuzz", name, index::BuildScalarIndex(options).value());
  };
  const auto text = [](int row, schema::Column& column) {
    column.AppendRaw(fmt::format("ab{}", row % 40));
  };
  write("numbers", ScalarForm::kValues, schema::DataType::kInt64,
        [](int row, schema::Column& column) { column.Append(int64_t{row} * row); });
  write("few_numbers", ScalarForm::kBitmap, schema::DataType::kFloat,
        [](int row, schema::Column& column) { column.Append(static_cast<float>(row % 3)); });
  write("texts", ScalarForm::kValues, schema::DataType::kVarChar, text);
  write("grams", ScalarForm::kGrams, schema::DataType::kVarChar, text);
  write("boxes", ScalarForm::kBoxes, schema::DataType::kGeometry,
        [](int row, schema::Column& column) {
          const std::string wkt = fmt::format("POINT ({} {})", row - 50, row % 7);
          column.AppendRaw(geometry::WktReader().Read(wkt).value());
        });
}

// Of 300 rows and the tokens that text_fuzz.cc asks for.
void WriteTextIndex(const SeedWriter& out) {
  schema::Column column({.type = schema::DataType::kVarChar});
  for (int row = 0; row < 300; ++row) {
    if (row % 9 == 0) {
      column.AppendNull();
    } else {
      column.AppendRaw(row % 7 == 0 ? "c ab ab b" : row % 2 == 0 ? "a b c" : "ab c a b");
    }
  }
  const auto analyzer = text::SharedAnalyzer("{}");
  out.Write("text_fuzz", "words",
            index::BuildTextIndex({.rows = column.View(), .analyzer = *analyzer}).value());
}

std::string LowerName(const schema::ColumnType& type) {
  std::string name(schema::DataTypeName(type.type));
  for (char& c : name) c = c == ' ' ? '_' : static_cast<char>(std::tolower(c));
  return name;
}

void WriteColumnFiles(const SeedWriter& out) {
  storage::Random random(1);
  for (const schema::ColumnType& type : storage::EveryColumnType()) {
    if (schema::IsVector(type.type) && type.type != schema::DataType::kFloat16Vector) continue;
    const schema::Column column = storage::RandomColumn(random, type, 6, 3);
    out.Write("column_file_fuzz", LowerName(type),
              storage::EncodeColumnFile(column.View()).value());
  }
}

void WriteShreddedFiles(const SeedWriter& out) {
  storage::Random random(5);
  storage::ShreddedFileWriter file(6);
  const schema::Column numbers =
      storage::RandomColumn(random, {.type = schema::DataType::kInt64}, 6, 3);
  const schema::Column others =
      storage::RandomColumn(random, {.type = schema::DataType::kJson}, 6, 3);
  const schema::ColumnView others_view = others.View();
  ELANUS_CHECK_OK(file.Add({"a"}, numbers.View(), nullptr));
  ELANUS_CHECK_OK(file.Add({"a", "b"}, numbers.View(), &others_view));
  out.Write("shredded_file_fuzz", "two_paths", std::move(file).Finish());
}

void WriteDeltaFiles(const SeedWriter& out) {
  storage::Random random(2);
  for (const schema::DataType type : {schema::DataType::kInt64, schema::DataType::kVarChar}) {
    for (const int64_t num_rows : {3, 40}) {
      storage::DeltaRows rows;
      rows.keys = storage::RandomColumn(random, {type}, num_rows, 0);
      for (int64_t row = 0; row < num_rows; ++row) {
        rows.timestamps.push_back(Timestamp(1000 + row / 3));
        rows.partitions.push_back(row % 2 == 0 ? -1 : 7);
      }
      const std::string file = storage::EncodeDeltaFile(rows).value();
      const std::string name = fmt::format("{}_{}", LowerName({type}), num_rows);
      out.Write("delta_file_fuzz", name, file);
      out.Write("delta_file_fuzz", name + "_body", std::string_view(file).substr(40));
    }
  }
}

std::string WriteRecords(const SeedWriter& out) {
  storage::Random random(3);
  log::DmlRecord record{.collection = CollectionId(5), .timestamp = Timestamp(77)};
  record.deleted_keys = storage::RandomColumn(random, {schema::DataType::kInt64}, 3, 0);
  const std::string deletes = log::EncodeDmlRecord(record);
  out.Write("dml_record_fuzz", "deletes", deletes);
  log::InsertPart part{.shard = 1, .partition = PartitionId(6), .segment = SegmentId(8)};
  part.rows.num_rows = 2;
  int64_t field = 100;
  for (const schema::ColumnType& type : storage::EveryColumnType()) {
    part.rows.columns.emplace_back(FieldId(field++), storage::RandomColumn(random, type, 2, 4));
  }
  record.inserts.push_back(std::move(part));
  out.Write("dml_record_fuzz", "upsert", log::EncodeDmlRecord(record));
  return deletes;
}

void WriteLogs(const SeedWriter& out, std::string_view record) {
  const log::FileHeader header{
      .file_id = 1, .salt = 7, .base = log::kFirstPosition, .previous_end = log::kFirstPosition};
  std::string file = log::EncodeFileHeader(header);
  for (const std::string_view payload : {std::string_view("first"), record, std::string_view()}) {
    const uint64_t position = header.PositionOf(file.size());
    const log::FrameType type = payload.empty() ? log::FrameType::kMark : log::FrameType::kRecord;
    log::AppendFrameHeader(header, position, type, payload, log::PayloadCrc(payload), position,
                           file);
    file.append(payload);
    file.resize((file.size() + 7) / 8 * 8, '\0');
  }
  out.Write("log_replay_fuzz", "log", file);
  out.Write("log_replay_fuzz", "torn", file.substr(0, file.size() - 30));
  // Programs of the target's other half: step, length, bytes (log_replay_fuzz.cc).
  std::string program;
  const auto step = [&](uint8_t what, uint16_t length, std::string_view bytes) {
    storage::AppendNumber(program, what);
    storage::AppendNumber(program, length);
    program.append(bytes);
  };
  step(0, 5, "first");
  step(0, 6, "second");
  step(5, 0, "");
  out.Write("log_replay_fuzz", "program_marked", program);
  step(3, 0, "");
  step(0, 5, "third");
  step(2, 3, "???");
  out.Write("log_replay_fuzz", "program_two_files", program);
}

void WriteCatalogRows(const SeedWriter& out) {
  out.Write("codec_fuzz", "format", meta::Encode(meta::Format{1, "here"}).value());
  meta::Database database;
  database.name = "default";
  out.Write("codec_fuzz", "database", meta::Encode(database).value());
  out.Write("codec_fuzz", "collection", meta::Encode(proxy::FakeBooks()).value());
  meta::Segment segment;
  segment.num_rows = 3;
  segment.files.emplace_back();
  segment.indexes.emplace_back();
  out.Write("codec_fuzz", "segment", meta::Encode(segment).value());
  out.Write("codec_fuzz", "delta", meta::Encode(meta::Delta()).value());
}

void WriteGraph(const SeedWriter& out) {
  std::vector<float> values(64 * 4);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 37 % 101);
  index::BuildOptions options{.metric = kernels::Metric::kL2};
  options.rows = {schema::DataType::kFloatVector, 4, 64,
                  reinterpret_cast<const uint8_t*>(values.data())};
  options.params = {{"M", "2"}, {"efConstruction", "8"}};
  out.Write("hnsw_fuzz", "graph", index::BuildHnsw(options).value());
  out.Write("hnsw_fuzz", "changes", std::string_view("\0\x80\1\0\x90\2\1\0\3", 9));
}

void WriteEncodedLists(const SeedWriter& out) {
  std::vector<float> values(90 * 4);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 37 % 101);
  schema::Column column({.type = schema::DataType::kArrayOfVector,
                         .element_type = schema::DataType::kFloatVector,
                         .dim = 4});
  for (size_t row = 0, at = 0; row < 40; ++row) {
    const size_t count = row < 10 ? 3 : 2;
    column.AppendRaw({reinterpret_cast<const char*>(&values[at * 4]), count * 16});
    at += count;
  }
  const schema::ColumnView view = column.View();
  index::BuildOptions options{.metric = kernels::Metric::kIp};
  options.params = {{"M", "4"}, {"efConstruction", "20"}, {"muvera_num_repeats", "2"}};
  options.params.insert({{"muvera_num_projections", "1"}, {"lemur_hidden_dim", "8"}});
  for (const char* strategy : {"muvera", "lemur"}) {
    options.params["emb_list_strategy"] = strategy;
    out.Write(
        "encoded_lists_fuzz", strategy,
        index::BuildEncodedLists(*index::FindIndexKind("HNSW"), index::ElementRows(view), options)
            .value());
  }
  out.Write("encoded_lists_fuzz", "changes", std::string_view("\1\1\0\x3f\x80\0\0\1\2", 9));
}

void WriteRequests(const SeedWriter& out) {
  for (const auto& [name, bytes] : proxy::FuzzSeeds()) out.Write("proxy_fuzz", name, bytes);
}

void WriteFilters(const SeedWriter& out) {
  int number = 0;
  for (const char* filter :
       {"i64 > 5 and not (f < 2.5 or s like 'a%')", "i64 in [1, 2, {i}] and s == {s}",
        "j['a']['b'][0] == 'x' || exists j['k']", "array_contains(a, 3) and array_length(a) >= 2",
        "1 < i32 <= 10 && s is not null", "(i8 + 3) * 2 % 5 == 1"}) {
    out.Write("expr_fuzz", fmt::format("filter_{}", ++number), std::string("1") + filter);
  }
}

}  // namespace
}  // namespace elanus

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_seeds FOLDER\n";
    return 2;
  }
  const elanus::SeedWriter out(argv[1]);
  elanus::WriteColumnFiles(out);
  elanus::WriteShreddedFiles(out);
  elanus::WriteScalarIndexes(out);
  elanus::WriteTextIndex(out);
  elanus::WriteDeltaFiles(out);
  elanus::WriteLogs(out, elanus::WriteRecords(out));
  elanus::WriteCatalogRows(out);
  elanus::WriteGraph(out);
  elanus::WriteRequests(out);
  elanus::WriteFilters(out);
  return 0;
}
