#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace trigpoint {

/// One decoder that meets the outside. It takes any bytes, must not crash, hang or leak, and keeps
/// the laws that stand beside each target; a law that does not hold aborts.
struct FuzzTarget {
  std::string name;  ///< Also of its folder of seeds.
  void (*run)(const uint8_t* data, size_t size);
};

/// Every target, by name.
const std::vector<FuzzTarget>& FuzzTargets();

/// Aborts with the law that does not hold.
void MustHold(bool law, const char* what);

}  // namespace trigpoint
