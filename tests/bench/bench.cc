// trigpoint-bench [--json] [--quick] [--only engine|policies|keys|wire|operate|duplicates|intake]:
// figures of this machine, each beside its raw limit in the same run.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "bench_support.h"

int main(int argc, char** argv) {
  bool json = false;
  bool quick = false;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json") {
      json = true;
    } else if (word == "--quick") {
      quick = true;
    } else if (word == "--only" && i + 1 < argc) {
      only = argv[++i];
    } else if (word == "--echo" && i + 4 < argc) {
      return trigpoint::bench::ServeEcho(argv[i + 1], {.per_commit = std::atof(argv[i + 2]),
                                                       .puts = std::atof(argv[i + 3]),
                                                       .put_bytes = std::atof(argv[i + 4])});
    } else {
      std::fprintf(stderr,
                   "usage: trigpoint-bench [--json] [--quick] [--only "
                   "engine|policies|keys|wire|operate|duplicates|intake]\n");
      return 2;
    }
  }
  const std::string bin = std::filesystem::canonical("/proc/self/exe").parent_path().string();
  if (!json) {
    std::printf("| %-46s | %-23s | %-44s | %-8s |\n", "measured", "value",
                "raw limit in the same run", "ratio");
  }
  using trigpoint::bench::Print;
  const std::string policies = std::string(TRIGPOINT_SOURCE_DIR) + "/deploy/policies";
  if (only.empty() || only == "engine") Print(trigpoint::bench::EngineRows(policies, quick), json);
  if (only.empty() || only == "policies")
    Print(trigpoint::bench::PolicyRows(policies, quick), json);
  if (only.empty() || only == "keys") Print(trigpoint::bench::KeyRows(quick), json);
  if (only.empty() || only == "wire") Print(trigpoint::bench::WireRows(bin, quick), json);
  if (only.empty() || only == "operate") Print(trigpoint::bench::OperateRows(bin, quick), json);
  if (only.empty() || only == "duplicates")
    Print(trigpoint::bench::DuplicateRows(bin, quick), json);
  if (only.empty() || only == "intake") {
    Print(trigpoint::bench::IntakeRows(bin, TRIGPOINT_SOURCE_DIR, quick), json);
  }
  return 0;
}
