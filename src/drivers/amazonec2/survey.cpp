// The state of many instances in few calls.
#include "drivers/amazonec2/survey.h"

#include <atomic>
#include <map>
#include <thread>

namespace dm {
namespace {

constexpr size_t most_threads = 8;

/// Machines that one tag finds, whatever credentials they have.
struct Region {
  std::map<std::string, std::vector<size_t>> by_account;  ///< indices of the machines
  std::string store_id;                                   ///< empty: made by other programs
};

class Survey {
 public:
  Survey(std::span<Ec2Machine* const> machines, const Task& task)
      : machines_(machines), task_(task), outcomes_(machines.size()), known_(machines.size()) {}

  std::vector<Surveyed> result() {
    std::map<std::string, Region> regions;
    for (size_t i = 0; i < machines_.size(); ++i) {
      const Ec2Settings& settings = machines_[i]->settings();
      Region& region = regions[settings.region + " " + settings.endpoint + " " + settings.store_id];
      region.store_id = settings.store_id;
      region.by_account[account_name(settings)].push_back(i);
    }
    std::vector<Region*> work;
    for (auto& [name, region] : regions) work.push_back(&region);
    // One region that does not answer must not keep the others waiting.
    std::atomic<size_t> next{0};
    const auto ask_some = [&] {
      for (size_t i = next++; i < work.size(); i = next++) ask(*work[i]);
    };
    {
      std::vector<std::jthread> threads;
      for (size_t i = 1; i < std::min(work.size(), most_threads); ++i) threads.emplace_back(ask_some);
      ask_some();
    }
    if (task_.stopped()) throw Cancelled();
    return std::move(outcomes_);
  }

 private:
  void ask(const Region& region) {
    for (const auto& [account, indices] : region.by_account) {
      std::vector<size_t> left = unknown(indices);
      if (left.empty()) continue;  // Other credentials of the same account have shown them.
      Task task = task_;
      try {
        if (!region.store_id.empty()) ask_by_tag(region, left, task);
        ask_by_id(unknown(indices), task);
      } catch (const Error& error) {
        fail(unknown(indices), error);
      } catch (const std::exception& error) {
        fail(unknown(indices), Error(error.what()));  // or else it would end the program, from a thread
      } catch (const Cancelled&) {
        return;  // thrown again on the caller's thread
      }
    }
  }

  std::vector<size_t> unknown(const std::vector<size_t>& indices) const {
    std::vector<size_t> left;
    for (const size_t i : indices) {
      if (known_[i] == 0) left.push_back(i);
    }
    return left;
  }

  void ask_by_tag(const Region& region, const std::vector<size_t>& left, Task& task) {
    const auto instances = instances_where(machines_[left[0]]->client(), std::string("tag:") + store_tag,
                                           {region.store_id}, task);
    for (const auto& [account, indices] : region.by_account) {
      for (const size_t i : unknown(indices)) {
        const auto found = instances.find(machines_[i]->settings().instance_id);
        if (found != instances.end()) learn(i, &found->second);
      }
    }
  }

  /// Those without our tag: made by another program, or their tag was taken away.
  void ask_by_id(const std::vector<size_t>& left, Task& task) {
    std::vector<std::string> ids;
    for (const size_t i : left) {
      const std::string& id = machines_[i]->settings().instance_id;
      if (!id.empty()) ids.push_back(id);
    }
    const auto instances =
        ids.empty() ? Ec2Instances() : instances_of(machines_[left[0]]->client(), ids, task);
    for (const size_t i : left) {
      const auto found = instances.find(machines_[i]->settings().instance_id);
      learn(i, found == instances.end() ? nullptr : &found->second);
    }
  }

  void learn(size_t i, const Ec2Instance* instance) {
    outcomes_[i] = machines_[i]->surveyed(instance);
    known_[i] = 1;
  }

  void fail(const std::vector<size_t>& indices, const Error& error) {
    for (const size_t i : indices) {
      outcomes_[i].error = error;
      outcomes_[i].observation.endpoint = machines_[i]->endpoint();
      known_[i] = 1;
    }
  }

  std::span<Ec2Machine* const> machines_;
  const Task& task_;
  std::vector<Surveyed> outcomes_;
  std::vector<char> known_;  ///< not bool: threads write to neighbours
};

}  // namespace

std::vector<Surveyed> survey_instances(std::span<Ec2Machine* const> machines, Task& task) {
  return Survey(machines, task).result();
}

}  // namespace dm
