#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <utility>
#include <vector>

#include "drivers/amazonec2/signature.h"
#include "drivers/driver.h"
#include "drivers/patience.h"

namespace dm {

/// A key and its value.
using AwsTags = std::vector<std::pair<std::string, std::string>>;

/// The parameters of one call to a query API, in their order.
class QueryParameters {
 public:
  QueryParameters& add(const std::string& name, const std::string& value);
  QueryParameters& add(const std::string& name, long long value);
  QueryParameters& add(const std::string& name, bool value);
  /// NAME.1, NAME.2, ...
  QueryParameters& add_list(const std::string& name, const std::vector<std::string>& values);
  /// The next Filter.N. No values: no filter.
  QueryParameters& add_filter(const std::string& name, const std::vector<std::string>& values);
  /// The next TagSpecification.N below `prefix`, for one kind of resource.
  QueryParameters& add_tags(const std::string& resource, const AwsTags& tags, const std::string& prefix = "");
  /// As the body of a form.
  std::string encoded() const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
  int filters_ = 0;
  std::map<std::string, int> tag_specifications_;  ///< how many, by their prefix
};

/// The XML that a call was answered with. Cheap to copy.
class XmlAnswer {
 public:
  explicit XmlAnswer(std::shared_ptr<const pugi::xml_document> document) : document_(std::move(document)) {}
  /// The element that holds the answer.
  pugi::xml_node root() const { return document_->document_element(); }
  /// The text of a child, "" if there is none; `path` may go down with slashes.
  std::string text(const char* path) const;
  /// The items of a list.
  std::vector<pugi::xml_node> items(const char* list) const;

 private:
  std::shared_ptr<const pugi::xml_document> document_;
};

/// The text at a path below a node; "" if there is none.
std::string text_at(const pugi::xml_node& node, const char* path);
/// The elements "item" of a list below a node; a list's elements "member" as well.
std::vector<pugi::xml_node> items_of(const pugi::xml_node& node, const char* list);

/// What AWS refused, with its code, its words, and what to do.
class AwsError : public Error {
 public:
  AwsError(const std::string& action, const std::string& code, const std::string& words);
  const std::string& code() const { return code_; }
  /// Whether what was named does not exist (any more).
  bool is_not_found() const;
  /// Whether AWS wants fewer calls.
  bool is_throttling() const;

 private:
  std::string code_;
};

/// Whether a call may be sent again when nobody knows whether it was carried out.
enum class Repetition { harmless, harmful };

/// One API of AWS at one endpoint. Thread-safe if its parts are.
class QueryClient {
 public:
  struct Api {
    std::string service, version, url, region;
  };
  /// A call with all its repetitions; a machine is not made of so many that this would ever be too short.
  static constexpr auto call_limit = std::chrono::minutes(5);

  /// `credentials` gives none (an empty access key) where calls are not signed.
  QueryClient(HttpClient& http, Api api, int retries, std::function<AwsCredentials(Task&)> credentials)
      : http_(&http), api_(std::move(api)), retries_(retries), credentials_(std::move(credentials)) {}

  /// AwsError for a refusal; Error(unreachable) that names the endpoint if nobody answers.
  XmlAnswer call(const std::string& action, const QueryParameters& parameters, Task& task,
                 Repetition repetition = Repetition::harmless) const;
  /// All pages of a call that is answered in pages, by NextToken.
  std::vector<XmlAnswer> call_pages(const std::string& action, const QueryParameters& parameters,
                                    Task& task) const;

 private:
  HttpRequest request(const std::string& body, Task& task) const;
  HttpResponse send(const std::string& action, const std::string& body, Repetition repetition,
                    Task& task) const;

  HttpClient* http_;
  Api api_;
  int retries_;
  std::function<AwsCredentials(Task&)> credentials_;
};

}  // namespace dm
