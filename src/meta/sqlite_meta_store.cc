#include "meta/sqlite_meta_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "common/crash_point.h"
#include "meta/crash_points.h"
#include "meta/sqlite_database.h"
#include "schema/primary_key.h"

namespace elanus::meta {
namespace {

// "ELAN": marks the file as ours, so that a foreign SQLite file is refused.
constexpr int64_t kApplicationId = 0x454c414e;
constexpr int64_t kFormatVersion = 1;

// The checksum of one row. Each byte changes it: the hash steps are invertible.
uint64_t RowSum(std::string_view key, std::string_view value) {
  std::string bytes;
  bytes.reserve(key.size() + value.size() + 1);
  bytes.append(key).push_back('\0');
  bytes.append(value);
  return schema::StableHash(schema::PrimaryKeyView(std::string_view(bytes)));
}

// The number of rows and the sum (mod 2^64) of their checksums.
struct Totals {
  int64_t rows = 0;
  uint64_t sum = 0;
  friend bool operator==(const Totals&, const Totals&) = default;
};

absl::Status SyncDirectoryOf(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || ::fsync(fd) != 0) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return InternalError(ErrorCode::kIoFailed, "cannot sync the directory {}: {}", directory,
                         std::strerror(error));
  }
  ::close(fd);
  return absl::OkStatus();
}

class SqliteMetaStore final : public MetaStore {
 public:
  SqliteMetaStore(std::string path, std::unique_ptr<SqliteDatabase> database)
      : path_(std::move(path)), database_(std::move(database)) {}

  absl::Status Initialize(int64_t pages_max) {
    // Exclusive before WAL: the index of the WAL then lives in our memory instead of a shared file.
    ELANUS_RETURN_IF_ERROR(database_->Execute("PRAGMA locking_mode=EXCLUSIVE"));
    ELANUS_RETURN_IF_ERROR(database_->Execute("PRAGMA journal_mode=WAL"));
    ELANUS_RETURN_IF_ERROR(database_->Execute("PRAGMA synchronous=FULL"));
    // SQLite takes a damaged WAL for one that ends before the damage and forgets what follows. With
    // each commit copied to the database at once, the WAL never holds the only copy of an
    // older one, and the next commit begins it anew.
    ELANUS_RETURN_IF_ERROR(database_->Execute("PRAGMA wal_autocheckpoint=1"));
    if (pages_max > 0) {
      ELANUS_RETURN_IF_ERROR(
          database_->Execute(fmt::format("PRAGMA max_page_count={}", pages_max).c_str()));
    }
    ELANUS_RETURN_IF_ERROR(CheckFormat());
    ELANUS_ASSIGN_OR_RETURN(get_, database_->Prepare("SELECT value, sum FROM rows WHERE key = ?1"));
    ELANUS_ASSIGN_OR_RETURN(
        scan_, database_->Prepare("SELECT key, value, sum FROM rows WHERE key >= ?1 ORDER BY key"));
    ELANUS_ASSIGN_OR_RETURN(
        put_, database_->Prepare(
                  "INSERT INTO rows (key, value, sum) VALUES (?1, ?2, ?3) "
                  "ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum"));
    ELANUS_ASSIGN_OR_RETURN(delete_, database_->Prepare("DELETE FROM rows WHERE key = ?1"));
    ELANUS_ASSIGN_OR_RETURN(
        totals_, database_->Prepare("UPDATE totals SET rows = ?1, sum = ?2 WHERE id = 1"));
    ELANUS_ASSIGN_OR_RETURN(begin_, database_->Prepare("BEGIN IMMEDIATE"));
    ELANUS_ASSIGN_OR_RETURN(commit_, database_->Prepare("COMMIT"));
    ELANUS_RETURN_IF_ERROR(VerifyAll());
    return SyncDirectoryOf(path_);
  }

  absl::StatusOr<std::optional<std::string>> Get(const std::string& key) override {
    std::lock_guard lock(mutex_);
    return GetLocked(key);
  }

  absl::StatusOr<std::vector<KeyValue>> Scan(const std::string& prefix) override {
    std::lock_guard lock(mutex_);
    return ScanLocked(prefix);
  }

  absl::StatusOr<bool> Commit(const Transaction& transaction) override {
    std::lock_guard lock(mutex_);
    if (!broken_.ok()) return broken_;
    CrashPoint(kCommitBefore);
    absl::StatusOr<bool> committed = TryCommit(transaction);
    if (!committed.ok() || !*committed) Abandon(committed.status());
    CrashPoint(kCommitAfter);
    return committed;
  }

