#include "meta/sqlite_database.h"

namespace elanus::meta {

void SqliteStatement::Reset() {
  // Repeats the error of the last step, which was reported then.
  (void)sqlite3_reset(statement_.get());
  (void)sqlite3_clear_bindings(statement_.get());
}

absl::Status SqliteStatement::BindBytes(int index, std::string_view bytes) {
  // A null pointer would bind NULL instead of no bytes.
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_STATIC);
  return code == SQLITE_OK ? absl::OkStatus() : database_->Error(code);
}

absl::Status SqliteStatement::BindInt(int index, int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), index, value);
  return code == SQLITE_OK ? absl::OkStatus() : database_->Error(code);
}

absl::StatusOr<bool> SqliteStatement::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->Error(code);
}

absl::Status SqliteStatement::Run() {
  for (;;) {
    ELANUS_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

std::string_view SqliteStatement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

int64_t SqliteStatement::Int(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path,
                                                                     int busy_timeout_ms) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (handle == nullptr) {
    return InternalError(ErrorCode::kMemoryLimitExceeded, "cannot open the catalog {}", path);
  }
  // Owned before the check: a failed open leaves a handle that holds the message.
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path, handle));
  if (code != SQLITE_OK) return database->Error(code);
  (void)sqlite3_extended_result_codes(handle, 1);
  (void)sqlite3_busy_timeout(handle, busy_timeout_ms);
  return database;
}

absl::Status SqliteDatabase::Execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<SqliteStatement> SqliteDatabase::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code);
  return SqliteStatement(this, statement);
}

absl::Status SqliteDatabase::Error(int code) const {
  const char* message = sqlite3_errmsg(handle_.get());
  switch (code & 0xff) {
    case SQLITE_FULL:
      return InternalError(ErrorCode::kDiskLimitExceeded, "no room for the catalog {}: {}", path_,
                           message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return InternalError(ErrorCode::kDataIntegrity, "the catalog {} is damaged: {}", path_,
                           message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return RetryableError(ErrorCode::kServiceUnavailable,
                            "the catalog {} is in use by another process: {}", path_, message);
    case SQLITE_NOMEM:
      return InternalError(ErrorCode::kMemoryLimitExceeded, "no memory for the catalog {}: {}",
                           path_, message);
    default:
      return InternalError(ErrorCode::kIoFailed, "the catalog {} failed ({}): {}", path_, code,
                           message);
  }
}

}  // namespace elanus::meta
