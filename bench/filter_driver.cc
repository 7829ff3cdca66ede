// Filters over one sealed segment on one thread: what bench/filter_bench.py and
// bench/index_bench.py compare with other engines.
//
// The segment comes from a folder of raw columns (see WriteColumns in filter_bench.py). Each line
// of standard input is a filter; each line of standard output says how many rows it kept and the
// least time it took, in nanoseconds. A line "memory" measures instead how fast plain memory is
// read. A line "index COLUMN TYPE [key=value...]" builds a scalar index, or the one of words
// (TEXT_MATCH), in a file, and has later filters use it; it answers with the bytes of the file and
// the time.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <sstream>

#include "common/check.h"
#include "expr/expr.h"
#include "fmt/format.h"
#include "index/index_kinds.h"
#include "index/scalar/scalar_build.h"
#include "index/scalar/text_build.h"
#include "schema/text_params.h"
#include "segment/sealed_segment.h"
#include "segment/shredded_field.h"
#include "storage/column_file.h"

namespace elanus {
namespace {

constexpr FieldId kFirstField{100};
constexpr FieldId kStamps{1};

int64_t Nanoseconds(const std::function<void()>& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  const auto time = std::chrono::steady_clock::now() - begin;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

int64_t BestOf(int64_t times, const std::function<void()>& body) {
  int64_t best = Nanoseconds(body);
  for (int64_t i = 1; i < times; ++i) best = std::min(best, Nanoseconds(body));
  return best;
}

schema::DataType TypeNamed(std::string_view name) {
  for (int32_t wire = 0; wire < 256; ++wire) {
    const auto type = schema::DataTypeFromWire(wire);
    if (type.has_value() && schema::DataTypeName(*type) == name) return *type;
  }
  fmt::print(stderr, "no type is called {}\n", name);
  std::abort();
}

// A raw column: <name>.values, and where they apply .offsets and .validity.
class RawColumn {
 public:
  RawColumn(storage::FileSystem& files, const std::string& stem, schema::ColumnType type,
            int64_t num_rows) {
    view_.type = type;
    view_.num_rows = num_rows;
    const char* const values = Map(files, stem + ".values");
    if (type.width() > 0) {
      view_.fixed = reinterpret_cast<const uint8_t*>(values);
    } else {
      view_.bytes = values;
      view_.offsets = reinterpret_cast<const uint64_t*>(Map(files, stem + ".offsets"));
    }
    if (std::filesystem::exists(stem + ".validity")) {
      view_.validity = reinterpret_cast<const uint64_t*>(Map(files, stem + ".validity"));
    }
  }
  const schema::ColumnView& view() const { return view_; }

 private:
  const char* Map(storage::FileSystem& files, const std::string& path) {
    auto file = files.Map(path);
    ELANUS_CHECK_OK(file.status());
    files_.push_back(*std::move(file));
    return reinterpret_cast<const char*>(files_.back()->data().data());
  }

  schema::ColumnView view_;
  std::vector<std::shared_ptr<storage::MappedFile>> files_;
};

void Put(storage::ObjectStore& store, const std::string& key, const schema::ColumnView& column) {
  const auto parts = storage::EncodeColumnFileParts(column);
  ELANUS_CHECK_OK(parts.status());
  ELANUS_CHECK_OK(store.Put(key, parts->All()));
}

// The paths of a JSON column as a flush writes them; the object's size.
int64_t PutPaths(storage::ObjectStore& store, const std::string& key,
                 const schema::ColumnView& column) {
  const auto file = segment::EncodeShredded(column, {}, Cancellation());
  ELANUS_CHECK_OK(file.status());
  const std::string_view part = *file;
  ELANUS_CHECK_OK(store.Put(key, {&part, 1}));
  return std::ssize(*file);
}

struct Table {
  schema::CollectionSchema schema;
  std::shared_ptr<segment::SealedSegment> segment;
};

// "columns.txt" has the number of rows, then a line for each column: name type [element type], or
// name JSON shredded.
Table OpenTable(storage::FileSystem& files, const std::string& folder) {
  Table table;
  std::ifstream lines(folder + "/columns.txt");
  segment::SealedFiles sealed;
  lines >> sealed.num_rows;
  lines.ignore();
  const auto store = storage::MakeLocalObjectStore(files, folder + "/objects");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, type, element;
    words >> name >> type >> element;
    schema::FieldSchema field{.id = FieldId(kFirstField.value() + std::ssize(table.schema.fields)),
                              .name = name,
                              .type = TypeNamed(type)};
    const bool shredded = element == "shredded";
    if (!element.empty() && !shredded) field.element_type = TypeNamed(element);
    field.is_primary_key = table.schema.fields.empty();
    if (field.type == schema::DataType::kVarChar) {
      field.type_params = {{"enable_analyzer", "true"}, {"enable_match", "true"}};
    }
    field.nullable = std::filesystem::exists(folder + "/" + name + ".validity");
    const std::string key = "columns/" + name;
    if (!std::filesystem::exists(folder + "/objects/" + key)) {
      Put(*store, key,
          RawColumn(files, folder + "/" + name, field.column_type(), sealed.num_rows).view());
    }
    if (shredded && !std::filesystem::exists(folder + "/objects/" + key + ".paths")) {
      const RawColumn raw(files, folder + "/" + name, field.column_type(), sealed.num_rows);
      const int64_t nanoseconds = Nanoseconds([&] {
        const int64_t bytes = PutPaths(*store, key + ".paths", raw.view());
        fmt::print(stderr, "{}: paths of {} MB of JSON take {} MB\n", name,
                   raw.view().offsets[sealed.num_rows] >> 20, bytes >> 20);
      });
      fmt::print(stderr, "{}: written in {} ms\n", name, nanoseconds / 1'000'000);
    }
    if (shredded) sealed.shredded.push_back({field.id, key + ".paths"});
    sealed.columns.push_back({field.id, key});
    table.schema.fields.push_back(field);
  }
  sealed.timestamps = "columns/timestamps";
  const std::vector<int64_t> stamps(sealed.num_rows, 1);
  const schema::ColumnView stamp_view{.type = {.type = schema::DataType::kInt64},
                                      .num_rows = sealed.num_rows,
                                      .fixed = reinterpret_cast<const uint8_t*>(stamps.data())};
  Put(*store, sealed.timestamps, stamp_view);
  auto segment = segment::SealedSegment::Open(sealed, table.schema, *store);
  ELANUS_CHECK_OK(segment.status());
  table.segment = *std::move(segment);
  return table;
}

void RunFilter(const Table& table, const std::string& filter, int64_t times) {
  const auto plan = expr::Compile(filter, table.schema, {}, {});
  ELANUS_CHECK_OK(plan.status());
  absl::StatusOr<kernels::RowSet> rows;
  const int64_t best = BestOf(times, [&] {
    const auto source = table.segment->Source(table.schema, table.segment->num_rows());
    rows = expr::Evaluate(**plan, *source, {}, Cancellation());
    ELANUS_CHECK_OK(rows.status());
  });
  std::cout << rows->Count() << ' ' << best << std::endl;
}

std::string BuildIndex(const schema::FieldSchema& field, const schema::ColumnView& rows,
                       const std::string& type, const index::Params& params) {
  if (type == "TEXT_MATCH") {
    auto analyzer = text::SharedAnalyzer(schema::AnalyzerParams(field));
    ELANUS_CHECK_OK(analyzer.status());
    auto file = index::BuildTextIndex({.rows = rows, .analyzer = *analyzer});
    ELANUS_CHECK_OK(file.status());
    return *std::move(file);
  }
  const index::IndexKind* kind = index::FindIndexKind(type);
  ELANUS_CHECK(kind != nullptr && !kind->is_vector);
  auto file = index::BuildScalarIndex({.form = kind->scalar_form, .rows = rows, .params = params});
  ELANUS_CHECK_OK(file.status());
  return *std::move(file);
}

void UseIndex(const Table& table, std::istringstream words) {
  std::string column, type;
  words >> column >> type;
  index::Params params;
  for (std::string param; words >> param;) {
    const size_t equals = param.find('=');
    params[param.substr(0, equals)] = param.substr(equals + 1);
  }
  const schema::FieldSchema* field = table.schema.Find(column);
  ELANUS_CHECK(field != nullptr);
  const schema::ColumnView rows = table.segment->Find(field->id)->View();
  std::shared_ptr<std::string> file;
  const int64_t time = Nanoseconds(
      [&] { file = std::make_shared<std::string>(BuildIndex(*field, rows, type, params)); });
  const index::Bytes bytes(reinterpret_cast<const uint8_t*>(file->data()), file->size());
  auto loaded = std::make_shared<segment::LoadedScalarIndex>();
  if (type == "TEXT_MATCH") {
    auto opened = index::TextIndex::Open(bytes, rows.num_rows);
    ELANUS_CHECK_OK(opened.status());
    loaded->texts = *std::move(opened);
  } else {
    auto opened = index::OpenScalarIndex(bytes, rows.num_rows);
    ELANUS_CHECK_OK(opened.status());
    loaded->index = *std::move(opened);
  }
  loaded->field = field->id;
  loaded->name = type;
  loaded->on_damage = [file](const absl::Status&) {};  // Keeps the bytes.
  static int64_t id = 0;
  table.segment->scalar_indexes().Set(IndexId(++id), std::move(loaded));
  std::cout << file->size() << ' ' << time << std::endl;
}

void ReadMemory(int64_t times) {
  const std::vector<uint64_t> words(size_t{1} << 25, 1);  // 256 MB: no cache holds it.
  volatile uint64_t sum = 0;
  const int64_t best =
      BestOf(times, [&] { sum = std::accumulate(words.begin(), words.end(), uint64_t{0}); });
  std::cout << words.size() * sizeof(uint64_t) << ' ' << best << std::endl;
}

}  // namespace
}  // namespace elanus

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: filter_driver FOLDER TIMES < filters\n");
    return 2;
  }
  auto& files = elanus::storage::PosixFileSystem();
  const elanus::Table table = elanus::OpenTable(files, argv[1]);
  const int64_t times = std::atoll(argv[2]);
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "memory") {
      elanus::ReadMemory(times);
    } else if (line.starts_with("index ")) {
      elanus::UseIndex(table, std::istringstream(line.substr(6)));
    } else {
      elanus::RunFilter(table, line, times);
    }
  }
  return 0;
}
