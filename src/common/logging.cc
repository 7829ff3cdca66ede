#include "common/logging.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>
#include <time.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "common/clock.h"
#include "common/status.h"

namespace elanus {
namespace {

namespace fs = std::filesystem;

thread_local std::string request_id;

struct State {
  std::mutex mutex;
  bool json = false;
  std::shared_ptr<spdlog::logger> logger;

  State() { logger = MakeLogger({std::make_shared<spdlog::sinks::stderr_sink_mt>()}); }

  static std::shared_ptr<spdlog::logger> MakeLogger(std::vector<spdlog::sink_ptr> sinks) {
    auto logger = std::make_shared<spdlog::logger>("elanus", sinks.begin(), sinks.end());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);  // The level is decided before a line is made.
    logger->flush_on(spdlog::level::trace);
    // A log that cannot be written must not stop the server, nor fill its error output.
    logger->set_error_handler([](const std::string&) {});
    return logger;
  }
};

// Never destroyed, so that destructors of other globals may still log.
State& TheState() {
  static auto* const state = new State;
  return *state;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return "trace";
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
    case LogLevel::kFatal:
      return "fatal";
  }
  return "info";
}

// Escapes as JSON does, which also keeps a text line on one line.
void AppendQuoted(std::string_view text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (c == '\n') {
      *out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      *out += fmt::format("\\u{:04x}", byte);
    } else {
      *out += c;
    }
  }
  *out += '"';
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '\\' || c == '=') return true;
  }
  return false;
}

void AppendTextField(std::string_view name, std::string_view value, std::string* out) {
  *out += ' ';
  *out += name;
  *out += '=';
  if (NeedsQuotes(value)) {
    AppendQuoted(value, out);
  } else {
    *out += value;
  }
}

void AppendJsonField(std::string_view name, std::string_view value, bool bare, std::string* out) {
  *out += ',';
  AppendQuoted(name, out);
  *out += ':';
  // Infinities and NaN have no form in JSON.
  const bool finite =
      value.find_first_of("nif") == std::string_view::npos || value == "true" || value == "false";
  if (bare && finite) {
    *out += value;
  } else {
    AppendQuoted(value, out);
  }
}

std::string Now() {
  const uint64_t ms = SystemClock().WallMs();
  const auto seconds = static_cast<time_t>(ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     ms % 1000);
}

// "common/logging.cc:12" whatever the build directory is.
std::string Place(std::string_view file, int line) {
  const size_t source = file.rfind("/src/");
  if (source != std::string_view::npos) file.remove_prefix(source + 5);
  return fmt::format("{}:{}", file, line);
}

void RemoveOldFiles(const fs::path& directory, int64_t age_max_ms) {
  if (age_max_ms <= 0) return;
  std::error_code error;
  const auto oldest = fs::file_time_type::clock::now() - std::chrono::milliseconds(age_max_ms);
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool rotated = name.size() > 11 && name.compare(0, 7, "elanus.") == 0 &&
                         name.compare(name.size() - 4, 4, ".log") == 0;
    std::error_code ignored;
    if (rotated && fs::last_write_time(entry->path(), ignored) < oldest && !ignored) {
      fs::remove(entry->path(), ignored);
    }
  }
}

}  // namespace

