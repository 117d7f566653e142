// Many droplets at once, and what a store owns.
#include "drivers/digitalocean/digitalocean_test.h"

namespace dm {
namespace {

class DigitalOceanInventoryTest : public DigitalOceanTest {
 protected:
  Json machine(long long id, const std::string& store) {
    Json record = old_record();
    record["DropletID"] = id;
    record["StoreID"] = store;
    record["IPAddress"] = "";
    return record;
  }
  std::vector<Surveyed> survey(const std::vector<Json>& records) {
    std::vector<std::unique_ptr<Driver>> drivers;
    std::vector<Driver*> plain;
    for (const auto& record : records) drivers.push_back(open(record));
    for (const auto& driver : drivers) plain.push_back(driver.get());
    return type_->survey(plain, task_);
  }
};

TEST_F(DigitalOceanInventoryTest, OneAbsenceSpoilsNothing) {
  answer(200, {{"droplets", {droplet(1, "active", {"192.0.2.1"}), droplet(3, "off", {"192.0.2.3"})}}});
  answer(404, {{"message", "gone"}});
  answer(200, {{"droplet", droplet(4, "active", {"192.0.2.4"})}});
  const auto seen = survey({machine(1, "a"), machine(2, "a"), machine(3, "a"), machine(4, "")});
  EXPECT_EQ(asked(),
            "GET droplets?tag_name=docker-machine-store:a&per_page=200\nGET droplets/2\nGET droplets/4\n");
  EXPECT_EQ(seen.at(0).observation.state, State::running);
  EXPECT_EQ(seen.at(0).observation.endpoint.docker_url, "tcp://192.0.2.1:2376");
  ASSERT_TRUE(seen.at(1).error);
  EXPECT_EQ(seen.at(1).error->reason(), Reason::not_found);
  EXPECT_EQ(seen.at(2).observation.state, State::stopped);
  EXPECT_EQ(seen.at(3).observation.state, State::running);
}

TEST_F(DigitalOceanInventoryTest, OneRefusalSpoilsNothing) {
  answer(403, {{"message", "not this store"}});
  answer(200, {{"droplets", {droplet(2, "active", {"192.0.2.2"})}}});
  answer(403, {{"message", "not this droplet"}});
  answer(200, {{"droplet", droplet(4, "off", {"192.0.2.4"})}});
  const auto seen = survey({machine(1, "a"), machine(2, "b"), machine(3, "b"), machine(4, "")});
  const auto says = [&](size_t i, const char* words) {
    return seen.at(i).error && std::string(seen.at(i).error->what()).contains(words);
  };
  EXPECT_EQ(http_.unused(), 0U);
  EXPECT_TRUE(says(0, "not this store"));
  EXPECT_FALSE(seen.at(1).error);
  EXPECT_EQ(seen.at(1).observation.state, State::running);
  EXPECT_TRUE(says(2, "not this droplet"));
  EXPECT_FALSE(seen.at(3).error);
  EXPECT_EQ(seen.at(3).observation.state, State::stopped);
}

TEST_F(DigitalOceanInventoryTest, OneRefusalOfTheWholeListIsThatOfTheMissing) {
  answer(200, {{"droplets", {droplet(1, "active", {"192.0.2.1"})}}});
  answer(403, {{"message", "no list"}});
  std::vector<Json> records;
  for (int id = 1; id <= 7; ++id) records.push_back(machine(id, "a"));
  const auto seen = survey(records);
  EXPECT_FALSE(seen.at(0).error);
  for (size_t i = 1; i < 7; ++i) EXPECT_TRUE(seen.at(i).error) << i;
}

TEST_F(DigitalOceanInventoryTest, EachAccountAnswersForItself) {
  Json other = machine(2, "a");
  other["AccessToken"] = "";  // of no account
  other["AccessToken"] = "env:NOT_SET";
  answer(200, {{"droplets", {droplet(1, "active", {"192.0.2.1"})}}});
  const auto seen = survey({other, machine(1, "a")});
  ASSERT_TRUE(seen.at(0).error);
  EXPECT_TRUE(std::string(seen.at(0).error->what()).contains("env:NOT_SET"));
  EXPECT_EQ(seen.at(1).observation.state, State::running);
}

TEST_F(DigitalOceanInventoryTest, NamesAccountsWithoutTheirSecrets) {
  const std::string name = type_->account_of(configure());
  EXPECT_TRUE(name.starts_with("https://api.digitalocean.com (token #")) << name;
  EXPECT_FALSE(name.contains("secret"));
  give("access-token", std::string("env:TOKEN"));
  EXPECT_EQ(type_->account_of(configure()), "https://api.digitalocean.com (env:TOKEN)");
  EXPECT_EQ(type_->account_of(type_->account(values(), services_)), type_->account_of(configure()));
  EXPECT_EQ(type_->account_of(Json::object()), "");
}

TEST_F(DigitalOceanInventoryTest, FindsAllThatCarriesTheStoresMark) {
  Json ours = droplet(7, "active", {});
  ours["tags"] = {"x", "docker-machine:0123456789abcdef:web___one:00000000000000aa",
                  "docker-machine-reserved-ip"};
  ours["region"] = {{"slug", "nyc3"}};
  Json nameless = droplet(6, "active", {});
  answer(200, {{"droplets", {ours, nameless}}});
  answer(
      200,
      {{"reserved_ips",
        {{{"ip", "192.0.2.9"}, {"droplet", {{"id", 7}}}}, {{"ip", "192.0.2.8"}, {"droplet", {{"id", 6}}}}}}});
  answer(200, {{"firewalls",
                {{{"id", "f-1"}, {"name", "docker-machine-0123456789abcdef-00000000000000aa-web.One"}},
                 {{"id", "f-2"}, {"name", "mine"}}}}});
  answer(200, {{"ssh_keys",
                {{{"id", 8}, {"name", "docker-machine:0123456789abcdef:web___one"}},
                 {{"id", 9}, {"name", "web.One"}}}}});
  std::string text;
  for (const auto& one : type_->possessions(configure(), "0123456789abcdef", services_, task_))
    text += one.machine + "|" + one.kind + "|" + one.id + "|" + one.place + "\n";
  EXPECT_EQ(text,
            "web.One|reserved IP|192.0.2.9|\nweb.One|droplet|7|nyc3\n|droplet|6|\nweb.One|firewall|f-1|\n"
            "web.One|SSH key|8|\n");
}

TEST_F(DigitalOceanInventoryTest, DisposesOfADropletWithItsTag) {
  Json ours = droplet(7, "active", {});
  ours["tags"] = {"docker-machine-store:0123456789abcdef", "docker-machine:0123456789abcdef:web",
                  "docker-machine:x:y"};
  answer(200, {{"droplet", ours}});
  answer(204);
  answer(204);
  type_->dispose(configure(), {.machine = "web", .kind = "droplet", .id = "7", .place = {}}, services_,
                 task_);
  EXPECT_EQ(asked(), "GET droplets/7\nDELETE droplets/7\nDELETE tags/docker-machine:0123456789abcdef:web\n");
  answer(404);
  type_->dispose(configure(), {.machine = {}, .kind = "reserved IP", .id = "192.0.2.9", .place = {}},
                 services_, task_);
  EXPECT_TRUE(asked().ends_with("DELETE reserved_ips/192.0.2.9\n"));
  EXPECT_THROW(
      type_->dispose(configure(), {.machine = {}, .kind = "moon", .id = "1", .place = {}}, services_, task_),
      Error);
}

}  // namespace
}  // namespace dm
