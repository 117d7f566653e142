#pragma once

#include <complex>
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

namespace dm::text_template {

/// Whether the elements of a list or map may be anything (`[]interface {}`) or are text (`[]string`).
enum class Elements { any, text };

/// What a template is executed on: an immutable value as Go's templates see it, cheap to copy. May be read by
/// several threads.
class Value {
 public:
  enum class Kind { nil, boolean, integer, number, complex, text, list, map, record };
  using List = std::vector<Value>;
  using Map = std::map<std::string, Value, std::less<>>;
  using Fields = std::vector<std::pair<std::string, Value>>;

  /// Go's nil: prints as `<no value>`.
  Value() = default;
  Value(std::same_as<bool> auto value) : content_(value) {}
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) Value(Integer value) : content_(static_cast<std::int64_t>(value)) {}
  Value(double value) : content_(value) {}
  Value(std::complex<double> value) : content_(value) {}
  Value(std::string value) : content_(std::move(value)) {}
  Value(std::string_view value) : content_(std::string(value)) {}
  Value(const char* value) : content_(std::string(value)) {}

  /// A Go slice. What stands behind it in the slice that it was cut out of, Go's `slice` can reach.
  static Value list(List items, Elements elements = Elements::any, List behind = {});
  /// A Go slice of strings that is nil: empty, but %#v tells.
  static Value null_list();
  /// A Go slice of strings.
  static Value list(const std::vector<std::string>& items);
  /// A Go map with string keys, where a missing key gives nil.
  static Value map(Map items, Elements elements = Elements::any);
  /// A Go struct of the named type (`commands.HostListItem`), where an unknown field is an error.
  static Value record(std::string type, Fields fields);
  /// A pointer to a record; `record` must be one.
  static Value pointer_to(const Value& record);
  /// A nil pointer to the type of `record`, whose fields say which names exist.
  static Value null_pointer_to(const Value& record);

  /// The value under a Go type name of its own (`state.State`).
  Value as(std::string type) const;
  /// The value, printed as `text` wherever text is wanted, as a Go type with a String method is; adds that
  /// method.
  Value printed_as(std::string text) const;
  /// The value with one more method without arguments.
  Value with_method(std::string name, Value result) const;

  /// The value of a JSON document as Go decodes it into an empty interface: every number is a float64.
  static Value from_json(const Json& json);
  /// The JSON document of a value, maps in key order; Error for a complex number, of which there is none.
  Json to_json() const;

  Kind kind() const { return static_cast<Kind>(content_.index()); }
  bool is_nil() const { return kind() == Kind::nil; }
  /// Whether it is a pointer that points to nothing.
  bool is_null_pointer() const;
  /// Whether it is a pointer, null or not.
  bool is_pointer() const;

  /// The content; the kind must be the one asked for.
  bool boolean() const { return std::get<bool>(content_); }
  std::int64_t integer() const { return std::get<std::int64_t>(content_); }
  double number() const { return std::get<double>(content_); }
  std::complex<double> complex() const { return std::get<std::complex<double>>(content_); }
  const std::string& text() const { return std::get<std::string>(content_); }
  const List& list() const;
  const List& behind() const;
  bool is_null_list() const;
  const Map& map() const;
  const Fields& fields() const;

  /// What the elements of a list or map are.
  Elements elements() const;
  /// The name of its Go type, as error messages show it.
  std::string type() const;
  /// What its String method gives, if it has one.
  const std::string* printed() const;
  /// The result of a method, or null if there is no such method.
  const Value* method(std::string_view name) const;
  /// A field of a record, or null if there is no such field.
  const Value* field(std::string_view name) const;
  /// Whether two pointers point to the same record.
  bool is_same(const Value& other) const { return content_ == other.content_; }
  /// Go's truth: false for nil, zero and what is empty.
  bool is_true() const;
  /// The record a pointer points to; any other value unchanged.
  Value dereferenced() const;

 private:
  enum class Reference { none, pointer, null };
  struct ListContent;
  struct MapContent;
  struct RecordContent;
  struct Naming;

  Value naming_changed(const Naming& naming) const;

  std::variant<std::monostate, bool, std::int64_t, double, std::complex<double>, std::string,
               std::shared_ptr<const ListContent>, std::shared_ptr<const MapContent>,
               std::shared_ptr<const RecordContent>>
      content_;
  Reference reference_ = Reference::none;
  std::shared_ptr<const Naming> naming_;
};

}  // namespace dm::text_template
