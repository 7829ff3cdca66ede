// Reading JSON text in place: bounded, without recursion, never past the end.
//
// It checks only what it walks over. Text that is no JSON ends the walk; what was read before
// stays read. Rows are checked at insert, so this is about safety and not about messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::expr {

enum class JsonType : uint8_t {
  kMissing,
  kNull,
  kBool,
  kInt,       // Fits int64.
  kUnsigned,  // An integer above int64 that fits uint64.
  kDouble,
  kString,
  kArray,
  kObject,
};

// A value inside a JSON text, which it points into.
struct JsonValue {
  JsonType type = JsonType::kMissing;
  bool escaped = false;  // A string with backslashes in it.
  union {
    bool boolean;
    int64_t integer;
    uint64_t unsigned_integer;
    double number;
  };
  std::string_view text;  // A string's inside as written; an array's or object's whole text.

  JsonValue() : integer(0) {}
  bool is_number() const {
    return type == JsonType::kInt || type == JsonType::kUnsigned || type == JsonType::kDouble;
  }
  double as_double() const {
    if (type == JsonType::kInt) return static_cast<double>(integer);
    if (type == JsonType::kUnsigned) return static_cast<double>(unsigned_integer);
    return number;
  }
};

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // The next byte that is no white space, or 0 at the end.
  char Peek() {
    while (at_ < end_ && IsSpace(*at_)) ++at_;
    return at_ < end_ ? *at_ : '\0';
  }
  // Steps over `c` if it comes next.
  bool Take(char c) {
    if (Peek() != c || at_ == end_) return false;
    ++at_;
    return true;
  }
  // Reads the value that comes next and steps over it. False if there is none.
  bool Read(JsonValue& value);
  // Steps over the value that comes next.
  bool Skip();
  // Reads a string that comes next: its inside as written.
  bool ReadString(std::string_view& inside, bool& escaped);
  const char* position() const { return at_; }
  void Rewind(const char* position) { at_ = position; }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  bool SkipContainer();
  bool ReadNumber(JsonValue& value);
  bool TakeWord(std::string_view word);

  const char* at_;
  const char* end_;
};

// A string's meaning: `text` itself, or unescaped into `scratch`.
std::string_view JsonText(std::string_view text, bool escaped, std::string& scratch);
inline std::string_view JsonText(const JsonValue& value, std::string& scratch) {
  return JsonText(value.text, value.escaped, scratch);
}

// Calls visit(value) for each element of an array's text until it returns false.
template <typename Visit>
void ForEachJsonElement(std::string_view array, Visit visit) {
  JsonCursor cursor(array);
  if (!cursor.Take('[')) return;
  while (true) {
    JsonValue element;
    if (!cursor.Read(element) || !visit(element)) return;
    if (!cursor.Take(',')) return;
  }
}

// Whether there is anything but null in a value, at any depth: `exists`.
bool JsonHasContent(const JsonValue& value);

}  // namespace elanus::expr
