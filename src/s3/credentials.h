// Where access keys come from.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/clock.h"
#include "s3/http.h"
#include "s3/sigv4.h"

namespace elanus::s3 {

// Threads: any.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // Those of now. May ask the network; kServiceUnavailable when there are none just now.
  virtual absl::StatusOr<Credentials> Get() = 0;
  // The store refused what Get returned. True if the next Get may return others.
  virtual bool Renew() { return false; }
  // For people: "settings", "the environment", ...
  virtual std::string_view name() const = 0;
};

struct CredentialOptions {
  // From minio.accessKeyID, .secretAccessKey and .sessionToken.
  Credentials settings;
  bool given = false;        // Somebody set them; else they are the contract's defaults.
  bool use_iam = false;      // minio.useIAM: never the settings.
  std::string iam_endpoint;  // minio.iamEndpoint; empty: http://169.254.169.254
  // A variable of the environment; empty if it is not set.
  std::function<std::string(const char*)> environment;
};

// The first of these that has any:
//   without useIAM  settings that were given; AWS_ACCESS_KEY_ID ...; the shared credentials file;
//   the
//                   settings' defaults
//   with useIAM     AWS_ACCESS_KEY_ID ...; the shared credentials file; a container's endpoint
//                   (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI); instance metadata
//                   (IMDSv2)
// `http` and `clock` must outlive it.
std::unique_ptr<CredentialSource> MakeCredentialSource(const CredentialOptions& options,
                                                       HttpClient& http, const Clock& clock);

// One profile of a shared credentials file ("[default]\naws_access_key_id = ..."); empty keys if it
// is not there.
Credentials ReadCredentialsFile(std::string_view text, std::string_view profile);

// What metadata services answer; `expires_s` is 0 if they do not say. kServiceUnavailable for
// anything else.
absl::StatusOr<Credentials> ParseMetadataCredentials(std::string_view json, int64_t* expires_s);

}  // namespace elanus::s3
