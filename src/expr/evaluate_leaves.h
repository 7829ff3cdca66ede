// The leaves of a plan, by what they read. Each fills `out` for the rows of `rows`.
#pragma once

#include "expr/batch.h"
#include "expr/plan.h"

namespace elanus::expr {

// Numbers and booleans: columns, array elements, array lengths, arithmetic over them.
void CompareNumbers(Batch& batch, const Compare& node, const Words& rows, Mask& out);
void NumbersInRange(Batch& batch, const Range& node, const Words& rows, Mask& out);
void NumbersInList(Batch& batch, const InList& node, const Words& rows, Mask& out);

// VarChar columns and elements of ARRAY<VARCHAR>.
void CompareStrings(Batch& batch, const Compare& node, const Words& rows, Mask& out);
void StringsInRange(Batch& batch, const Range& node, const Words& rows, Mask& out);
void StringsInList(Batch& batch, const InList& node, const Words& rows, Mask& out);
void StringsLike(Batch& batch, const Like& node, const Words& rows, Mask& out);
void StringsMatch(Batch& batch, const Regex& node, const Words& rows, Mask& out);

// Times moved by intervals, shapes.
void CompareMovedTimes(Batch& batch, const CompareMovedTime& node, const Words& rows, Mask& out);
void CompareShapes(Batch& batch, const CompareSpatially& node, const Words& rows, Mask& out);

// Texts that hold words or phrases.
void MatchTexts(Batch& batch, const TextMatch& node, const Words& rows, Mask& out);

// Two columns against each other.
void CompareTwoColumns(Batch& batch, const CompareColumns& node, const Words& rows, Mask& out);

// Whole arrays.
void CompareArrays(Batch& batch, const Compare& node, const Words& rows, Mask& out);
void ArraysContain(Batch& batch, const Contains& node, const Words& rows, Mask& out);

// Elements of struct arrays.
void CountElements(Batch& batch, const MatchElements& node, const Words& rows, Mask& out);

// JSON values, at a path or whole.
void CompareJson(Batch& batch, const Compare& node, const Words& rows, Mask& out);
void JsonInRange(Batch& batch, const Range& node, const Words& rows, Mask& out);
void JsonInList(Batch& batch, const InList& node, const Words& rows, Mask& out);
void JsonLike(Batch& batch, const Like& node, const Words& rows, Mask& out);
void JsonMatch(Batch& batch, const Regex& node, const Words& rows, Mask& out);
void JsonExists(Batch& batch, const Exists& node, const Words& rows, Mask& out);
void JsonContains(Batch& batch, const Contains& node, const Words& rows, Mask& out);

}  // namespace elanus::expr
