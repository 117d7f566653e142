// Who can be granted access, and by which keys; the rest is tested in tests/hosts.
#include "operations/access.h"

#include <gtest/gtest.h>

#include "keys/key_pair.h"

namespace dm {
namespace {

TEST(CheckPerson, TakesPlainNamesOnly) {
  for (const char* name : {"bob", "bob.b-2_x@example.org", "7"}) EXPECT_NO_THROW(check_person(name)) << name;
  for (const std::string& name : {std::string(), std::string("-bob"), std::string("b ob"), std::string("b/b"),
                                  std::string("b\nb"), std::string("jürgen"), std::string(65, 'b')}) {
    EXPECT_THROW(check_person(name), Error) << name;
  }
}

TEST(PublicKeysIn, AreLinesOfPublicKeys) {
  const std::string one = make_rsa_key().public_ssh_line, two = make_ecdsa_key().public_ssh_line;
  const auto keys = public_keys_in("# bob's\n" + one + " bob@laptop\n\n" + two + "\r\n");
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].type + " " + keys[0].base64, one);
  EXPECT_EQ(keys[1].type + " " + keys[1].base64, two);
  for (const std::string& text : {std::string(), std::string("# none\n"), make_rsa_key().private_pem,
                                  "command=\"x\" " + one, one.substr(0, 60), one + "\nnonsense\n"}) {
    EXPECT_THROW(public_keys_in(text), Error) << text;
  }
}

}  // namespace
}  // namespace dm
