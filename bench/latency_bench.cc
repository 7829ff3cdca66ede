// What does a search cost beyond its index, and what does it wait for a write before it?
//
// usage: latency_bench overhead [--address 127.0.0.1:19530] [--dim 128] [--rows 100] [--calls 5000]
//        latency_bench strong   [--address 127.0.0.1:19530] [--dim 128] [--calls 1000] [--writer]
//
// overhead: searches a collection so small that its index takes no time, in turn with a bare gRPC
// server in a process of its own that answers messages of the same sizes.
//
// strong: inserts a row and, once it is acknowledged, searches for it, in turn at the levels Strong
// and Eventually: the difference is what Strong waits. It must be found each time. With --writer
// another connection keeps inserting batches meanwhile, --writer-rows-per-s rows a second.
#include <fmt/format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/slice.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <optional>
#include <random>
#include <thread>

#include "wire_client.h"

namespace elanus::bench {
namespace {

using Clock = std::chrono::steady_clock;
using ::milvus::proto::common::ConsistencyLevel;
constexpr char kCollection[] = "latency_bench";

struct Options {
  std::string address = "127.0.0.1:19530";
  int64_t dim = 128;
  int64_t rows = 100;
  int64_t calls = 1000;
  int64_t writer_batch = 1000;
  int64_t writer_rows_per_s = 20'000;
  bool writer = false;
  bool json = false;
};

double MillisecondsSince(Clock::time_point from) {
  return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

// --- the bare server ---

// Reads the wanted size of the answer from the first bytes of the request, and answers that much.
class EchoReactor final : public grpc::ServerGenericBidiReactor {
 public:
  EchoReactor() { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    grpc::Slice request;
    uint32_t size = 0;
    if (!ok || !request_.DumpToSingleSlice(&request).ok() || request.size() < sizeof(size)) {
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "no size"});
      return;
    }
    std::memcpy(&size, request.begin(), sizeof(size));
    const grpc::Slice answer(std::string(size, 'e'));
    answer_ = grpc::ByteBuffer(&answer, 1);
    StartWriteAndFinish(&answer_, {}, grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer request_;
  grpc::ByteBuffer answer_;
};

class EchoService final : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new EchoReactor;
  }
};

// Prints its port, serves until its input ends.
int ServeEcho() {
  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  fmt::print("{}\n", port);
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  server->Shutdown();
  return EXIT_SUCCESS;
}

// The bare server in a process of its own, as the real one has. Made before gRPC is used here.
class EchoProcess {
 public:
  EchoProcess() {
    int to_child[2], from_child[2];
    if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
    const char* arguments[] = {"latency_bench", "echo-server", nullptr};
    if (posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, const_cast<char**>(arguments),
                    environ) != 0) {
      std::abort();
    }
    posix_spawn_file_actions_destroy(&actions);
    close(to_child[0]);
    close(from_child[1]);
    input_ = to_child[1];
    FILE* output = fdopen(from_child[0], "r");
    if (std::fscanf(output, "%d", &port_) != 1) std::abort();
    std::fclose(output);
  }
  ~EchoProcess() {
    close(input_);
    waitpid(pid_, nullptr, 0);
  }
  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  int port_ = 0;
};

// --- what is measured ---

std::vector<float> RandomVector(int64_t dim, std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> out(dim);
  for (float& value : out) value = uniform(random);
  return out;
}

void Insert(WireClient& client, int64_t first_key, int64_t rows, const std::string& vectors) {
  wire::InsertRequest request;
  request.ParseFromString(KeysAndHeader(kCollection, first_key, rows) + vectors);
  client.Must<wire::MutationResult>("Insert", request);
}

// One row: `vector`.
std::string ColumnOf(const std::vector<float>& vector) {
  wire::InsertRequest request;
  auto* field = request.add_fields_data();
  field->set_type(::milvus::proto::schema::FloatVector);
  field->set_field_name("vector");
  field->mutable_vectors()->set_dim(static_cast<int64_t>(vector.size()));
  field->mutable_vectors()->mutable_float_vector()->mutable_data()->Add(vector.begin(),
                                                                       vector.end());
  return request.SerializeAsString();
}

struct Latencies {
  std::vector<double> ms;
  double p(double percent) { return Percentile(ms, percent); }
  double mean() const {
    double sum = 0;
    for (const double value : ms) sum += value;
    return sum / static_cast<double>(std::max<size_t>(1, ms.size()));
  }
};

