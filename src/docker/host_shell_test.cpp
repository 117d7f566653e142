// What a shell on an engine's host asks of the engine; real ones are in tests/hosts.
#include "docker/host_shell.h"

#include <gtest/gtest.h>

#include "http/fake_http.h"

namespace dm {
namespace {

struct HostShellTest : testing::Test {
  /// One container, from its image to the end; `log` is what it says.
  void will_run(const std::string& said, int status) {
    http.will_answer(200, R"({"status":"sha256:1"})");
    http.will_answer(201, R"({"Id":"c1"})");
    http.will_answer(200, "");
    http.will_answer(204, "");
    http.will_answer(200, said);
    http.will_answer(200, R"({"StatusCode":)" + std::to_string(status) + "}");
    http.will_answer(204, "");
    http.will_answer(200, "[]");
  }
  static std::string frame(char stream, const std::string& text) {
    return std::string{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())} + text;
  }
  int run(const std::string& line) {
    return shell.run(
        line, "secret", [&](std::string_view text) { output += text; },
        [&](std::string_view text) { error += text; }, task);
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> lines;
    for (const auto& request : http.requests())
      lines.push_back(request.method + request.url.substr(request.url.find("/", 8)));
    return lines;
  }

  FakeClock clock;
  SilentLog log;
  StopSignal stop;
  Task task{clock, log, stop};
  FakeHttp http;
  HostShell shell{http, {.url = "tcp://192.0.2.7:2376", .tls = {}}};
  std::string output, error;
};

TEST_F(HostShellTest, has_what_process_1_may_do_and_leaves_nothing) {
  http.will_answer({.status = 200, .headers = {{"date", "Sun, 06 Nov 2026 08:49:37 GMT"}}, .body = {}});
  http.will_answer(200, R"([{"Id":"old","Created":1000000000,"Image":"docker-machine-host-shell:0"},)"
                        R"({"Id":"busy","Created":1794000000,"Image":"docker-machine-host-shell:1"}])");
  http.will_answer(204, "");
  http.will_answer(200, "[]");
  will_run(frame(1, "0000000000200001\n"), 0);
  will_run(frame(2, "oh") + frame(1, "hello"), 3);
  EXPECT_EQ(run("hostname"), 3);
  EXPECT_EQ(output, "hello");
  EXPECT_EQ(error, "oh");
  EXPECT_EQ(http.unused(), 0U);
  const auto lines = asked();
  EXPECT_EQ(lines[0], "GET/_ping");
  EXPECT_EQ(lines[2], "DELETE/containers/old?force=1&v=1");
  EXPECT_EQ(lines[3], "DELETE/images/docker-machine-host-shell:0?force=1");
  const HttpRequest& create = http.requests()[13];
  EXPECT_EQ(create.method + create.url, "POSThttps://192.0.2.7:2376/containers/create");
  EXPECT_TRUE(create.body.contains(R"("CapAdd":["CHOWN","SYS_ADMIN"])")) << create.body;
  EXPECT_FALSE(create.body.contains("secret"));
  EXPECT_TRUE(http.requests()[14].body.contains("secret"));
  EXPECT_EQ(lines.back().substr(0, 40), "DELETE/images/docker-machine-host-shell:");
}

TEST_F(HostShellTest, cleans_up_when_the_engine_refuses) {
  http.will_answer(200, "OK");
  http.will_answer(200, "{}");
  http.will_answer(409, R"({"message":"no space left on device"})");
  http.will_answer(200, "[]");
  try {
    run("hostname");
    FAIL();
  } catch (const Error& failure) {
    EXPECT_TRUE(std::string_view(failure.what()).contains("no space left on device"));
  }
  EXPECT_EQ(http.unused(), 0U);
  EXPECT_TRUE(asked().back().starts_with("DELETE/images/"));
}

}  // namespace
}  // namespace dm
