#include "common/config_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "common/config_key.h"

namespace elanus {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

}  // namespace

std::string NormalizeConfigName(std::string_view name) {
  constexpr std::string_view kEngine = "knowhere.";
  constexpr std::string_view kProduct = "milvus.";
  if (name.substr(0, kEngine.size()) == kEngine) return std::string(name);
  std::string lower = Lower(name);
  if (lower.compare(0, kProduct.size(), kProduct) == 0) lower.erase(0, kProduct.size());
  std::erase_if(lower, [](char c) { return c == '/' || c == '_' || c == '.'; });
  return lower;
}

size_t EditDistance(std::string_view a, std::string_view b, size_t limit) {
  const size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit) return limit + 1;
  const std::string x = Lower(a);
  const std::string y = Lower(b);
  // Three rows of the table: a swap of neighbours looks two rows back.
  std::vector<size_t> before(y.size() + 1), last(y.size() + 1), row(y.size() + 1);
  for (size_t j = 0; j <= y.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= x.size(); ++i) {
    row[0] = i;
    size_t best = row[0];
    for (size_t j = 1; j <= y.size(); ++j) {
      const size_t replaced = last[j - 1] + (x[i - 1] == y[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
      best = std::min(best, row[j]);
    }
    if (best > limit) return limit + 1;
    std::swap(before, last);
    std::swap(last, row);
  }
  return std::min(last[y.size()], limit + 1);
}

bool MatchesConfigPattern(std::string_view pattern, std::string_view name) {
  const std::string p = Lower(pattern);
  const std::string n = Lower(name);
  size_t i = 0, j = 0, star = std::string::npos, mark = 0;
  while (j < n.size()) {
    if (i < p.size() && p[i] == '*') {
      star = i++;
      mark = j;
    } else if (i < p.size() && p[i] == n[j]) {
      ++i;
      ++j;
    } else if (star != std::string::npos) {
      i = star + 1;
      j = ++mark;
    } else {
      return false;
    }
  }
  while (i < p.size() && p[i] == '*') ++i;
  return i == p.size();
}

std::string NearestConfigName(std::string_view name) {
  if (name.size() > 256) return {};  // Nobody mistypes that much; keeps the search cheap.
  // A third of a short name, and at most three slips: more is another word.
  size_t nearest = std::clamp<size_t>(name.size() / 3, 1, 3);
  std::string_view best;
  for (const ConfigKey& key : ConfigKeys()) {
    const size_t distance = EditDistance(name, key.name, nearest);
    if (distance > nearest || (distance == nearest && !best.empty())) continue;
    nearest = distance;
    best = key.name;
  }
  return std::string(best);
}

bool IsIgnoredConfigName(std::string_view name) {
  const auto patterns = IgnoredConfigPatterns();
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](std::string_view pattern) { return MatchesConfigPattern(pattern, name); });
}

bool IsSecretConfigName(std::string_view name) {
  constexpr std::array<std::string_view, 7> kSecretWords = {
      "*password*", "*secret*", "*accesskey*", "*credential*",
      "*token*",    "*apikey*", "*authparams*"};
  return std::any_of(kSecretWords.begin(), kSecretWords.end(),
                     [&](std::string_view pattern) { return MatchesConfigPattern(pattern, name); });
}

}  // namespace elanus
