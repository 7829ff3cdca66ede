// A packed tree of bounding boxes (Leutenegger et al., "STR: a simple and efficient algorithm for
// R-tree packing", ICDE 1997): candidates for spatial predicates.
#include <algorithm>

#include "index/scalar/box_tree.h"
#include "index/scalar/scalar_structures.h"

namespace elanus::index {
namespace {

class BoxIndex final : public ScalarIndexBase {
 public:
  BoxIndex(ScalarFilePtr file, std::vector<uint64_t> levels)
      : ScalarIndexBase(std::move(file)), levels_(std::move(levels)) {}

  // Whether all boxes lie on one turn of the globe.
  absl::Status ReadExtent() {
    Scratch scratch;
    const size_t top = levels_.size() - 1;
    ELANUS_ASSIGN_OR_RETURN(const auto boxes, file_->Read<NarrowBox>(kScalarKeys, levels_[top],
                                                                     LevelSize(top), scratch));
    on_globe_ = std::all_of(boxes.begin(), boxes.end(), [](const NarrowBox& box) {
      return box.min_x >= -180 && box.max_x <= 180 && box.min_y >= -90 && box.max_y <= 90;
    });
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<ScalarPlan>> PlanFor(const ScalarQuery& query,
                                                    double budget_ns) const override {
    if (query.kind != ScalarQuery::Kind::kBox || (query.in_degrees && !on_globe_)) {
      return std::nullopt;
    }
    const ScalarCosts costs = ScalarCosts::Of(*file_);
    ScalarPlan plan;
    plan.exact = false;
    plan.cost_ns = costs.mask_row_ns * static_cast<double>(num_rows());
    if (plan.cost_ns > budget_ns) return std::nullopt;
    // The plan names the nodes just above the boxes, runs of neighbours in one range.
    plan.ranges = {{0, levels_.size() > 1 ? LevelSize(levels_.size() - 1) : 1}};
    Scratch scratch;
    for (size_t level = levels_.size() - 1; level > 0; --level) {
      ELANUS_ASSIGN_OR_RETURN(plan.ranges, Meeting(level, plan.ranges, query.box, scratch));
      if (level > 1) {
        for (auto& range : plan.ranges) {
          range = {range.begin * kBoxesPerNode,
                   std::min(range.end * kBoxesPerNode, LevelSize(level - 1))};
        }
      }
    }
    uint64_t nodes = 0;
    for (const auto& range : plan.ranges) nodes += range.end - range.begin;
    plan.num_entries = std::min(nodes * kBoxesPerNode, file_->facts().num_keys);
    plan.cost_ns += costs.locate_ns * static_cast<double>(plan.ranges.size()) +
                    (costs.entry_ns + kShapeNs) * static_cast<double>(plan.num_entries);
    if (plan.cost_ns > budget_ns) return std::nullopt;
    return plan;
  }

  absl::StatusOr<kernels::RowSet> Find(const ScalarQuery& query, const ScalarPlan& plan,
                                       const Cancellation& cancellation) const override {
    kernels::Bitset rows(num_rows());
    Scratch boxes_scratch, rows_scratch;
    for (const auto& range : plan.ranges) {
      ELANUS_RETURN_IF_ERROR(cancellation.Check());
      const uint64_t begin = range.begin * kBoxesPerNode;
      const uint64_t end = std::min(range.end * kBoxesPerNode, file_->facts().num_keys);
      if (begin >= end) continue;
      ELANUS_ASSIGN_OR_RETURN(
          const auto boxes, file_->Read<NarrowBox>(kScalarKeys, begin, end - begin, boxes_scratch));
      ELANUS_ASSIGN_OR_RETURN(const auto list,
                              file_->Read<uint32_t>(kScalarRows, begin, end - begin, rows_scratch));
      for (size_t i = 0; i < list.size(); ++i) {
        if (list[i] >= rows.size()) return ScalarFile::Damaged("a row behind the last one");
        if (boxes[i].Meets(query.box)) rows.Set(list[i]);
      }
    }
    return kernels::RowSet(std::move(rows));
  }

  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this)) + file_->memory_bytes();
  }

 private:
  // Telling of a shape in the column what it is to another: much more than its box.
  static constexpr double kShapeNs = 100;

  uint64_t LevelSize(size_t level) const {
    return (level + 1 < levels_.size() ? levels_[level + 1] : TotalBoxes()) - levels_[level];
  }
  uint64_t TotalBoxes() const { return file_->section_bytes(kScalarKeys) / sizeof(NarrowBox); }

  // The nodes of a level within `nodes` that meet the box.
  absl::StatusOr<std::vector<KeyRange>> Meeting(size_t level, const std::vector<KeyRange>& nodes,
                                                const geometry::Box& box, Scratch& scratch) const {
    std::vector<KeyRange> out;
    for (const auto& [begin, end] : nodes) {
      ELANUS_ASSIGN_OR_RETURN(
          const auto boxes,
          file_->Read<NarrowBox>(kScalarKeys, levels_[level] + begin, end - begin, scratch));
      for (uint64_t i = 0; i < boxes.size(); ++i) {
        if (!boxes[i].Meets(box)) continue;
        if (out.empty() || out.back().end != begin + i) out.push_back({begin + i, begin + i});
        ++out.back().end;
      }
    }
    return out;
  }

  const std::vector<uint64_t> levels_;  // Where each begins in the boxes; the leaves first.
  bool on_globe_ = false;               // Constant after ReadExtent.
};

}  // namespace

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenBoxIndex(ScalarFilePtr file) {
  const ScalarFacts& facts = file->facts();
  std::vector<uint64_t> levels;
  const uint64_t total = BoxLevels(facts.num_keys, levels);
  if (file->section_bytes(kScalarKeys) != total * sizeof(NarrowBox) ||
      file->section_bytes(kScalarRows) != facts.num_keys * sizeof(uint32_t)) {
    return ScalarFile::Damaged("the size of its boxes");
  }
  auto index = std::make_unique<BoxIndex>(std::move(file), std::move(levels));
  ELANUS_RETURN_IF_ERROR(index->ReadExtent());
  return index;
}

}  // namespace elanus::index
