// How many rows a second does a server take from a client that has its messages ready?
//
// usage: ingest_bench [--address 127.0.0.1:19530] [--rows 1000000] [--dim 128] [--batch 10000]
//                     [--in-flight 4] [--server-pid PID] [--flush] [--json]
//
// The vectors of all messages are made and serialised before the clock starts; the clock ends with
// the last answer. One connection, one client thread.
#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/slice.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "wire_client.h"

namespace elanus::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string address = "127.0.0.1:19530";
  std::string collection = "ingest_bench";
  std::string index_type = "FLAT";
  int64_t rows = 1'000'000;
  int64_t dim = 128;
  int64_t batch = 10'000;
  int64_t first_key = 0;
  int in_flight = 4;
  int server_pid = 0;
  uint64_t distinct_bytes = uint64_t{1} << 30;
  bool append = false;
  bool flush = false;
  bool json = false;
};

struct Report {
  double seconds = 0;
  double server_seconds = 0;
  double flush_seconds = 0;
  uint64_t bytes = 0;
  std::vector<double> latencies_ms;
};

double SecondsSince(Clock::time_point from) {
  return std::chrono::duration<double>(Clock::now() - from).count();
}

// The messages of a run. A message's vectors repeat once `distinct_bytes` of them were made.
class Messages {
 public:
  explicit Messages(const Options& options) : options_(options) {
    const uint64_t block_bytes = options.batch * options.dim * sizeof(float);
    const int64_t blocks = std::clamp<int64_t>(options.distinct_bytes / block_bytes, 1, count());
    for (int64_t i = 0; i < blocks; ++i) {
      vectors_.emplace_back(VectorColumn(options.batch, options.dim, static_cast<uint32_t>(i)));
    }
    for (int64_t i = 0; i < count(); ++i) {
      keys_.emplace_back(KeysAndHeader(options.collection, options.first_key + i * options.batch,
                                       options.batch));
    }
  }

  int64_t count() const { return options_.rows / options_.batch; }

  // Shares the bytes with what was made, copies nothing.
  grpc::ByteBuffer Get(int64_t number) const {
    const grpc::Slice slices[] = {keys_[number], vectors_[number % vectors_.size()]};
    return grpc::ByteBuffer(slices, 2);
  }

 private:
  const Options& options_;
  std::deque<grpc::Slice> vectors_;
  std::deque<grpc::Slice> keys_;
};

struct PendingInsert {
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status status;
  Clock::time_point sent;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
};

class Sender {
 public:
  Sender(const std::shared_ptr<grpc::Channel>& channel, const Messages& messages, Report& report)
      : stub_(channel), messages_(messages), report_(report) {}

  void Run(int in_flight) {
    while (next_ < messages_.count() && next_ < in_flight) Send();
    for (int64_t done = 0; done < messages_.count(); ++done) {
      TakeAnswer();
      if (next_ < messages_.count()) Send();
    }
  }

 private:
  void Send() {
    auto* call = new PendingInsert;  // TakeAnswer deletes it.
    const grpc::ByteBuffer message = messages_.Get(next_++);
    report_.bytes += message.Length();
    call->sent = Clock::now();
    call->reader = stub_.PrepareUnaryCall(&call->context, MethodPath("Insert"), message, &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->response, &call->status, call);
  }

  void TakeAnswer() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
    const std::unique_ptr<PendingInsert> call(static_cast<PendingInsert*>(tag));
    report_.latencies_ms.push_back(SecondsSince(call->sent) * 1000);
    grpc::Slice bytes;
    wire::MutationResult result;
    if (call->status.ok() && call->response.DumpToSingleSlice(&bytes).ok()) {
      result.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()));
    }
    DieUnlessOk("Insert", call->status, result.status().code(), result.status().reason());
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  const Messages& messages_;
  Report& report_;
  int64_t next_ = 0;
};

