// Requests in plain HTTP to servers in threads of this process.
#include "http/curl_client.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>

#include "http/local_server.h"

namespace dm {
namespace {

using namespace std::chrono_literals;

struct CurlClientTest : testing::Test {
  SystemClock clock;
  SilentLog log;
  StopSignal stop;
  Task task = Task(clock, log, stop).within(20s);
  CurlClient http{Environment()};

  std::string error_of(const HttpRequest& request) { return error_of(request, task); }
  std::string error_of(const HttpRequest& request, Task within) {
    try {
      return "status " + std::to_string(http.send(request, within).status);
    } catch (const Error& error) {
      reason = error.reason();
      return error.what();
    }
  }
  Milliseconds since(std::chrono::steady_clock::time_point start) const {
    return std::chrono::duration_cast<Milliseconds>(clock.steady() - start);
  }

  Reason reason = Reason::failed;
};

/// A port of this computer to which connections hang, as if nobody were there: its queue is full.
struct DeadPort : LocalSocket {
  DeadPort() {
    listen(0);
    sockaddr_in address{.sin_family = AF_INET,
                        .sin_port = htons(static_cast<uint16_t>(port())),
                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    for (int i = 0; i < 4; ++i) {
      const int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      (void)connect(filler, reinterpret_cast<sockaddr*>(&address), sizeof address);
      descriptors.push_back(filler);
    }
  }
  ~DeadPort() {
    for (const int filler : descriptors) close(filler);
  }
  std::vector<int> descriptors;
};

TEST_F(CurlClientTest, a_request_arrives_as_it_was_made_and_any_status_is_an_answer) {
  std::string seen;
  LocalServer server([&](const std::string& request) {
    seen = request;
    return LocalServer::answer("404 Not Found", "{}", "X-Twice: 1\r\nX-Twice:  2 \r\nContent-TYPE: a/b\r\n");
  });
  const auto response = http.send({.method = "PUT",
                                   .url = server.url() + "/v1/x?y=z",
                                   .headers = {"content-type: application/json", "Authorization: Bearer t"},
                                   .body = std::string("a\0b", 3)},
                                  task);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "{}");
  EXPECT_EQ(response.headers.at("x-twice"), "2");
  EXPECT_EQ(response.headers.at("content-type"), "a/b");
  EXPECT_TRUE(seen.starts_with("PUT /v1/x?y=z HTTP/1.1\r\nHost: " + server.address() + "\r\n")) << seen;
  EXPECT_TRUE(seen.contains("\r\ncontent-type: application/json\r\n")) << seen;
  EXPECT_TRUE(seen.contains("\r\nAuthorization: Bearer t\r\n")) << seen;
  EXPECT_FALSE(seen.contains("form-urlencoded"));
  EXPECT_TRUE(seen.ends_with(std::string("\r\n\r\na\0b", 7)));
}

TEST_F(CurlClientTest, every_method_is_sent_by_its_name) {
  LocalServer server([](const std::string& request) {
    const bool head = request.starts_with("HEAD");
    return LocalServer::answer("200 OK", head ? "" : request.substr(0, request.find(' ')), "X: y\r\n");
  });
  for (const std::string method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) {
    EXPECT_EQ(http.send({.method = method, .url = server.url()}, task).body, method);
  }
  EXPECT_EQ(http.send({.method = "DELETE", .url = server.url(), .body = "why"}, task).body, "DELETE");
  EXPECT_EQ(http.send({.method = "HEAD", .url = server.url()}, task).headers.at("x"), "y");
}

TEST_F(CurlClientTest, a_large_upload_is_not_held_up) {
  LocalServer server([](const std::string& request) {
    EXPECT_FALSE(request.contains("Expect:"));
    return LocalServer::answer("200 OK", std::to_string(request.size() - request.find("\r\n\r\n") - 4));
  });
  const HttpRequest upload{.method = "POST", .url = server.url(), .body = std::string(3 << 20, 'x')};
  EXPECT_EQ(http.send(upload, task).body, std::to_string(3 << 20));
}

TEST_F(CurlClientTest, redirections_are_followed_only_if_wanted) {
  LocalServer server([](const std::string& request) {
    if (request.starts_with("GET /old "))
      return LocalServer::answer("302 Found", "moved", "Location: /new\r\nX: 1\r\n");
    if (request.starts_with("GET /loop ")) return LocalServer::answer("302 Found", "", "Location: /loop\r\n");
    if (request.starts_with("GET /file "))
      return LocalServer::answer("302 Found", "", "Location: file:///etc/passwd\r\n");
    return LocalServer::answer("200 OK", "here");
  });
  EXPECT_EQ(http.send({.url = server.url() + "/old"}, task).status, 302);
  std::string taken;
  const auto response = http.send({.url = server.url() + "/old",
                                   .follow_redirects = true,
                                   .content = [&](std::string_view piece) { taken += piece; }},
                                  task);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(taken, "here");
  EXPECT_FALSE(response.headers.contains("x"));
  EXPECT_EQ(error_of({.url = server.url() + "/loop", .follow_redirects = true}),
            "stopped after 10 redirects");
  EXPECT_FALSE(error_of({.url = server.url() + "/file", .follow_redirects = true}).starts_with("status"));
}

TEST_F(CurlClientTest, a_sink_takes_the_body_of_a_good_answer_only) {
  LocalServer server([](const std::string& request) {
    return LocalServer::answer(request.starts_with("GET /bad") ? "500 Oops" : "200 OK", "text");
  });
  std::string taken;
  const Sink sink = [&](std::string_view piece) { taken += piece; };
  EXPECT_EQ(http.send({.url = server.url() + "/bad", .content = sink}, task).body, "text");
  EXPECT_EQ(taken, "");
  EXPECT_EQ(http.send({.url = server.url() + "/good", .content = sink}, task).body, "");
  EXPECT_EQ(taken, "text");
}

TEST_F(CurlClientTest, what_a_sink_throws_comes_out) {
  LocalServer server([](const std::string&) { return LocalServer::answer("200 OK", "text"); });
  HttpRequest request{.url = server.url(),
                      .content = [](std::string_view) { throw Error("the disk is full"); }};
  EXPECT_EQ(error_of(request), "the disk is full");
  request.content = [](std::string_view) { throw Cancelled(); };
  EXPECT_THROW(http.send(request, task), Cancelled);
}

TEST_F(CurlClientTest, a_body_without_end_is_refused) {
  const std::string megabyte(1 << 20, 'x');
  LocalServer server([&](const std::string&) {
    std::string endless = "HTTP/1.1 200 OK\r\n\r\n";
    for (int i = 0; i < 65; ++i) endless += megabyte;
    return endless;
  });
  EXPECT_EQ(error_of({.url = server.url()}), "the answer of " + server.url() + " is longer than 64 MiB");
}

TEST_F(CurlClientTest, a_download_is_never_in_memory_as_a_whole) {
  const auto folder = fs::temp_directory_path() / ("dm-http-" + random_hex(12));
  make_folders(folder);
  constexpr size_t size = 50 << 20;
  std::ofstream(folder / "large").put('x').seekp(size - 1).put('x');
  {
    // A child process serves, so that our own memory is the client's alone.
    const auto key = (folder / "key").string();
    Task quick = task;
    SystemProcessRunner processes;
    ASSERT_TRUE(processes
                    .run({.arguments = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=o", "-addext",
                                        "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", key + ".pem"}},
                         quick)
                    .ok());
    ServerProcess server(
        {"openssl", "s_server", "-accept", "127.0.0.1:0", "-WWW", "-cert", key + ".pem", "-key", key},
        folder);
    std::ofstream("/proc/self/clear_refs") << "5";
    const auto peak = [] {
      std::ifstream status("/proc/self/status");
      for (std::string word; status >> word;) {
        long kilobytes = 0;
        if (word == "VmHWM:" && status >> kilobytes) return kilobytes;
      }
      return 0L;
    };
    const long before = peak();
    size_t taken = 0;
    const auto response = http.send({.url = server.url() + "/large",
                                     .tls = {.ca = key + ".pem"},
                                     .content = [&](std::string_view piece) { taken += piece.size(); }},
                                    task);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(taken, size);
    EXPECT_GT(before, 0);
    EXPECT_LT(peak() - before, 12 << 10);
  }
  dm::remove_all(folder);
}

TEST_F(CurlClientTest, a_refused_port_and_an_unknown_name_are_told_in_the_original_words) {
  const LocalSocket nobody;
  EXPECT_EQ(error_of({.url = "http://" + nobody.address()}),
            "dial tcp " + nobody.address() + ": connect: connection refused");
  EXPECT_EQ(reason, Reason::unreachable);
  // No label may be so long: the resolver knows it without asking the network.
  const std::string name = std::string(64, 'a') + ".invalid";
  EXPECT_EQ(error_of({.url = "http://" + name + ":1"}), "dial tcp: lookup " + name + ": no such host");
  EXPECT_EQ(reason, Reason::unreachable);
  EXPECT_EQ(error_of({.url = "http://255.255.255.255:1"}),
            "dial tcp 255.255.255.255:1: connect: network is unreachable");
}

TEST_F(CurlClientTest, other_protocols_are_refused) {
  EXPECT_EQ(error_of({.url = "file:///etc/passwd"}), "unsupported protocol scheme in \"file:///etc/passwd\"");
  EXPECT_EQ(error_of({.url = "http://:"}), "\"http://:\" is no URL");
}

TEST_F(CurlClientTest, a_broken_answer_is_no_answer) {
  LocalServer server([](const std::string& request) -> std::string {
    if (request.starts_with("GET /short")) return "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
    return "SSH-2.0-dropbear\r\n";
  });
  EXPECT_EQ(error_of({.url = server.url() + "/short"}), "unexpected EOF");
  EXPECT_EQ(error_of({.url = server.url()}), "malformed HTTP response");
  EXPECT_EQ(reason, Reason::unreachable);
}

TEST_F(CurlClientTest, a_deadline_that_has_passed_is_the_outcome_of_every_request) {
  Task late = task.within(0ms);
  const std::vector<HttpRequest> requests(3, {.url = "http://127.0.0.1:1"});
  const auto outcomes = http.send_all(requests, late);
  ASSERT_EQ(outcomes.size(), 3U);
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->reason(), Reason::timed_out);
  }
}

