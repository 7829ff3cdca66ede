// The table, the list of what is missing, the service and the page in docs/ agree.
#include "proxy/rpc_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "milvus.pb.h"
#include "proxy/testing_fakes.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {
namespace {

constexpr const char* kPage = "docs/compatibility.md";
constexpr std::string_view kBegin = "<!-- The table below is checked against src/proxy. -->\n";
constexpr std::string_view kEnd = "<!-- End of the table. -->\n";

const google::protobuf::ServiceDescriptor& Service() {
  return *milvus_pb::ConnectRequest::descriptor()->file()->FindServiceByName("MilvusService");
}

std::set<std::string> Supported() {
  FakeServer server;
  std::set<std::string> names;
  for (const RpcRow& row : MakeRpcTable(server.proxy)) {
    EXPECT_TRUE(names.insert(std::string(row.name)).second) << "two rows: " << row.name;
  }
  return names;
}

std::map<std::string, UnsupportedRpc> Unsupported() {
  std::map<std::string, UnsupportedRpc> out;
  for (const UnsupportedRpc& rpc : UnsupportedRpcs()) {
    EXPECT_TRUE(out.emplace(rpc.name, rpc).second) << "listed twice: " << rpc.name;
  }
  return out;
}

std::string ExpectedTable() {
  const std::set<std::string> supported = Supported();
  const auto unsupported = Unsupported();
  std::string table = "| RPC | state | missing |\n|---|---|---|\n";
  for (int i = 0; i < Service().method_count(); ++i) {
    const std::string& name = Service().method(i)->name();
    if (supported.contains(name)) {
      table += fmt::format("| {} | works | |\n", name);
    } else if (const auto found = unsupported.find(name); found != unsupported.end()) {
      table +=
          fmt::format("| {} | {} | {} |\n", name,
                      found->second.planned ? "planned" : "will not come", found->second.subject);
    }
  }
  return table;
}

TEST(RpcTable, EveryMethodHasARowOrIsListedAsUnsupported) {
  const std::set<std::string> supported = Supported();
  const auto unsupported = Unsupported();
  for (int i = 0; i < Service().method_count(); ++i) {
    const std::string& name = Service().method(i)->name();
    EXPECT_NE(supported.contains(name), unsupported.contains(name))
        << name << ": needs a row in a handlers_*.cc or an entry in unsupported_rpcs.cc, not both";
  }
  EXPECT_EQ(supported.size() + unsupported.size(), static_cast<size_t>(Service().method_count()))
      << "a row or an entry names no method";
}

TEST(RpcTable, RowsHaveTheTypesOfTheirMethods) {
  FakeServer server;
  for (const RpcRow& row : MakeRpcTable(server.proxy)) {
    const auto* method = Service().FindMethodByName(std::string(row.name));
    ASSERT_NE(method, nullptr) << row.name;
    EXPECT_EQ(row.request_prototype->GetDescriptor(), method->input_type()) << row.name;
    EXPECT_EQ(row.response_prototype->GetDescriptor(), method->output_type()) << row.name;
  }
}

TEST(RpcTable, ThePageShowsTheTable) {
  std::stringstream text;
  text << std::ifstream(kPage).rdbuf();
  std::string page = text.str();
  const size_t begin = page.find(kBegin);
  const size_t end = page.find(kEnd);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos) << kPage;
  const size_t from = begin + kBegin.size();
  const std::string expected = ExpectedTable();
  if (page.substr(from, end - from) != expected && std::getenv("ELANUS_WRITE_DOCS") != nullptr) {
    page.replace(from, end - from, expected);
    std::ofstream(kPage) << page;
    GTEST_SKIP() << "written: " << kPage;
  }
  EXPECT_EQ(page.substr(from, end - from), expected)
      << "run proxy_test with ELANUS_WRITE_DOCS=1 to write it";
}

}  // namespace
}  // namespace elanus::proxy
