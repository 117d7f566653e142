// What help looks like, to the byte.
#include "cli/help.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

TEST(Help, OfTheApplication) {
  const std::vector<Flag> flags{
      {.name = "debug", .kind = FlagKind::boolean, .help = "Enable debug mode", .aliases = {"D"}},
      {.name = "storage-path",
       .help = "Configures storage path",
       .variable = "MACHINE_STORAGE_PATH",
       .otherwise = std::string("/home/user/.docker/machine"),
       .aliases = {"s"}},
      {.name = "tls-ca-cert", .help = "CA to verify remotes against", .variable = "MACHINE_TLS_CA_CERT"},
      {.name = "internal", .help = "not for people", .hidden = true},
      {.name = "version", .kind = FlagKind::boolean, .help = "print the version", .aliases = {"v"}},
  };
  const std::vector<Syntax> commands{
      {.name = "active", .summary = "Print which machine is active"},
      {.name = "regenerate-certs", .summary = "Regenerate TLS Certificates for a machine"},
      {.name = "help", .aliases = {"h"}, .summary = "Shows a list of commands or help for one command"},
  };
  EXPECT_EQ(
      application_help({.name = "docker-machine", .version = "0.17.0, build 0123abcd"}, flags, commands),
      "Usage: docker-machine [OPTIONS] COMMAND [arg...]\n"
      "\n"
      "Create and manage machines running Docker.\n"
      "\n"
      "Version: 0.17.0, build 0123abcd\n"
      "\n"
      "Author:\n"
      "  Docker Machine Contributors - <https://github.com/docker/machine>\n"
      "\n"
      "Options:\n"
      "  --debug, -D\t\t\t\t\t\tEnable debug mode\n"
      "  --storage-path, -s \"/home/user/.docker/machine\"\tConfigures storage path [$MACHINE_STORAGE_PATH]\n"
      "  --tls-ca-cert \t\t\t\t\tCA to verify remotes against [$MACHINE_TLS_CA_CERT]\n"
      "  --help, -h\t\t\t\t\t\tshow help\n"
      "  --version, -v\t\t\t\t\t\tprint the version\n"
      "  \n"
      "Commands:\n"
      "  active\t\tPrint which machine is active\n"
      "  regenerate-certs\tRegenerate TLS Certificates for a machine\n"
      "  help\t\t\tShows a list of commands or help for one command\n"
      "  \n"
      "Run 'docker-machine COMMAND --help' for more information on a command.\n");
}

TEST(Help, ADeclaredHelpFlagIsNotRepeated) {
  const std::vector<Flag> flags{{.name = "help", .kind = FlagKind::boolean, .help = "as declared"}};
  const auto text = application_help({.name = "dm", .version = "1"}, flags, {});
  EXPECT_NE(text.find("Options:\n  --help\tas declared\n  \nCommands:\n  \nRun 'dm COMMAND"),
            std::string::npos)
      << text;
}

TEST(Help, OfACommand) {
  const Syntax command{
      .name = "ls",
      .summary = "List machines",
      .arguments = "Argument(s) are one or more machine names.",
      .flags = {{.name = "quiet", .kind = FlagKind::boolean, .help = "Enable quiet mode", .aliases = {"q"}},
                {.name = "filter", .kind = FlagKind::list, .help = "Filter output"},
                {.name = "timeout",
                 .kind = FlagKind::number,
                 .help = "Timeout in seconds",
                 .otherwise = 10LL,
                 .aliases = {"t"}},
                {.name = "format", .help = "Pretty-print", .variable = "A,B", .aliases = {"f"}},
                {.name = "image", .help = "Image", .otherwise = std::string("a b")}}};
  EXPECT_EQ(command_help(command),
            "Usage: docker-machine ls [OPTIONS] [arg...]\n"
            "\n"
            "List machines\n"
            "\n"
            "Description:\n"
            "   Argument(s) are one or more machine names.\n"
            "\n"
            "Options:\n"
            "   \n"
            "   --quiet, -q\t\t\t\t\tEnable quiet mode\n"
            "   --filter [--filter option --filter option]\tFilter output\n"
            "   --timeout, -t \"10\"\t\t\t\tTimeout in seconds\n"
            "   --format, -f \t\t\t\tPretty-print [$A, $B]\n"
            "   --image \"a b\"\t\t\t\tImage\n");
}

TEST(Help, OfACommandWithoutFlags) {
  EXPECT_EQ(command_help({.name = "version", .summary = "Show the version"}),
            "Usage: docker-machine version [arg...]\n\nShow the version\n");
  EXPECT_EQ(command_help({.name = "url",
                          .summary = "Get the URL of a machine",
                          .arguments = "Argument is a machine name.",
                          .flags = {{.name = "x", .help = "never shown", .hidden = true}}}),
            "Usage: docker-machine url [arg...]\n\nGet the URL of a machine\n\n"
            "Description:\n   Argument is a machine name.\n");
}

TEST(Help, SortsFlagsByWhatIsShown) {
  const Syntax command{.name = "create",
                       .summary = "Create a machine",
                       .flags = {{.name = "swarm-opt", .kind = FlagKind::list, .help = "c"},
                                 {.name = "swarm", .kind = FlagKind::boolean, .help = "b"},
                                 {.name = "swarm-image", .help = "d"},
                                 {.name = "engine", .help = "a"}}};
  // A tab comes before a dash, a dash before a letter.
  EXPECT_EQ(command_help(command, FlagOrder::by_text),
            "Usage: docker-machine create [OPTIONS] [arg...]\n\nCreate a machine\n\nOptions:\n   \n"
            "   --engine \t\t\t\t\t\ta\n"
            "   --swarm\t\t\t\t\t\tb\n"
            "   --swarm-image \t\t\t\t\td\n"
            "   --swarm-opt [--swarm-opt option --swarm-opt option]\tc\n");
}

}  // namespace
}  // namespace dm
