#include "segment/read_until.h"

namespace elanus::segment {
namespace {

thread_local const Cancellation* current = nullptr;

}  // namespace

ReadUntil::ReadUntil(const Cancellation& cancellation) : outer_(current) {
  current = &cancellation;
}

ReadUntil::~ReadUntil() {
  current = outer_;
}

const Cancellation& ReadUntil::Current() {
  static const auto* const nobody = new Cancellation();
  return current != nullptr ? *current : *nobody;
}

}  // namespace elanus::segment
