#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "text_template/format.h"
#include "text_template/function.h"
#include "text_template/value.h"

namespace dm::text_template {

/// A template in the language of Go's text/template. Cheap to copy; several threads may execute it at once if
/// its functions allow that.
class Template {
 public:
  /// Parses a template that may use Go's built-in functions and `functions`; Error with Go's text ("template:
  /// :1: ...").
  static Template parse(std::string_view text, const Functions& functions = {});

  /// The output for one value; Error with Go's text. Whatever was written before the failure is lost.
  std::string execute(const Value& data, Numbers numbers = Numbers::as_go) const;

 private:
  struct Content;
  explicit Template(std::shared_ptr<const Content> content);

  std::shared_ptr<const Content> content_;
};

}  // namespace dm::text_template
