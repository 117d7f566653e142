// Scripts, run by a real shell of this computer.
#include "provision/remote_shell.h"

#include <sys/stat.h>

#include "base/temporary_folder.h"
#include "provision/provision_test.h"

namespace dm {
namespace {

class ScriptTest : public ::testing::Test, protected PlayedTask {
 protected:
  /// Runs one part; gives the error, or "" if it ended well.
  std::string run(const std::string& code) {
    Script script;
    script.add({"trying", code});
    try {
      run_script(host, script, Privilege::root, task);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string file(const std::string& name) const { return (folder.path() / name).string(); }
  static unsigned mode_of(const fs::path& path) {
    struct stat status {};
    stat(path.c_str(), &status);
    return status.st_mode & 07777U;
  }

  const TemporaryFolder folder;
  LocalShellConnector connector;
  RemoteHost host{connector, {}};
};

TEST_F(ScriptTest, SaysWhatTheScriptTells) {
  EXPECT_EQ(run("tell 'one  two'\nwarn three\necho noise >&2"), "");
  EXPECT_EQ(log.lines, (std::vector<std::string>{"one  two", "WARNING three"}));
  EXPECT_EQ(log.last_progress, "");
}

TEST_F(ScriptTest, FailsWithItsOwnWordsAndTheEndOfTheOutput) {
  const auto error = run("i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i; done\nfail 'It is full'");
  EXPECT_TRUE(error.starts_with("It is full\nline 11\nline 12\n")) << error;
  EXPECT_TRUE(error.ends_with("\nline 30")) << error;
}

TEST_F(ScriptTest, FailsWithThePartAndStatusWhereNothingIsSaid) {
  EXPECT_EQ(run("echo oops >&2; exit 7"), "Error trying: exit status 7\noops");
}

TEST_F(ScriptTest, AProgramCannotSwallowTheRestOfTheScript) {
  EXPECT_EQ(run("cat\ntell still here"), "");
  EXPECT_EQ(log.lines, (std::vector<std::string>{"still here"}));
}

TEST_F(ScriptTest, NothingRunsOfAScriptThatIsCutOff) {
  Script script;
  script.add({"trying", "echo made >" + file("made")});
  script.add({"more", "echo made >" + file("more")});
  const auto text = script.text();
  LocalShellSession session;
  for (const size_t length : {text.size() / 2, text.find("more"), text.rfind('}')}) {
    session.run({.input = text.substr(0, length), .limit = std::chrono::seconds(10)}, task);
  }
  EXPECT_FALSE(fs::exists(file("made")));
}

TEST_F(ScriptTest, FilesArriveByteForByte) {
  std::string content;
  for (int i = 1; i < 256; ++i) content += static_cast<char>(i);
  content += "\nEND\n'$HOME' `id` \\ \"$(id)\"\n";
  EXPECT_EQ(run("stage " + file("a") + " 644" + here_document(content) + "replace_staged"), "");
  EXPECT_EQ(read_file(file("a")), content);
  EXPECT_EQ(mode_of(file("a")), 0644U);
}

TEST_F(ScriptTest, ASecretIsNeverReadableByOthers) {
  write_file(file("key.new"), "left over", 0644);
  // What chmod finds is how the file was made.
  EXPECT_EQ(run("chmod() { stat -c %a \"$2\" >" + file("mode") + "; }\nstage " + file("key") + " 600" +
                here_document("secret") + "replace_staged"),
            "");
  EXPECT_EQ(read_file(file("mode")), "600\n");
  EXPECT_EQ(read_file(file("key")), "secret\n");
}

TEST_F(ScriptTest, AFailureLeavesTheOldFilesInPlace) {
  write_file(file("a"), "old\n", 0600);
  const auto error = run("stage " + file("a") + " 644" + here_document("new") + "stage " + file("none/b") +
                         " 644" + here_document("new") + "replace_staged");
  EXPECT_TRUE(error.starts_with("Error writing " + file("none/b") + ": ")) << error;
  EXPECT_EQ(read_file(file("a")), "old\n");
  EXPECT_FALSE(fs::exists(file("a.new")));
}

TEST_F(ScriptTest, AFullDiskIsNamed) {
  write_file(file("a"), "old\n", 0600);
  // A device that is always full stands for the disk.
  const auto error = run("cat() { command cat >/dev/full; }\nstage " + file("a") + " 644" +
                         here_document("new") + "replace_staged");
  EXPECT_TRUE(error.contains("Error writing " + file("a") + ": ")) << error;
  EXPECT_TRUE(error.contains("No space left on device")) << error;
  EXPECT_EQ(read_file(file("a")), "old\n");
}

TEST(ScriptText, SudoOnlyWhereItIsNeeded) {
  EXPECT_EQ(shell_for(Privilege::root), "sh");
  EXPECT_EQ(shell_for(Privilege::sudo), "sudo -n sh");
}

TEST(ScriptText, LimitsAddUp) {
  Script script;
  script.add({"a", "", std::chrono::seconds(5)});
  script.add({"b", "", std::chrono::seconds(7)});
  EXPECT_EQ(script.limit(), std::chrono::seconds(22));
  EXPECT_EQ(script.description(), "a and b");
}

}  // namespace
}  // namespace dm
