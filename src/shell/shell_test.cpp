// What `env` prints, against the original's lines and in the shells themselves.
#include "shell/shell.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "base/strings.h"

namespace dm {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

std::string set_lines(const std::string& shell, const Variables& variables) {
  std::string text;
  for (const auto& [name, value] : variables) text += set_line(shell_named(shell), name, value);
  return text;
}

std::string unset_lines(const std::string& shell, const Variables& variables) {
  std::string text;
  for (const auto& [name, value] : variables) text += unset_line(shell_named(shell), name);
  return text;
}

const Variables ordinary{{"DOCKER_TLS_VERIFY", "1"},
                         {"DOCKER_HOST", "tcp://192.0.2.10:2376"},
                         {"DOCKER_CERT_PATH", "/home/user/.docker/machine/machines/gen-1"},
                         {"DOCKER_MACHINE_NAME", "gen-1"}};

/// What docker-machine 0.16.2 printed for `env --shell SHELL gen-1` and `env -u --shell SHELL`.
struct Recording {
  std::string shell, set, unset;
};

const std::vector<Recording> recordings{
    {"bash", R"(export DOCKER_TLS_VERIFY="1"
export DOCKER_HOST="tcp://192.0.2.10:2376"
export DOCKER_CERT_PATH="/home/user/.docker/machine/machines/gen-1"
export DOCKER_MACHINE_NAME="gen-1"
# Run this command to configure your shell: 
# eval $(docker-machine env --shell bash gen-1)
)",
     R"(unset DOCKER_TLS_VERIFY
unset DOCKER_HOST
unset DOCKER_CERT_PATH
unset DOCKER_MACHINE_NAME
# Run this command to configure your shell: 
# eval $(docker-machine env -u --shell bash)
)"},
    {"fish", R"(set -gx DOCKER_TLS_VERIFY "1";
set -gx DOCKER_HOST "tcp://192.0.2.10:2376";
set -gx DOCKER_CERT_PATH "/home/user/.docker/machine/machines/gen-1";
set -gx DOCKER_MACHINE_NAME "gen-1";
# Run this command to configure your shell: 
# eval (docker-machine env --shell fish gen-1)
)",
     R"(set -e DOCKER_TLS_VERIFY;
set -e DOCKER_HOST;
set -e DOCKER_CERT_PATH;
set -e DOCKER_MACHINE_NAME;
# Run this command to configure your shell: 
# eval (docker-machine env -u --shell fish)
)"},
    {"tcsh", R"(setenv DOCKER_TLS_VERIFY "1";
setenv DOCKER_HOST "tcp://192.0.2.10:2376";
setenv DOCKER_CERT_PATH "/home/user/.docker/machine/machines/gen-1";
setenv DOCKER_MACHINE_NAME "gen-1";
: Run this command to configure your shell: 
: eval `docker-machine env --shell tcsh gen-1`
)",
     R"(unsetenv DOCKER_TLS_VERIFY;
unsetenv DOCKER_HOST;
unsetenv DOCKER_CERT_PATH;
unsetenv DOCKER_MACHINE_NAME;
: Run this command to configure your shell: 
: eval `docker-machine env -u --shell tcsh`
)"},
    {"powershell", R"($Env:DOCKER_TLS_VERIFY = "1"
$Env:DOCKER_HOST = "tcp://192.0.2.10:2376"
$Env:DOCKER_CERT_PATH = "/home/user/.docker/machine/machines/gen-1"
$Env:DOCKER_MACHINE_NAME = "gen-1"
# Run this command to configure your shell: 
# & docker-machine env --shell powershell gen-1 | Invoke-Expression
)",
     R"(Remove-Item Env:\\DOCKER_TLS_VERIFY
Remove-Item Env:\\DOCKER_HOST
Remove-Item Env:\\DOCKER_CERT_PATH
Remove-Item Env:\\DOCKER_MACHINE_NAME
# Run this command to configure your shell: 
# & docker-machine env -u --shell powershell | Invoke-Expression
)"},
    {"cmd",
     "SET DOCKER_TLS_VERIFY=1\n"
     "SET DOCKER_HOST=tcp://192.0.2.10:2376\n"
     "SET DOCKER_CERT_PATH=/home/user/.docker/machine/machines/gen-1\n"
     "SET DOCKER_MACHINE_NAME=gen-1\n"
     "REM Run this command to configure your shell: \n"
     "REM \t@FOR /f \"tokens=*\" %i IN ('docker-machine env --shell cmd gen-1') DO @%i\n",
     "SET DOCKER_TLS_VERIFY=\n"
     "SET DOCKER_HOST=\n"
     "SET DOCKER_CERT_PATH=\n"
     "SET DOCKER_MACHINE_NAME=\n"
     "REM Run this command to configure your shell: \n"
     "REM \t@FOR /f \"tokens=*\" %i IN ('docker-machine env -u --shell cmd') DO @%i\n"},
    {"emacs", R"((setenv "DOCKER_TLS_VERIFY" "1")
(setenv "DOCKER_HOST" "tcp://192.0.2.10:2376")
(setenv "DOCKER_CERT_PATH" "/home/user/.docker/machine/machines/gen-1")
(setenv "DOCKER_MACHINE_NAME" "gen-1")
;; Run this command to configure your shell: 
;; (with-temp-buffer (shell-command "docker-machine env --shell emacs gen-1" (current-buffer)) (eval-buffer))
)",
     R"((setenv "DOCKER_TLS_VERIFY" nil)
