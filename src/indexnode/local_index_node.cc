#include "indexnode/local_index_node.h"

#include "common/crash_point.h"
#include "common/metric_families.h"
#include "expr/field_index.h"
#include "expr/json_paths.h"
#include "index/build_memory.h"
#include "index/encoded_lists.h"
#include "index/index_kinds.h"
#include "index/max_sim.h"
#include "index/parted_index.h"
#include "index/scalar/text_build.h"
#include "index/scalar_kinds.h"
#include "indexnode/build_report.h"
#include "kernels/bit_range.h"
#include "meta/implied_indexes.h"
#include "schema/text_params.h"
#include "storage/column_file.h"
#include "storage/local_copy.h"
#include "text/analyzer.h"

namespace elanus::indexnode {
namespace {

// Where parts of an index begin in its object: pages, for those who map it.
constexpr size_t kPartAlignment = 4096;

const meta::FieldFile* FileOf(const meta::Segment& segment, FieldId field) {
  for (const meta::FieldFile& file : segment.files) {
    if (file.field == field && !file.paths) return &file;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const storage::ColumnFile>> OpenColumn(storage::ObjectStore& store,
                                                                      const std::string& key) {
  ELANUS_ASSIGN_OR_RETURN(std::shared_ptr<storage::MappedFile> object, store.Get(key));
  return storage::ColumnFile::Open(std::move(object), key);
}

}  // namespace

absl::StatusOr<roles::BuildResult> LocalIndexNode::Build(const roles::BuildTask& task,
                                                         const Cancellation& cancellation,
                                                         const roles::BuildObserver& observer) {
  absl::StatusOr<roles::BuildResult> result = BuildAndStore(task, cancellation, observer);
  if (metrics_ != nullptr) {
    metrics_->GetCounter(metric::kIndexTasks, {result.ok() ? "success" : "fail"})->Add();
  }
  return result;
}

absl::StatusOr<roles::BuildResult> LocalIndexNode::BuildAndStore(
    const roles::BuildTask& task, const Cancellation& cancellation,
    const roles::BuildObserver& observer) {
  const bool texts = task.index.type == meta::kTextMatchIndex;
  const index::IndexKind* kind = index::FindIndexKind(task.index.type);
  if (!texts && (kind == nullptr || !kind->available)) {
    return UserError(ErrorCode::kIndexNotSupported, "index type not supported[type={}]",
                     task.index.type);
  }
  const meta::FieldFile* column_file = FileOf(*task.segment, task.index.field);
  // A field added after the segment was written has no vectors there: nothing to build.
  if (column_file == nullptr || (!texts && !kind->builds_files)) return roles::BuildResult{};
  ELANUS_ASSIGN_OR_RETURN(const auto column, OpenColumn(store_, column_file->key));
  const schema::ColumnView view = column->View();
  const auto memory_bytes_of = [&] {
    if (texts) return index::TextBuildMemoryBytes(view);
    if (index::IsOverAllPaths(task.index.params))
      return expr::JsonPathBuildMemoryBytes(view, expr::PathOfPointer(task.index.json_path));
    if (!kind->is_vector) {
      return index::ScalarBuildMemoryBytes(kind->scalar_form, view, task.index.params);
    }
    if (view.type.type == schema::DataType::kArrayOfVector) {
      const index::VectorRows vectors = index::ElementRows(view).vectors();
      return index::ListBuildMemoryBytes(*kind, {vectors.type, vectors.dim, vectors.num_rows},
                                         view.num_rows, task.index.metric, task.index.params);
    }
    return index::BuildMemoryBytes(*kind, {view.type.type, view.type.dim, view.num_rows},
                                   task.index.params);
  };
  // Compressed vectors are decoded for the build.
  const int64_t memory_bytes =
      memory_bytes_of() + (!texts && kind->is_vector ? column->memory_bytes() : 0);
  ELANUS_ASSIGN_OR_RETURN(const BuildBudget::Reservation reservation,
                          budget_.Reserve(memory_bytes, cancellation, observer.waiting));
  BuildReport report(task, observer, metrics_);
  report.Begin(view.num_rows, memory_bytes);
  roles::BuildResult result;
  BuiltFile file;
  if (!texts && kind->is_vector) {
    ELANUS_ASSIGN_OR_RETURN(file,
                            BuildVectors(task, *kind, view, cancellation, report, result.parts));
  } else {
    ELANUS_ASSIGN_OR_RETURN(file.memory,
                            texts ? BuildTexts(task, view, cancellation, report)
                                  : BuildScalars(task, *kind, view, cancellation, report));
  }
  const std::string_view bytes = file.bytes();
  if (bytes.empty()) return roles::BuildResult{};
  const double built = report.seconds();
  result.key = fmt::format("index_files/{}/1/{}/{}/{}", task.build, task.segment->partition,
                           task.segment->id, task.index.type);
  result.bytes = static_cast<int64_t>(bytes.size());
  // A file that nobody wants any more is not worth writing.
  ELANUS_RETURN_IF_ERROR(cancellation.Check());
  CrashPoint("index.before_put");
  ELANUS_RETURN_IF_ERROR(store_.Put(result.key, {&bytes, 1}));
  CrashPoint("index.after_put");
  report.End(result.bytes);
  if (metrics_ != nullptr) {
    metrics_->GetHistogram(metric::kIndexBuildLatency)->Observe(report.seconds());
    metrics_->GetHistogram(metric::kIndexSaveLatency)->Observe(report.seconds() - built);
  }
  return result;
}

std::string_view LocalIndexNode::BuiltFile::bytes() const {
  if (mapped == nullptr) return memory;
  return {reinterpret_cast<const char*>(mapped->data().data()), mapped->data().size()};
}

absl::StatusOr<LocalIndexNode::BuiltFile> LocalIndexNode::BuildOne(
    const index::IndexKind& kind, const index::BuildOptions& options) {
  BuiltFile built;
  if (kind.build_into == nullptr || files_ == nullptr) {
    ELANUS_ASSIGN_OR_RETURN(built.memory, kind.build(options));
    return built;
  }
  ELANUS_ASSIGN_OR_RETURN(
      const std::unique_ptr<storage::LocalCopy> copy,
      storage::LocalCopy::Begin(*files_,
                                fmt::format("{}/{:016x}", scratch_directory_, ++last_scratch_),
                                /*size=*/1, /*memory_bytes_max=*/0));
  ELANUS_RETURN_IF_ERROR(
      kind.build_into(options, [&](std::string_view bytes) { return copy->Append(bytes); }));
  ELANUS_ASSIGN_OR_RETURN(built.mapped, copy->Map());
  return built;
}

absl::StatusOr<LocalIndexNode::BuiltFile> LocalIndexNode::BuildVectors(
    const roles::BuildTask& task, const index::IndexKind& kind, const schema::ColumnView& view,
    const Cancellation& cancellation, BuildReport& report, std::vector<meta::IndexPart>& parts) {
  const auto metric = index::ElementMetric(task.index.metric);
  if (!metric.has_value()) {
    return InternalError(ErrorCode::kInternal, "index {} has no known metric: {}", task.index.name,
                         task.index.metric);
  }
  index::BuildOptions options;
  options.metric = *metric;
  options.params = task.index.params;
  options.executor = &executor_;
  options.seed = static_cast<uint64_t>(task.segment->id.value());
  options.cancellation = &cancellation;
  if (view.type.type == schema::DataType::kArrayOfVector) {
    options.rows = index::ElementRows(view).vectors();
    if (options.rows.num_rows == 0) return BuiltFile();
    options.progress = [&report](double share) { report.Progress(share); };
    const bool encodes = index::ListStrategyOf(task.index.metric, task.index.params) !=
                         index::ListStrategy::kTokenAnn;
    if (!encodes) return BuildOne(kind, options);
    BuiltFile built;
    ELANUS_ASSIGN_OR_RETURN(built.memory,
                            index::BuildEncodedLists(kind, index::ElementRows(view), options));
    return built;
  }
  const index::VectorRows rows{view.type.type, view.type.dim, view.num_rows, view.fixed};
  const kernels::BitView valid = view.validity != nullptr
                                     ? kernels::BitView(view.validity, view.num_rows)
                                     : kernels::BitView();
  std::vector<int64_t> starts = {0};
  if (task.segment->ordered_by.valid() && !kind.stays_on_disk) {
    ELANUS_ASSIGN_OR_RETURN(starts, TenantStarts(*task.segment));
  }
  BuiltFile built;
  std::string& file = built.memory;
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t begin = starts[i];
    const int64_t count = (i + 1 < starts.size() ? starts[i + 1] : rows.num_rows) - begin;
    options.rows = {rows.type, rows.dim, count, rows.Row(begin)};
    const kernels::Bitset own =
        valid.empty() ? kernels::Bitset() : kernels::Cut(valid, begin, count);
    options.valid = own.view();
    options.progress = [&report, begin, count, all = rows.num_rows](double share) {
      report.Progress((static_cast<double>(begin) + share * static_cast<double>(count)) /
                      static_cast<double>(std::max<int64_t>(all, 1)));
    };
    if (starts.size() == 1) return BuildOne(kind, options);
    ELANUS_ASSIGN_OR_RETURN(const std::string part, kind.build(options));
    file.resize((file.size() + kPartAlignment - 1) / kPartAlignment * kPartAlignment);
    parts.push_back({begin, static_cast<int64_t>(file.size()), static_cast<int64_t>(part.size())});
    file += part;
  }
  return built;
}

absl::StatusOr<std::vector<int64_t>> LocalIndexNode::TenantStarts(const meta::Segment& segment) {
  const meta::FieldFile* file = FileOf(segment, segment.ordered_by);
  if (file == nullptr) return std::vector<int64_t>{0};
  ELANUS_ASSIGN_OR_RETURN(const auto column, OpenColumn(store_, file->key));
  const schema::ColumnView tenants = column->View();
  return index::PartStarts(tenants, index::PartRowsMin(tenants.num_rows));
}

absl::StatusOr<std::string> LocalIndexNode::BuildTexts(const roles::BuildTask& task,
                                                       const schema::ColumnView& view,
                                                       const Cancellation& cancellation,
                                                       BuildReport& report) {
  const schema::FieldSchema* field = task.collection->schema.Find(task.index.field);
  if (field == nullptr) return std::string();
  ELANUS_ASSIGN_OR_RETURN(text::AnalyzerPtr analyzer,
                          text::SharedAnalyzer(schema::AnalyzerParams(*field)));
  return index::BuildTextIndex({.rows = view,
                                .analyzer = std::move(analyzer),
                                .cancellation = &cancellation,
                                .progress = [&report](double share) { report.Progress(share); }});
}

absl::StatusOr<std::string> LocalIndexNode::BuildScalars(const roles::BuildTask& task,
                                                         const index::IndexKind& kind,
                                                         const schema::ColumnView& view,
                                                         const Cancellation& cancellation,
                                                         BuildReport& report) {
  return expr::BuildFieldIndex(view,
                               {.form = kind.scalar_form,
                                .params = task.index.params,
                                .path = expr::PathOfPointer(task.index.json_path),
                                .progress = [&report](double share) { report.Progress(share); }},
                               cancellation);
}

}  // namespace elanus::indexnode
