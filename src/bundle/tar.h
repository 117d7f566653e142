#pragma once
#include <string>
#include <utility>
#include <vector>

namespace dm {

/// Names and contents, in their order.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// A tar of these files, without times and owners: equal files give equal bytes.
std::string tar_of(const NamedTexts& files);
/// The files of a tar. Error if it is damaged, or has anything but plain files with modest sizes and distinct
/// relative names that stay below the folder they are unpacked in.
NamedTexts files_of_tar(const std::string& tar);

}  // namespace dm
