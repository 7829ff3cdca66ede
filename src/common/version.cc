#include "common/version.h"

#ifndef ELANUS_VERSION
#define ELANUS_VERSION "unknown"
#endif
#ifndef ELANUS_COMMIT
#define ELANUS_COMMIT "unknown"
#endif
#ifndef ELANUS_COMMIT_DATE
#define ELANUS_COMMIT_DATE "unknown"
#endif

namespace elanus {

std::string_view ElanusVersion() {
  return ELANUS_VERSION;
}
std::string_view ElanusCommit() {
  return ELANUS_COMMIT;
}
std::string_view ElanusCommitDate() {
  return ELANUS_COMMIT_DATE;
}

}  // namespace elanus