(setenv "DOCKER_HOST" nil)
(setenv "DOCKER_CERT_PATH" nil)
(setenv "DOCKER_MACHINE_NAME" nil)
;; Run this command to configure your shell: 
;; (with-temp-buffer (shell-command "docker-machine env -u --shell emacs" (current-buffer)) (eval-buffer))
)"},
};

TEST(Shell, PrintsTheOriginalsLines) {
  for (const auto& [shell, set, unset] : recordings) {
    const std::string typed = "docker-machine env --shell " + shell + " gen-1";
    EXPECT_EQ(set_lines(shell, ordinary) + hint(shell_named(shell), typed), set) << shell;
    const std::string typed_unset = "docker-machine env -u --shell " + shell;
    EXPECT_EQ(unset_lines(shell, ordinary) + hint(shell_named(shell), typed_unset), unset) << shell;
  }
}

TEST(Shell, OrdinaryValuesStandBareBetweenDoubleQuotes) {
  const std::string value = "azAZ09/.:-_=+@, x";
  EXPECT_EQ(set_lines("sh", {{"V", value}}), "export V=\"" + value + "\"\n");
  EXPECT_EQ(set_lines("fish", {{"V", value}}), "set -gx V \"" + value + "\";\n");
  EXPECT_EQ(set_lines("tcsh", {{"V", value}}), "setenv V \"" + value + "\";\n");
  EXPECT_EQ(set_lines("powershell", {{"V", value}}), "$Env:V = \"" + value + "\"\n");
  EXPECT_EQ(set_lines("cmd", {{"V", value}}), "SET V=" + value + "\n");
  EXPECT_EQ(set_lines("emacs", {{"V", value}}), "(setenv \"V\" \"" + value + "\")\n");
  // Clients read addresses between plain quotes.
  EXPECT_EQ(set_lines("tcsh", {{"V", "tcp://[fd00::1]:2376"}}), "setenv V \"tcp://[fd00::1]:2376\";\n");
  EXPECT_EQ(set_lines("bash", {{"V", "*.example.com,[fd00::1]"}}), "export V=\"*.example.com,[fd00::1]\"\n");
}

TEST(Shell, UnknownNamesArePosixShells) {
  for (const auto* const name : {"sh", "bash", "zsh", "ksh", "csh", "elvish", "nosuch", ""}) {
    EXPECT_EQ(set_line(shell_named(name), "V", "x"), "export V=\"x\"\n") << name;
  }
}

TEST(Shell, PowershellEscapesWithBackticks) {
  EXPECT_EQ(set_lines("powershell", {{"V", "a\"b$c`d\\e'f%g!h"}}), "$Env:V = \"a`\"b`$c``d\\e'f%g!h\"\n");
  EXPECT_EQ(set_lines("powershell", {{"V", "a\r\nb\tc"}}), "$Env:V = \"a`r`nb\tc\"\n");
  EXPECT_EQ(set_lines("powershell", {{"V", "“a” „b… ‘c’"}}), "$Env:V = \"`“a`” `„b… ‘c’\"\n");
}

TEST(Shell, CmdTakesValuesAsTheyAreAndNoLineBreaks) {
  EXPECT_EQ(set_lines("cmd", {{"V", "C:\\a b\\%x%^&|<>\"!"}}), "SET V=C:\\a b\\%x%^&|<>\"!\n");
  for (const auto* const value : {"a\nb", "a\rb"}) {
    try {
      set_line(shell_named("cmd"), "DOCKER_CERT_PATH", value);
      FAIL() << "a line break was accepted";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("DOCKER_CERT_PATH"), std::string::npos);
    }
  }
}

TEST(Shell, AHintNeverLeavesItsComment) {
  EXPECT_EQ(hint(shell_named("sh"), "docker-machine -s 'a\nreboot\r' env x"),
            "# Run this command to configure your shell: \n"
            "# eval $(docker-machine -s 'a reboot ' env x)\n");
}

/// A real shell that evaluates our lines, which it finds in $OUTPUT, and prints its environment.
struct RealShell {
  std::string label;
  std::string dialect;
  std::vector<std::string> arguments;
};

void PrintTo(const RealShell& shell, std::ostream* stream) { *stream << shell.label; }

class InRealShell : public testing::TestWithParam<RealShell> {
 protected:
  void SetUp() override {
    if (!find_program(GetParam().arguments.front())) GTEST_SKIP() << "not installed";
  }

