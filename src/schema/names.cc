#include "schema/names.h"

#include <algorithm>
#include <array>

namespace elanus::schema {
namespace {

// Bytes, not characters of a locale: names are ASCII.
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

struct NameRule {
  ErrorCode code;
  std::string_view kind;    // "collection"
  std::string_view prefix;  // "Invalid collection name"
  bool digit_may_lead = false;
  std::string_view extra;  // Allowed besides the configured ones.
};

absl::Status Refuse(const NameRule& rule, std::string_view name, std::string_view why) {
  return UserError(rule.code, "{}: {}. {}", rule.prefix, name, why);
}

absl::Status CheckName(const NameRule& rule, std::string_view name, const SchemaLimits& limits) {
  if (name.empty()) return UserError(rule.code, "{} name should not be empty", rule.kind);
  if (static_cast<int64_t>(name.size()) > limits.name_bytes_max) {
    // The name is cut: it came from outside and may be megabytes.
    return Refuse(rule, name.substr(0, 64),
                  fmt::format("the length of a {} name must be less than {} characters", rule.kind,
                              limits.name_bytes_max));
  }
  const char first = name.front();
  if (first != '_' && !IsLetter(first) && !(rule.digit_may_lead && IsDigit(first))) {
    return Refuse(
        rule, name,
        fmt::format("the first character of a {} name must be an underscore or letter", rule.kind));
  }
  const bool plain = std::all_of(name.begin(), name.end(), [&](char c) {
    return c == '_' || IsLetter(c) || IsDigit(c) || rule.extra.find(c) != std::string_view::npos ||
           limits.name_extra_characters.find(c) != std::string::npos;
  });
  if (plain) return absl::OkStatus();
  return Refuse(
      rule, name,
      fmt::format("{} name can only contain numbers, letters and underscores", rule.kind));
}

// Words of the filter language, in the spellings that it reads.
constexpr std::array kKeywords = std::to_array<std::string_view>({
    "$meta",
    "like",
    "LIKE",
    "exists",
    "EXISTS",
    "and",
    "AND",
    "or",
    "OR",
    "not",
    "NOT",
    "in",
    "IN",
    "true",
    "True",
    "TRUE",
    "false",
    "False",
    "FALSE",
    "json_contains",
    "JSON_CONTAINS",
    "json_contains_all",
    "JSON_CONTAINS_ALL",
    "json_contains_any",
    "JSON_CONTAINS_ANY",
    "array_contains",
    "ARRAY_CONTAINS",
    "array_contains_all",
    "ARRAY_CONTAINS_ALL",
    "array_contains_any",
    "ARRAY_CONTAINS_ANY",
    "array_length",
    "ARRAY_LENGTH",
    "text_match",
    "TEXT_MATCH",
    "phrase_match",
    "PHRASE_MATCH",
    "random_sample",
    "RANDOM_SAMPLE",
});
constexpr std::array kSystemNames = std::to_array<std::string_view>({"RowID", "Timestamp"});

}  // namespace

absl::Status CheckDatabaseName(std::string_view name, const SchemaLimits& limits) {
  return CheckName({.code = ErrorCode::kDatabaseInvalidName,
                    .kind = "database",
                    .prefix = "Invalid database name"},
                   name, limits);
}

absl::Status CheckCollectionName(std::string_view name, const SchemaLimits& limits) {
  return CheckName({.code = ErrorCode::kParameterInvalid,
                    .kind = "collection",
                    .prefix = "Invalid collection name"},
                   name, limits);
}

absl::Status CheckAliasName(std::string_view name, const SchemaLimits& limits) {
  return CheckName({.code = ErrorCode::kParameterInvalid,
                    .kind = "collection alias",
                    .prefix = "Invalid collection alias"},
                   name, limits);
}

absl::Status CheckSnapshotName(std::string_view name, const SchemaLimits& limits) {
  return CheckName(
      {.code = ErrorCode::kParameterInvalid, .kind = "snapshot", .prefix = "Invalid snapshot name"},
      name, limits);
}

absl::Status CheckPartitionName(std::string_view name, const SchemaLimits& limits) {
  return CheckName({.code = ErrorCode::kParameterInvalid,
                    .kind = "partition",
                    .prefix = "Invalid partition name",
                    .digit_may_lead = true,
                    .extra = "-"},
                   name, limits);
}

absl::Status CheckFieldName(std::string_view name, const SchemaLimits& limits) {
  // Keywords first: "$meta" deserves its own message rather than one about its first character.
  const NameRule rule{
      .code = ErrorCode::kFieldInvalidName, .kind = "field", .prefix = "Invalid field name"};
  if (std::find(kKeywords.begin(), kKeywords.end(), name) != kKeywords.end()) {
    return Refuse(rule, name, fmt::format("{} is keyword in milvus", name));
  }
  if (std::find(kSystemNames.begin(), kSystemNames.end(), name) != kSystemNames.end()) {
    return Refuse(rule, name, fmt::format("{} is a name of the system", name));
  }
  return CheckName(rule, name, limits);
}

absl::Status CheckIndexName(std::string_view name, const SchemaLimits& limits) {
  return CheckName({.code = ErrorCode::kParameterInvalid,
                    .kind = "index",
                    .prefix = "Invalid index name",
                    .extra = "[]"},
                   name, limits);
}

}  // namespace elanus::schema
