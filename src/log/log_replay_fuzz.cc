// Logs of hostile bytes. The input is a program that writes files of right and wrong frames;
// opening such a log either fails or gives one that replays the same twice and takes appends.

#include <cstring>
#include <string>
#include <vector>

#include "log/log.h"
#include "log/log_file.h"
#include "storage/byte_reader.h"
#include "storage/memory_file_system.h"

namespace elanus::log {
namespace {

using storage::ByteReader;
using storage::MemoryFileSystem;

// Each step: what to do, then its arguments as far as there are bytes.
void WriteFiles(ByteReader in, MemoryFileSystem& files) {
  FileHeader header{
      .file_id = 1, .salt = 7, .base = kFirstPosition, .previous_end = kFirstPosition};
  std::string file = EncodeFileHeader(header);
  const auto put = [&] { files.Put(fmt::format("wal/{:016x}.log", header.file_id), file); };
  uint8_t step = 0;
  while (in.Read(step)) {
    uint16_t length = 0;
    std::string_view payload;
    if (!in.Read(length)) break;
    const uint64_t position = header.PositionOf(file.size());
    switch (step % 4) {
      case 0:  // A right frame; its claim about durability is the input's.
      case 1: {
        if (!in.ReadBytes(std::min<uint64_t>(length & 0xff, in.remaining()), payload)) break;
        const FrameType type =
            step % 4 == 0 ? FrameType::kRecord : static_cast<FrameType>(step / 4);
        AppendFrameHeader(header, position, type, payload, PayloadCrc(payload),
                          position - std::min<uint64_t>(length >> 8, position), file);
        file.append(payload);
        file.resize((file.size() + 7) / 8 * 8, '\0');
        break;
      }
      case 2:  // Anything.
        if (in.ReadBytes(std::min<uint64_t>(length & 0xff, in.remaining()), payload))
          file.append(payload);
        break;
      case 3:  // The next file; where it takes over is the input's.
        put();
        header.file_id += 1;
        header.previous_end = position - std::min<uint64_t>(length & 0x3f, position - header.base);
        header.base = header.previous_end + (length >> 14) * 8;
        file = EncodeFileHeader(header);
        break;
    }
  }
  put();
}

absl::StatusOr<std::vector<std::string>> Replay(Log& log) {
  std::vector<std::string> records;
  ELANUS_RETURN_IF_ERROR(log.Replay(Position(0), [&](Position, std::string_view record) {
    records.emplace_back(record);
    return absl::OkStatus();
  }));
  return records;
}

// Opening starts a thread, which is what an input costs here: one log serves both the first replay
// and the append.
void Check(MemoryFileSystem& files) {
  auto log = OpenFileLog(files, {.directory = "wal", .salt_seed = 3});
  if (!log.ok()) return;
  const auto first = Replay(**log);
  if (!first.ok()) return;
  if (!(*log)->AppendAndWait("more").ok()) __builtin_trap();
  log->reset();
  log = OpenFileLog(files, {.directory = "wal", .salt_seed = 4});
  if (!log.ok()) __builtin_trap();
  const auto second = Replay(**log);
  if (!second.ok() || second->size() != first->size() + 1 || second->back() != "more") {
    __builtin_trap();
  }
}

}  // namespace
}  // namespace elanus::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace elanus;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  storage::MemoryFileSystem raw;
  raw.Put("wal/0000000000000001.log", std::string(bytes));
  log::Check(raw);
  storage::MemoryFileSystem written;
  log::WriteFiles(storage::ByteReader(bytes), written);
  log::Check(written);
  return 0;
}
