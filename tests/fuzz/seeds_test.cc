// The fuzz targets over their seeds, and over the seeds damaged in simple ways: in every build.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "targets.h"

namespace trigpoint {
namespace {

class Seeds : public ::testing::TestWithParam<FuzzTarget> {};

void RunOn(const FuzzTarget& target, const std::string& bytes) {
  target.run(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

TEST_P(Seeds, AndWhatIsLeftOfThem) {
  const std::filesystem::path folder =
      std::filesystem::path(TRIGPOINT_SOURCE_DIR) / "tests/fuzz/seeds" / GetParam().name;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string seed((std::istreambuf_iterator<char>(file)), {});
    RunOn(GetParam(), seed);
    ++files;
    const size_t step = seed.size() / 40 + 1;
    for (size_t cut = 0; cut < seed.size(); cut += step) {
      RunOn(GetParam(), seed.substr(0, cut));
      std::string changed = seed;
      changed[cut] = static_cast<char>(changed[cut] ^ 0x55);
      RunOn(GetParam(), changed);
      changed[cut] = '\0';
      RunOn(GetParam(), changed + seed.substr(cut));
    }
  }
  EXPECT_GT(files, 0) << "no seeds in " << folder;
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Seeds, ::testing::ValuesIn(FuzzTargets()),
                         [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace trigpoint
