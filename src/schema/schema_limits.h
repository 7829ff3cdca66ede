#pragma once

#include <cstdint>
#include <string>

namespace elanus::schema {

// What a schema may look like. The defaults are the protocol's; all can be configured.
struct SchemaLimits {
  int64_t name_bytes_max = 255;
  std::string name_extra_characters = "$";  // Allowed in names besides letters, digits and "_".
  int64_t fields_max = 64;
  int64_t vector_fields_max = 10;
  int64_t dimension_max = 32768;  // Binary vectors: 8 times that.
  int64_t varchar_bytes_max = 65535;
  int64_t array_capacity_max = 4096;
  int64_t description_bytes_max = 1024;
  bool must_use_partition_key = false;
};

}  // namespace elanus::schema
