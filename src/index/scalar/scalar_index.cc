#include "index/scalar/scalar_index.h"

#include "index/scalar/scalar_structures.h"

namespace elanus::index {
namespace {

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenStructure(ScalarFilePtr file) {
  switch (file->facts().structure) {
    case ScalarStructure::kValues:
      return OpenValueIndex(std::move(file));
    case ScalarStructure::kGrams:
      return OpenGramIndex(std::move(file));
    case ScalarStructure::kBoxes:
      return OpenBoxIndex(std::move(file));
    case ScalarStructure::kTokens:
      break;  // TextIndex opens those.
  }
  return ScalarFile::Damaged("its structure");
}

}  // namespace

ScalarCosts ScalarCosts::Of(const ScalarFile& file) {
  // By blocks each look-up reads and verifies a few blocks of 64 KB.
  const double locate_ns = file.by_blocks() ? 60'000 : 250;
  // Plain rows come in no order of the mask's memory, packed ones in order.
  const double entry_ns = file.facts().packed != 0 ? 2 : 6;
  return {.locate_ns = locate_ns, .entry_ns = entry_ns, .text_ns = 35, .mask_row_ns = 0.03};
}

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenScalarIndex(Bytes file, int64_t num_rows) {
  ELANUS_ASSIGN_OR_RETURN(ScalarFilePtr opened, ScalarFile::Open(file, num_rows));
  return OpenStructure(std::move(opened));
}

absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenScalarIndex(
    std::unique_ptr<storage::BlockReader> file, int64_t num_rows) {
  ELANUS_ASSIGN_OR_RETURN(ScalarFilePtr opened, ScalarFile::Open(std::move(file), num_rows));
  return OpenStructure(std::move(opened));
}

}  // namespace elanus::index
