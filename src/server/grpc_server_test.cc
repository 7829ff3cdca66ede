#include "server/grpc_server.h"

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/status.h"
#include "milvus.pb.h"

namespace elanus::server {
namespace {

namespace wire = ::milvus::proto::milvus;
using proxy::CallContext;
using proxy::MakeRow;
using proxy::Pool;
using proxy::RpcRow;

constexpr char kService[] = "/milvus.proto.milvus.MilvusService/";

// A door that handlers wait at until the test opens it.
class Gate {
 public:
  void Arrive() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void WaitForArrivals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }
  int arrived() {
    std::lock_guard lock(mutex_);
    return arrived_;
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

RpcRow EchoRow() {
  return MakeRow<wire::DescribeAliasRequest, wire::DescribeAliasResponse>(
      "DescribeAlias", Pool::kCompute,
      [](CallContext& context, const wire::DescribeAliasRequest& request,
         wire::DescribeAliasResponse* response) {
        response->set_alias(request.alias());
        response->set_db_name(std::string(context.database));
        response->set_collection(context.request_id);
      });
}

RpcRow FailingRow(absl::Status status) {
  return MakeRow<wire::DescribeAliasRequest, wire::DescribeAliasResponse>(
      "DescribeAlias", Pool::kCompute,
      [status](CallContext&, const wire::DescribeAliasRequest&,
               wire::DescribeAliasResponse* response) {
        response->set_alias("half filled");
        return status;
      });
}

RpcRow GateRow(Gate* gate) {
  return MakeRow<wire::HasCollectionRequest, wire::BoolResponse>(
      "HasCollection", Pool::kBlocking,
      [gate](CallContext&, const wire::HasCollectionRequest&, wire::BoolResponse* response) {
        gate->Arrive();
        response->set_value(true);
      });
}

struct Reply {
  grpc::Status status;
  std::string bytes;
};

class GrpcServerTest : public ::testing::Test {
 protected:
  void StartWith(std::vector<RpcRow> rows, GrpcServerOptions options = {}) {
    options.address = "127.0.0.1";
    options.port = 0;
    options.on_finished_call = [this](const FinishedCall& call) {
      std::lock_guard lock(finished_mutex_);
      finished_.push_back({std::string(call.method), call.transport_code, call.error_code,
                           call.request_bytes, call.response_bytes});
    };
    auto started = GrpcServer::Start(std::move(options), std::move(rows), {&compute_, &blocking_});
    ASSERT_TRUE(started.ok()) << MessageOf(started.status());
    server_ = *std::move(started);
    if (server_->port() != 0) {
      channel_ = Connect(fmt::format("127.0.0.1:{}", server_->port()));
    }
  }

  static std::shared_ptr<grpc::Channel> Connect(const std::string& target) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  }

  Reply Call(const std::string& path, const std::string& request) {
    grpc::ClientContext context;
    return Call(&context, path, request);
  }
  Reply Call(grpc::ClientContext* context, const std::string& path, const std::string& request) {
    return Start(context, path, request).get();
  }
  std::future<Reply> Start(grpc::ClientContext* context, const std::string& path,
                           const std::string& request) {
    struct Pending {
      grpc::ByteBuffer request, response;
      std::promise<Reply> reply;
    };
    auto pending = std::make_shared<Pending>();
    const grpc::Slice slice(request);
    pending->request = grpc::ByteBuffer(&slice, 1);
    grpc::GenericStub(channel_).UnaryCall(
        context, path, {}, &pending->request, &pending->response, [pending](grpc::Status status) {
          Reply reply{std::move(status), ""};
          std::vector<grpc::Slice> slices;
          if (pending->response.Valid()) (void)pending->response.Dump(&slices);
          for (const grpc::Slice& part : slices) {
            reply.bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
          }
          pending->reply.set_value(std::move(reply));
        });
    return pending->reply.get_future();
  }

  Reply Echo(const std::string& alias) {
    wire::DescribeAliasRequest request;
    request.set_alias(alias);
    return Call(std::string(kService) + "DescribeAlias", request.SerializeAsString());
  }
  static wire::DescribeAliasResponse Parsed(const Reply& reply) {
    EXPECT_TRUE(reply.status.ok()) << reply.status.error_message();
    wire::DescribeAliasResponse response;
    EXPECT_TRUE(response.ParseFromString(reply.bytes));
    return response;
  }

  struct Finished {
    std::string method;
    absl::StatusCode transport_code;
    int32_t error_code;
    size_t request_bytes, response_bytes;
  };
  std::vector<Finished> TakeFinished() {
    std::lock_guard lock(finished_mutex_);
    return std::exchange(finished_, {});
  }

  Executor compute_{{.name = "compute", .num_threads = 2}};
  Executor blocking_{{.name = "blocking", .num_threads = 1, .queue_max = 1}};
  std::mutex finished_mutex_;
  std::vector<Finished> finished_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(GrpcServerTest, AnswersACallOfItsTable) {
  StartWith({EchoRow()});
  EXPECT_EQ(Parsed(Echo("hello")).alias(), "hello");
  EXPECT_EQ(Parsed(Echo("")).alias(), "");
}

TEST_F(GrpcServerTest, GivesHeadersToTheHandler) {
  StartWith({EchoRow()});
  grpc::ClientContext context;
  context.AddMetadata("dbname", "sales");
  context.AddMetadata("client_request_id", "call-7");
  const auto response = Parsed(Call(&context, std::string(kService) + "DescribeAlias", ""));
  EXPECT_EQ(response.db_name(), "sales");
  EXPECT_EQ(response.collection(), "call-7");
}

TEST_F(GrpcServerTest, MakesARequestIdForACallWithoutOne) {
  StartWith({EchoRow()});
  const std::string first = Parsed(Echo("")).collection();
  EXPECT_EQ(first.size(), 16u);
  EXPECT_NE(first, Parsed(Echo("")).collection());
}

TEST_F(GrpcServerTest, GivesTheDeadlineOfACallThatHasOne) {
  std::atomic<bool> had_deadline{false};
  StartWith({MakeRow<wire::DescribeAliasRequest, wire::DescribeAliasResponse>(
      "DescribeAlias", Pool::kCompute,
      [&](CallContext& context, const wire::DescribeAliasRequest&, wire::DescribeAliasResponse*) {
        had_deadline =
            context.deadline.has_value() && *context.deadline > std::chrono::steady_clock::now();
      })});
  Parsed(Echo(""));
  EXPECT_FALSE(had_deadline);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  Parsed(Call(&context, std::string(kService) + "DescribeAlias", ""));
  EXPECT_TRUE(had_deadline);
}

TEST_F(GrpcServerTest, SaysThatAMethodWithoutARowIsNotSupported) {
  StartWith({EchoRow()});
  const Reply reply = Call(std::string(kService) + "Search", "");
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(reply.status.error_message(), "Search is not supported by this Elanus version");
}

TEST_F(GrpcServerTest, SaysThatAnUnknownMethodOrServiceIsNotSupported) {
  StartWith({EchoRow()});
  for (const std::string path : {"/milvus.proto.milvus.MilvusService/Fly", "/other.Service/Do",
                                 "/milvus.proto.milvus.ClientTelemetryService/ClientHeartbeat"}) {
    const Reply reply = Call(path, "x");
    EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << path;
    EXPECT_EQ(reply.status.error_message(), path + " is not supported by this Elanus version");
  }
}

TEST_F(GrpcServerTest, EndsStreamingMethodsAsNotSupported) {
  StartWith({EchoRow()});
  const Reply reply = Call(std::string(kService) + "DumpMessages", "");
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(reply.status.error_message(), "DumpMessages is not supported by this Elanus version");
  EXPECT_EQ(Call(std::string(kService) + "CreateReplicateStream", "").status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, RefusesBytesThatAreNoRequest) {
  StartWith({EchoRow()});
  const Reply reply = Call(std::string(kService) + "DescribeAlias", "\xff\xff\xff");
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(reply.status.error_message(),
            "the bytes of the DescribeAlias request are not a valid "
            "milvus.proto.milvus.DescribeAliasRequest");
}

TEST_F(GrpcServerTest, SurvivesRandomAndTruncatedBytes) {
  StartWith({EchoRow()});
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  wire::DescribeAliasRequest valid;
  valid.mutable_base()->set_timestamp(12345);
  valid.set_alias("an alias");
  const std::string whole = valid.SerializeAsString();
  for (int i = 0; i < 200; ++i) {
    std::string bytes = whole.substr(0, random() % (whole.size() + 1));
    if (!bytes.empty()) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto code = Call(std::string(kService) + "DescribeAlias", bytes).status.error_code();
    EXPECT_TRUE(code == grpc::StatusCode::OK || code == grpc::StatusCode::INVALID_ARGUMENT) << code;
  }
}

TEST_F(GrpcServerTest, ParsesARequestThatArrivesInManyPieces) {
  StartWith({EchoRow()});
  const std::string large(10 << 20, 'a');
  EXPECT_EQ(Parsed(Echo(large)).alias(), large);
}

TEST_F(GrpcServerTest, RefusesARequestOverTheLimit) {
  StartWith({EchoRow()}, {.receive_bytes_max = 1000});
  EXPECT_EQ(Parsed(Echo(std::string(900, 'a'))).alias().size(), 900u);
  EXPECT_EQ(Echo(std::string(1100, 'a')).status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GrpcServerTest, RefusesAResponseOverTheLimit) {
  StartWith({EchoRow()}, {.send_bytes_max = 1000});
  EXPECT_EQ(Parsed(Echo(std::string(900, 'a'))).alias().size(), 900u);
  const Reply reply = Echo(std::string(1100, 'a'));
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(reply.status.error_message().find("the response is too large"), std::string::npos);
}

TEST_F(GrpcServerTest, PutsApplicationErrorsIntoTheStatusOfTheResponse) {
  StartWith({FailingRow(UserError(ErrorCode::kAliasNotFound, "alias not found[alias=a]"))});
  const auto response = Parsed(Echo("a"));
  EXPECT_EQ(response.status().code(), 1600);
  EXPECT_EQ(response.status().reason(), "alias not found[alias=a]");
  EXPECT_EQ(response.alias(), "");
}

TEST_F(GrpcServerTest, LeavesTheWordingOfAStatusToItsOwner) {
  StartWith({FailingRow(UserError(ErrorCode::kAliasNotFound, "no"))},
            {.fill_status = [](const absl::Status& error, milvus::proto::common::Status* status) {
              status->set_reason(fmt::format("our words for {}", MessageOf(error)));
            }});
  EXPECT_EQ(Parsed(Echo("a")).status().reason(), "our words for no");
}

TEST_F(GrpcServerTest, EndsTheCallWithTheTransportErrorsThatClientsUnderstand) {
  for (const absl::Status& status :
       {absl::UnimplementedError("u"), absl::UnauthenticatedError("a"),
        absl::PermissionDeniedError("p"), absl::InvalidArgumentError("i"),
        absl::ResourceExhaustedError("r")}) {
    StartWith({FailingRow(status)});
    const Reply reply = Echo("a");
    EXPECT_EQ(static_cast<int>(reply.status.error_code()), static_cast<int>(status.code()));
    EXPECT_EQ(reply.status.error_message(), MessageOf(status));
  }
}

TEST_F(GrpcServerTest, KeepsTransportErrorsThatClientsRepeatForMinutesInTheStatus) {
  StartWith({FailingRow(absl::InternalError("broken"))});
  EXPECT_EQ(Parsed(Echo("a")).status().code(), 65535);
}

TEST_F(GrpcServerTest, AnswersWithARetriableStatusWhenTheQueueIsFull) {
  Gate gate;
  StartWith({GateRow(&gate)});
  const std::string path = std::string(kService) + "HasCollection";
  grpc::ClientContext running_context, queued_context;
  auto running = Start(&running_context, path, "");
  gate.WaitForArrivals(1);
  // The thread is taken; one call fits into the queue, and whichever comes second is refused.
  auto queued = Start(&queued_context, path, "");
  while (blocking_.QueueLength() == 0) std::this_thread::yield();
  const Reply refused = Call(path, "");
  wire::BoolResponse response;
  ASSERT_TRUE(refused.status.ok()) << refused.status.error_message();
  ASSERT_TRUE(response.ParseFromString(refused.bytes));
  EXPECT_EQ(response.status().code(), 4);
  EXPECT_TRUE(response.status().retriable());
  gate.Open();
  EXPECT_TRUE(running.get().status.ok());
  EXPECT_TRUE(queued.get().status.ok());
}

TEST_F(GrpcServerTest, TellsARunningHandlerThatItsCallWasCancelled) {
  std::promise<void> started, noticed;
  StartWith({MakeRow<wire::HasCollectionRequest, wire::BoolResponse>(
      "HasCollection", Pool::kBlocking,
      [&](CallContext& context, const wire::HasCollectionRequest&, wire::BoolResponse*) {
        started.set_value();
        while (!context.cancelled()) std::this_thread::yield();
        noticed.set_value();
      })});
  grpc::ClientContext context;
  auto reply = Start(&context, std::string(kService) + "HasCollection", "");
  started.get_future().wait();
  context.TryCancel();
  noticed.get_future().wait();
  EXPECT_EQ(reply.get().status.error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(GrpcServerTest, DoesNotStartAHandlerWhoseCallWasCancelledInTheQueue) {
  const std::string path = std::string(kService) + "HasCollection";
  // Nothing outside tells when the server has heard of a cancellation, so that a try may be too
  // quick.
  for (int attempt = 0; attempt < 100; ++attempt) {
    Gate gate;
    StartWith({GateRow(&gate), EchoRow()});
    grpc::ClientContext running_context, queued_context;
    auto running = Start(&running_context, path, "");
    gate.WaitForArrivals(1);
    auto queued = Start(&queued_context, path, "");
    while (blocking_.QueueLength() == 0) std::this_thread::yield();
    queued_context.TryCancel();
    EXPECT_EQ(queued.get().status.error_code(), grpc::StatusCode::CANCELLED);
    Parsed(Echo("behind the cancellation on the same connection"));
    gate.Open();
    EXPECT_TRUE(running.get().status.ok());
    server_->Shutdown(std::chrono::minutes(1));
    for (const Finished& call : TakeFinished()) {
      if (call.transport_code != absl::StatusCode::kCancelled) continue;
      EXPECT_EQ(gate.arrived(), 1);
      return;
    }
  }
  FAIL() << "the handler ran each time";
}

TEST_F(GrpcServerTest, ServesManyCallsAtOnce) {
  StartWith({EchoRow()});
  constexpr int kCalls = 200;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < kCalls; ++i) {
    wire::DescribeAliasRequest request;
    request.set_alias(std::to_string(i));
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    replies.push_back(Start(contexts.back().get(), std::string(kService) + "DescribeAlias",
                            request.SerializeAsString()));
  }
  for (int i = 0; i < kCalls; ++i) EXPECT_EQ(Parsed(replies[i].get()).alias(), std::to_string(i));
  EXPECT_EQ(TakeFinished().size(), static_cast<size_t>(kCalls));
}

TEST_F(GrpcServerTest, ReportsHowEachCallEnded) {
  StartWith({FailingRow(UserError(ErrorCode::kAliasNotFound, "alias not found"))});
  const Reply reply = Echo("abc");
  (void)Call(std::string(kService) + "Search", "");
  const std::vector<Finished> finished = TakeFinished();
  ASSERT_EQ(finished.size(), 2u);
  EXPECT_EQ(finished[0].method, "DescribeAlias");
  EXPECT_EQ(finished[0].transport_code, absl::StatusCode::kOk);
  EXPECT_EQ(finished[0].error_code, 1600);
  EXPECT_EQ(finished[0].request_bytes, 5u);
  EXPECT_EQ(finished[0].response_bytes, reply.bytes.size());
  EXPECT_EQ(finished[1].method, "Search");
  EXPECT_EQ(finished[1].transport_code, absl::StatusCode::kUnimplemented);
}

TEST_F(GrpcServerTest, FinishesRunningCallsBeforeItStops) {
  Gate gate;
  StartWith({GateRow(&gate)});
  grpc::ClientContext context;
  auto running = Start(&context, std::string(kService) + "HasCollection", "");
  gate.WaitForArrivals(1);
  std::thread stopper([this] { server_->Shutdown(std::chrono::minutes(1)); });
  gate.Open();
  EXPECT_TRUE(running.get().status.ok());
  stopper.join();
  EXPECT_FALSE(Call(std::string(kService) + "HasCollection", "").status.ok());
}

TEST_F(GrpcServerTest, CancelsCallsThatOutlastTheGraceOfAShutdown) {
  std::promise<void> started;
  StartWith({MakeRow<wire::HasCollectionRequest, wire::BoolResponse>(
      "HasCollection", Pool::kBlocking,
      [&](CallContext& context, const wire::HasCollectionRequest&, wire::BoolResponse*) {
        started.set_value();
        while (!context.cancelled()) std::this_thread::yield();
      })});
  grpc::ClientContext context;
  auto running = Start(&context, std::string(kService) + "HasCollection", "");
  started.get_future().wait();
  server_->Shutdown(std::chrono::milliseconds(1));
  EXPECT_FALSE(running.get().status.ok());
}

TEST_F(GrpcServerTest, SaysWhichAddressIsTaken) {
  StartWith({EchoRow()});
  const auto second = GrpcServer::Start({.address = "127.0.0.1", .port = server_->port()},
                                        {EchoRow()}, {&compute_, &blocking_});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(MessageOf(second.status()),
            fmt::format("cannot listen for gRPC on 127.0.0.1:{}: Address already in use",
                        server_->port()));
}

TEST_F(GrpcServerTest, RefusesATableThatDoesNotFitTheService) {
  const auto start = [this](std::vector<RpcRow> rows) {
    return GrpcServer::Start({.address = "127.0.0.1", .port = 0}, std::move(rows),
                             {&compute_, &blocking_})
        .status();
  };
  const auto row = [](std::string_view name) {
    return MakeRow<wire::DescribeAliasRequest, wire::DescribeAliasResponse>(
        name, Pool::kCompute,
        [](CallContext&, const wire::DescribeAliasRequest&, wire::DescribeAliasResponse*) {});
  };
  EXPECT_EQ(MessageOf(start({row("Fly")})), "RPC table: no such method in MilvusService: Fly");
  EXPECT_EQ(MessageOf(start({row("Search")})),
            "RPC table: request or response type differs from the method's: Search");
  EXPECT_EQ(MessageOf(start({row("DumpMessages")})),
            "RPC table: streaming methods cannot have a row: DumpMessages");
  EXPECT_EQ(MessageOf(start({row("DescribeAlias"), row("DescribeAlias")})),
            "RPC table: two rows for one method: DescribeAlias");
}

TEST_F(GrpcServerTest, ListsItsServiceThroughReflection) {
  StartWith({EchoRow()});
  // ServerReflectionRequest{list_services (7): "*"} and {file_containing_symbol (4): the service}.
  const std::string name = "milvus.proto.milvus.MilvusService";
  const std::string describe = std::string("\x22") + static_cast<char>(name.size()) + name;
  const std::string path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  const Reply services = Call(path, std::string("\x3a\x01*"));
  EXPECT_NE(services.bytes.find(name), std::string::npos) << services.status.error_message();
  const Reply file = Call(path, describe);
  EXPECT_NE(file.bytes.find("AlterCollectionSchema"), std::string::npos);
}

TEST_F(GrpcServerTest, ServesAConnectionThatSomebodyElseAccepted) {
  StartWith({EchoRow()}, {.listen = false});
  EXPECT_EQ(server_->port(), 0);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);

  channel_ = Connect(fmt::format("127.0.0.1:{}", ntohs(address.sin_port)));
  grpc::ClientContext context;
  wire::DescribeAliasRequest request;
  request.set_alias("adopted");
  auto reply =
      Start(&context, std::string(kService) + "DescribeAlias", request.SerializeAsString());
  const int connection = accept(listener, nullptr, nullptr);
  ASSERT_GE(connection, 0);
  char first[3];
  ASSERT_EQ(recv(connection, first, sizeof(first), MSG_WAITALL), 3);
  EXPECT_EQ(std::string_view(first, 3), "PRI");
  ASSERT_EQ(fcntl(connection, F_SETFL, O_NONBLOCK), 0);
  server_->AdoptConnection(connection, {first, sizeof(first)});
  EXPECT_EQ(Parsed(reply.get()).alias(), "adopted");
  close(listener);
}

}  // namespace
}  // namespace elanus::server
