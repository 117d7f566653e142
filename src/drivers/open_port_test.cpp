// PORT/PROTO.
#include "drivers/open_port.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm {
namespace {

TEST(OpenPorts, AreReadAsTheOriginalsAre) {
  EXPECT_EQ(parse_open_port("x-open-port", "8000").port, 8000);
  EXPECT_EQ(parse_open_port("x-open-port", "8000").protocol, "tcp");
  EXPECT_EQ(parse_open_port("x-open-port", "53/UDP").protocol, "udp");
  for (const char* wrong : {"", "0", "65536", "80/", "80/sctp", "80/tcp/udp", "-1", "http"}) {
    EXPECT_THROW(parse_open_port("x-open-port", wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace dm
