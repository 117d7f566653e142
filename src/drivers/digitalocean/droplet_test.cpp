// One droplet: the calls of its creation, its power and its end.
#include "drivers/digitalocean/digitalocean_test.h"

namespace dm {
namespace {

const Json& sizes() {
  static const Json sizes = parse_json(R"({"sizes": [
    {"slug": "big", "memory": 4096, "disk": 80, "price_monthly": 24, "regions": ["nyc3"], "available": true},
    {"slug": "tiny", "memory": 512, "disk": 10, "price_monthly": 4, "regions": ["nyc3"], "available": true},
    {"slug": "closed", "memory": 1024, "disk": 25, "price_monthly": 1, "regions": ["nyc3"], "available": false},
    {"slug": "elsewhere", "memory": 1024, "disk": 25, "price_monthly": 2, "regions": ["ams3"], "available": true},
    {"slug": "small", "memory": 1024, "disk": 25, "price_monthly": 6, "regions": ["nyc3"], "available": true}]})");
  return sizes;
}

const Json& images() {
  static const Json images = parse_json(R"({"images": [
    {"slug": "ubuntu-22-04-x64", "regions": ["nyc3"], "min_disk_size": 10},
    {"slug": "ubuntu-25-04-x64", "regions": ["nyc3"], "min_disk_size": 10},
    {"slug": "ubuntu-24-04-x64", "regions": ["nyc3"], "min_disk_size": 10},
    {"slug": "ubuntu-26-04-x64", "regions": ["ams3"], "min_disk_size": 10},
    {"slug": "ubuntu-28-10-x64", "regions": ["nyc3"], "min_disk_size": 10},
    {"slug": null, "regions": ["nyc3"], "min_disk_size": 10}]})");
  return images;
}