 private:
  absl::StatusOr<int64_t> Pragma(const char* sql) {
    ELANUS_ASSIGN_OR_RETURN(SqliteStatement statement, database_->Prepare(sql));
    ELANUS_ASSIGN_OR_RETURN(const bool row, statement.Step());
    return row ? statement.Int(0) : 0;
  }

  absl::Status CheckFormat() {
    ELANUS_ASSIGN_OR_RETURN(const int64_t objects, Pragma("SELECT count(*) FROM sqlite_master"));
    ELANUS_ASSIGN_OR_RETURN(const int64_t application, Pragma("PRAGMA application_id"));
    ELANUS_ASSIGN_OR_RETURN(const int64_t version, Pragma("PRAGMA user_version"));
    if (objects == 0 && application == 0 && version == 0) return CreateTables();
    if (application != kApplicationId) {
      return InternalError(ErrorCode::kDataIntegrity, "{} is not a catalog of this server", path_);
    }
    if (version != kFormatVersion) {
      return InternalError(ErrorCode::kDataIntegrity,
                           "the catalog {} has format version {}, this server knows {}", path_,
                           version, kFormatVersion);
    }
    return absl::OkStatus();
  }

  absl::Status CreateTables() {
    return database_->Execute(
        "BEGIN IMMEDIATE;"
        "CREATE TABLE rows (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT "
        "NULL) WITHOUT ROWID;"
        "CREATE TABLE totals (id INTEGER PRIMARY KEY, rows INTEGER NOT NULL, sum INTEGER NOT NULL);"
        "INSERT INTO totals VALUES (1, 0, 0);"
        "PRAGMA application_id=1162625358;"
        "PRAGMA user_version=1;"
        "COMMIT");
  }

