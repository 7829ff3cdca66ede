#include "s3/xml.h"

#include <charconv>

#include "common/status.h"

namespace elanus::s3 {
namespace {

constexpr int kDepthMax = 32;
constexpr size_t kElementsMax = 200'000;

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool EndsName(char c) {
  return IsSpace(c) || c == '>' || c == '/' || c == '=' || c == '<';
}

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  absl::StatusOr<XmlElement> Parse() {
    if (bytes_.starts_with("\xef\xbb\xbf")) at_ = 3;
    XmlElement root;
    ELANUS_RETURN_IF_ERROR(SkipMisc());
    ELANUS_RETURN_IF_ERROR(Element(root, 1));
    ELANUS_RETURN_IF_ERROR(SkipMisc());
    if (at_ != bytes_.size()) return Wrong("something behind the end");
    return root;
  }

 private:
  absl::Status Wrong(std::string_view what) const {
    return InternalError(ErrorCode::kIoFailed, "the answer is not XML: {} at byte {}", what, at_);
  }
  bool Eat(std::string_view text) {
    if (!bytes_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  absl::Status SkipTo(std::string_view end) {
    const size_t found = bytes_.find(end, at_);
    if (found == std::string_view::npos) return Wrong("an end is missing");
    at_ = found + end.size();
    return absl::OkStatus();
  }
  void SkipSpace() {
    while (at_ < bytes_.size() && IsSpace(bytes_[at_])) ++at_;
  }

  // Space, comments and processing instructions around the root.
  absl::Status SkipMisc() {
    for (;;) {
      SkipSpace();
      if (Eat("<?")) {
        ELANUS_RETURN_IF_ERROR(SkipTo("?>"));
      } else if (Eat("<!--")) {
        ELANUS_RETURN_IF_ERROR(SkipTo("-->"));
      } else {
        return absl::OkStatus();
      }
    }
  }

  absl::StatusOr<std::string> Name() {
    const size_t begin = at_;
    while (at_ < bytes_.size() && !EndsName(bytes_[at_])) ++at_;
    std::string_view name = bytes_.substr(begin, at_ - begin);
    if (name.empty() || name[0] == '!' || name[0] == '?') return Wrong("a name is expected");
    return std::string(name);
  }

  static std::string WithoutPrefix(const std::string& name) {
    return name.substr(name.find(':') + 1);
  }

  // Attributes are checked for their form and forgotten. True if the element ends here.
  absl::StatusOr<bool> Attributes() {
    for (;;) {
      SkipSpace();
      if (Eat("/>")) return true;
      if (Eat(">")) return false;
      ELANUS_RETURN_IF_ERROR(Name().status());
      SkipSpace();
      if (!Eat("=")) return Wrong("= is expected");
      SkipSpace();
      if (at_ >= bytes_.size()) return Wrong("an end is missing");
      const char quote = bytes_[at_];
      if (quote != '"' && quote != '\'') return Wrong("a quote is expected");
      ++at_;
      ELANUS_RETURN_IF_ERROR(SkipTo({&quote, 1}));
    }
  }

  absl::Status Element(XmlElement& element, int depth) {
    if (depth > kDepthMax) return Wrong("too deep");
    if (++elements_ > kElementsMax) return Wrong("too many elements");
    if (!Eat("<")) return Wrong("< is expected");
    ELANUS_ASSIGN_OR_RETURN(const std::string name, Name());
    element.name = WithoutPrefix(name);
    ELANUS_ASSIGN_OR_RETURN(const bool empty, Attributes());
    if (empty) return absl::OkStatus();
    for (;;) {
      if (at_ >= bytes_.size()) return Wrong("an end is missing");
      if (Eat("</")) return End(name);
      if (Eat("<!--")) {
        ELANUS_RETURN_IF_ERROR(SkipTo("-->"));
      } else if (Eat("<![CDATA[")) {
        const size_t begin = at_;
        ELANUS_RETURN_IF_ERROR(SkipTo("]]>"));
        element.text += bytes_.substr(begin, at_ - 3 - begin);
      } else if (bytes_[at_] == '<') {
        ELANUS_RETURN_IF_ERROR(Element(element.children.emplace_back(), depth + 1));
      } else {
        ELANUS_RETURN_IF_ERROR(Characters(element.text));
      }
    }
  }

  absl::Status End(const std::string& name) {
    ELANUS_ASSIGN_OR_RETURN(const std::string end, Name());
    SkipSpace();
    if (end != name || !Eat(">")) return Wrong("another end is expected");
    return absl::OkStatus();
  }

  absl::Status Characters(std::string& text) {
    while (at_ < bytes_.size() && bytes_[at_] != '<') {
      if (bytes_[at_] == '&') {
        ELANUS_RETURN_IF_ERROR(Reference(text));
      } else {
        text.push_back(bytes_[at_++]);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Reference(std::string& text) {
    const size_t end = bytes_.find(';', at_);
    if (end == std::string_view::npos || end - at_ > 10) return Wrong("an unknown entity");
    const std::string_view name = bytes_.substr(at_ + 1, end - at_ - 1);
    constexpr std::pair<std::string_view, char> kKnown[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [known, character] : kKnown) {
      if (name != known) continue;
      text.push_back(character);
      at_ = end + 1;
      return absl::OkStatus();
    }
    if (!name.starts_with('#')) return Wrong("an unknown entity");
    const bool hexadecimal = name.starts_with("#x");
    const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
    uint32_t code = 0;
    const auto [rest, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    if (error != std::errc() || rest != digits.data() + digits.size() || code == 0 ||
        code > 0x10ffff || surrogate) {
      return Wrong("an unknown character");
    }
    AppendUtf8(code, text);
    at_ = end + 1;
    return absl::OkStatus();
  }

  const std::string_view bytes_;
  size_t at_ = 0;
  size_t elements_ = 0;
};

}  // namespace

const XmlElement* XmlElement::Find(std::string_view child) const {
  for (const XmlElement& element : children) {
    if (element.name == child) return &element;
  }
  return nullptr;
}

std::string_view XmlElement::Text(std::string_view child) const {
  const XmlElement* found = Find(child);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

absl::StatusOr<XmlElement> ParseXml(std::string_view bytes) {
  return Parser(bytes).Parse();
}

std::string XmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

}  // namespace elanus::s3
