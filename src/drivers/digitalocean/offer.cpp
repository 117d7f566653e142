// What DigitalOcean offers: regions, sizes, images.
#include "drivers/digitalocean/offer.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace dm {
namespace {

constexpr long long least_memory = 1024;  // MB: docker and one small container
constexpr size_t most_named = 15;

[[noreturn]] void refuse(const std::string& text) { throw Error(text, Reason::check_failed); }

bool has(const Json& object, const char* key, const std::string& word) {
  const Json& words = member_of(object, key);
  return words.is_array() && std::ranges::find(words, Json(word)) != words.end();
}

double price_of(const Json& size) {
  const Json& price = member_of(size, "price_monthly");
  return price.is_number() ? price.get<double>() : 0;
}

bool is_available(const Json& size) { return member_of(size, "available") != Json(false); }

std::string shortened(const std::vector<std::string>& words) {
  if (words.size() <= most_named) return join(words, ", ");
  const std::vector<std::string> first(words.begin(), words.begin() + most_named);
  return fmt::format("{} and {} more", join(first, ", "), words.size() - most_named);
}

/// The sizes that a region has now, cheapest first.
std::vector<Json> sizes_in(const Json& sizes, const std::string& region) {
  std::vector<Json> found;
  std::set<std::string> regions;
  for (const auto& size : sizes) {
    if (!is_available(size)) continue;
    for (const auto& other : member_of(size, "regions"))
      if (other.is_string()) regions.insert(other.get<std::string>());
    if (has(size, "regions", region)) found.push_back(size);
  }
  if (found.empty()) {
    refuse(
        fmt::format("digitalocean requires a valid region: \"{}\" is none, or takes no new droplets. "
                    "--digitalocean-region may be {}",
                    region, join({regions.begin(), regions.end()}, ", ")));
  }
  std::ranges::stable_sort(found, {}, price_of);
  return found;
}

/// The year and month of "ubuntu-24-04-x64", as 2404; 0 for everything but an LTS.
int lts_of(const std::string& slug) {
  const auto parts = split(slug, '-');
  if (parts.size() != 4 || parts[0] != "ubuntu" || parts[2] != "04" || parts[3] != "x64") return 0;
  const int year = number_or_minus_one(parts[1]);
  return year > 0 && year % 2 == 0 ? year * 100 + 4 : 0;
}

Json newest_lts(DigitalOceanApi& api, const std::string& region, Task& task) {
  Json newest;
  for (const auto& image : api.list("/v2/images?type=distribution", "images", task)) {
    const int version = lts_of(text_of(image, "slug"));
    if (version > lts_of(text_of(newest, "slug")) && has(image, "regions", region)) newest = image;
  }
  if (newest.is_null()) {
    refuse(fmt::format("no Ubuntu LTS is offered in region {}: name an image with --digitalocean-image",
                       region));
  }
  return newest;
}

Json named_image(DigitalOceanApi& api, const std::string& name, const std::string& region, Task& task) {
  const DigitalOceanAnswer answer = api.get("/v2/images/" + url_word(name), task);
  if (answer.is_missing()) {
    refuse(
        fmt::format("{}. There is no image \"{}\": --digitalocean-image takes a slug, e.g. "
                    "ubuntu-24-04-x64, or the number of an image of your own",
                    answer.failure().what(), name));
  }
  if (!answer.ok()) throw answer.failure();
  const Json& image = answer.part("image");
  const std::string status = text_of(image, "status");
  if (!status.empty() && lower(status) != "available")
    refuse(fmt::format("the image \"{}\" cannot be used: it is {}", name, status));
  if (text_of(image, "distribution") == "FreeBSD")
    refuse(fmt::format("the image \"{}\" is FreeBSD: docker's engine needs Linux", name));
  if (!has(image, "regions", region)) {
    std::vector<std::string> regions;
    for (const auto& other : member_of(image, "regions"))
      if (other.is_string()) regions.push_back(other.get<std::string>());
    refuse(fmt::format("the image \"{}\" is not in region {}, but in {}", name, region, join(regions, ", ")));
  }
  return image;
}

std::vector<std::string> slugs_of(const std::vector<Json>& sizes, long long disk) {
  std::vector<std::string> slugs;
  for (const auto& size : sizes)
    if (number_of(size, "disk") >= disk) slugs.push_back(text_of(size, "slug"));
  return slugs;
}

std::string cheapest(const std::vector<Json>& sizes, long long disk, const std::string& region) {
  for (const auto& size : sizes) {
    if (number_of(size, "memory") >= least_memory && number_of(size, "disk") >= disk)
      return text_of(size, "slug");
  }
  refuse(
      fmt::format("no size in region {} has 1 GB of memory and a disk of {} GB: name one with "
                  "--digitalocean-size",
                  region, disk));
}

void check_size(const std::vector<Json>& sizes, const std::string& slug, long long disk,
                const std::string& region) {
  const auto found =
      std::ranges::find_if(sizes, [&](const Json& size) { return text_of(size, "slug") == slug; });
  if (found == sizes.end()) {
    refuse(fmt::format("the size \"{}\" is not offered in region {}. --digitalocean-size may be {}", slug,
                       region, shortened(slugs_of(sizes, disk))));
  }
  if (number_of(*found, "disk") < disk) {
    refuse(
        fmt::format("the size \"{}\" is too small: its disk has {} GB, and the image needs {}. "
                    "--digitalocean-size may be {}",
                    slug, number_of(*found, "disk"), disk, shortened(slugs_of(sizes, disk))));
  }
}

}  // namespace

void settle_offer(DigitalOceanApi& api, DigitalOceanSettings& settings, Task& task) {
  const auto sizes = sizes_in(api.list("/v2/sizes", "sizes", task), settings.region);
  const Json image = settings.image.empty() ? newest_lts(api, settings.region, task)
                                            : named_image(api, settings.image, settings.region, task);
  const long long disk = number_of(image, "min_disk_size");
  if (settings.image.empty()) settings.image = text_of(image, "slug");
  if (settings.size.empty()) {
    settings.size = cheapest(sizes, disk, settings.region);
  } else {
    check_size(sizes, settings.size, disk, settings.region);
  }
}

}  // namespace dm
