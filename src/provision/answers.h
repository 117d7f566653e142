#pragma once
#include <map>
#include <string>
#include <vector>

namespace dm {

/// What a script on a machine has found out: lines "KEY=FACT", and "KEY:LINE" for each line of a text.
class Answers {
 public:
  explicit Answers(const std::string& output);
  /// The first one of that name; "" if there is none.
  std::string fact(const std::string& key) const { return facts_.contains(key) ? facts_.at(key) : ""; }
  /// A newline at the end of each line; "" if there is none.
  std::string file(const std::string& key) const { return files_.contains(key) ? files_.at(key) : ""; }
  /// Error with the output's beginning, unless the script came to its end ("end=yes").
  void expect_end() const;

 private:
  std::string beginning_;
  std::map<std::string, std::string> facts_, files_;
};

/// The words between blanks.
std::vector<std::string> words(const std::string& text);

}  // namespace dm
