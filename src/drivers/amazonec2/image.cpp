// Images: looked up at the provider, since every table of their ids is out of date.
#include "drivers/amazonec2/image.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/amazonec2/region.h"

namespace dm {
namespace {

constexpr int first_ubuntu_year = 22, first_debian = 12;
/// Debian appears every two years: 12 in 2023.
constexpr int debian_12_year = 23;

Ec2Image image_of(const pugi::xml_node& node) {
  Ec2Image image{.id = text_at(node, "imageId"),
                 .name = text_at(node, "name"),
                 .architecture = text_at(node, "architecture"),
                 .root_device = text_at(node, "rootDeviceName")};
  for (const auto& device : items_of(node, "blockDeviceMapping")) {
    const std::string name = text_at(device, "deviceName");
    if (name == image.root_device) {
      image.root_size = std::max(0, number_or_minus_one(text_at(device, "ebs/volumeSize")));
    } else if (device.child("ebs")) {
      image.further_disks.push_back(name);
    }
  }
  return image;
}

[[noreturn]] void refuse(const std::string& text) { throw Error(text, Reason::check_failed); }

/// What distributions call an architecture.
std::string debian_name(const std::string& architecture) {
  return architecture == "x86_64" ? "amd64" : architecture;
}

struct Family {
  std::string owner;
  std::vector<std::string> names;  ///< patterns, the oldest release first
};

int year_now(const Task& task) {
  const auto now = fmt::gmtime(std::chrono::system_clock::to_time_t(task.clock().now()));
  return now.tm_year % 100;
}

/// Canonical's long-term releases appear every April of an even year.
Family ubuntu(const Partition& partition, const std::string& architecture, int year) {
  Family family{.owner = partition.canonical, .names = {}};
  for (int release = first_ubuntu_year; release <= year; release += 2) {
    family.names.push_back(
        fmt::format("ubuntu/images/hvm-ssd*/ubuntu-*-{}.04-{}-server-*", release, debian_name(architecture)));
  }
  return family;
}

Family debian(const Partition& partition, const std::string& architecture, int year) {
  Family family{.owner = partition.debian, .names = {}};
  for (int release = first_debian; release <= first_debian + (year - debian_12_year) / 2; ++release)
    family.names.push_back(fmt::format("debian-{}-{}-*", release, debian_name(architecture)));
  return family;
}

/// Whether a name is of a pattern of ours: the text between its stars appears in this order.
bool matches(const std::string& pattern, const std::string& name) {
  size_t at = 0;
  for (const auto& part : split(pattern, '*')) {
    at = name.find(part, at);
    if (at == std::string::npos) return false;
    at += part.size();
  }
  return true;
}

/// The newest image of the newest release.
const pugi::xml_node* newest(const std::vector<pugi::xml_node>& images, const Family& family) {
  const pugi::xml_node* best = nullptr;
  std::pair<size_t, std::string> best_rank;
  for (const auto& image : images) {
    const std::string name = text_at(image, "name");
    size_t release = 0;
    for (size_t i = 0; i < family.names.size(); ++i) {
      if (matches(family.names[i], name)) release = i + 1;
    }
    const std::pair rank{release, text_at(image, "creationDate")};
    if (release > 0 && (best == nullptr || rank > best_rank)) best = &image, best_rank = rank;
  }
  return best;
}

Ec2Image newest_image(const QueryClient& ec2, const std::string& wanted, const std::string& region,
                      const std::vector<std::string>& architectures, Task& task) {
  const bool of_debian = wanted == "debian";
  const char* name = of_debian ? "debian" : "ubuntu";
  for (const auto& architecture : architectures) {
    if (architecture != "x86_64" && architecture != "arm64") continue;
    const Partition partition = partition_of(region);
    const Family family = of_debian ? debian(partition, architecture, year_now(task))
                                    : ubuntu(partition, architecture, year_now(task));
    if (family.owner.empty())
      refuse(
          fmt::format("who publishes images of {} in {} is not known: give --amazonec2-ami", name, region));
    QueryParameters parameters;
    parameters.add_list("Owner", {family.owner}).add_filter("name", family.names);
    parameters.add_filter("architecture", {architecture}).add_filter("state", {"available"});
    parameters.add_filter("root-device-type", {"ebs"}).add_filter("virtualization-type", {"hvm"});
    const XmlAnswer answer = ec2.call("DescribeImages", parameters, task);
    const auto images = answer.items("imagesSet");
    if (const auto* image = newest(images, family)) return image_of(*image);
  }
  refuse(fmt::format("no image of {} for {} is found in {}: give one with --amazonec2-ami", name,
                     join(architectures, " or "), region));
}

}  // namespace

Ec2Image find_image(const QueryClient& ec2, const std::string& wanted, const std::string& region,
                    const std::vector<std::string>& architectures, Task& task) {
  if (wanted.empty() || wanted == "ubuntu" || wanted == "debian")
    return newest_image(ec2, wanted, region, architectures, task);
  QueryParameters parameters;
  parameters.add_list("ImageId", {wanted});
  const XmlAnswer answer = ec2.call("DescribeImages", parameters, task);
  const auto images = answer.items("imagesSet");
  if (images.empty())
    refuse(fmt::format("there is no image \"{}\" in {}: see --amazonec2-ami", wanted, region));
  Ec2Image image = image_of(images[0]);
  if (std::ranges::find(architectures, image.architecture) == architectures.end()) {
    refuse(
        fmt::format("the image \"{}\" is for {}, and the instance type for {}: see --amazonec2-ami and "
                    "--amazonec2-instance-type",
                    wanted, image.architecture, join(architectures, " or ")));
  }
  return image;
}

}  // namespace dm
