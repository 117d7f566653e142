// The query APIs of AWS: a form goes out, XML comes back.
#include "drivers/amazonec2/query.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace dm {
namespace {

/// As a form has it, a blank as a plus.
std::string form_encoded(const std::string& text) {
  std::string encoded;
  for (const char letter : text) {
    if (letter == ' ') {
      encoded += '+';
      continue;
    }
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= '0' && letter <= '9') || std::string_view("-_.~").contains(letter);
    encoded += plain ? std::string(1, letter) : fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return encoded;
}

bool is_throttling(const std::string& code) {
  constexpr std::array codes{"RequestLimitExceeded",     "Throttling",       "ThrottlingException",
                             "ThrottledException",       "RequestThrottled", "RequestThrottledException",
                             "TooManyRequestsException", "SlowDown",         "BandwidthLimitExceeded",
                             "EC2ThrottledException"};
  return std::ranges::find(codes, code) != codes.end();
}

/// What EC2 says with a 5xx status and would say again at once.
bool is_final(const std::string& code) {
  return code.starts_with("Insufficient") || code == "Unsupported" || code == "UnsupportedOperation" ||
         code == "SpotMaxPriceTooLow" || code == "MaxSpotInstanceCountExceeded";
}

std::shared_ptr<pugi::xml_document> parsed(const std::string& body) {
  auto document = std::make_shared<pugi::xml_document>();
  if (!document->load_buffer(body.data(), body.size())) return nullptr;
  return document;
}

struct Refusal {
  std::string code, words;
};

/// EC2 says <Response><Errors><Error>, STS <ErrorResponse><Error>.
Refusal refusal_in(const HttpResponse& response) {
  const auto document = parsed(response.body);
  if (!document) return {};
  pugi::xml_node error = document->document_element().child("Errors").child("Error");
  if (!error) error = document->document_element().child("Error");
  return {text_at(error, "Code"), std::string(trim(text_at(error, "Message")))};
}

Advice advice_on(const HttpResponse& response) {
  if (response.status / 100 == 2) return {};
  const Refusal refusal = refusal_in(response);
  if (response.status == 429 || is_throttling(refusal.code)) return {.kind = Advice::Kind::throttled};
  const bool passing = response.status / 100 == 5 && !is_final(refusal.code);
  return {.kind = passing ? Advice::Kind::try_again : Advice::Kind::take};
}

/// What can be done about a refusal; the first row whose code is a beginning of the refusal's.
struct Hint {
  const char* code;
  const char* text;
};
constexpr std::array hints{
    Hint{"AuthFailure",
         "are the keys right, is this computer's clock, and is the region switched on for the account?"},
    Hint{"InvalidClientTokenId", "are the keys right, and do they belong to this part of AWS?"},
    Hint{"SignatureDoesNotMatch", "is the secret key right, and is this computer's clock?"},
    Hint{"UnrecognizedClient", "are the keys right?"},
    Hint{"MissingAuthenticationToken", "are the keys right?"},
    Hint{"ExpiredToken", "fetch new temporary credentials"},
    Hint{"RequestExpired", "fetch new temporary credentials, and look at this computer's clock"},
    Hint{"OptInRequired", "does the account use this service, and is the region switched on for it?"},
    Hint{
        "VcpuLimitExceeded",
        "ask AWS's Service Quotas for more, or give another --amazonec2-instance-type or --amazonec2-region"},
    Hint{
        "InstanceLimitExceeded",
        "ask AWS's Service Quotas for more, or give another --amazonec2-instance-type or --amazonec2-region"},
    Hint{"MaxSpotInstanceCountExceeded",
         "ask AWS's Service Quotas for more, or give --amazonec2-spot-fallback"},
    Hint{"AddressLimitExceeded", "release an address that is not used, or ask AWS's Service Quotas for more"},
    Hint{"SecurityGroupLimitExceeded",
         "remove groups that are not used, or ask AWS's Service Quotas for more"},
    Hint{"RulesPerSecurityGroupLimitExceeded", "open fewer ports, or ask AWS's Service Quotas for more"},
    Hint{"InsufficientInstanceCapacity",
         "try again later, or give several of --amazonec2-instance-type, --amazonec2-zone or "
         "--amazonec2-subnet-id"},
    Hint{"SpotMaxPriceTooLow", "give a higher --amazonec2-spot-price, or an empty one for no limit"},
    Hint{"InvalidAMIID", "see --amazonec2-ami; images differ from region to region"},
    Hint{"InvalidInstanceType", "see --amazonec2-instance-type; types differ from region to region"},
    Hint{"InvalidSubnet", "see --amazonec2-subnet-id"},
    Hint{"InvalidVpcID", "see --amazonec2-vpc-id"},
    Hint{"InvalidAllocationID", "see --amazonec2-elastic-ip"},
    Hint{"InvalidLaunchTemplate", "see --amazonec2-launch-template"},
    Hint{"OperationNotPermitted", "is the instance protected against this? Change that in AWS's console"},
};

std::string hint_for(const std::string& action, const std::string& code) {
  if (code == "UnauthorizedOperation" || code.starts_with("AccessDenied"))
    return "let the policy of these credentials allow " + action;
  for (const auto& hint : hints) {
    if (code.starts_with(hint.code)) return hint.text;
  }
  return {};
}

std::string sentence(const std::string& action, const std::string& code, std::string words) {
  // The rest is a thousand letters that only AWS can read.
  words = words.substr(0, words.find(" Encoded authorization failure message:"));
  while (words.ends_with('.')) words.pop_back();
  const std::string hint = hint_for(action, code);
  return fmt::format("{}: {}: {}{}", action, code, words, hint.empty() ? "" : " (" + hint + ")");
}

Reason reason_of(const std::string& code) {
  if (code.ends_with(".NotFound")) return Reason::not_found;
  for (const char* start : {"AuthFailure", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken",
                            "RequestExpired", "UnrecognizedClient", "MissingAuthenticationToken"}) {
    if (code.starts_with(start)) return Reason::authentication_failed;
  }
  return Reason::failed;
}

}  // namespace