  /// The environment after the shell has evaluated `lines`.
  std::map<std::string, std::string> environment_after(const std::string& lines,
                                                       const Variables& variables = {}) {
    LocalCommand command{.arguments = GetParam().arguments,
                         .environment = {{"LC_ALL", "C.UTF-8"}, {"HOME", "/nonexistent"}}};
    for (const auto& [name, value] : variables) command.environment[name] = value;
    command.environment["OUTPUT"] = lines + hint(shell_named(GetParam().dialect), "true");
    Task task = Task(clock_, log_, stop_).within(std::chrono::seconds(30));
    const auto result = runner_.run(command, task);
    EXPECT_TRUE(result.ok()) << result.error;
    std::map<std::string, std::string> environment;
    for (const auto& entry : split(result.output, '\0')) {
      const auto equals = entry.find('=');
      if (equals != std::string::npos) environment[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return environment;
  }

 private:
  SystemClock clock_;
  SilentLog log_;
  StopSignal stop_;
  SystemProcessRunner runner_;
};

TEST_P(InRealShell, AnyValueArrives) {
  const std::vector<std::string> values{
      "",      " ",     "  ",    "a b",  " a",     "a ",    "a  b", "a\tb", "a\nb",  "a\n",
      "\n",    "\r",    "a\r\n", "\\\n", "\x01",   "\x7f",  "a\"b", "it's", "$HOME", "${HOME}",
      "$(id)", "`id`",  "\\",    "a\\",  "a\\\\b", "\\$x",  "\\\"", "\\n",  "\"\"",  "''",
      "!",     "a!b!!", "!\"",   "%s%%", "%PATH%", "*",     "/et*", "a [b", "[a]",   "?",
      "{a,b}", "x{a}",  "{",     "}",    "~",      "~root", "=1/$", "-n",   "+1$",   "#x",
      " # x",  "a;b",   "a&b|c", "<d>e", "f(g)",   "é “ü”", "^a^b", "a:h$", "@x$",   "tcp://[fd00::1]:2376",
  };
  std::string lines;
  for (size_t i = 0; i < values.size(); ++i) {
    lines += set_line(shell_named(GetParam().dialect), fmt::format("V{}", i), values[i]);
  }
  const auto environment = environment_after(lines);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto found = environment.find(fmt::format("V{}", i));
    ASSERT_NE(found, environment.end()) << go_quote(values[i]);
    EXPECT_EQ(go_quote(found->second), go_quote(values[i]));
  }
}

TEST_P(InRealShell, VariablesAreRemoved) {
  const Variables variables{{"DOCKER_HOST", "x"}, {"DOCKER_CERT_PATH", "y"}, {"KEPT", "z"}};
  std::string lines = unset_line(shell_named(GetParam().dialect), "DOCKER_HOST");
  lines += unset_line(shell_named(GetParam().dialect), "DOCKER_CERT_PATH");
  const auto environment = environment_after(lines, variables);
  EXPECT_FALSE(environment.contains("DOCKER_HOST"));
  EXPECT_FALSE(environment.contains("DOCKER_CERT_PATH"));
  EXPECT_TRUE(environment.contains("KEPT"));
}

const std::string as_in_the_hint = "eval $(printenv OUTPUT); env -0";
const std::string as_in_the_hint_for_emacs = R"((progn
  (with-temp-buffer (shell-command "printenv OUTPUT" (current-buffer)) (eval-buffer))
  (let ((coding-system-for-read 'utf-8-unix))
    (princ (with-temp-buffer (call-process "env" nil t nil "-0") (buffer-string))))))";
const std::string as_a_file = "eval \"$(printenv OUTPUT)\"; env -0";

INSTANTIATE_TEST_SUITE_P(
    All, InRealShell,
    testing::Values(
        RealShell{"bash", "bash", {"bash", "--norc", "-c", as_in_the_hint}},
        RealShell{"bash_as_a_file", "bash", {"bash", "--norc", "-c", as_a_file}},
        RealShell{"sh", "sh", {"sh", "-c", as_in_the_hint}},
        RealShell{"sh_as_a_file", "sh", {"sh", "-c", as_a_file}},
        RealShell{"dash", "dash", {"dash", "-c", as_in_the_hint}},
        RealShell{"busybox", "ash", {"busybox", "sh", "-c", as_in_the_hint}},
        RealShell{"zsh", "zsh", {"zsh", "-f", "-c", as_in_the_hint}},
        RealShell{"zsh_as_a_file", "zsh", {"zsh", "-f", "-c", as_a_file}},
        RealShell{"fish", "fish", {"fish", "--no-config", "-c", "eval (printenv OUTPUT); env -0"}},
        RealShell{
            "fish_as_a_file", "fish", {"fish", "--no-config", "-c", "printenv OUTPUT | source; env -0"}},
        RealShell{"tcsh", "tcsh", {"tcsh", "-f", "-c", "eval `env printenv OUTPUT`; env -0"}},
        RealShell{"tcsh_with_backslash_quote",
                  "tcsh",
                  {"tcsh", "-f", "-c", "set backslash_quote; eval `env printenv OUTPUT`; env -0"}},
        RealShell{"emacs", "emacs", {"emacs", "-Q", "--batch", "--eval", as_in_the_hint_for_emacs}}),
    [](const auto& instance) { return instance.param.label; });

}  // namespace
}  // namespace dm
