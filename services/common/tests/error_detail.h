#pragma once

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include "google/rpc/status.pb.h"

namespace trigpoint {

/// The detail of this type of an error; an empty one where there is none.
template <typename Detail>
Detail DetailOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  Detail found;
  for (const auto& detail : details.details()) {
    if (detail.Is<Detail>()) detail.UnpackTo(&found);
  }
  return found;
}

}  // namespace trigpoint
