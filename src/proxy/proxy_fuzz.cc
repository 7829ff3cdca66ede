#include "proxy/fuzz_driver_test.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  elanus::proxy::RunFuzzInput(data, size);
  return 0;
}
