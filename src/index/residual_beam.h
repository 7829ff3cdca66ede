// Which entries of the levels of a residual quantiser stand for a vector: the choice at one level
// decides what is left for the next, so that the nearest entry each is not the best of all. A beam
// search keeps several choices at each level: A. Babenko & V. Lempitsky, "Additive quantization for
// extreme vector compression", CVPR 2014, section 3.2 (for residual tables).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/centroid_panels.h"

namespace elanus::index {

// Levels with `entries` each; borrowed.
struct ResidualLevels {
  std::span<const kernels::CentroidPanels> panels;  // One a level.
  const float* values = nullptr;                    // (levels, entries, dim)
  const float* squares = nullptr;                   // (levels, entries): squared lengths of these.
  size_t entries = 0;
  size_t dim = 0;
};

// Reused from one vector to the next. One thread's.
struct BeamScratch {
  struct Choice {
    float error = 0;    // Squared length of what is left, less that of the vector.
    uint32_t from = 0;  // Of the beam before,
    uint32_t entry = 0;
  };
  std::vector<float> left, next_left, dots;
  std::vector<uint32_t> codes, next_codes;
  std::vector<Choice> choices;
};

// codes: one a level. cost: (1 + beam * (levels - 1)) * entries * dim multiplications. Equal errors
// by ascending entry. Values need not be finite; any codes are valid then.
void EncodeByBeam(const ResidualLevels& levels, const float* vector, size_t beam,
                  BeamScratch& scratch, uint32_t* codes);

}  // namespace elanus::index
