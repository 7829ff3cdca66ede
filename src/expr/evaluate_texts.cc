// text_match, text_match_fuzzy, phrase_match: by the source's index, or text by text.
#include <bit>

#include "expr/evaluate_leaves.h"
#include "text/analyzer.h"
#include "text/match_query.h"

namespace elanus::expr {

void MatchTexts(Batch& batch, const TextMatch& node, const Words& rows, Mask& out) {
  const schema::ColumnView& column = batch.Column(node.operand.slot);
  const kernels::Bitset* const index = batch.TextMatches(node);
  // Rows older than the field all hold its default. No text, no token.
  std::string_view last_text;
  bool last_answer = false;
  for (int64_t word = 0; word < batch.num_words(); ++word) {
    const uint64_t valid = ValidRows(column, word);
    out.truth[word] = 0;
    out.unknown[word] = ~valid;
    if (index != nullptr) {
      out.truth[word] = index->words()[batch.begin() / 64 + word] & valid;
      continue;
    }
    if (batch.cancelled()) return;
    for (uint64_t wanted = rows[word] & valid & batch.RowsOfWord(word); wanted != 0;
         wanted &= wanted - 1) {
      const int bit = std::countr_zero(wanted);
      const std::string_view text = column.Bytes(word * 64 + bit);
      if (text != last_text) {
        last_text = text;
        last_answer = text::Matches(node.query, node.analyzer->Analyze(text));
      }
      out.truth[word] |= static_cast<uint64_t>(last_answer) << bit;
    }
  }
}

}  // namespace elanus::expr
