#include "text/jieba_model.h"

#include <array>
#include <cstdlib>
#include <string>

#include "text/unicode.h"
#include "text/word_data.h"

namespace elanus::text {
namespace {

constexpr std::string_view kStates = "BEMS";  // Of equal paths the later one wins, as in jieba.
constexpr int kNumStates = 4;
constexpr double kNever = -3.14e100;  // As the tables have it; sums of it stay finite.

struct Model {
  std::array<double, kNumStates> start;
  std::array<std::array<double, kNumStates>, kNumStates> next;  // (from, to)
  absl::flat_hash_map<Rune, std::array<double, kNumStates>> emit;
};

int StateOf(std::string_view name) {
  return static_cast<int>(kStates.find(name));
}

const Model& TheModel() {
  static const Model* const model = [] {
    auto* made = new Model();
    made->start.fill(kNever);
    for (auto& row : made->next) row.fill(kNever);
    for (std::string_view lines = JiebaModel(); !lines.empty();) {
      std::string_view line = TakeUntil(&lines, '\n');
      const std::string_view kind = TakeUntil(&line, ' ');
      const int state = StateOf(TakeUntil(&line, ' '));
      const std::string_view what = kind == "start" ? "" : TakeUntil(&line, ' ');
      const double p = std::strtod(std::string(line).c_str(), nullptr);
      if (kind == "start") {
        made->start[state] = p;
      } else if (kind == "next") {
        made->next[state][StateOf(what)] = p;
      } else {
        int32_t at = 0;
        auto& row = made->emit.try_emplace(NextRune(what, &at)).first->second;
        if (row == std::array<double, kNumStates>{}) row.fill(kNever);
        row[state] = p;
      }
    }
    return made;
  }();
  return *model;
}

}  // namespace

std::vector<int32_t> CutByModel(const JiebaRune* runes, int32_t num_runes) {
  static constexpr std::array<double, kNumStates> kUnknown = {kNever, kNever, kNever, kNever};
  const Model& model = TheModel();
  std::vector<std::array<int8_t, kNumStates>> came_from(num_runes);
  std::array<double, kNumStates> best = model.start;
  for (int32_t i = 0; i < num_runes; ++i) {
    const auto found = model.emit.find(runes[i].rune);
    const auto& emit = found == model.emit.end() ? kUnknown : found->second;
    std::array<double, kNumStates> now;
    for (int to = 0; to < kNumStates; ++to) {
      if (i == 0) {
        now[to] = best[to] + emit[to];
        continue;
      }
      int from = -1;
      for (int state = 0; state < kNumStates; ++state) {
        if (model.next[state][to] == kNever) continue;
        // The character's own part belongs to it: next to kNever all else drowns, and paths are
        // equal.
        const double path = best[state] + model.next[state][to] + emit[to];
        if (from >= 0 && path < now[to]) continue;
        from = state;
        now[to] = path;
      }
      came_from[i][to] = static_cast<int8_t>(from);
    }
    best = now;
  }
  // A word ends with the text: E or S.
  const int kEnd = StateOf("E"), kSingle = StateOf("S");
  int state = best[kEnd] > best[kSingle] ? kEnd : kSingle;
  std::vector<int32_t> ends;
  for (int32_t i = num_runes - 1; i >= 0; --i) {
    if (state == kEnd || state == kSingle) ends.push_back(i + 1);
    state = came_from[i][state];
  }
  return {ends.rbegin(), ends.rend()};
}

}  // namespace elanus::text