namespace logging_internal {

std::atomic<int> level{static_cast<int>(LogLevel::kInfo)};

std::string FormatLine(bool json, LogLevel severity, std::string_view place,
                       std::string_view message, std::string_view request,
                       std::initializer_list<LogField> fields) {
  std::string line;
  if (json) {
    line += "\"level\":";
    AppendQuoted(LevelName(severity), &line);
    AppendJsonField("place", place, false, &line);
    AppendJsonField("message", message, false, &line);
    if (!request.empty()) AppendJsonField("request_id", request, false, &line);
    for (const LogField& field : fields) AppendJsonField(field.name, field.text, field.bare, &line);
    return line;
  }
  line = fmt::format("{:<5} {} ", LevelName(severity), place);
  AppendQuoted(message, &line);
  if (!request.empty()) AppendTextField("request_id", request, &line);
  for (const LogField& field : fields) AppendTextField(field.name, field.text, &line);
  return line;
}

void Write(LogLevel severity, const char* file, int line, std::string_view message,
           std::initializer_list<LogField> fields) {
  State& state = TheState();
  std::shared_ptr<spdlog::logger> logger;
  bool json = false;
  {
    std::lock_guard lock(state.mutex);
    logger = state.logger;
    json = state.json;
  }
  const std::string text =
      FormatLine(json, severity, Place(file, line), message, request_id, fields);
  const std::string whole =
      json ? fmt::format("{{\"time\":\"{}\",{}}}", Now(), text) : fmt::format("{} {}", Now(), text);
  logger->log(spdlog::level::info, spdlog::string_view_t(whole.data(), whole.size()));
}

int64_t Throttle::Pass(int64_t interval_seconds) {
  const auto now = static_cast<int64_t>(SystemClock().MonotonicNs());
  int64_t next = next_ns_.load(std::memory_order_relaxed);
  if (now < next ||
      !next_ns_.compare_exchange_strong(next, now + interval_seconds * 1'000'000'000)) {
    held_back_.fetch_add(1, std::memory_order_relaxed);
    return -1;
  }
  return held_back_.exchange(0, std::memory_order_relaxed);
}

}  // namespace logging_internal

absl::Status StartLogging(const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  if (options.also_stderr || options.directory.empty()) {
    sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  }
  try {
    if (!options.directory.empty()) {
      const fs::path directory = options.directory;
      fs::create_directories(directory);
      spdlog::file_event_handlers handlers;
      handlers.after_open = [directory, age = options.age_max_ms](const auto&, std::FILE*) {
        RemoveOldFiles(directory, age);
      };
      sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          (directory / "elanus.log").string(), static_cast<size_t>(options.file_bytes_max),
          static_cast<size_t>(options.files_max), /*rotate_on_open=*/false, handlers));
    }
  } catch (const std::exception& error) {
    return UserError(ErrorCode::kParameterInvalid, "log directory {} cannot be used: {}",
                     options.directory, error.what());
  }
  State& state = TheState();
  std::lock_guard lock(state.mutex);
  state.json = options.json;
  state.logger = State::MakeLogger(std::move(sinks));
  SetLogLevel(options.level);
  return absl::OkStatus();
}

void FlushLog() {
  State& state = TheState();
  std::lock_guard lock(state.mutex);
  state.logger->flush();
}

void SetLogLevel(LogLevel level) {
  logging_internal::level.store(static_cast<int>(level), std::memory_order_relaxed);
}

LogLevel LogLevelOf(std::string_view name) {
  for (int level = 0; level <= static_cast<int>(LogLevel::kFatal); ++level) {
    if (LevelName(static_cast<LogLevel>(level)) == name) return static_cast<LogLevel>(level);
  }
  return LogLevel::kInfo;
}

LogField Field(std::string_view name, const absl::Status& status) {
  if (status.ok()) return {name, "ok"};
  return {name, fmt::format("{} (code {})", MessageOf(status), static_cast<int>(CodeOf(status)))};
}

RequestScope::RequestScope(std::string_view id) : previous_(std::move(request_id)) {
  request_id = std::string(id);
}
RequestScope::~RequestScope() {
  request_id = std::move(previous_);
}

const std::string& CurrentRequestId() {
  return request_id;
}

std::string NewRequestId() {
  // Random per process, then counted: unique without a random number for each request.
  static const uint64_t start = [] {
    uint64_t value = SystemClock().WallMs() << 20;
    (void)!getrandom(&value, sizeof(value), 0);
    return value;
  }();
  static std::atomic<uint64_t> count{0};
  return fmt::format("{:016x}", start + count.fetch_add(1, std::memory_order_relaxed));
}

}  // namespace elanus
