// Runs a test once for each instruction set that this machine has.
#pragma once

#include <gtest/gtest.h>

#include "hwy/targets.h"

namespace elanus::kernels {

template <typename Body>
void ForEachSimdTarget(Body&& body) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace elanus::kernels