class DropletTest : public DigitalOceanTest {
 protected:
  void answer_checks() {
    answer(200, {{"account", {{"droplet_limit", 3}, {"floating_ip_limit", 3}, {"status", "active"}}}});
    answer(200, {{"droplets", Json::array()}, {"meta", {{"total", 2}}}});
    answer(200, sizes());
    answer(200, images());
  }
  void answer_key() { answer(201, {{"ssh_key", {{"id", 8}}}}); }
  static Json list_of(const std::vector<Json>& droplets) { return {{"droplets", droplets}}; }
  /// Creates, and keeps what each save would write.
  void create(Driver& driver) {
    driver.create([&] { saved_.push_back(driver.record()); }, task_);
  }
  std::string refusal() {
    try {
      open(configure())->check(task_);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

  std::vector<Json> saved_;
};

TEST_F(DropletTest, ChoosesTheNewestLtsAndTheCheapestSize) {
  answer_checks();
  const auto driver = open(configure());
  driver->check(task_);
  EXPECT_EQ(text_of(driver->record(), "Image"), "ubuntu-24-04-x64");
  EXPECT_EQ(text_of(driver->record(), "Size"), "small");
  EXPECT_EQ(asked(),
            "GET account\nGET droplets?per_page=1\nGET sizes?per_page=200\n"
            "GET images?type=distribution&per_page=200\n");
}

TEST_F(DropletTest, RefusesWhenTheAccountIsFull) {
  answer(200, {{"account", {{"droplet_limit", 3}}}});
  answer(200, {{"meta", {{"total", 3}}}});
  EXPECT_TRUE(refusal().starts_with("the account has 3 droplets, and its limit is 3"));
}

TEST_F(DropletTest, DoesWithoutWhatTheTokenMayNotRead) {
  answer(403, {{"message", "no"}});
  answer(200, sizes());
  answer(200, images());
  EXPECT_EQ(refusal(), "");
}

TEST_F(DropletTest, MakesAllCallsInTheirOrder) {
  for (const auto& [flag, value] : {std::pair<std::string, FlagValue>{"image", std::string("debian-12-x64")},
                                    {"size", std::string("small")},
                                    {"tags", std::string("one")},
                                    {"ssh-port", 2200LL},
                                    {"open-port", std::vector<std::string>{"8000", "53/udp", "2376"}},
                                    {"reserved-ip", true}})
    give(flag, value);
  Json record = configure();
  record["ProjectID"] = "p-1";
  const auto driver = open(record);
  answer_key();
  answer(202, {{"droplet", {{"id", 7}}}});
  answer(200, list_of({}));
  answer(200, list_of({droplet(7, "new", {})}));
  answer(200, list_of({droplet(6, "active", {"192.0.2.6"}), droplet(7, "active", {"192.0.2.7"})}));
  answer(202, {{"firewall", {{"id", "f-1"}}}});
  answer(422, {{"message", "Droplet already has a pending event."}});
  answer(202, {{"reserved_ip", {{"ip", "192.0.2.9"}}}, {"links", {{"actions", {{{"id", 9}}}}}}});
  answer(200, {{"action", {{"status", "in-progress"}}}});
  answer(200, {{"action", {{"status", "completed"}}}});
  answer(200, {{"resources", Json::array()}});
  create(*driver);
  EXPECT_EQ(http_.unused(), 0U);

  const Json order = parse_json(http_.requests().at(1).body);
  const std::string key = read_file(root_ / "store/machines/web.One/id_rsa.pub");
  std::string text = asked();
  text = replace_all(text, order["user_data"].dump(), "\"USER DATA\"");
  text = replace_all(text, std::string(trim(key)), "KEY");
  EXPECT_EQ(text,
            R"(POST account/keys {"name":"docker-machine:0123456789abcdef:web___one","public_key":"KEY"}
POST droplets {"name":"web.One","region":"nyc3","size":"small","image":"debian-12-x64","ssh_keys":[8],"backups":false,"ipv6":false,"monitoring":false,"user_data":"USER DATA","tags":["one","docker-machine-store:0123456789abcdef","docker-machine:0123456789abcdef:web___one:00000000000000aa","docker-machine-reserved-ip"]}
GET droplets?tag_name=docker-machine-store:0123456789abcdef&per_page=200
GET droplets?tag_name=docker-machine-store:0123456789abcdef&per_page=200
GET droplets?tag_name=docker-machine-store:0123456789abcdef&per_page=200
POST firewalls {"name":"docker-machine-0123456789abcdef-00000000000000aa-web.One","inbound_rules":[{"protocol":"tcp","ports":"2200","sources":{"addresses":["0.0.0.0/0","::/0"]}},{"protocol":"tcp","ports":"2376","sources":{"addresses":["0.0.0.0/0","::/0"]}},{"protocol":"icmp","ports":"0","sources":{"addresses":["0.0.0.0/0","::/0"]}},{"protocol":"tcp","ports":"8000","sources":{"addresses":["0.0.0.0/0","::/0"]}},{"protocol":"udp","ports":"53","sources":{"addresses":["0.0.0.0/0","::/0"]}}],"outbound_rules":[{"protocol":"tcp","ports":"all","destinations":{"addresses":["0.0.0.0/0","::/0"]}},{"protocol":"udp","ports":"all","destinations":{"addresses":["0.0.0.0/0","::/0"]}},{"protocol":"icmp","ports":"0","destinations":{"addresses":["0.0.0.0/0","::/0"]}}],"droplet_ids":[7]}
POST reserved_ips {"droplet_id":7}
POST reserved_ips {"droplet_id":7}
GET actions/9
GET actions/9
POST projects/p-1/resources {"resources":["do:droplet:7","do:floatingip:192.0.2.9"]}
)");
  EXPECT_EQ(driver->endpoint().docker_url, "tcp://192.0.2.9:2376");
}

TEST_F(DropletTest, SaysFirstWhatItIsAboutToMake) {
  give("open-port", std::vector<std::string>{"8000"});
  give("reserved-ip", true);
  give("image", std::string("i"));
  give("size", std::string("s"));
  const auto driver = open(configure());
  size_t calls = 0;
  std::map<size_t, Json> before;  // the record as it lay on disk when call N was made
  answer_key();
  answer(202, {{"droplet", {{"id", 7}}}});
  answer(200, list_of({droplet(7, "active", {"192.0.2.7"})}));
  answer(202, {{"firewall", {{"id", "f-1"}}}});
  answer(202, {{"reserved_ip", {{"ip", "192.0.2.9"}}}});
  driver->create(
      [&] {
        calls = http_.requests().size();
        before[calls] = driver->record();
      },
      task_);
  EXPECT_FALSE(text_of(before.at(0), "OwnKeyFingerprint").empty());
  EXPECT_EQ(number_of(before.at(1), "SSHKeyID"), 8);
  EXPECT_GT(number_of(before.at(1), "DropletRequested"), 0);
  EXPECT_EQ(number_of(before.at(2), "DropletID"), 7);
  EXPECT_GT(number_of(before.at(3), "FirewallRequested"), 0);
  EXPECT_EQ(text_of(before.at(4), "FirewallID"), "f-1");
  EXPECT_GT(number_of(before.at(4), "ReservedIPRequested"), 0);
  EXPECT_EQ(text_of(before.at(5), "ReservedIP"), "192.0.2.9");
}

TEST_F(DropletTest, IsKnownBeforeItRuns) {
  give("image", std::string("i"));
  give("size", std::string("s"));
  give("ssh-user", std::string("ops"));
  const auto driver = open(configure());
  answer_key();
  answer(202, {{"droplet", {{"id", 7}}}});
  answer(200, list_of({droplet(7, "active", {"192.0.2.7"})}));
  create(*driver);
  const std::string data = parse_json(http_.requests().at(1).body)["user_data"];
  const Json config = parse_json(data.substr(data.find('\n')));
  const std::string pinned(trim(read_file(root_ / "store/machines/web.One/known_hosts")));
  EXPECT_EQ(pinned,
            text_of(config["ssh_keys"], "ecdsa_public").substr(0, pinned.size() - 8).insert(0, "web.one "));
  EXPECT_EQ(config["users"][0], Json("default"));
  EXPECT_EQ(text_of(config["users"][1], "name"), "ops");
}

TEST_F(DropletTest, FindsTheDropletWhoseAnswerWasLost) {
  give("image", std::string("i"));
  give("size", std::string("s"));
  const auto driver = open(configure());
  answer_key();
  http_.will_fail(Error("read: connection reset by peer", Reason::unreachable));
  answer(200, list_of({}));
  answer(200, list_of({droplet(7, "new", {})}));
  answer(200, list_of({droplet(7, "active", {"192.0.2.7"})}));
  create(*driver);
  EXPECT_EQ(number_of(driver->record(), "DropletID"), 7);
  EXPECT_EQ(driver->endpoint().address, "192.0.2.7");
}

TEST_F(DropletTest, EndsWhenTheOrderIsRefusedAndHasNothingToLookFor) {
  give("image", std::string("i"));
  give("size", std::string("s"));
  const auto driver = open(configure());
  answer_key();
  answer(422, {{"message", "creating this will exceed your droplet limit"}});
  EXPECT_THROW(create(*driver), Error);
  EXPECT_EQ(number_of(driver->record(), "DropletRequested", -1), 0);
  answer(204);
  const size_t before = http_.requests().size();
  driver->remove(task_);
  EXPECT_EQ(asked(before), "DELETE account/keys/8\n");
}

TEST_F(DropletTest, IsLookedForByItsTagWhenCreateWasKilled) {
  Json record = configure();
  record["OwnKeyFingerprint"] = "aa:bb";
  record["DropletRequested"] =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
  answer(200, list_of({}));
  answer(200, list_of({droplet(7, "new", {})}));
  answer(404);
  answer(422, {{"message", "Droplet already has a pending event."}});
  answer(204);
  answer(204);
  answer(404);
  open(record)->remove(task_);
  EXPECT_EQ(asked(),
            "GET droplets?tag_name=docker-machine:0123456789abcdef:web___one:00000000000000aa&per_page=200\n"
            "GET droplets?tag_name=docker-machine:0123456789abcdef:web___one:00000000000000aa&per_page=200\n"
            "DELETE droplets/7\nDELETE droplets/7\nDELETE droplets/7\n"
            "DELETE account/keys/aa:bb\n"
            "DELETE tags/docker-machine:0123456789abcdef:web___one:00000000000000aa\n");
}

TEST_F(DropletTest, IsLookedForAsLongWhenItsOrderWasWaitedForByThrottling) {
  Json record = configure();
  record["DropletRequested"] =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count() - 240;
  answer(200, list_of({}));
  answer(200, list_of({droplet(7, "new", {})}));
  answer(204);
  answer(204);
  open(record)->remove(task_);
  EXPECT_TRUE(asked().contains("DELETE droplets/7\n")) << asked();
}

TEST_F(DropletTest, IsFreshFromTheAnswerOn) {
  give("image", std::string("i"));
  give("size", std::string("s"));
  const auto driver = open(configure());
  answer_key();
  http_.will_answer(HttpResponse{.status = 429, .headers = {{"retry-after", "60"}}, .body = "{}"});
  answer(202, {{"droplet", {{"id", 7}}}});
  const auto before = clock_.now();
  answer(200, list_of({droplet(7, "active", {"192.0.2.7"})}));
  create(*driver);
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(before.time_since_epoch()).count();
  EXPECT_GE(number_of(driver->record(), "DropletRequested"), since + 60);
}

TEST_F(DropletTest, IsNotLookedForLongWhenThatWasLongAgo) {
  Json record = configure();
  record["DropletRequested"] = 1;
  answer(200, list_of({}));
  answer(204);
  const auto before = clock_.steady();
  open(record)->remove(task_);
  EXPECT_EQ(clock_.steady(), before);
}

TEST_F(DropletTest, IsRemovedWithAllThatCanBe) {
  Json record = old_record();
  record["FirewallID"] = "f-1";
  record["ReservedIPRequested"] = 1;
  answer(200,
         {{"reserved_ips",
           {{{"ip", "192.0.2.9"}, {"droplet", {{"id", 7}}}}, {{"ip", "192.0.2.8"}, {"droplet", nullptr}}}}});
  answer(404);
  answer(403, {{"message", "You are not authorized"}});
  answer(204);
  answer(204);
  try {
    open(record)->remove(task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("firewall: DELETE ")) << error.what();
  }
  EXPECT_EQ(asked(),
            "GET reserved_ips?per_page=200\nDELETE reserved_ips/192.0.2.9\nDELETE firewalls/f-1\n"
            "DELETE droplets/7\nDELETE account/keys/8\n");
}

TEST_F(DropletTest, KeepsTheDropletThatAloneLeadsToAnAddress) {
  Json record = old_record();
  record["ReservedIPRequested"] = 1;
  answer(403, {{"message", "You are not authorized"}});
  answer(204);
  EXPECT_THROW(open(record)->remove(task_), Error);
  EXPECT_EQ(asked(), "GET reserved_ips?per_page=200\nDELETE account/keys/8\n");
}

TEST_F(DropletTest, LeavesTheUsersKey) {
  Json record = old_record();
  record["SSHKeyFingerprint"] = "aa:bb";
  answer(204);
  answer(204);
  open(record)->remove(task_);
  EXPECT_FALSE(asked().contains("keys"));
}

TEST_F(DropletTest, KnowsItsStates) {
  const auto driver = open(old_record());
  for (const auto& [status, state] : {std::pair{"new", State::starting},
                                      {"active", State::running},
                                      {"off", State::stopped},
                                      {"archive", State::none}}) {
    answer(200, {{"droplet", droplet(7, status, {"192.0.2.7"})}});
    EXPECT_EQ(driver->observe(task_).state, state) << status;
    EXPECT_EQ(driver->endpoint().docker_url.empty(), state == State::stopped);
  }
  answer(404, {{"message", "gone"}});
  EXPECT_THROW(driver->observe(task_), Error);
  EXPECT_EQ(open(configure())->observe(task_).state, State::error);
}

TEST_F(DropletTest, KeepsTheAddressThatItKnows) {
  const auto driver = open(old_record());
  answer(200, {{"droplet", droplet(7, "active", {"192.0.2.1", "192.0.2.7"})}});
  EXPECT_EQ(driver->observe(task_).endpoint.address, "192.0.2.7");
  answer(200, {{"droplet", droplet(7, "active", {"192.0.2.1", "192.0.2.2"})}});
  EXPECT_EQ(driver->observe(task_).endpoint.address, "192.0.2.1");
  Json record = old_record();
  record["ReservedIP"] = "192.0.2.9";
  answer(200, {{"droplet", droplet(7, "active", {"192.0.2.7", "192.0.2.9"})}});
  EXPECT_EQ(open(record)->observe(task_).endpoint.address, "192.0.2.9");
}

TEST_F(DropletTest, AwaitsWhatItBegins) {
  const auto driver = open(old_record());
  answer(422, {{"message", "Droplet already has a pending event."}});
  answer(201, {{"action", {{"id", 5}}}});
  answer(200, {{"action", {{"status", "in-progress"}}}});
  answer(200, {{"action", {{"status", "completed"}}}});
  driver->power(Power::start, task_);
  EXPECT_EQ(
      asked(),
      "POST droplets/7/actions {\"type\":\"power_on\"}\nPOST droplets/7/actions {\"type\":\"power_on\"}\n"
      "GET actions/5\nGET actions/5\n");
  answer(201, {{"action", {{"id", 6}}}});
  answer(200, {{"action", {{"status", "errored"}}}});
  EXPECT_THROW(driver->power(Power::restart, task_), Error);
}

TEST_F(DropletTest, IsSwitchedOffIfItDoesNotListenWithinAMinute) {
  const auto driver = open(old_record());
  answer(201, {{"action", {{"id", 5}}}});
  for (int i = 0; i < 9; ++i) answer(200, {{"action", {{"status", "in-progress"}}}});
  answer(201, {{"action", {{"id", 6}}}});
  answer(200, {{"action", {{"status", "completed"}}}});
  const auto before = clock_.steady();
  try {
    driver->power(Power::stop, task_);
  } catch (const Error&) {
    // How many looks fit in is the jitter's matter.
  }
  EXPECT_LE(clock_.steady() - before, std::chrono::seconds(50));
  EXPECT_TRUE(asked().contains("power_off")) << asked();
}

TEST_F(DropletTest, MovesToAnotherStore) {
  Json record = old_record();
  record["FirewallID"] = "f-1";
  const auto driver = open(record);
  answer(201, {{"tag", {{"name", "t"}}}});
  answer(204);
  answer(201, {{"tag", {{"name", "t"}}}});
  answer(204);
  answer(204);
  answer(204);
  answer(200, {{"ssh_key", {{"id", 8}}}});
  answer(200, {{"firewall",
                {{"id", "f-1"}, {"name", "old"}, {"inbound_rules", Json::array()}, {"droplet_ids", {7}}}}});
  answer(200, {{"firewall", {{"id", "f-1"}}}});
  driver->move_to_store("fedcba9876543210", task_);
  const std::string resources = R"( {"resources":[{"resource_id":"7","resource_type":"droplet"}]})";
  EXPECT_EQ(asked(),
            "POST tags {\"name\":\"docker-machine-store:fedcba9876543210\"}\n"
            "POST tags/docker-machine-store:fedcba9876543210/resources" +
                resources +
                "\n"
                "POST tags {\"name\":\"docker-machine:fedcba9876543210:web___one:00000000000000aa\"}\n"
                "POST tags/docker-machine:fedcba9876543210:web___one:00000000000000aa/resources" +
                resources +
                "\n"
                "DELETE tags/docker-machine-store:0123456789abcdef/resources" +
                resources +
                "\n"
                "DELETE tags/docker-machine:0123456789abcdef:web___one:00000000000000aa\n"
                "PUT account/keys/8 {\"name\":\"docker-machine:fedcba9876543210:web___one\"}\n"
                "GET firewalls/f-1\n"
                "PUT firewalls/f-1 "
                "{\"name\":\"docker-machine-fedcba9876543210-00000000000000aa-web.One\",\"inbound_rules\":[],"
                "\"droplet_ids\":[7]}\n");
  EXPECT_EQ(text_of(driver->record(), "StoreID"), "fedcba9876543210");
}

TEST_F(DropletTest, TakesAnotherName) {
  Json record = old_record();
  record["MachineName"] = "db";
  const auto driver = open(record);
  for (int i = 0; i < 2; ++i) answer(201, {{"tag", {{"name", "t"}}}}), answer(204);
  answer(204);
  answer(200, {{"ssh_key", {{"id", 8}}}});
  answer(201, {{"action", {{"id", 9}}}});
  answer(200, {{"action", {{"status", "completed"}}}});
  driver->take_name("web.One", task_);
  EXPECT_EQ(http_.unused(), 0U);
  const std::string text = asked();
  EXPECT_TRUE(text.contains("POST tags/docker-machine:0123456789abcdef:db:00000000000000aa/resources"));
  EXPECT_TRUE(text.contains("DELETE tags/docker-machine:0123456789abcdef:web___one:00000000000000aa\n"));
  EXPECT_FALSE(text.contains("DELETE tags/docker-machine-store:"));
  EXPECT_TRUE(text.contains("PUT account/keys/8 {\"name\":\"docker-machine:0123456789abcdef:db\"}"));
  EXPECT_TRUE(text.contains("POST droplets/7/actions {\"type\":\"rename\",\"name\":\"db\"}"));
}

TEST_F(DropletTest, ChangesTagsAndPorts) {
  Json former = old_record();
  former["FirewallID"] = "f-1";
  former["Tags"] = "one,two";
  former["OpenPorts"] = {"8000", "2376"};
  FlagValues values;
  values.set("digitalocean-tags", std::string("two,three"));
  values.set("digitalocean-open-port", std::vector<std::string>{"53/udp"});
  const auto driver = open(type_->changed(former, values));
  answer(201, {{"tag", {{"name", "t"}}}});
  answer(204);
  answer(204);
  const auto rule = [](const char* protocol, const char* ports) {
    return Json{{"protocol", protocol}, {"ports", ports}, {"sources", {{"addresses", {"0.0.0.0/0"}}}}};
  };
  answer(
      200,
      {{"firewall",
        {{"id", "f-1"},
         {"name", "f"},
         {"inbound_rules", {rule("tcp", "22"), rule("tcp", "2376"), rule("tcp", "8000"), rule("tcp", "9")}},
         {"droplet_ids", {7}}}}});
  answer(200, {{"firewall", {{"id", "f-1"}}}});
  driver->apply(
      former, [] {}, task_);
  EXPECT_EQ(http_.unused(), 0U);
  EXPECT_TRUE(asked().starts_with("POST tags {\"name\":\"three\"}\nPOST tags/three/resources "));
  EXPECT_TRUE(asked().contains("DELETE tags/one/resources "));
  std::vector<std::string> ports;
  const Json sent = parse_json(http_.requests().back().body);
  for (const auto& one : sent["inbound_rules"]) ports.push_back(text_of(one, "ports"));
  EXPECT_EQ(ports, (std::vector<std::string>{"22", "2376", "9", "53"}));
}

TEST_F(DropletTest, FindsTheKeyWhereTheOriginalKeepsIt) {
  Json record = old_record();
  const std::string folder = (root_ / "store/machines/web.One/").string();
  const auto key = [&] { return open(record)->endpoint().ssh->key_file; };
  EXPECT_EQ(key(), folder + "id_rsa");
  record["SSHKeyFingerprint"] = "aa:bb";
  EXPECT_EQ(key(), "");
  record["SSHKey"] = "/home/me/.ssh/mine";
  EXPECT_EQ(key(), folder + "mine");
}

}  // namespace
}  // namespace dm
