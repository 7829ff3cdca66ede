// The little of SQLite's C interface that the catalog needs, with our errors and ownership.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::meta {

class SqliteDatabase;

// A prepared statement. Reset() before each use; bound texts must live until the next Reset.
// Threads: one.
class SqliteStatement {
 public:
  SqliteStatement() = default;
  SqliteStatement(SqliteDatabase* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement, &sqlite3_finalize) {}

  void Reset();
  absl::Status BindBytes(int index, std::string_view bytes);
  absl::Status BindInt(int index, int64_t value);
  // True when there is a row.
  absl::StatusOr<bool> Step();
  // Steps to the end.
  absl::Status Run();
  std::string_view Bytes(int column) const;
  int64_t Int(int column) const;

 private:
  SqliteDatabase* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_{nullptr, &sqlite3_finalize};
};

// One connection. Threads: one at a time.
class SqliteDatabase {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::string& path,
                                                              int busy_timeout_ms);
  absl::Status Execute(const char* sql);
  absl::StatusOr<SqliteStatement> Prepare(const char* sql);
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

  // The error of the last call that returned `code`, with the file's path.
  absl::Status Error(int code) const;

 private:
  SqliteDatabase(std::string path, sqlite3* handle)
      : path_(std::move(path)), handle_(handle, &sqlite3_close_v2) {}

  const std::string path_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
};

}  // namespace elanus::meta
