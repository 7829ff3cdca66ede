#include "server/library_logs.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <string>
#include <string_view>

#include "common/logging.h"

namespace elanus::server {
namespace {

// Their messages are about what a client sent or that it went away: never worth more than a
// warning, and one in ten seconds tells as much as a thousand.
void Note(std::string_view library, std::string_view message) {
  ELANUS_LOG_EVERY(10, Warn, "library", Field("name", library), Field("message", message));
}

void NoteDetail(std::string_view library, std::string_view message) {
  ELANUS_LOG(Debug, "library", Field("name", library), Field("message", message));
}

void FromProtobuf(google::protobuf::LogLevel level, const char* /*file*/, int /*line*/,
                  const std::string& message) {
  if (level >= google::protobuf::LOGLEVEL_ERROR) return Note("protobuf", message);
  NoteDetail("protobuf", message);
}

void FromGrpc(gpr_log_func_args* entry) {
  if (entry->severity == GPR_LOG_SEVERITY_ERROR) return Note("grpc", entry->message);
  NoteDetail("grpc", entry->message);
}

}  // namespace

void AdoptLibraryLogs() {
  google::protobuf::SetLogHandler(&FromProtobuf);
  gpr_set_log_function(&FromGrpc);
}

}  // namespace elanus::server
