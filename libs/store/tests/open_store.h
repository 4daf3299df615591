#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "trigpoint/store/store.h"

namespace trigpoint {

/// Small memory, so that a test is quick.
inline StoreOptions SmallStore(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  options.block_cache_bytes = size_t{8} << 20;
  options.write_buffer_bytes = size_t{1} << 20;
  return options;
}

/// Opens a store that must open.
inline std::unique_ptr<Store> OpenStore(const std::string& directory) {
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(SmallStore(directory));
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

}  // namespace trigpoint
