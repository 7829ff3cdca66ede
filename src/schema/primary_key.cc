#include "schema/primary_key.h"

namespace elanus::schema {
namespace {
// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
// OOPSLA 2014, figure 17, constants of David Stafford's variant 13).
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}
}  // namespace

uint64_t StableHash(PrimaryKeyView key) {
  if (!key.is_string()) return Mix(static_cast<uint64_t>(key.as_int()) + 0x9e3779b97f4a7c15ull);
  // FNV-1a 64, then mixed so that the low bits are good.
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : key.as_string()) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  }
  return Mix(hash);
}

}  // namespace elanus::schema