QueryParameters& QueryParameters::add(const std::string& name, const std::string& value) {
  values_.emplace_back(name, value);
  return *this;
}

QueryParameters& QueryParameters::add(const std::string& name, long long value) {
  return add(name, std::to_string(value));
}

QueryParameters& QueryParameters::add(const std::string& name, bool value) {
  return add(name, std::string(value ? "true" : "false"));
}

QueryParameters& QueryParameters::add_list(const std::string& name, const std::vector<std::string>& values) {
  for (size_t i = 0; i < values.size(); ++i) add(fmt::format("{}.{}", name, i + 1), values[i]);
  return *this;
}

QueryParameters& QueryParameters::add_filter(const std::string& name,
                                             const std::vector<std::string>& values) {
  if (values.empty()) return *this;
  const std::string prefix = fmt::format("Filter.{}", ++filters_);
  return add(prefix + ".Name", name).add_list(prefix + ".Value", values);
}

QueryParameters& QueryParameters::add_tags(const std::string& resource, const AwsTags& tags,
                                           const std::string& prefix) {
  const std::string start = fmt::format("{}TagSpecification.{}", prefix, ++tag_specifications_[prefix]);
  add(start + ".ResourceType", resource);
  for (size_t i = 0; i < tags.size(); ++i) {
    add(fmt::format("{}.Tag.{}.Key", start, i + 1), tags[i].first);
    add(fmt::format("{}.Tag.{}.Value", start, i + 1), tags[i].second);
  }
  return *this;
}

std::string QueryParameters::encoded() const {
  std::string text;
  for (const auto& [name, value] : values_)
    text += (text.empty() ? "" : "&") + form_encoded(name) + "=" + form_encoded(value);
  return text;
}

std::string text_at(const pugi::xml_node& node, const char* path) {
  return node.first_element_by_path(path).text().as_string();
}

std::vector<pugi::xml_node> items_of(const pugi::xml_node& node, const char* list) {
  std::vector<pugi::xml_node> items;
  for (const auto& child : node.first_element_by_path(list).children()) {
    if (std::string_view(child.name()) == "item" || std::string_view(child.name()) == "member")
      items.push_back(child);
  }
  return items;
}

std::string XmlAnswer::text(const char* path) const { return text_at(root(), path); }

std::vector<pugi::xml_node> XmlAnswer::items(const char* list) const { return items_of(root(), list); }

AwsError::AwsError(const std::string& action, const std::string& code, const std::string& words)
    : Error(sentence(action, code, words), reason_of(code)), code_(code) {}

bool AwsError::is_throttling() const { return dm::is_throttling(code_); }

bool AwsError::is_not_found() const {
  return code_.ends_with(".NotFound") || code_ == "InvalidAllocationID.NotFound" ||
         code_ == "InvalidLaunchTemplateId.NotFoundException" ||
         code_ == "InvalidLaunchTemplateName.NotFoundException";
}

HttpRequest QueryClient::request(const std::string& body, Task& task) const {
  const AwsCredentials credentials = credentials_(task);
  HttpRequest request{.method = "POST", .url = api_.url, .body = body};
  request.headers =
      credentials.access_key.empty()
          ? std::vector<std::string>{std::string("content-type: ") + form_type}
          : signed_form_headers(credentials, {api_.region, api_.service}, api_.url, body, task.clock().now());
  return request;
}

HttpResponse QueryClient::send(const std::string& action, const std::string& body, Repetition repetition,
                               Task& task) const {
  const Patience patience{.retries = repetition == Repetition::harmless ? retries_ : 0, .limit = call_limit};
  try {
    return send_patiently(
        *http_, [&] { return request(body, task); }, advice_on, patience, task);
  } catch (const Error& error) {
    if (error.reason() != Reason::unreachable) throw;
    throw Error(fmt::format("{}: no answer from {}: {} (are --amazonec2-region and the network right?)",
                            action, api_.url, error.what()),
                Reason::unreachable);
  }
}

XmlAnswer QueryClient::call(const std::string& action, const QueryParameters& parameters, Task& task,
                            Repetition repetition) const {
  std::string body = fmt::format("Action={}&Version={}", action, api_.version);
  if (const std::string encoded = parameters.encoded(); !encoded.empty()) body += "&" + encoded;
  // First, so that their own failures are told as such, and not as this call's.
  credentials_(task);
  task.debug(fmt::format("{} {} ({})", api_.service, action, api_.region));
  const HttpResponse response = send(action, body, repetition, task);
  if (response.status / 100 != 2) {
    const Refusal refusal = refusal_in(response);
    if (!refusal.code.empty()) throw AwsError(action, refusal.code, refusal.words);
    throw Error(fmt::format("{}: {} answers with HTTP status {} and nothing that AWS would say", action,
                            api_.url, response.status));
  }
  auto document = parsed(response.body);
  if (!document) throw Error(fmt::format("{}: the answer of {} is no XML", action, api_.url));
  return XmlAnswer(std::move(document));
}

std::vector<XmlAnswer> QueryClient::call_pages(const std::string& action, const QueryParameters& parameters,
                                               Task& task) const {
  std::vector<XmlAnswer> pages;
  for (std::string token;;) {
    QueryParameters page = parameters;
    if (!token.empty()) page.add("NextToken", token);
    pages.push_back(call(action, page, task));
    token = pages.back().text("nextToken");
    if (token.empty()) return pages;
  }
}

}  // namespace dm
