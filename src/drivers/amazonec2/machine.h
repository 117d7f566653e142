#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "drivers/amazonec2/credentials.h"
#include "drivers/amazonec2/instance.h"
#include "drivers/amazonec2/launch.h"
#include "drivers/amazonec2/settings.h"

namespace dm {

/// The client of the EC2 API that a record's account and region are reached by.
QueryClient ec2_client(const Ec2Settings& settings, const Services& services, AwsCredentialCache& cache);
/// Where the credentials of a record are looked for.
CredentialSource credential_source(const Ec2Settings& settings);
/// Settings as a record has them.
Json ec2_record(const CommonSettings& common, const Ec2Settings& settings);
/// Whether the engine's port has to be opened in a group of an instance that was not made by us.
bool needs_port(const Ec2Settings& settings, const std::vector<SecurityGroup>& groups);
/// Names account and region without a secret, e.g. "us-east-1 profile work".
std::string account_name(const Ec2Settings& settings);

/// One EC2 instance and what belongs to it.
class Ec2Machine final : public Driver {
 public:
  Ec2Machine(const Json& record, const Services& services, AwsCredentialCache& cache)
      : record_(record),
        common_(common_from_record(record)),
        settings_(ec2_settings().from_record(record)),
        services_(services),
        cache_(cache),
        ec2_(ec2_client(settings_, services, cache)) {}

  void check(Task& task) override;
  void create(const Save& save, Task& task) override;
  void power(Power power, Task& task) override;
  void remove(Task& task) override;
  Observation observe(Task& task) override;
  Endpoint endpoint() const override;
  Json record() const override;
  void move_to_store(const std::string& store_id, Task& task) override;
  void take_name(const std::string& former, Task& task) override;
  void apply(const Json& former, const Save& save, Task& task) override;
  void claim(const std::string& store_id, const Save& save, Task& task) override;
  bool let_in(const std::string& public_line, Task& task) override;

  const Ec2Settings& settings() const { return settings_; }
  const QueryClient& client() const { return ec2_; }
  /// What a survey found out: an instance, or that there is none.
  Surveyed surveyed(const Ec2Instance* instance);

 private:
  /// What processes of the store share, and whoever loses it only asks again.
  fs::path cache_folder() const { return fs::path(common_.store_path) / "cache" / "amazonec2"; }

  // Before anything is made: machine_check.cpp
  Ec2Plan make_plan(Task& task);
  LaunchTemplate find_template(Task& task);
  void plan_types(Ec2Plan& plan, Task& task);
  void plan_image(Ec2Plan& plan, Task& task);
  void plan_groups(Ec2Plan& plan, Task& task);
  void check_key_pair(Ec2Plan& plan, Task& task);
  void check_address(Task& task);
  void check_permission(const Ec2Plan& plan, Task& task);
  const std::string& own_user_data();

  // Making: machine_create.cpp
  struct Identity {
    std::string public_line, user_data;
  };
  AwsTags tags(const std::string& machine) const;
  Identity write_identity(const Ec2Plan& plan);
  void make_key_pair(const std::string& public_line, const Save& save, Task& task);
  void make_groups(Ec2Plan& plan, const Save& save, Task& task);
  void open_wanted_ports(SecurityGroup& group, const Save& save, Task& task);
  void make_address(const Save& save, Task& task);
  void launch(Ec2Plan& plan, const std::string& user_data, const Save& save, Task& task);
  // `round` makes idempotency tokens others, since what they stand for may be other than in an earlier round.
  void run_attempts(const Ec2Plan& plan, const std::string& user_data, int round, const Save& save,
                    Task& task);
  void run_fleet(const Ec2Plan& plan, const std::string& user_data, int round, const Save& save, Task& task);
  void make_template(const Ec2Plan& plan, const std::string& user_data, int round, const Save& save,
                     Task& task);
  void remove_template(const std::string& id, Task& task);
  void find_templates(std::vector<std::string>& found, Task& task);
  LaunchContent content_with(const std::string& user_data) const;
  void take_over(const Ec2Instance& instance, const Save& save);
  void use_address(Task& task);
  void wait_for_address(Task& task);
  /// Notes in the record that one of this kind is being made, until it is. What AWS surely refused is not
  /// there.
  void making(const std::string& kind, const Save& save, const Task& task, const std::function<void()>& work);

  // Ending: machine_remove.cpp
  struct Begun {
    std::vector<std::string> instance_ids, group_ids, allocation_ids, template_ids;
  };
  bool is_fresh(const Task& task) const;
  Begun find_begun(Task& task);
  void look_for_begun(Begun& begun, Task& task);
  void find_groups_of_store(std::vector<std::string>& found, Task& task);
  bool has_all_begun(const Begun& begun) const;
  void terminate(const std::vector<std::string>& ids, Task& task);
  void release_address(const std::string& allocation_id, Task& task);
  void leave_group(const std::string& group_id, Task& task);
  void close_ports(const OpenedGroup& opened, Task& task);
  /// What carries the machine's own tags.
  std::vector<std::string> tagged_ids(Task& task);

  // Changing: machine_change.cpp
  void change_tags(const std::string& former, Task& task);

  // Living: machine_power.cpp
  enum class View { shared, own };
  /// The instance, in the shared view as it was seen lately by any process of this store; nothing if it is
  /// not there.
  std::optional<Ec2Instance> look(View view, Task& task);
  Ec2Instance wait_for(const std::string& state, Milliseconds limit, Task& task);
  void note(const Ec2Instance& instance);
  std::string address_of(const Ec2Instance& instance) const;
  std::string epitaph(const Ec2Instance* instance) const;
  void restart(Task& task);

  Json record_;
  CommonSettings common_;
  Ec2Settings settings_;
  Services services_;
  AwsCredentialCache& cache_;
  QueryClient ec2_;
  std::optional<Ec2Plan> plan_;
  std::optional<std::string> own_user_data_;  ///< read once: the file may be a pipe
  std::string epitaph_;  ///< what there is to say of an instance that was last seen to be gone
};

/// Gives things tags, and takes tags with these keys and values away.
void tag(const QueryClient& ec2, const std::vector<std::string>& ids, const AwsTags& tags, Task& task);
void untag(const QueryClient& ec2, const std::vector<std::string>& ids, const AwsTags& tags, Task& task);
/// Closes what a store opened in a group that is not its own; its tags tell.
void revoke_rules(const QueryClient& ec2, const OpenedGroup& opened, Task& task);
/// Gives an Elastic IP address back; one that is gone counts as given back.
void release(const QueryClient& ec2, const std::string& allocation_id, Task& task);

}  // namespace dm