TEST_F(CurlClientTest, silence_ends_with_the_deadline) {
  LocalServer mute([](const std::string&) { return ""; });
  EXPECT_EQ(error_of({.url = mute.url()}, task.within(100ms)),
            "net/http: request canceled (Client.Timeout exceeded while awaiting headers)");
  EXPECT_EQ(reason, Reason::timed_out);
  const DeadPort dead;
  EXPECT_EQ(error_of({.url = "http://" + dead.address()}, task.within(100ms)),
            "dial tcp " + dead.address() + ": i/o timeout");
  EXPECT_EQ(reason, Reason::timed_out);
  EXPECT_EQ(error_of({.url = "http://" + dead.address(), .connect_limit = 100ms}),
            "dial tcp " + dead.address() + ": i/o timeout");
  EXPECT_EQ(reason, Reason::timed_out);
}

TEST_F(CurlClientTest, a_stop_ends_a_request_at_once) {
  LocalServer mute([&](const std::string&) {
    stop.raise();
    return "";
  });
  const auto start = clock.steady();
  EXPECT_THROW(http.send({.url = mute.url()}, task), Cancelled);
  EXPECT_LT(since(start), 5s);
  EXPECT_THROW(http.send({.url = mute.url()}, task), Cancelled);
}

TEST_F(CurlClientTest, many_requests_keep_their_order_and_one_failure_leaves_the_others_alone) {
  const LocalSocket nobody;
  LocalServer server([](const std::string& request) {
    return LocalServer::answer("200 OK", request.substr(5, request.find(" HTTP") - 5));
  });
  std::vector<HttpRequest> requests;
  requests.reserve(150);
  for (int i = 0; i < 150; ++i) requests.push_back({.url = server.url() + "/" + std::to_string(i)});
  requests[70].url = "http://" + nobody.address();
  requests[71].tls.ca = "/no/such/ca.pem";
  const auto outcomes = http.send_all(requests, task);
  ASSERT_EQ(outcomes.size(), requests.size());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (i == 70 || i == 71) continue;
    ASSERT_TRUE(outcomes[i].response) << i << outcomes[i].error->what();
    EXPECT_EQ(outcomes[i].response->body, std::to_string(i));
  }
  EXPECT_STREQ(outcomes[70].error->what(),
               ("dial tcp " + nobody.address() + ": connect: connection refused").c_str());
  EXPECT_STREQ(outcomes[71].error->what(), "open /no/such/ca.pem: no such file or directory");
  EXPECT_TRUE(http.send_all({}, task).empty());
}