double Flush(WireClient& client, const std::string& collection) {
  const auto started = Clock::now();
  wire::FlushRequest flush;
  flush.add_collection_names(collection);
  const auto flushed = client.Must<wire::FlushResponse>("Flush", flush);
  wire::GetFlushStateRequest ask;
  ask.set_collection_name(collection);
  const auto segments = flushed.coll_segids().find(collection);
  if (segments != flushed.coll_segids().end()) {
    *ask.mutable_segmentids() = segments->second.data();
  }
  const auto time = flushed.coll_flush_ts().find(collection);
  if (time != flushed.coll_flush_ts().end()) ask.set_flush_ts(time->second);
  while (!client.Must<wire::GetFlushStateResponse>("GetFlushState", ask).flushed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return SecondsSince(started);
}

Report Run(const Options& options) {
  WireClient client(Connect(options.address));
  if (!options.append) {
    MakeCollection(client, {options.collection, options.dim, options.index_type});
  }
  const Messages messages(options);
  const auto channel = Connect(options.address);
  channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10));
  Report report;
  const double server_before = ProcessSeconds(options.server_pid);
  const auto started = Clock::now();
  Sender(channel, messages, report).Run(options.in_flight);
  report.seconds = SecondsSince(started);
  report.server_seconds = ProcessSeconds(options.server_pid) - server_before;
  if (options.flush) report.flush_seconds = Flush(client, options.collection);
  return report;
}

void Print(const Options& options, Report& report) {
  const auto rows = static_cast<double>(options.rows / options.batch * options.batch);
  const double rows_per_s = rows / report.seconds;
  const double mb_per_s = static_cast<double>(report.bytes) / 1e6 / report.seconds;
  const double p50 = Percentile(report.latencies_ms, 50);
  const double p99 = Percentile(report.latencies_ms, 99);
  if (options.json) {
    fmt::print(
        R"({{"rows":{},"dim":{},"batch":{},"in_flight":{},"seconds":{:.4f},"rows_per_s":{:.0f},)"
        R"("mb_per_s":{:.1f},"request_p50_ms":{:.2f},"request_p99_ms":{:.2f},)"
        R"("server_cpu_s":{:.2f},"flush_s":{:.3f}}})"
        "\n",
        rows, options.dim, options.batch, options.in_flight, report.seconds, rows_per_s, mb_per_s,
        p50, p99, report.server_seconds, report.flush_seconds);
    return;
  }
  fmt::print("{:.0f} rows x {}, batches of {}, {} in flight\n", rows, options.dim, options.batch,
             options.in_flight);
  fmt::print("  insert     {:>12.0f} rows/s  {:.1f} MB/s  in {:.3f} s\n", rows_per_s, mb_per_s,
             report.seconds);
  fmt::print("  request    {:>12.2f} ms p50  {:.2f} ms p99\n", p50, p99);
  if (options.server_pid > 0) {
    fmt::print("  server cpu {:>12.2f} s       {:.0f} rows per cpu second\n", report.server_seconds,
               rows / std::max(report.server_seconds, 1e-9));
  }
  if (options.flush) fmt::print("  flush      {:>12.3f} s\n", report.flush_seconds);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Sends ready-made Insert messages and says how fast they are taken.");
  app.add_option("--address", options.address);
  app.add_option("--collection", options.collection);
  app.add_option("--index-type", options.index_type);
  app.add_option("--rows", options.rows)->check(CLI::PositiveNumber);
  app.add_option("--dim", options.dim)->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber);
  app.add_option("--first-key", options.first_key, "key of the first row; the others count on");
  app.add_option("--in-flight", options.in_flight, "requests sent before the first is answered")
      ->check(CLI::PositiveNumber);
  app.add_option("--server-pid", options.server_pid, "also reports this process's cpu time");
  app.add_option("--distinct-bytes", options.distinct_bytes, "bytes of vectors before they repeat");
  app.add_flag("--append", options.append, "into the collection that is there");
  app.add_flag("--flush", options.flush, "flush behind the last insert");
  app.add_flag("--json", options.json);
  CLI11_PARSE(app, argc, argv);
  if (options.rows < options.batch) options.batch = options.rows;
  Report report = Run(options);
  Print(options, report);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
  return elanus::bench::Main(argc, argv);
}
