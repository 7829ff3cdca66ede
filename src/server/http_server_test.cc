#include "server/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/health.h"

namespace elanus::server {
namespace {

// A client that says exactly the bytes it is told to.
class Client {
 public:
  explicit Client(int port) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    connected_ = connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  Client(Client&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), connected_(other.connected_) {}
  ~Client() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  bool connected() const { return connected_; }
  bool Send(std::string_view bytes) {
    return send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // All that comes until the server closes or 10 s pass.
  std::string ReadToEnd() {
    std::string all;
    while (ReadSome(&all)) {
    }
    return all;
  }
  // Until `end` has come.
  std::string ReadUntil(std::string_view end) {
    std::string all;
    while (all.find(end) == std::string::npos && ReadSome(&all)) {
    }
    return all;
  }
  bool closed() const { return closed_; }

 private:
  bool ReadSome(std::string* all) {
    pollfd polled{descriptor_, POLLIN, 0};
    if (poll(&polled, 1, 10'000) <= 0) return false;
    char buffer[8192];
    const ssize_t size = recv(descriptor_, buffer, sizeof(buffer), 0);
    closed_ = size <= 0;
    if (size > 0) all->append(buffer, static_cast<size_t>(size));
    return size > 0;
  }

  int descriptor_;
  bool connected_ = false;
  bool closed_ = false;
};

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    options.port = 0;
    HttpRoutes routes;
    routes["/ok"] = [](const HttpRequest&) { return HttpResponse{.body = "fine"}; };
    routes["/big"] = [](const HttpRequest&) {
      return HttpResponse{.body = std::string(4 << 20, 'x')};
    };
    routes["/healthz"] = [this](const HttpRequest&) { return HealthPage(health_); };
    auto server = HttpServer::Start(options, std::move(routes));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  Client Connect() { return Client(server_->port()); }
  // One request with "Connection: close"; the whole answer.
  std::string Ask(std::string_view request_line) {
    Client client = Connect();
    client.Send(std::string(request_line) + "\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.ReadToEnd();
  }

  Health health_;
  std::unique_ptr<HttpServer> server_;
};

bool StartsWith(const std::string& text, std::string_view prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

TEST_F(HttpServerTest, AnswersItsPagesAndNothingElse) {
  Start();
  const std::string ok = Ask("GET /ok HTTP/1.1");
  EXPECT_TRUE(StartsWith(ok, "HTTP/1.1 200 OK\r\n")) << ok;
  EXPECT_EQ(ok.substr(ok.size() - 8), "\r\n\r\nfine");
  EXPECT_TRUE(StartsWith(Ask("GET /ok?x=/none HTTP/1.0"), "HTTP/1.1 200"));
  EXPECT_TRUE(StartsWith(Ask("GET /none HTTP/1.1"), "HTTP/1.1 404"));
  EXPECT_TRUE(StartsWith(Ask("GET /ok/ HTTP/1.1"), "HTTP/1.1 404"));
  EXPECT_TRUE(StartsWith(Ask("GET /../ok HTTP/1.1"), "HTTP/1.1 404"));
}

TEST_F(HttpServerTest, HeadGivesTheLengthWithoutTheBody) {
  Start();
  const std::string head = Ask("HEAD /ok HTTP/1.1");
  EXPECT_NE(head.find("Content-Length: 4\r\n"), std::string::npos);
  EXPECT_EQ(head.substr(head.size() - 4), "\r\n\r\n");
}

TEST_F(HttpServerTest, RefusesEveryMethodThatCouldChangeSomething) {
  Start();
  for (const char* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get"}) {
    const std::string answer = Ask(std::string(method) + " /ok HTTP/1.1");
    EXPECT_TRUE(StartsWith(answer, "HTTP/1.1 405")) << method << answer;
  }
  Client client = Connect();
  client.Send("POST /log/level HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" +
              std::string(50'000, 'b'));
  EXPECT_TRUE(StartsWith(client.ReadToEnd(), "HTTP/1.1 405"));
}

TEST_F(HttpServerTest, KeepsAConnectionForManyRequestsAlsoWhenTheyComeTogether) {
  Start();
  Client client = Connect();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send("GET /ok HTTP/1.1\r\n\r\n"));
    EXPECT_NE(client.ReadUntil("fine").find("keep-alive"), std::string::npos);
  }
  client.Send("GET /ok HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string both = client.ReadToEnd();
  EXPECT_NE(both.find("200 OK"), std::string::npos);
  EXPECT_NE(both.find("404 Not Found"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersARequestThatComesByteByByte) {
  Start();
  Client client = Connect();
  for (const char c : std::string("GET /ok HTTP/1.1\r\nConnection: close\r\n\r\n")) {
    ASSERT_TRUE(client.Send(std::string_view(&c, 1)));
  }
  EXPECT_TRUE(StartsWith(client.ReadToEnd(), "HTTP/1.1 200"));
}

TEST_F(HttpServerTest, SendsALargeAnswerWhole) {
  Start();
  EXPECT_GT(Ask("GET /big HTTP/1.1").size(), size_t{4} << 20);
}

TEST_F(HttpServerTest, EndsARequestThatNeverGetsDone) {
  Start({.head_timeout_ms = 50});
  Client client = Connect();
  client.Send("GET /ok HTTP/1.1\r\nX-Slow: ");
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServerTest, TricklingBytesDoesNotBuyTime) {
  Start({.head_bytes_max = 1 << 20, .head_timeout_ms = 100});
  Client client = Connect();
  client.Send("GET /ok HTTP/1.1\r\n");
  // One more header each millisecond. Were the time counted anew each time, all of them would go
  // through.
  int sent = 0;
  while (sent < 2000 && client.Send("X: y\r\n")) {
    ++sent;
    poll(nullptr, 0, 1);
  }
  EXPECT_LT(sent, 2000);
}

TEST_F(HttpServerTest, EndsAConnectionThatSaysNothing) {
  Start({.idle_timeout_ms = 50});
  Client client = Connect();
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServerTest, RefusesAHeadThatIsTooLarge) {
  Start();
  Client headers = Connect();
  headers.Send("GET /ok HTTP/1.1\r\nX: " + std::string(20'000, 'a'));
  EXPECT_TRUE(StartsWith(headers.ReadToEnd(), "HTTP/1.1 431"));
  Client line = Connect();
  line.Send("GET /" + std::string(20'000, 'a'));
  EXPECT_TRUE(StartsWith(line.ReadToEnd(), "HTTP/1.1 414"));
}

TEST_F(HttpServerTest, AHealthCheckGetsThroughWhateverOthersHoldOpen) {
  Start({.connections_max = 8});
  health_.SetServing();
  std::vector<Client> idle;
  for (int i = 0; i < 500; ++i) {
    idle.push_back(Connect());
    ASSERT_TRUE(idle.back().connected());
    if (i % 2 == 0) idle.back().Send("GET /ok");
  }
  const std::string answer = Ask("GET /healthz HTTP/1.1");
  EXPECT_NE(answer.find(R"({"status":"ok"})"), std::string::npos) << answer;
  EXPECT_EQ(idle.front().ReadToEnd(), "");  // It gave way.
}

TEST_F(HttpServerTest, SaysWhyItIsUnhealthy) {
  Start();
  EXPECT_NE(Ask("GET /healthz HTTP/1.1").find("503 Service Unavailable"), std::string::npos);
  EXPECT_NE(Ask("GET /healthz HTTP/1.1").find(R"("reason":"starting")"), std::string::npos);
  health_.SetProblem("object store", "down");
  EXPECT_NE(Ask("GET /healthz HTTP/1.1").find("starting; object store: down"), std::string::npos);
  health_.ClearProblem("object store");
  health_.SetServing();
  EXPECT_NE(Ask("GET /healthz HTTP/1.1").find("200 OK"), std::string::npos);
  health_.SetProblem("log", "disk \"full\"");
  EXPECT_NE(Ask("GET /healthz HTTP/1.1").find(R"(log: disk \"full\")"), std::string::npos);
  health_.ClearProblem("log");
  EXPECT_NE(Ask("GET /healthz HTTP/1.1").find("200 OK"), std::string::npos);
  health_.SetStopping();
  EXPECT_NE(Ask("GET /healthz HTTP/1.1").find(R"("reason":"stopping")"), std::string::npos);
}

TEST_F(HttpServerTest, SurvivesGarbageAndGoesOnServing) {
  Start({.head_timeout_ms = 20, .idle_timeout_ms = 20});
  std::mt19937 random(5);
  const std::string alphabet = "GET /ok HTTP/1.1\r\n:;\t\0\x80\xff";
  for (int round = 0; round < 200; ++round) {
    std::string bytes(random() % 100, ' ');
    for (char& c : bytes) c = alphabet[random() % alphabet.size()];
    Client client = Connect();
    client.Send(bytes);
    if (round % 3 == 0) (void)client.ReadToEnd();
  }
  EXPECT_TRUE(StartsWith(Ask("GET /ok HTTP/1.1"), "HTTP/1.1 200"));
  Client tls = Connect();
  tls.Send(std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_TRUE(StartsWith(tls.ReadToEnd(), "HTTP/1.1 400"));
}

TEST_F(HttpServerTest, SaysWhichAddressItCannotHave) {
  Start();
  const auto second = HttpServer::Start({.port = server_->port()}, {});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().ToString().find(std::to_string(server_->port())), std::string::npos);
  EXPECT_FALSE(HttpServer::Start({.address = "nowhere"}, {}).ok());
}

TEST(HttpRequest, RefusesHeadsThatTwoParsersCouldReadTwoWays) {
  HttpRequest request;
  for (const char* head :
       {"GET /ok HTTP/1.1\r\nA : b\r\n\r\n", "GET /ok HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        "GET  /ok HTTP/1.1 \r\n\r\n", "GET /o\nk HTTP/1.1\r\n\r\n",
        "GET /ok HTTP/1.1\nA: b\r\n\r\n", "GET ok HTTP/1.1\r\n\r\n", "GET /ok HTTP/2.0x\r\n\r\n",
        "GET /ok\r\n\r\n", "\r\n\r\n", "GET /ok HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
        "GET /ok HTTP/1.1\r\n: b\r\n\r\n", "GET /o k HTTP/1.1\r\n\r\n",
        "GET /ok HTTP/1.1\r\nA: \x01\r\n\r\n"}) {
    EXPECT_EQ(ParseHttpHead(head, 8192, &request).state, HttpParse::State::kBad) << head;
  }
  EXPECT_EQ(ParseHttpHead("GET /ok HTTP/1.2\r\n\r\n", 8192, &request).status, 505);
}

TEST(HttpRequest, ReadsTheQuery) {
  HttpRequest request;
  const std::string head = "GET /page?a=1&b=x%20y+%C3%A9&c HTTP/1.1\r\n\r\n";
  ASSERT_EQ(ParseHttpHead(head, 8192, &request).state, HttpParse::State::kComplete);
  EXPECT_EQ(request.path, "/page");
  const auto query = ParseHttpQuery(request.query);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(*query,
            (std::map<std::string, std::string>{{"a", "1"}, {"b", "x y \xc3\xa9"}, {"c", ""}}));
  EXPECT_TRUE(ParseHttpQuery("")->empty());
  EXPECT_TRUE(ParseHttpQuery("&&")->empty());
  EXPECT_EQ(ParseHttpQuery("a=b=c")->at("a"), "b=c");
  for (const char* broken : {"%", "a=%", "a=%f", "a=%fg", "a=1&a=2"}) {
    EXPECT_FALSE(ParseHttpQuery(broken).has_value()) << broken;
  }
}

TEST(HttpRequest, IsIncompleteAtEveryCutOfAGoodHead) {
  const std::string head = "GET /metrics?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
  HttpRequest request;
  for (size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(ParseHttpHead(head.substr(0, size), 8192, &request).state,
              HttpParse::State::kIncomplete)
        << size;
  }
  const HttpParse parse = ParseHttpHead(head + "body", 8192, &request);
  EXPECT_EQ(parse.state, HttpParse::State::kComplete);
  EXPECT_EQ(parse.consumed, head.size());
  EXPECT_EQ(request.path, "/metrics");
  EXPECT_TRUE(request.has_body);
}

}  // namespace
}  // namespace elanus::server
