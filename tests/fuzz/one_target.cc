// One target under libFuzzer; TRIGPOINT_FUZZ_TARGET says which.
#include <cstdlib>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const trigpoint::FuzzTarget* const target = [] {
    for (const auto& known : trigpoint::FuzzTargets()) {
      if (known.name == TRIGPOINT_FUZZ_TARGET) return &known;
    }
    std::abort();
  }();
  target->run(data, size);
  return 0;
}
