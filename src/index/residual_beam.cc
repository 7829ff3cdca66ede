#include "index/residual_beam.h"

#include <algorithm>
#include <tuple>

namespace elanus::index {
namespace {

// The `beam` best of all ways to go on from each state, best first.
void Expand(const ResidualLevels& levels, size_t level, size_t num_states,
            const std::vector<float>& errors, size_t beam, BeamScratch& scratch) {
  auto& choices = scratch.choices;
  const auto better = [](const BeamScratch::Choice& a, const BeamScratch::Choice& b) {
    return std::tie(a.error, a.from, a.entry) < std::tie(b.error, b.from, b.entry);
  };
  choices.clear();
  scratch.dots.resize(levels.entries);
  const float* squares = levels.squares + level * levels.entries;
  for (size_t state = 0; state < num_states; ++state) {
    levels.panels[level].Dots(&scratch.left[state * levels.dim], scratch.dots.data());
    for (size_t entry = 0; entry < levels.entries; ++entry) {
      const float error = errors[state] + squares[entry] - 2 * scratch.dots[entry];
      if (choices.size() == beam && !(error < choices.front().error)) continue;
      if (choices.size() == beam) {
        std::pop_heap(choices.begin(), choices.end(), better);
        choices.pop_back();
      }
      choices.push_back(
          {error == error ? error : 0, static_cast<uint32_t>(state), static_cast<uint32_t>(entry)});
      std::push_heap(choices.begin(), choices.end(), better);
    }
  }
  std::sort_heap(choices.begin(), choices.end(), better);
}

}  // namespace

void EncodeByBeam(const ResidualLevels& levels, const float* vector, size_t beam,
                  BeamScratch& scratch, uint32_t* codes) {
  const size_t num_levels = levels.panels.size(), dim = levels.dim;
  scratch.left.assign(vector, vector + dim);
  scratch.codes.assign(num_levels, 0);
  std::vector<float> errors = {0};
  for (size_t level = 0; level < num_levels; ++level) {
    const bool last = level + 1 == num_levels;
    Expand(levels, level, errors.size(), errors, last ? 1 : beam, scratch);
    const auto& choices = scratch.choices;
    scratch.next_left.resize(choices.size() * dim);
    scratch.next_codes.resize(choices.size() * num_levels);
    errors.clear();
    for (size_t i = 0; i < choices.size(); ++i) {
      const float* entry = levels.values + (level * levels.entries + choices[i].entry) * dim;
      const float* left = &scratch.left[choices[i].from * dim];
      for (size_t d = 0; d < dim; ++d) scratch.next_left[i * dim + d] = left[d] - entry[d];
      const uint32_t* before = &scratch.codes[choices[i].from * num_levels];
      std::copy_n(before, num_levels, &scratch.next_codes[i * num_levels]);
      scratch.next_codes[i * num_levels + level] = choices[i].entry;
      errors.push_back(choices[i].error);
    }
    std::swap(scratch.left, scratch.next_left);
    std::swap(scratch.codes, scratch.next_codes);
  }
  std::copy_n(scratch.codes.data(), num_levels, codes);
}

}  // namespace elanus::index
