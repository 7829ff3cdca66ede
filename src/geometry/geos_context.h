// A GEOS context and the objects that live in it. For the two files of this folder that call GEOS.
#pragma once

#include <geos_c.h>

#include <memory>
#include <string>
#include <string_view>

namespace elanus::geometry {

// Threads: one.
class GeosContext {
 public:
  GeosContext() : handle_(GEOS_init_r()) {
    GEOSContext_setErrorMessageHandler_r(
        handle_, [](const char* text, void* to) { *static_cast<std::string*>(to) = text; },
        &error_);
  }
  ~GeosContext() { GEOS_finish_r(handle_); }
  GeosContext(const GeosContext&) = delete;
  GeosContext& operator=(const GeosContext&) = delete;

  GEOSContextHandle_t get() const { return handle_; }
  // Of the last call that failed.
  const std::string& error() const { return error_; }

  struct Deleter {
    GEOSContextHandle_t handle = nullptr;
    void operator()(GEOSGeometry* geometry) const { GEOSGeom_destroy_r(handle, geometry); }
    void operator()(const GEOSPreparedGeometry* prepared) const {
      GEOSPreparedGeom_destroy_r(handle, prepared);
    }
    void operator()(GEOSWKTReader* reader) const { GEOSWKTReader_destroy_r(handle, reader); }
    void operator()(GEOSWKBReader* reader) const { GEOSWKBReader_destroy_r(handle, reader); }
    void operator()(GEOSWKBWriter* writer) const { GEOSWKBWriter_destroy_r(handle, writer); }
    void operator()(unsigned char* bytes) const { GEOSFree_r(handle, bytes); }
  };
  template <typename T>
  using Owned = std::unique_ptr<T, Deleter>;
  template <typename T>
  Owned<T> Own(T* object) const {
    return Owned<T>(object, Deleter{handle_});
  }

 private:
  const GEOSContextHandle_t handle_;
  std::string error_;
};

}  // namespace elanus::geometry