TEST_F(CurlClientTest, five_hundred_that_never_answer_cost_one_timeout) {
  const DeadPort dead;
  const LocalServer alive([](const std::string&) { return LocalServer::answer("200 OK", "alive"); });
  std::vector<HttpRequest> requests(500, {.url = "https://" + dead.address(), .connect_limit = 1200ms});
  requests.push_back({.url = alive.url()});
  const auto start = clock.steady();
  const auto outcomes = http.send_all(requests, task);
  EXPECT_LT(since(start), 10s);
  EXPECT_EQ(outcomes.back().response->body, "alive");
  for (size_t i = 0; i < 500; ++i) {
    ASSERT_TRUE(outcomes[i].error);
    EXPECT_STREQ(outcomes[i].error->what(), ("dial tcp " + dead.address() + ": i/o timeout").c_str());
  }
}

TEST_F(CurlClientTest, two_hundred_that_accept_in_silence_cost_one_deadline) {
  const LocalSocket mute;
  mute.listen(400);
  Task limited = task.within(1s);
  const std::vector<HttpRequest> requests(200, {.url = "https://" + mute.address()});
  const auto start = clock.steady();
  const auto outcomes = http.send_all(requests, limited);
  EXPECT_LT(since(start), 10s);
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->reason(), Reason::timed_out);
  }
  EXPECT_STREQ(outcomes.front().error->what(), "net/http: TLS handshake timeout");
}

TEST_F(CurlClientTest, a_proxy_is_used_if_the_request_may_and_the_host_is_not_exempt) {
  LocalServer proxy([](const std::string& request) {
    return LocalServer::answer("200 OK", "by proxy: " + request.substr(0, request.find('\r')));
  });
  LocalServer server([](const std::string&) { return LocalServer::answer("200 OK", "direct"); });
  CurlClient client(Environment({{"HTTP_PROXY", proxy.url()}, {"no_proxy", "exempt.invalid"}}));
  EXPECT_EQ(client.send({.url = "http://elsewhere.invalid/x"}, task).body,
            "by proxy: GET http://elsewhere.invalid/x HTTP/1.1");
  EXPECT_EQ(client.send({.url = server.url()}, task).body, "direct");
  const std::string label(64, 'a');
  CurlClient strict(Environment({{"http_proxy", proxy.url()}, {"NO_PROXY", label + ".invalid"}}));
  EXPECT_THROW(strict.send({.url = "http://" + label + ".invalid/"}, task), Error);
  EXPECT_THROW(client.send({.url = "http://" + label + ".example/", .proxied = false}, task), Error);
}

}  // namespace
}  // namespace dm
