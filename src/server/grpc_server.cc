#include "server/grpc_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <system_error>
#include <utility>

#include "common/status.h"
#include "server/grpc_service.h"
#include "server/response_status.h"

namespace elanus::server {
namespace {

std::string HostAndPort(const GrpcServerOptions& options) {
  const bool is_ipv6 = options.address.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_ipv6 ? "[{}]:{}" : "{}:{}"), options.address, options.port);
}

// gRPC does not say why it could not bind, so ask the kernel again.
std::string WhyNotBound(const GrpcServerOptions& options) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options.port);
  if (const int error = getaddrinfo(options.address.c_str(), port.c_str(), &hints, &found)) {
    return gai_strerror(error);
  }
  int error = 0;
  const int descriptor = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
  if (descriptor < 0 || bind(descriptor, found->ai_addr, found->ai_addrlen) != 0) error = errno;
  if (descriptor >= 0) close(descriptor);
  freeaddrinfo(found);
  return error == 0 ? "gRPC gave no reason" : std::generic_category().message(error);
}

void SetLimits(const GrpcServerOptions& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(options.receive_bytes_max);
  // The response's size is checked before it is serialised; gRPC's own check would come after.
  builder->SetMaxSendMessageSize(-1);
  // Clients ping every 10 s, also while no call is under way; none may lose its connection for
  // that.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  // A client whose machine vanished is noticed within 70 s, and its calls are cancelled.
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  // Two servers on one port would share the connections at random instead of failing.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Only reflection uses the synchronous API.
  builder->SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
}

}  // namespace

class GrpcServer::Impl {
 public:
  Impl(GrpcServerOptions options, RpcExecutors executors)
      : options_(std::move(options)), service_(options_, executors) {}

  absl::Status Start(std::vector<proxy::RpcRow> rows) {
    ELANUS_RETURN_IF_ERROR(service_.Bind(std::move(rows)));
    if (options_.reflection) {
      static std::once_flag once;  // Registers with every server built afterwards.
      std::call_once(once, grpc::reflection::InitProtoReflectionServerBuilderPlugin);
    }
    if (!options_.fill_status) options_.fill_status = FillPlainStatus;
    if (options_.credentials == nullptr) options_.credentials = grpc::InsecureServerCredentials();
    grpc::ServerBuilder builder;
    SetLimits(options_, &builder);
    builder.RegisterService(&service_);
    builder.RegisterCallbackGenericService(&unknown_);
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        options_.credentials);
    if (options_.listen) {
      builder.AddListeningPort(HostAndPort(options_), options_.credentials, &port_);
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || (options_.listen && port_ == 0)) {
      return InternalError(ErrorCode::kInternal, "cannot listen for gRPC on {}: {}",
                           HostAndPort(options_), WhyNotBound(options_));
    }
    return absl::OkStatus();
  }

  int port() const { return port_; }

  void AdoptConnection(int descriptor, std::string_view already_read) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.fd = descriptor;
    if (!already_read.empty()) {
      const grpc::Slice slice(already_read.data(), already_read.size());
      parameters.read_buffer = grpc::ByteBuffer(&slice, 1);
    }
    acceptor_->HandleNewConnection(&parameters);
  }

  void Shutdown(std::chrono::milliseconds grace) {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now() + grace);
  }

 private:
  GrpcServerOptions options_;
  MilvusGrpcService service_;
  UnknownMethodService unknown_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;  // Last: destroyed before what it serves.
};

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(GrpcServerOptions options,
                                                              std::vector<proxy::RpcRow> rows,
                                                              RpcExecutors executors) {
  auto impl = std::make_unique<Impl>(std::move(options), executors);
  ELANUS_RETURN_IF_ERROR(impl->Start(std::move(rows)));
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GrpcServer::~GrpcServer() {
  Shutdown(std::chrono::milliseconds(0));
}

int GrpcServer::port() const {
  return impl_->port();
}

void GrpcServer::AdoptConnection(int descriptor, std::string_view already_read) {
  impl_->AdoptConnection(descriptor, already_read);
}

void GrpcServer::Shutdown(std::chrono::milliseconds grace) {
  impl_->Shutdown(grace);
}

}  // namespace elanus::server
