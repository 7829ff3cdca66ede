#include "common/config_yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>

#include "common/status.h"

namespace elanus {
namespace {

constexpr int kDepthMax = 32;
constexpr int kNodesMax = 50'000;  // The largest real file has some 1,100.
constexpr size_t kFileBytesMax = 4 << 20;

// Walks the tree and collects its leaves. yaml-cpp may throw from any access; the caller catches.
class Flattener {
 public:
  explicit Flattener(std::vector<YamlSetting>* settings) : settings_(settings) {}

  absl::Status Visit(const YAML::Node& node, const std::string& name, int depth) {
    const int line = node.Mark().line + 1;
    if (depth > kDepthMax) {
      return UserError(ErrorCode::kParameterInvalid, "line {}: nested too deep", line);
    }
    if (++visited_ > kNodesMax) {
      return UserError(ErrorCode::kParameterInvalid, "line {}: too many values", line);
    }
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return absl::OkStatus();
      case YAML::NodeType::Scalar:
        settings_->push_back({name, node.Scalar(), line});
        return absl::OkStatus();
      case YAML::NodeType::Sequence:
        return VisitSequence(node, name, depth);
      case YAML::NodeType::Map:
        return VisitMap(node, name, depth);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status VisitMap(const YAML::Node& node, const std::string& name, int depth) {
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return UserError(ErrorCode::kParameterInvalid, "line {}: a key must be a single word",
                         entry.first.Mark().line + 1);
      }
      const std::string& key = entry.first.Scalar();
      // `<<` merges another map into this one.
      std::string below = key == "<<" ? name : (name.empty() ? key : name + "." + key);
      if (below.size() > 1024) {
        return UserError(ErrorCode::kParameterInvalid, "line {}: key too long",
                         entry.first.Mark().line + 1);
      }
      ELANUS_RETURN_IF_ERROR(Visit(entry.second, below, depth + 1));
    }
    return absl::OkStatus();
  }

  absl::Status VisitSequence(const YAML::Node& node, const std::string& name, int depth) {
    std::string joined;
    bool scalars = false;
    size_t index = 0;
    for (const YAML::Node& item : node) {
      if (item.IsScalar()) {
        if (++visited_ > kNodesMax) break;
        if (scalars) joined += ',';
        joined += item.Scalar();
        scalars = true;
      } else {
        ELANUS_RETURN_IF_ERROR(Visit(item, name + "." + std::to_string(index), depth + 1));
      }
      ++index;
    }
    if (scalars) settings_->push_back({name, std::move(joined), node.Mark().line + 1});
    return absl::OkStatus();
  }

  std::vector<YamlSetting>* const settings_;
  int visited_ = 0;
};

// Where a `---` follows anything but comments, blank lines and directives; 0 if nowhere.
int LineOfSecondDocument(std::string_view text) {
  bool content = false;
  for (int line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool marker =
        row.substr(0, 3) == "---" && (row.size() == 3 || row[3] == ' ' || row[3] == '\r');
    if (marker && content) return line;
    const size_t first = row.find_first_not_of(" \t\r");
    const bool blank = first == std::string_view::npos || row[first] == '#' || row[0] == '%';
    content = content || marker || !blank;
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::vector<YamlSetting>> ParseConfigYaml(std::string_view text) {
  if (text.size() > kFileBytesMax) {
    return UserError(ErrorCode::kParameterInvalid, "larger than {} bytes", kFileBytesMax);
  }
  // yaml-cpp's own reader of several documents (0.7) never ends on some broken ones.
  if (const int line = LineOfSecondDocument(text); line > 0) {
    return UserError(ErrorCode::kParameterInvalid, "line {}: more than one document", line);
  }
  std::vector<YamlSetting> settings;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsNull()) return settings;
    if (!root.IsMap()) {
      return UserError(ErrorCode::kParameterInvalid, "expected `key: value` lines at the top");
    }
    ELANUS_RETURN_IF_ERROR(Flattener(&settings).Visit(root, "", 0));
  } catch (const YAML::Exception& error) {
    return UserError(ErrorCode::kParameterInvalid, "line {}: {}", error.mark.line + 1, error.msg);
  } catch (const std::exception& error) {
    return UserError(ErrorCode::kParameterInvalid, "not readable as yaml: {}", error.what());
  }
  return settings;
}

absl::StatusOr<std::vector<YamlSetting>> ReadConfigYaml(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return UserError(ErrorCode::kParameterInvalid, "{}: cannot be opened: {}", path,
                     std::strerror(errno));
  }
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) {
    return UserError(ErrorCode::kParameterInvalid, "{}: cannot be read", path);
  }
  text.resize(static_cast<size_t>(file.gcount()));
  auto settings = ParseConfigYaml(text);
  if (!settings.ok()) {
    return UserError(ErrorCode::kParameterInvalid, "{}: {}", path, MessageOf(settings.status()));
  }
  return settings;
}

}  // namespace elanus
