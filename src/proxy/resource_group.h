// The one resource group of this server.
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::proxy {

inline constexpr std::string_view kDefaultResourceGroup = "__default_resource_group";

inline absl::Status CheckResourceGroup(const std::string& name) {
  if (name == kDefaultResourceGroup) return absl::OkStatus();
  return UserError(ErrorCode::kResourceGroupNotFound, "resource group not found[rg={}]", name);
}

}  // namespace elanus::proxy
