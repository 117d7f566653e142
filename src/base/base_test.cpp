// Files, text, JSON, tasks and processes.
#include <gtest/gtest.h>
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/socket.h"
#include "base/strings.h"
namespace dm {
TEST(Json, IsWrittenAsGoWritesIt) {
  EXPECT_EQ(go_json(Json::parse(R"({"b":"<a&b>","a":[],"c":{},"d":[1,null,true]})"), 4),
            "{\n    \"b\": \"\\u003ca\\u0026b\\u003e\",\n    \"a\": [],\n    \"c\": {},\n    \"d\": [\n      "
            "  1,\n        null,\n        true\n    ]\n}");
}
}  // namespace dm
