// The catalog in one SQLite file (docs/formats/catalog.md).
//
// WAL mode with synchronous=FULL: a commit is on the disk when it returns. The file is locked for
// this process alone. Every row carries a checksum, and one row the number and the sum of all of
// them, so that a damaged, lost or foreign row is noticed when the file is opened.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "meta/meta_store.h"

namespace elanus::meta {

struct SqliteOptions {
  std::string path;            // Created if missing; its directory must exist.
  int busy_timeout_ms = 2000;  // How long to wait for another process that still has it open.
  int64_t pages_max = 0;       // Upper bound of the file in pages of 4 KiB; 0 = SQLite's own.
};

// Errors besides MetaStore's own: kServiceUnavailable when another process has the file open. After
// an input/output error in a commit the store refuses further commits until it is opened again:
// the kernel may have dropped pages that it reported as failed.
absl::StatusOr<std::unique_ptr<MetaStore>> OpenSqliteMetaStore(SqliteOptions options);

}  // namespace elanus::meta
