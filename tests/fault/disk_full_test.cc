// A small disk fills up: the partner is told, nothing is damaged, and the node goes on when there
// is room again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "absl/time/clock.h"
#include "node_client.h"
#include "node_process.h"
#include "support.h"

namespace trigpoint {
namespace {

/// A file system of a few megabytes; mounted() is false where this process may not mount.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& directory) : path_(directory) {
    std::filesystem::create_directories(path_);
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=48m") == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  /// Fills it but for `left` bytes, so that now this file, now that one is the first without room.
  void Fill(uint64_t left) const {
    std::ofstream ballast(path_ + "/ballast", std::ios::binary | std::ios::trunc);
    const std::string block(4096, 'x');
    while (std::filesystem::space(path_).available > left &&
           ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void Empty() const { std::filesystem::remove(path_ + "/ballast"); }

 private:
  std::string path_;
  bool mounted_ = false;
};

class DiskFullTest : public testing::Test {
 protected:
  grpc::Status Submit(const v1::Event& event) {
    const auto channel = Connect(node_.address());
    const auto stub = v1::IntelligenceService::NewStub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::SubmitEventRequest request;
    *request.mutable_event() = event;
    v1::SubmitEventResponse response;
    const grpc::Status status = stub->SubmitEvent(&context, request, &response);
    if (status.ok()) oracle_.Note(IdOf(event), response.outcome(), response.stream_id());
    return status;
  }

  /// Submits until the node answers that it has no room; it names none of its files to a partner.
  void SubmitUntilFull(EventLoad* load) {
    const size_t before = oracle_.entries().size();
    grpc::Status status;
    for (int i = 0; i < 20'000 && status.ok(); ++i) {
      refused_ = load->Next();
      if (refused_.has_incident_reported()) {
        refused_.mutable_incident_reported()->mutable_narrative()->set_clear(
            std::string(3000, 'n'));
      }
      status = Submit(refused_);
    }
    ASSERT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED)
        << status.error_message() << "\n"
        << node_.Printed();
    EXPECT_THAT(status.error_message(), testing::Not(testing::HasSubstr("/")));
    std::cout << oracle_.entries().size() - before << " records were taken before the disk was full"
              << std::endl;
    ASSERT_TRUE(node_.running());
  }

  /// Submits what was refused until it is taken, for there is room again.
  void SubmitUntilTaken() {
    const absl::Time freed = absl::Now();
    grpc::Status status = Submit(refused_);
    while (!status.ok() && absl::Now() < freed + absl::Seconds(30)) {
      ASSERT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED)
          << status.error_message() << "\n"
          << node_.Printed();
      absl::SleepFor(absl::Milliseconds(20));
      status = Submit(refused_);
    }
    ASSERT_TRUE(status.ok()) << status.error_message() << "\n" << node_.Printed();
    std::cout << "works again " << absl::FormatDuration(absl::Now() - freed)
              << " after there was room" << std::endl;
  }

  void ExpectEverythingOnce() {
    const auto channel = Connect(node_.address());
    std::map<std::string, std::vector<RecordId>> expected;
    for (const auto& [id, entry] : oracle_.entries()) expected[entry.stream_id].push_back(id);
    for (const auto& [stream_id, records] : expected) {
      streams_.insert(stream_id);
      std::map<RecordId, int> seen;
      for (const v1::TimelineEntry& entry : ReadTimeline(*channel, stream_id)) {
        ++seen[{.source = entry.source(),
                .id = entry.id(),
                .version = std::max(1U, entry.source_version())}];
      }
      for (const RecordId& id : records) EXPECT_EQ(seen[id], 1) << Text(id);
    }
    EXPECT_THAT(ReadVerify(*channel), testing::IsEmpty());
  }

  const uint64_t seed_ = TestSeed();
  ScratchDirectory directory_;
  const SmallDisk disk_{directory_ / "disk"};
  NodeProcess node_{directory_ / "disk/data", directory_ / "node.log"};
  Oracle oracle_;
  v1::Event refused_;
  std::set<std::string> streams_;
};

TEST_F(DiskFullTest, IsToldAndHealsWithoutDamage) {
  if (!disk_.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  ASSERT_TRUE(node_.Start()) << node_.Printed();
  EventLoad load("council/safeguarding", 4, seed_,
                 absl::ToUnixMicros(absl::Now() - absl::Hours(24 * 86)));
  for (const v1::Event& event : load.Registrations()) ASSERT_TRUE(Submit(event).ok());
  std::mt19937_64 random(seed_);
  for (int round = 0; round < 4; ++round) {
    disk_.Fill(round == 0 ? 0 : Below(uint64_t{256} << 10, &random));
    ASSERT_NO_FATAL_FAILURE(SubmitUntilFull(&load));
    disk_.Empty();
    ASSERT_NO_FATAL_FAILURE(SubmitUntilTaken());
    for (int i = 0; i < 20; ++i) {
      const grpc::Status status = Submit(load.Next());
      ASSERT_TRUE(status.ok()) << status.error_message() << "\n" << node_.Printed();
    }
  }
  ExpectEverythingOnce();
  const Folded before = ReadAnswers(*Connect(node_.address()), streams_);
  ASSERT_EQ(node_.Terminate(20), 0) << node_.Printed();
  ASSERT_TRUE(node_.Start()) << node_.Printed();
  EXPECT_EQ(Differences(before, ReadAnswers(*Connect(node_.address()), streams_)), "");
  ExpectEverythingOnce();
}

}  // namespace
}  // namespace trigpoint
