// The XML of S3 answers: elements and their text. Small on purpose: no document types, no entities
// but the five of XML and numbers, so nothing can expand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace elanus::s3 {

struct XmlElement {
  std::string name;  // Without its namespace prefix.
  std::string text;  // Of this element alone, unescaped.
  std::vector<XmlElement> children;

  // The first child of this name; null if there is none.
  const XmlElement* Find(std::string_view child) const;
  // Its text; empty if there is none.
  std::string_view Text(std::string_view child) const;
};

// The root element. kIoFailed, with the offset, for anything that is not well-formed, nests deeper
// than 32 or has more than 200,000 elements.
absl::StatusOr<XmlElement> ParseXml(std::string_view bytes);

std::string XmlEscape(std::string_view text);

}  // namespace elanus::s3
