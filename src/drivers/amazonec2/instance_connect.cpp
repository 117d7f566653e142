// EC2 Instance Connect, the one API of ours that speaks JSON.
#include "drivers/amazonec2/instance_connect.h"

#include "base/json.h"
#include "drivers/amazonec2/query.h"

namespace dm {

void send_ssh_public_key(HttpClient& http, const std::string& url, const std::string& region,
                         const AwsCredentials& credentials, const ConnectRequest& request, Task& task) {
  const Json body{{"InstanceId", request.instance_id},
                  {"InstanceOSUser", request.user},
                  {"SSHPublicKey", request.public_line},
                  {"AvailabilityZone", request.zone}};
  HttpRequest question{.method = "POST", .url = url + "/", .body = body.dump()};
  question.headers =
      signed_headers(credentials, {region, "ec2-instance-connect"}, question.url, question.body,
                     {{"content-type", "application/x-amz-json-1.1"},
                      {"x-amz-target", "AWSEC2InstanceConnectService.SendSSHPublicKey"}},
                     task.clock().now());
  task.debug("ec2-instance-connect SendSSHPublicKey (" + region + ")");
  const HttpResponse response = http.send(question, task);
  if (response.status / 100 == 2) return;
  Json answer;
  try {
    answer = parse_json(response.body);
  } catch (const Error& error) {
    task.debug(error.what());
  }
  const std::string type = text_of(answer, "__type"), words = text_of(answer, key_in(answer, "message"));
  throw AwsError("SendSSHPublicKey",
                 type.empty() ? std::to_string(response.status) : type.substr(type.find('#') + 1),
                 words.empty() ? "it was refused" : words);
}

}  // namespace dm