// Keeps inserting at a steady rate (or as fast as it can, if that is less) until it goes away.
class Writer {
 public:
  Writer(const Options& options)
      : options_(options), thread_([this] { Run(); }) {}
  ~Writer() {
    stop_ = true;
    thread_.join();
  }
  int64_t rows() const { return rows_; }

 private:
  void Run() {
    WireClient client(Connect(options_.address));
    const std::string vectors = VectorColumn(options_.writer_batch, options_.dim, 99);
    const auto started = Clock::now();
    while (!stop_) {
      const double due_s = static_cast<double>(rows_) / options_.writer_rows_per_s;
      std::this_thread::sleep_until(started + std::chrono::duration_cast<Clock::duration>(
                                                  std::chrono::duration<double>(due_s)));
      Insert(client, 1'000'000'000 + rows_, options_.writer_batch, vectors);
      rows_ += options_.writer_batch;
    }
  }

  const Options& options_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> rows_{0};
  std::thread thread_;
};

int MeasureStrong(const Options& options) {
  WireClient client(Connect(options.address));
  MakeCollection(client, {kCollection, options.dim, "FLAT"});
  std::optional<Writer> writer;
  if (options.writer) writer.emplace(options);
  std::mt19937 random(1);
  Latencies inserts, strong, eventually;
  int64_t missed = 0;
  const auto started = Clock::now();
  for (int64_t call = 0; call < 2 * options.calls; ++call) {
    const bool is_strong = call % 2 == 0;
    const std::vector<float> vector = RandomVector(options.dim, random);
    const std::string column = ColumnOf(vector);
    const auto level = is_strong ? ConsistencyLevel::Strong : ConsistencyLevel::Eventually;
    const wire::SearchRequest request = SearchOf(kCollection, vector, level);
    auto from = Clock::now();
    Insert(client, call, 1, column);
    inserts.ms.push_back(MillisecondsSince(from));
    from = Clock::now();
    const auto found = client.Must<wire::SearchResults>("Search", request);
    (is_strong ? strong : eventually).ms.push_back(MillisecondsSince(from));
    const auto& ids = found.results().ids().int_id().data();
    if (is_strong && (ids.empty() || ids[0] != call)) ++missed;
  }
  const double seconds = MillisecondsSince(started) / 1000;
  const int64_t written = options.writer ? writer->rows() : 0;
  writer.reset();
  const double extra_p50 = strong.p(50) - eventually.p(50);
  const double extra_p99 = strong.p(99) - eventually.p(99);
  if (options.json) {
    fmt::print(
        R"({{"calls":{},"insert_p50_ms":{:.3f},"insert_p99_ms":{:.3f},"strong_p50_ms":{:.3f},)"
        R"("strong_p99_ms":{:.3f},"eventually_p50_ms":{:.3f},"eventually_p99_ms":{:.3f},)"
        R"("extra_p50_ms":{:.3f},"extra_p99_ms":{:.3f},"missed":{},"writer_rows_per_s":{:.0f}}})"
        "\n",
        options.calls, inserts.p(50), inserts.p(99), strong.p(50), strong.p(99),
        eventually.p(50), eventually.p(99), extra_p50, extra_p99, missed,
        static_cast<double>(written) / seconds);
  } else {
    fmt::print("{} inserts of one row, each searched for at once{}\n", 2 * options.calls,
               options.writer ? fmt::format(", beside {:.0f} rows/s from another connection",
                                            static_cast<double>(written) / seconds)
                              : "");
    fmt::print("  insert            p50 {:8.3f} ms  p99 {:8.3f} ms\n", inserts.p(50),
               inserts.p(99));
    fmt::print("  search Eventually p50 {:8.3f} ms  p99 {:8.3f} ms\n", eventually.p(50),
               eventually.p(99));
    fmt::print("  search Strong     p50 {:8.3f} ms  p99 {:8.3f} ms  not found: {}\n", strong.p(50),
               strong.p(99), missed);
    fmt::print("  extra             p50 {:8.3f} ms  p99 {:8.3f} ms\n", extra_p50, extra_p99);
  }
  return missed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

grpc::ByteBuffer Buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

int MeasureOverhead(const Options& options) {
  const EchoProcess echo_process;
  WireClient client(Connect(options.address));
  WireClient echo(Connect(echo_process.address()));
  MakeCollection(client, {kCollection, options.dim, "FLAT"});
  Insert(client, 0, options.rows, VectorColumn(options.rows, options.dim, 1));
  std::mt19937 random(1);
  const std::string request = SearchOf(kCollection, RandomVector(options.dim, random),
                                       ConsistencyLevel::Bounded)
                                  .SerializeAsString();
  const grpc::ByteBuffer search_message = Buffer(request);
  grpc::ByteBuffer answer;
  DieUnlessOk("Search", client.Call(MethodPath("Search"), search_message, &answer), 0, "");
  const auto answer_bytes = static_cast<uint32_t>(answer.Length());
  std::string echo_request = request;
  std::memcpy(echo_request.data(), &answer_bytes, sizeof(answer_bytes));
  const grpc::ByteBuffer echo_message = Buffer(echo_request);

  Latencies searches, echoes;
  const auto measure = [](WireClient& to, const std::string& path, const grpc::ByteBuffer& message,
                          Latencies& into) {
    grpc::ByteBuffer received;
    const auto from = Clock::now();
    const grpc::Status status = to.Call(path, message, &received);
    into.ms.push_back(MillisecondsSince(from));
    DieUnlessOk(path, status, 0, "");
  };
  for (int64_t call = 0; call < options.calls + 200; ++call) {
    if (call == 200) searches.ms.clear(), echoes.ms.clear();  // The first ones warm up.
    measure(client, MethodPath("Search"), search_message, searches);
    measure(echo, "/echo/Echo", echo_message, echoes);
  }
  if (options.json) {
    fmt::print(
        R"({{"calls":{},"request_bytes":{},"answer_bytes":{},"search_p50_ms":{:.4f},)"
        R"("search_mean_ms":{:.4f},"search_p99_ms":{:.4f},"echo_p50_ms":{:.4f},)"
        R"("echo_mean_ms":{:.4f},"echo_p99_ms":{:.4f},"added_p50_ms":{:.4f},)"
        R"("added_mean_ms":{:.4f}}})"
        "\n",
        options.calls, request.size(), answer_bytes, searches.p(50), searches.mean(),
        searches.p(99), echoes.p(50), echoes.mean(), echoes.p(99), searches.p(50) - echoes.p(50),
        searches.mean() - echoes.mean());
    return EXIT_SUCCESS;
  }
  fmt::print("{} calls each, request {} bytes, answer {} bytes\n", options.calls, request.size(),
             answer_bytes);
  fmt::print("  search {} rows  p50 {:7.4f} ms  mean {:7.4f} ms  p99 {:7.4f} ms\n", options.rows,
             searches.p(50), searches.mean(), searches.p(99));
  fmt::print("  bare gRPC echo   p50 {:7.4f} ms  mean {:7.4f} ms  p99 {:7.4f} ms\n", echoes.p(50),
             echoes.mean(), echoes.p(99));
  fmt::print("  added            p50 {:7.4f} ms  mean {:7.4f} ms\n", searches.p(50) - echoes.p(50),
             searches.mean() - echoes.mean());
  return EXIT_SUCCESS;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures what searches cost and wait for.");
  app.require_subcommand(1);
  CLI::App* overhead = app.add_subcommand("overhead", "a search against a bare gRPC echo");
  CLI::App* strong = app.add_subcommand("strong", "a Strong search right behind an insert");
  CLI::App* echo_server = app.add_subcommand("echo-server", "the bare server; started by overhead");
  for (CLI::App* command : {overhead, strong}) {
    command->add_option("--address", options.address);
    command->add_option("--dim", options.dim)->check(CLI::PositiveNumber);
    command->add_option("--calls", options.calls)->check(CLI::PositiveNumber);
    command->add_flag("--json", options.json);
  }
  overhead->add_option("--rows", options.rows)->check(CLI::PositiveNumber);
  strong->add_flag("--writer", options.writer, "another connection keeps inserting");
  strong->add_option("--writer-batch", options.writer_batch)->check(CLI::PositiveNumber);
  strong->add_option("--writer-rows-per-s", options.writer_rows_per_s)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  if (echo_server->parsed()) return ServeEcho();
  return overhead->parsed() ? MeasureOverhead(options) : MeasureStrong(options);
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
  return elanus::bench::Main(argc, argv);
}
