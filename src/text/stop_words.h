#pragma once

#include <string_view>
#include <vector>

namespace elanus::text {

// The words of a list by its name ("_english_"); null if there is no such list. Threads: any.
const std::vector<std::string_view>* StopWords(std::string_view list);

}  // namespace elanus::text
