#include "group_lease.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

constexpr int64_t kSession = 1000;

/// A member at work: what it sends and is answered, and when.
class GroupLeaseTest : public testing::Test {
 protected:
  void Join(int64_t answered) {
    lease_.Sent(GroupRequest::kJoin);
    lease_.Answered(GroupRequest::kJoin, answered);
    lease_.Sent(GroupRequest::kSync);
    lease_.Answered(GroupRequest::kSync, answered + 1);
    lease_.Begin();
  }
  void Heartbeat(int64_t answered) {
    lease_.Sent(GroupRequest::kHeartbeat);
    lease_.Answered(GroupRequest::kHeartbeat, answered);
  }
  GroupLease lease_{kSession};
};

TEST_F(GroupLeaseTest, LastsASessionFromTheAnswerToTheJoin) {
  EXPECT_FALSE(lease_.Lasts(0));
  Join(100);
  EXPECT_TRUE(lease_.Lasts(1099));
  EXPECT_FALSE(lease_.Lasts(1100));
}

TEST_F(GroupLeaseTest, TellsThatItRanOutFromThatItNeverBeganOrWasEnded) {
  EXPECT_FALSE(lease_.RanOut(5000));
  Join(100);
  EXPECT_FALSE(lease_.RanOut(1099));
  EXPECT_TRUE(lease_.RanOut(1100));
  lease_.End();
  EXPECT_FALSE(lease_.RanOut(1100));
}

TEST_F(GroupLeaseTest, CountsFromBeforeTheLastHeartbeatThatIsKnownToBeAnsweredWell) {
  Join(100);
  Heartbeat(200);  // left after the answer to the sync at 101
  EXPECT_TRUE(lease_.Lasts(1099));
  lease_.Sent(GroupRequest::kHeartbeat);  // so the one before was answered well
  EXPECT_TRUE(lease_.Lasts(1100));
  EXPECT_FALSE(lease_.Lasts(1101));
}

TEST_F(GroupLeaseTest, RunsOutWhileHeartbeatsGoUnanswered) {
  Join(100);
  Heartbeat(200);
  Heartbeat(300);
  for (int i = 0; i < 5; ++i) lease_.Sent(GroupRequest::kHeartbeat);
  EXPECT_TRUE(lease_.Lasts(1199));
  EXPECT_FALSE(lease_.Lasts(1200)) << "the heartbeat answered at 300 left after 200";
}

TEST_F(GroupLeaseTest, IsNotMadeLongerByAStopBetweenASendAndItsAnswer) {
  Join(100);
  Heartbeat(200);
  lease_.Sent(GroupRequest::kHeartbeat);
  // Stopped here for an hour; the answer was waiting, and the coordinator has long put us out.
  lease_.Answered(GroupRequest::kHeartbeat, 3'600'000);
  EXPECT_FALSE(lease_.Lasts(3'600'000));
  lease_.Sent(GroupRequest::kHeartbeat);
  EXPECT_FALSE(lease_.Renew(3'600'001)) << "that heartbeat left after 200: it proves no more";
}

TEST_F(GroupLeaseTest, TakesNoRefusedHeartbeatForAGoodOne) {
  Join(100);
  Heartbeat(500);
  Heartbeat(900);                    // refused: so the client joins again
  lease_.Sent(GroupRequest::kJoin);  // unanswered
  EXPECT_FALSE(lease_.Lasts(1101));
}

TEST_F(GroupLeaseTest, DoesNotComeBackByItself) {
  Join(100);
  Heartbeat(200);
  Heartbeat(300);
  EXPECT_FALSE(lease_.Lasts(1500));
  Heartbeat(1510);  // left after 300
  Heartbeat(1520);  // left after 1510
  EXPECT_FALSE(lease_.Renew(1521));
  Heartbeat(1530);  // so that one was answered well: the coordinator had not put us out
  EXPECT_FALSE(lease_.Lasts(1531)) << "whoever was told no must be told of the end first";
  EXPECT_TRUE(lease_.Renew(1531));
  EXPECT_TRUE(lease_.Lasts(1532));
}

TEST_F(GroupLeaseTest, EndsWhenTheGroupIsLeft) {
  Join(100);
  lease_.Sent(GroupRequest::kLeave);
  EXPECT_FALSE(lease_.Lasts(101));
  EXPECT_FALSE(lease_.Renew(101));
  Join(200);
  EXPECT_TRUE(lease_.Lasts(201));
  lease_.End();
  EXPECT_FALSE(lease_.Lasts(202));
}

}  // namespace
}  // namespace trigpoint
