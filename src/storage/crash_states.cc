#include "storage/crash_states.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace elanus::storage {
namespace {

using Kind = DiskOperation::Kind;

// A file whatever its name: what is durable, and what was done since.
struct Node {
  struct Change {
    const DiskOperation* operation;
    bool doomed = false;  // A sync of it failed: later ones do not help.
  };
  std::string durable;
  std::vector<Change> pending;
};
using NodePtr = std::shared_ptr<Node>;

// A change of names: `node` appears as `name`, or `name` goes (no node), or both in a rename.
struct NameChange {
  std::string removed;
  std::string added;
  NodePtr node;
};

void Write(std::string& contents, uint64_t offset, std::string_view bytes) {
  if (contents.size() < offset + bytes.size()) contents.resize(offset + bytes.size(), '\0');
  contents.replace(offset, bytes.size(), bytes);
}

class DiskModel {
 public:
  explicit DiskModel(const CrashOptions& options)
      : random_(options.seed),
        sector_bytes_(options.sector_bytes),
        only_killed_(options.only_killed) {}

  void Apply(const DiskOperation& operation) {
    switch (operation.kind) {
      case Kind::kMakeDirectory:
        directories_.insert(operation.path);
        break;
      case Kind::kCreate:
        Create(operation);
        break;
      case Kind::kWrite:
      case Kind::kTruncate:
        if (const NodePtr node = Find(operation.path)) node->pending.push_back({&operation});
        break;
      case Kind::kSync:
        if (const NodePtr node = Find(operation.path)) Sync(*node);
        break;
      case Kind::kFailedSync:
        if (const NodePtr node = Find(operation.path)) {
          for (Node::Change& change : node->pending) change.doomed = true;
        }
        break;
      case Kind::kRename:
        Rename(operation);
        break;
      case Kind::kRemove:
        Remove(operation.path);
        break;
      case Kind::kRemoveRecursively:
        RemoveBelow(operation.path);
        break;
      case Kind::kSyncDirectory:
        SyncDirectory(operation.path);
        break;
    }
  }

  std::unique_ptr<MemoryFileSystem> Crash() {
    switch (only_killed_ ? 0 : random_() % 8) {
      case 0:
        keep_ = 1;
        break;
      case 1:
        keep_ = 0;
        break;
      default:
        keep_ = std::uniform_real_distribution<>(0, 1)(random_);
        break;
    }
    for (const NameChange& change : pending_names_) {
      if (Keeps()) ApplyName(change);
    }
    auto disk = std::make_unique<MemoryFileSystem>();
    for (const std::string& path : directories_) disk->CreateDirectories(path).IgnoreError();
    for (const auto& [path, node] : durable_names_) disk->Put(path, Contents(*node));
    return disk;
  }

 private:
  NodePtr Find(const std::string& path) const {
    const auto found = names_.find(path);
    return found == names_.end() ? nullptr : found->second;
  }

  void Create(const DiskOperation& operation) {
    if (const NodePtr node = Find(operation.path)) {
      node->pending.push_back({&operation});  // Truncates.
      return;
    }
    const auto node = std::make_shared<Node>();
    names_[operation.path] = node;
    pending_names_.push_back({"", operation.path, node});
  }

  void Rename(const DiskOperation& operation) {
    const NodePtr node = Find(operation.path);
    if (node == nullptr) return;
    names_.erase(operation.path);
    names_[operation.target] = node;
    pending_names_.push_back({operation.path, operation.target, node});
  }

  void Remove(const std::string& path) {
    if (names_.erase(path) > 0) pending_names_.push_back({path, "", nullptr});
  }

  void RemoveBelow(const std::string& path) {
    std::vector<std::string> gone;
    for (const auto& [name, node] : names_) {
      if (name == path || name.starts_with(path + "/")) gone.push_back(name);
    }
    for (const std::string& name : gone) Remove(name);
  }

  void ApplyName(const NameChange& change) {
    if (!change.removed.empty()) durable_names_.erase(change.removed);
    if (!change.added.empty()) durable_names_[change.added] = change.node;
  }

  void SyncDirectory(const std::string& path) {
    const auto is_inside = [&](const NameChange& change) {
      return (!change.removed.empty() && ParentPath(change.removed) == path) ||
             (!change.added.empty() && ParentPath(change.added) == path);
    };
    for (const NameChange& change : pending_names_) {
      if (is_inside(change)) ApplyName(change);
    }
    std::erase_if(pending_names_, is_inside);
  }

  static void Sync(Node& node) {
    std::vector<Node::Change> doomed;
    for (const Node::Change& change : node.pending) {
      // In doubt for ever, behind what this sync wrote: whether it counts is drawn at the crash.
      if (change.doomed) {
        doomed.push_back(change);
      } else {
        ApplyWhole(*change.operation, node.durable);
      }
    }
    node.pending = std::move(doomed);
  }

  static void ApplyWhole(const DiskOperation& operation, std::string& contents) {
    if (operation.kind == Kind::kWrite) {
      Write(contents, operation.offset, operation.bytes);
    } else {
      contents.resize(operation.kind == Kind::kTruncate ? operation.offset : 0, '\0');
    }
  }

  bool Keeps() { return std::uniform_real_distribution<>(0, 1)(random_) < keep_; }

  std::string Contents(const Node& node) {
    std::string contents = node.durable;
    for (const Node::Change& change : node.pending) {
      const DiskOperation& operation = *change.operation;
      if (operation.kind != Kind::kWrite) {
        if (Keeps()) ApplyWhole(operation, contents);
        continue;
      }
      const uint64_t end = operation.offset + operation.bytes.size();
      for (uint64_t at = operation.offset; at < end;) {
        const uint64_t next = std::min(end, (at / sector_bytes_ + 1) * sector_bytes_);
        if (Keeps()) {
          Write(contents, at,
                std::string_view(operation.bytes).substr(at - operation.offset, next - at));
        }
        at = next;
      }
    }
    return contents;
  }

  std::mt19937_64 random_;
  const uint64_t sector_bytes_;
  const bool only_killed_;
  double keep_ = 0.5;                     // How likely each change in doubt is there.
  std::map<std::string, NodePtr> names_;  // As the running process sees them.
  std::map<std::string, NodePtr> durable_names_;
  std::vector<NameChange> pending_names_;
  std::set<std::string> directories_;
};

}  // namespace

std::unique_ptr<MemoryFileSystem> MakeCrashState(std::span<const DiskOperation> trace,
                                                 const CrashOptions& options) {
  DiskModel disk(options);
  for (const DiskOperation& operation : trace) disk.Apply(operation);
  return disk.Crash();
}

}  // namespace elanus::storage
