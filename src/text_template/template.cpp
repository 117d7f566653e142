// A template: its syntax together with the functions it may call.
#include "text_template/template.h"

#include "text_template/executor.h"
#include "text_template/parser.h"

namespace dm::text_template {

struct Template::Content {
  Functions functions;
  Syntax syntax;
};

Template::Template(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

Template Template::parse(std::string_view text, const Functions& functions) {
  return Template(std::make_shared<const Content>(Content{functions, text_template::parse(text, functions)}));
}

std::string Template::execute(const Value& data, Numbers numbers) const {
  return text_template::execute(content_->syntax, content_->functions, data, numbers);
}

}  // namespace dm::text_template
