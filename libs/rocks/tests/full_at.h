#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "fault_env.h"

namespace trigpoint {

/// Where a disk is full: in which files, and when that shows.
struct FullAt {
  const char* name;
  FaultEnv::Files files;
  FaultEnv::Fault fault;
};

inline void PrintTo(const FullAt& at, std::ostream* out) { *out << at.name; }

inline std::string NameOf(const testing::TestParamInfo<FullAt>& at) { return at.param.name; }

inline constexpr FullAt kFullAt[] = {
    {"LogAppend", FaultEnv::Files::kWriteAheadLogs, FaultEnv::Fault::kNoSpace},
    {"LogSync", FaultEnv::Files::kWriteAheadLogs, FaultEnv::Fault::kNoSpaceAtSync},
    {"TableAppend", FaultEnv::Files::kTables, FaultEnv::Fault::kNoSpace},
    {"TableSync", FaultEnv::Files::kTables, FaultEnv::Fault::kNoSpaceAtSync},
    {"ManifestAppend", FaultEnv::Files::kManifests, FaultEnv::Fault::kNoSpace},
    {"ManifestSync", FaultEnv::Files::kManifests, FaultEnv::Fault::kNoSpaceAtSync}};

}  // namespace trigpoint
