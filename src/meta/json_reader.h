// Reads one JSON object of a catalog row strictly: every member must be there, be of its type and
// in range, and no other member may be. The first thing that is wrong is kept; reading goes on with
// zero values, so that a decoder is a plain list of members with one check at its end.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::meta {

class JsonReader {
 public:
  // `what` names the row or the part of it in errors. Both must outlive the reader.
  JsonReader(const nlohmann::json& json, std::string_view what);

  int64_t Int(const char* name, int64_t min = std::numeric_limits<int64_t>::min(),
              int64_t max = std::numeric_limits<int64_t>::max());
  uint64_t Unsigned(const char* name);
  double Double(const char* name);  // Finite.
  bool Bool(const char* name);
  std::string String(const char* name);
  // An array or object; an empty one of that kind if it is missing or of another kind.
  const nlohmann::json& Array(const char* name);
  const nlohmann::json& Object(const char* name);
  bool Has(const char* name) const;

  // An id of strong type `Id`, at least 1.
  template <typename Id>
  Id PositiveId(const char* name) {
    return Id(Int(name, 1));
  }

  void Fail(std::string_view problem);
  void Merge(const absl::Status& status) {
    if (status_.ok()) status_ = status;
  }
  // OK if all was well and every member was asked for.
  absl::Status Finish();

 private:
  const nlohmann::json* Member(const char* name);

  const nlohmann::json& json_;
  const std::string_view what_;
  size_t num_read_ = 0;
  absl::Status status_;
};

// Text -> JSON value; never throws.
absl::StatusOr<nlohmann::json> ParseJson(std::string_view text, std::string_view what);
// JSON value -> text. Fails for text that is not UTF-8 and for numbers that JSON lacks.
absl::StatusOr<std::string> WriteJson(const nlohmann::json& json, std::string_view what);

}  // namespace elanus::meta
