// ELANUS_CHECK(condition): for what should be impossible. Prints and stops; never tests user input.
#pragma once

#include <cstdio>
#include <cstdlib>

#define ELANUS_CHECK(condition)                                                               \
  do {                                                                                        \
    if (!(condition)) [[unlikely]] {                                                          \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);      \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)
#define ELANUS_CHECK_OK(expression)                                                           \
  do {                                                                                        \
    const ::absl::Status elanus_check_status_ = (expression);                                 \
    if (!elanus_check_status_.ok()) [[unlikely]] {                                            \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__,                   \
                   elanus_check_status_.ToString().c_str());                                  \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)
