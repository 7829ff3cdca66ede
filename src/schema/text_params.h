// What a field's type params say about text analysis.
#pragma once

#include <string_view>

#include "schema/collection_schema.h"

namespace elanus::schema {

bool EnablesAnalyzer(const FieldSchema& field);
// text_match and phrase_match may ask for the field.
bool EnablesMatch(const FieldSchema& field);
// JSON; empty if not given.
std::string_view AnalyzerParams(const FieldSchema& field);

}  // namespace elanus::schema
