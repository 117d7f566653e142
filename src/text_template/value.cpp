// Values as Go's templates see them, and their way from and to JSON.
#include "text_template/value.h"

#include <algorithm>

#include "base/error.h"

namespace dm::text_template {

struct Value::ListContent {
  List items;
  Elements elements;
  List behind;
  bool is_null = false;
};

struct Value::MapContent {
  Map items;
  Elements elements;
};

struct Value::RecordContent {
  std::string type;
  Fields fields;
};

struct Value::Naming {
  std::string type;
  std::optional<std::string> text;
  Map methods;
};

namespace {

std::string element_type(Elements elements) { return elements == Elements::text ? "string" : "interface {}"; }

}  // namespace

Value Value::list(List items, Elements elements, List behind) {
  Value result;
  result.content_ =
      std::make_shared<const ListContent>(ListContent{std::move(items), elements, std::move(behind)});
  return result;
}

Value Value::null_list() {
  Value result;
  result.content_ = std::make_shared<const ListContent>(ListContent{{}, Elements::text, {}, true});
  return result;
}

Value Value::list(const std::vector<std::string>& items) {
  return list(List(items.begin(), items.end()), Elements::text);
}

Value Value::map(Map items, Elements elements) {
  Value result;
  result.content_ = std::make_shared<const MapContent>(MapContent{std::move(items), elements});
  return result;
}

Value Value::record(std::string type, Fields fields) {
  Value result;
  result.content_ = std::make_shared<const RecordContent>(RecordContent{std::move(type), std::move(fields)});
  return result;
}

Value Value::pointer_to(const Value& record) {
  Value result = record;
  result.reference_ = Reference::pointer;
  return result;
}

Value Value::null_pointer_to(const Value& record) {
  Value result = record;
  result.reference_ = Reference::null;
  return result;
}

Value Value::naming_changed(const Naming& naming) const {
  Value result = *this;
  result.naming_ = std::make_shared<const Naming>(naming);
  return result;
}

Value Value::as(std::string type) const {
  Naming naming = naming_ ? *naming_ : Naming{};
  naming.type = std::move(type);
  return naming_changed(naming);
}

Value Value::printed_as(std::string text) const {
  Naming naming = naming_ ? *naming_ : Naming{};
  naming.methods.insert_or_assign("String", Value(text));
  naming.text = std::move(text);
  return naming_changed(naming);
}

Value Value::with_method(std::string name, Value result) const {
  Naming naming = naming_ ? *naming_ : Naming{};
  naming.methods.insert_or_assign(std::move(name), std::move(result));
  return naming_changed(naming);
}

Value Value::from_json(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return json.get<std::string>();
    case Json::value_t::array: {
      List items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(from_json(item));
      return list(std::move(items));
    }
    case Json::value_t::object: {
      Map items;
      for (const auto& [key, item] : json.items()) items.insert_or_assign(key, from_json(item));
      return map(std::move(items));
    }
    default:
      return {};
  }
}

Json Value::to_json() const {
  if (is_null_pointer()) return nullptr;
  switch (kind()) {
    case Kind::boolean:
      return boolean();
    case Kind::integer:
      return integer();
    case Kind::number:
      return number();
    case Kind::complex:
      throw Error("json: unsupported type: complex128");
    case Kind::text:
      return text();
    case Kind::list: {
      Json json = Json::array();
      for (const Value& item : list()) json.push_back(item.to_json());
      return json;
    }
    case Kind::map: {
      Json json = Json::object();
      for (const auto& [key, item] : map()) json[key] = item.to_json();
      return json;
    }
    case Kind::record: {
      Json json = Json::object();
      for (const auto& [name, value] : fields()) json[name] = value.to_json();
      return json;
    }
    case Kind::nil:
      break;
  }
  return nullptr;
}

bool Value::is_null_pointer() const { return reference_ == Reference::null; }

bool Value::is_pointer() const { return reference_ != Reference::none; }

const Value::List& Value::list() const {
  return std::get<std::shared_ptr<const ListContent>>(content_)->items;
}

const Value::List& Value::behind() const {
  return std::get<std::shared_ptr<const ListContent>>(content_)->behind;
}

bool Value::is_null_list() const { return std::get<std::shared_ptr<const ListContent>>(content_)->is_null; }

const Value::Map& Value::map() const { return std::get<std::shared_ptr<const MapContent>>(content_)->items; }

const Value::Fields& Value::fields() const {
  return std::get<std::shared_ptr<const RecordContent>>(content_)->fields;
}

Elements Value::elements() const {
  if (kind() == Kind::list) return std::get<std::shared_ptr<const ListContent>>(content_)->elements;
  return std::get<std::shared_ptr<const MapContent>>(content_)->elements;
}

std::string Value::type() const {
  if (naming_ && !naming_->type.empty()) return naming_->type;
  switch (kind()) {
    case Kind::nil:
      return "<nil>";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::number:
      return "float64";
    case Kind::complex:
      return "complex128";
    case Kind::text:
      return "string";
    case Kind::list:
      return "[]" + element_type(elements());
    case Kind::map:
      return "map[string]" + element_type(elements());
    case Kind::record:
      break;
  }
  const std::string& name = std::get<std::shared_ptr<const RecordContent>>(content_)->type;
  return is_pointer() ? "*" + name : name;
}

const std::string* Value::printed() const { return naming_ && naming_->text ? &*naming_->text : nullptr; }

const Value* Value::method(std::string_view name) const {
  if (!naming_) return nullptr;
  const auto found = naming_->methods.find(name);
  return found == naming_->methods.end() ? nullptr : &found->second;
}

const Value* Value::field(std::string_view name) const {
  const auto found = std::ranges::find(fields(), name, [](const auto& field) { return field.first; });
  return found == fields().end() ? nullptr : &found->second;
}

bool Value::is_true() const {
  switch (kind()) {
    case Kind::nil:
      return false;
    case Kind::boolean:
      return boolean();
    case Kind::integer:
      return integer() != 0;
    case Kind::number:
      return number() != 0;
    case Kind::complex:
      return complex() != std::complex<double>();
    case Kind::text:
      return !text().empty();
    case Kind::list:
      return !list().empty();
    case Kind::map:
      return !map().empty();
    case Kind::record:
      break;
  }
  return !is_null_pointer();
}

Value Value::dereferenced() const {
  Value result = *this;
  if (result.reference_ == Reference::pointer) result.reference_ = Reference::none;
  return result;
}

}  // namespace dm::text_template
