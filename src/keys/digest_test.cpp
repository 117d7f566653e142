// Checksums against the standard's own examples.
#include "keys/digest.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

TEST(Digest, GivesTheStandardsExamples) {  // FIPS 180-2, appendices B.1 and C.1
  EXPECT_EQ(hex_digest(DigestKind::sha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_digest(DigestKind::sha512, "abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, TakesTheBytesInPieces) {
  Digest digest(DigestKind::sha256);
  digest.update("a");
  digest.update("");
  digest.update("bc");
  EXPECT_EQ(digest.hex(), hex_digest(DigestKind::sha256, "abc"));
}

TEST(Digest, AuthenticatesAsTheStandardsExample) {  // RFC 4231, section 4.3
  EXPECT_EQ(hex_of(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Digest, WritesBase64AsTheStandardsExamples) {  // RFC 4648, section 10
  EXPECT_EQ(base64_of(""), "");
  EXPECT_EQ(base64_of("f"), "Zg==");
  EXPECT_EQ(base64_of("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace dm
