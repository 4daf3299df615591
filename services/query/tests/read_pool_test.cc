#include "services/query/read_pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"

namespace trigpoint {
namespace {

TEST(ReadPool, DoesWhatItAcceptedBeforeItEnds) {
  std::atomic<int> done{0};
  {
    ReadPool pool(2);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.Run([&done] { ++done; }));
  }
  EXPECT_EQ(done.load(), 100);
}

TEST(ReadPool, RefusesWorkWhenTooMuchWaits) {
  absl::Notification started;
  absl::Notification go;
  ReadPool pool(1, 2);
  ASSERT_TRUE(pool.Run([&] {
    started.Notify();
    go.WaitForNotification();
  }));
  started.WaitForNotification();
  EXPECT_TRUE(pool.Run([] {}));
  EXPECT_TRUE(pool.Run([] {}));
  EXPECT_FALSE(pool.Run([] {}));
  go.Notify();
}

}  // namespace
}  // namespace trigpoint
