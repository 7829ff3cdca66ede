#include "expr/json_path.h"

#include <charconv>
#include <utility>

namespace elanus::expr {

namespace {

// Of more children keys are looked up in a table.
constexpr size_t kFewChildren = 16;

}  // namespace

int JsonPathTree::Child(int node, const JsonStep& step) {
  const auto& before = nodes_[node].children;
  if (step.is_index) {
    for (const auto& [child_step, child] : before) {
      if (child_step == step) return child;
    }
  } else if (const size_t place = PlaceOf(nodes_[node], step.key, 0); place < before.size()) {
    return before[place].second;
  }
  const int child = static_cast<int>(nodes_.size());
  nodes_.emplace_back();
  Node& parent = nodes_[node];
  parent.children.emplace_back(step, child);
  if (parent.children.size() <= kFewChildren) return child;
  for (size_t i = parent.places.empty() ? 0 : parent.children.size() - 1;
       i < parent.children.size(); ++i) {
    const JsonStep& added = parent.children[i].first;
    if (!added.is_index) parent.places.emplace(added.key, i);
  }
  return child;
}

size_t JsonPathTree::PlaceOf(const Node& node, std::string_view key, size_t first) {
  const size_t num_children = node.children.size();
  const auto is = [&](size_t i) {
    return !node.children[i].first.is_index && node.children[i].first.key == key;
  };
  if (num_children > kFewChildren) {
    if (is(first)) return first;
    const auto found = node.places.find(key);
    return found == node.places.end() ? num_children : found->second;
  }
  for (size_t i = first; i < num_children; ++i) {
    if (is(i)) return i;
  }
  for (size_t i = 0; i < first; ++i) {
    if (is(i)) return i;
  }
  return num_children;
}

int JsonPathTree::Add(const JsonPath& path) {
  int node = 0;
  for (const JsonStep& step : path) node = Child(node, step);
  if (nodes_[node].path < 0) {
    nodes_[node].path = num_paths();
    paths_.push_back(path);
  }
  return nodes_[node].path;
}

// One row's walk. Its functions return false to end it: all is found, or the text is broken.
struct JsonPathTree::Walk {
  const JsonPathTree& tree;
  JsonCursor cursor;
  JsonValue* out;
  int64_t stride;
  std::string_view* texts;
  int remaining;
  std::string scratch;

  bool Value(const Node& node) {
    if (node.path >= 0) {
      // Found before: the key came twice.
      if (out[node.path * stride].type != JsonType::kMissing) return cursor.Skip();
      const char* const begin = cursor.position();
      JsonValue value;
      if (!cursor.Read(value)) {
        // A number that is none to us, say. What stands behind it is found all the same, so that a
        // path has one answer whatever is looked up beside it.
        cursor.Rewind(begin);
        return cursor.Skip();
      }
      out[node.path * stride] = value;
      if (texts != nullptr) {
        texts[node.path] = {begin, static_cast<size_t>(cursor.position() - begin)};
      }
      if (--remaining == 0) return false;
      if (node.children.empty()) return true;
      cursor.Rewind(begin);
    }
    const char first = cursor.Peek();
    if (first == '{') return Object(node);
    if (first == '[') return Array(node);
    return cursor.Skip();
  }

  // The children of one object that its keys so far were.
  struct Seen {
    uint64_t first = 0;     // Of the first 64.
    std::vector<bool> all;  // If there are more.
    size_t next = 0;        // Where the next key is looked for first: most texts keep one order.

    // False if the child was seen before.
    bool Add(size_t child, size_t num_children) {
      next = child + 1 < num_children ? child + 1 : 0;
      if (num_children <= 64) {
        const uint64_t bit = uint64_t{1} << child;
        return (std::exchange(first, first | bit) & bit) == 0;
      }
      if (all.empty()) all.resize(num_children);
      const bool before = all[child];
      all[child] = true;
      return !before;
    }
  };

  // The child for a key, unless an equal key came before.
  const Node* ChildOf(const Node& node, std::string_view key, Seen& seen) const {
    const size_t num_children = node.children.size();
    const size_t place = PlaceOf(node, key, seen.next);
    if (place == num_children || !seen.Add(place, num_children)) return nullptr;
    return &tree.nodes_[node.children[place].second];
  }
  static const Node* ChildOf(const JsonPathTree& tree, const Node& node, int64_t index) {
    for (const auto& [step, child] : node.children) {
      if (step.is_index && step.index == index) return &tree.nodes_[child];
    }
    return nullptr;
  }

  bool Object(const Node& node) {
    cursor.Take('{');
    if (cursor.Take('}')) return true;
    Seen seen;
    do {
      std::string_view key;
      bool escaped;
      if (!cursor.ReadString(key, escaped) || !cursor.Take(':')) return false;
      const Node* child = ChildOf(node, JsonText(key, escaped, scratch), seen);
      cursor.Peek();
      if (!(child != nullptr ? Value(*child) : cursor.Skip())) return false;
    } while (cursor.Take(','));
    return cursor.Take('}');
  }

  bool Array(const Node& node) {
    cursor.Take('[');
    if (cursor.Take(']')) return true;
    int64_t index = 0;
    do {
      const Node* child = ChildOf(tree, node, index++);
      cursor.Peek();
      if (!(child != nullptr ? Value(*child) : cursor.Skip())) return false;
    } while (cursor.Take(','));
    return cursor.Take(']');
  }
};

void JsonPathTree::Find(std::string_view json, JsonValue* out, int64_t stride,
                        std::string_view* texts) const {
  for (int path = 0; path < num_paths(); ++path) out[path * stride] = JsonValue();
  Walk walk{*this, JsonCursor(json), out, stride, texts, num_paths(), {}};
  walk.cursor.Peek();
  walk.Value(nodes_[0]);
}

JsonPath PathOfPointer(std::string_view pointer) {
  JsonPath path;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // The slash.
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    JsonStep step;
    for (size_t i = 0; i < token.size(); ++i) {
      const bool escaped = token[i] == '~' && i + 1 < token.size();
      step.key += escaped ? (token[++i] == '1' ? '/' : '~') : token[i];
    }
    const auto [end, error] =
        std::from_chars(token.data(), token.data() + token.size(), step.index);
    if (error == std::errc() && end == token.data() + token.size() && step.index >= 0) {
      step.is_index = true;
      step.key.clear();
    } else {
      step.index = 0;
    }
    path.push_back(std::move(step));
  }
  return path;
}

}  // namespace elanus::expr