  // Reads every row once: SQLite itself has no checksums outside its write-ahead log.
  absl::Status VerifyAll() {
    ELANUS_ASSIGN_OR_RETURN(SqliteStatement read,
                            database_->Prepare("SELECT rows, sum FROM totals WHERE id = 1"));
    ELANUS_ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) return Damaged("the totals are missing");
    const Totals stored{read.Int(0), static_cast<uint64_t>(read.Int(1))};
    read.Reset();
    Totals found;
    scan_.Reset();
    ELANUS_RETURN_IF_ERROR(scan_.BindBytes(1, ""));
    for (;;) {
      ELANUS_ASSIGN_OR_RETURN(const bool more, scan_.Step());
      if (!more) break;
      ELANUS_RETURN_IF_ERROR(CheckRow(scan_.Bytes(0), scan_.Bytes(1), scan_.Int(2)));
      found.rows += 1;
      found.sum += static_cast<uint64_t>(scan_.Int(2));
    }
    scan_.Reset();
    if (!(found == stored)) return Damaged("rows are missing or old");
    current_ = stored;
    return absl::OkStatus();
  }

  absl::Status Damaged(std::string_view what) const {
    return InternalError(ErrorCode::kDataIntegrity, "the catalog {} is damaged: {}", path_, what);
  }
  absl::Status CheckRow(std::string_view key, std::string_view value, int64_t sum) const {
    if (RowSum(key, value) == static_cast<uint64_t>(sum)) return absl::OkStatus();
    return Damaged(fmt::format("wrong checksum of row {}", key));
  }

  absl::StatusOr<std::optional<std::string>> GetLocked(std::string_view key) {
    get_.Reset();
    ELANUS_RETURN_IF_ERROR(get_.BindBytes(1, key));
    ELANUS_ASSIGN_OR_RETURN(const bool row, get_.Step());
    std::optional<std::string> out;
    if (row) {
      ELANUS_RETURN_IF_ERROR(CheckRow(key, get_.Bytes(0), get_.Int(1)));
      out.emplace(get_.Bytes(0));
    }
    get_.Reset();
    return out;
  }

  absl::StatusOr<std::vector<KeyValue>> ScanLocked(std::string_view prefix) {
    std::vector<KeyValue> out;
    scan_.Reset();
    ELANUS_RETURN_IF_ERROR(scan_.BindBytes(1, prefix));
    for (;;) {
      ELANUS_ASSIGN_OR_RETURN(const bool more, scan_.Step());
      if (!more || !scan_.Bytes(0).starts_with(prefix)) break;
      ELANUS_RETURN_IF_ERROR(CheckRow(scan_.Bytes(0), scan_.Bytes(1), scan_.Int(2)));
      out.push_back({std::string(scan_.Bytes(0)), std::string(scan_.Bytes(1))});
    }
    scan_.Reset();
    return out;
  }

  absl::StatusOr<bool> TryCommit(const Transaction& transaction) {
    begin_.Reset();
    ELANUS_RETURN_IF_ERROR(begin_.Run());
    for (const Compare& compare : transaction.compares) {
      ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> value, GetLocked(compare.key));
      if (value != compare.value) return false;
    }
    Totals totals = current_;
    for (const KeyValue& put : transaction.puts) ELANUS_RETURN_IF_ERROR(PutRow(put, totals));
    for (const std::string& key : transaction.deletes) {
      ELANUS_RETURN_IF_ERROR(DeleteRow(key, totals));
    }
    totals_.Reset();
    ELANUS_RETURN_IF_ERROR(totals_.BindInt(1, totals.rows));
    ELANUS_RETURN_IF_ERROR(totals_.BindInt(2, static_cast<int64_t>(totals.sum)));
    ELANUS_RETURN_IF_ERROR(totals_.Run());
    CrashPoint(kCommitWritten);
    commit_.Reset();
    ELANUS_RETURN_IF_ERROR(commit_.Run());
    current_ = totals;
    return true;
  }

  // Takes the row that is there now out of the totals.
  absl::Status Forget(std::string_view key, Totals& totals) {
    ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> old, GetLocked(key));
    if (!old.has_value()) return absl::OkStatus();
    totals.rows -= 1;
    totals.sum -= RowSum(key, *old);
    return absl::OkStatus();
  }

  absl::Status PutRow(const KeyValue& row, Totals& totals) {
    ELANUS_RETURN_IF_ERROR(Forget(row.key, totals));
    const uint64_t sum = RowSum(row.key, row.value);
    put_.Reset();
    ELANUS_RETURN_IF_ERROR(put_.BindBytes(1, row.key));
    ELANUS_RETURN_IF_ERROR(put_.BindBytes(2, row.value));
    ELANUS_RETURN_IF_ERROR(put_.BindInt(3, static_cast<int64_t>(sum)));
    ELANUS_RETURN_IF_ERROR(put_.Run());
    totals.rows += 1;
    totals.sum += sum;
    return absl::OkStatus();
  }

  absl::Status DeleteRow(std::string_view key, Totals& totals) {
    ELANUS_RETURN_IF_ERROR(Forget(key, totals));
    delete_.Reset();
    ELANUS_RETURN_IF_ERROR(delete_.BindBytes(1, key));
    return delete_.Run();
  }

  // Rolls back. Lack of room leaves the file as it was; after any other failure of the disk nobody
  // knows what is on it, so nothing more is written until the file is opened and verified again.
  void Abandon(const absl::Status& why) {
    for (SqliteStatement* statement :
         {&get_, &scan_, &put_, &delete_, &totals_, &begin_, &commit_}) {
      statement->Reset();
    }
    absl::Status rolled_back;
    if (database_->in_transaction()) rolled_back = database_->Execute("ROLLBACK");
    const ErrorCode code = CodeOf(why);
    const bool disk_failed = code == ErrorCode::kIoFailed || code == ErrorCode::kDataIntegrity;
    if (disk_failed || !rolled_back.ok()) {
      broken_ = InternalError(code == ErrorCode::kOk ? ErrorCode::kIoFailed : code,
                              "the catalog is read-only until the server restarts: {}",
                              MessageOf(disk_failed ? why : rolled_back));
    }
  }

  const std::string path_;
  std::mutex mutex_;
  std::unique_ptr<SqliteDatabase> database_;
  SqliteStatement get_, scan_, put_, delete_, totals_, begin_, commit_;
  Totals current_;
  absl::Status broken_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MetaStore>> OpenSqliteMetaStore(SqliteOptions options) {
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> database,
                          SqliteDatabase::Open(options.path, options.busy_timeout_ms));
  auto store = std::make_unique<SqliteMetaStore>(options.path, std::move(database));
  ELANUS_RETURN_IF_ERROR(store->Initialize(options.pages_max));
  return std::unique_ptr<MetaStore>(std::move(store));
}

}  // namespace elanus::meta
