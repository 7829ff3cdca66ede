// Any bytes given as an answer: an error or a tree whose texts can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "s3/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto root = elanus::s3::ParseXml({reinterpret_cast<const char*>(data), size});
  if (!root.ok()) return 0;
  const auto again = elanus::s3::ParseXml("<t>" + elanus::s3::XmlEscape(root->text) + "</t>");
  if (!again.ok() || again->text != root->text) abort();
  return 0;
}
