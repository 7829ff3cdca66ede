// Connect and what clients ask about the server itself.
#include <nlohmann/json.hpp>

#include "milvus.pb.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

absl::Status Connect(ProxyContext& proxy, CallContext& call,
                     const milvus_pb::ConnectRequest& request,
                     milvus_pb::ConnectResponse* response) {
  const std::string database = DatabaseOf(call, "");
  ELANUS_RETURN_IF_ERROR(proxy.coordinator->DescribeDatabase(database).status());
  common_pb::ServerInfo* info = response->mutable_server_info();
  info->set_build_tags(proxy.version);
  info->set_build_time(proxy.build_time);
  info->set_git_commit(proxy.git_commit);
  info->set_deploy_mode(proxy.deploy_mode);
  // Clients tell connections apart by it; it must not be 0.
  response->set_identifier(static_cast<int64_t>(proxy.coordinator->AllocateTimestamp().value()));
  return absl::OkStatus();
}

absl::Status GetVersion(ProxyContext& proxy, CallContext&, const milvus_pb::GetVersionRequest&,
                        milvus_pb::GetVersionResponse* response) {
  response->set_version(proxy.version);
  return absl::OkStatus();
}

absl::Status CheckHealth(ProxyContext&, CallContext&, const milvus_pb::CheckHealthRequest&,
                         milvus_pb::CheckHealthResponse* response) {
  // Who gets here was answered by a server whose roles all run.
  response->set_ishealthy(true);
  return absl::OkStatus();
}

absl::Status AllocTimestamp(ProxyContext& proxy, CallContext&,
                            const milvus_pb::AllocTimestampRequest&,
                            milvus_pb::AllocTimestampResponse* response) {
  response->set_timestamp(proxy.coordinator->AllocateTimestamp().value());
  return absl::OkStatus();
}

nlohmann::json NodeInfo(const ProxyContext& proxy) {
  const std::string role = "standalone";
  return {{"identifier", proxy.node_id},
          {"connected", nlohmann::json::array()},
          {"infos",
           {{"has_error", false},
            {"error_reason", ""},
            {"name", role + std::to_string(proxy.node_id)},
            {"hardware_infos",
             {{"ip", proxy.address},
              {"cpu_core_count", 0},
              {"cpu_core_usage", 0},
              {"memory", 0},
              {"memory_usage", 0},
              {"disk", 0},
              {"disk_usage", 0},
              {"io_wait_percentage", 0}}},
            {"system_info",
             {{"system_version", proxy.version},
              {"deploy_mode", proxy.deploy_mode},
              {"build_version", proxy.version},
              {"build_time", proxy.build_time},
              {"used_go_version", ""}}},
            {"created_time", std::to_string(proxy.started_ms)},
            {"updated_time", std::to_string(proxy.started_ms)},
            {"type", "proxy"},
            {"id", proxy.node_id},
            {"system_configurations",
             {{"default_partition_name", std::string(meta::kDefaultPartition)},
              {"default_index_name", "_default_idx"}}}}}};
}

absl::Status GetMetrics(ProxyContext& proxy, CallContext&,
                        const milvus_pb::GetMetricsRequest& request,
                        milvus_pb::GetMetricsResponse* response) {
  const nlohmann::json asked = nlohmann::json::parse(request.request(), nullptr, false);
  if (!asked.is_object()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "failed to decode the metrics request: not a JSON object");
  }
  const auto type = asked.find("metric_type");
  const std::string name =
      type != asked.end() && type->is_string() ? type->get<std::string>() : std::string();
  if (name.empty()) {
    return UserError(ErrorCode::kParameterInvalid, "metric_type not found in request");
  }
  if (name != "system_info") {
    return UserError(ErrorCode::kMetricNotFound, "metric not found[metric={}]", name);
  }
  const nlohmann::json answer = {{"nodes_info", {NodeInfo(proxy)}}};
  response->set_response(answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  response->set_component_name("proxy" + std::to_string(proxy.node_id));
  return absl::OkStatus();
}

absl::Status GetComponentStates(ProxyContext& proxy, CallContext&,
                                const milvus_pb::GetComponentStatesRequest&,
                                milvus_pb::ComponentStates* response) {
  milvus_pb::ComponentInfo* state = response->mutable_state();
  state->set_nodeid(proxy.node_id);
  state->set_role("proxy");
  state->set_state_code(common_pb::Healthy);
  return absl::OkStatus();
}

absl::Status Dummy(ProxyContext&, CallContext&, const milvus_pb::DummyRequest& request,
                   milvus_pb::DummyResponse* response) {
  response->set_response(
      fmt::format("{{\"status\": \"fail\", \"request_type\": {}}}",
                  nlohmann::json(request.request_type())
                      .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)));
  return absl::OkStatus();
}

// RPCs that the protocol lists and that servers stopped to serve: an answer, not UNIMPLEMENTED,
// since clients turn that into success.
absl::Status CalcDistance(ProxyContext&, CallContext&, const milvus_pb::CalcDistanceRequest&,
                          milvus_pb::CalcDistanceResults*) {
  return UserError(ErrorCode::kParameterInvalid, "interface obsolete: CalcDistance was removed");
}

}  // namespace

void AddConnectRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "Connect", Pool::kBlocking, &Connect));
  rows.push_back(Row(proxy, "GetVersion", Pool::kBlocking, &GetVersion));
  rows.push_back(Row(proxy, "CheckHealth", Pool::kBlocking, &CheckHealth));
  rows.push_back(Row(proxy, "AllocTimestamp", Pool::kBlocking, &AllocTimestamp));
  rows.push_back(Row(proxy, "GetMetrics", Pool::kBlocking, &GetMetrics));
  rows.push_back(Row(proxy, "GetComponentStates", Pool::kBlocking, &GetComponentStates));
  rows.push_back(Row(proxy, "Dummy", Pool::kBlocking, &Dummy));
  rows.push_back(Row(proxy, "CalcDistance", Pool::kBlocking, &CalcDistance));
}

}  // namespace elanus::proxy
