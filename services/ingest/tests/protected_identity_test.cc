// The identity of a protected source on its way in (domain.md 2.2, C5; S4 2.8).
#include <algorithm>

#include "ingest_fixture.h"
#include "trigpoint/events/protected_identity.h"

namespace trigpoint {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Property;
using testing::StartsWith;

constexpr char kName[] = "Nurse Threlkeld of the night shift";

class ProtectedIdentityTest : public IngestTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(OutcomeOf(Registration("1-1")), v1::SUBMISSION_OUTCOME_ACCEPTED);
  }

  v1::Event Report(const std::string& identity) const {
    v1::Event event = EventOf("council/concerns", "W-1", "1-1");
    auto* concern = event.mutable_whistleblowing_concern_received();
    concern->set_current_abuse_alleged(true);
    if (!identity.empty()) concern->mutable_reporter_identity()->set_clear(identity);
    return event;
  }

  /// Whatever the log holds, in whichever stream, as bytes.
  std::string LogBytes() {
    std::string bytes;
    for (uint32_t partition = 0; partition < log_.partitions(); ++partition) {
      const auto reader = log_.NewReader();
      EXPECT_TRUE(reader->Assign({{partition, 0}}).ok());
      for (auto records = reader->Poll(1000, absl::ZeroDuration());
           records.ok() && !records->empty(); records = reader->Poll(1000, absl::ZeroDuration())) {
        for (const auto& record : *records) bytes += record.value;
      }
    }
    return bytes;
  }

  /// The concern as it stands in the stream of the service.
  v1::Event Stored(const std::string& stream_id) {
    const auto events = projector_->ReadEvents(stream_id, 0, UINT64_MAX);
    EXPECT_TRUE(events.ok()) << events.status();
    for (const auto& stored : *events) {
      if (stored.event().has_whistleblowing_concern_received()) return stored.event();
    }
    ADD_FAILURE() << "the concern is not in its stream";
    return {};
  }

  std::vector<std::string> RulesOf(const v1::Event& event) {
    const auto answer = Submit(event);
    EXPECT_TRUE(answer.ok()) << answer.status();
    std::vector<std::string> rules;
    if (!answer.ok()) return rules;
    for (const auto& violation : answer->violations) {
      rules.push_back(violation.rule());
      EXPECT_EQ(violation.description().find("Threlkeld"), std::string::npos);
    }
    return rules;
  }

  /// What a refused submission was kept as.
  v1::Event Quarantined() {
    EXPECT_TRUE(projector_->WaitUntilCaughtUp(30'000));
    const auto held = projector_->Quarantined({}, "", 10);
    EXPECT_EQ(held.size(), 1U);
    const auto event = intake_->OpenQuarantined(held.at(0), nullptr);
    EXPECT_TRUE(event.ok() && event->has_value());
    return **event;
  }
};

TEST_F(ProtectedIdentityTest, GoesIntoTheVaultAndNowhereElse) {
  const auto answer = Submit(Report(kName));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->outcome, v1::SUBMISSION_OUTCOME_ACCEPTED);
  const v1::Event stored = Stored(answer->stream_id);
  EXPECT_FALSE(stored.whistleblowing_concern_received().has_reporter_identity());
  const auto kept = vault_->Get(VaultRefOf(stored));
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(*kept, kName);
  EXPECT_EQ(LogBytes().find("Threlkeld"), std::string::npos);
}

TEST_F(ProtectedIdentityTest, TellsARedeliveryFromAConflictWithoutHoldingIt) {
  EXPECT_EQ(OutcomeOf(Report(kName)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  EXPECT_EQ(OutcomeOf(Report(kName)), v1::SUBMISSION_OUTCOME_DUPLICATE);
  EXPECT_EQ(OutcomeOf(Report("somebody else")), v1::SUBMISSION_OUTCOME_CONFLICT);
  v1::Event corrected = Report("somebody else");
  corrected.set_source_version(2);
  EXPECT_EQ(OutcomeOf(corrected), v1::SUBMISSION_OUTCOME_ACCEPTED);
  EXPECT_EQ(OutcomeOf(corrected), v1::SUBMISSION_OUTCOME_DUPLICATE);
}

TEST_F(ProtectedIdentityTest, IsNotKeptOfWhatIsRefusedAndTheAnswerSaysSo) {
  v1::Event event = Report(kName);
  event.set_sensitivity(v1::SENSITIVITY_C0_PUBLIC);
  EXPECT_THAT(RulesOf(event), testing::ElementsAre("SENSITIVITY_BELOW_FLOOR", "IDENTITY_NOT_KEPT"));
  EXPECT_FALSE(Quarantined().whistleblowing_concern_received().has_reporter_identity());
  EXPECT_FALSE(*vault_->Knows({"council/concerns", "W-1"}));
}

TEST_F(ProtectedIdentityTest, IsRefusedWhereThereIsNoVault) {
  MakeIntake(nullptr);
  EXPECT_THAT(RulesOf(Report(kName)), Contains("VAULT_NOT_AVAILABLE"));
  EXPECT_FALSE(Quarantined().whistleblowing_concern_received().has_reporter_identity());
  EXPECT_EQ(OutcomeOf(Report("")), v1::SUBMISSION_OUTCOME_ACCEPTED);
}

TEST_F(ProtectedIdentityTest, OfARecordThatWasErasedIsNeverTakenAgain) {
  ASSERT_EQ(OutcomeOf(Report(kName)), v1::SUBMISSION_OUTCOME_ACCEPTED);
  ASSERT_TRUE(vault_->Erase({*vault_->KeyOf({"council/concerns", "W-1"})}).ok());
  EXPECT_THAT(RulesOf(Report(kName)), testing::ElementsAre("ERASED"));
}

TEST_F(ProtectedIdentityTest, ComesNotIntoTheVaultOfARecordWhoseTextsWereErased) {
  v1::Event event = Report(kName);
  event.mutable_whistleblowing_concern_received()->mutable_narrative()->set_clear("as told");
  ASSERT_TRUE(keys_->DestroyKey(SealingKeyId(event)).ok());
  EXPECT_THAT(RulesOf(event), testing::ElementsAre("ERASED"));
  EXPECT_FALSE(*vault_->Knows({"council/concerns", "W-1"}));
}

TEST_F(ProtectedIdentityTest, IsRefusedWhereItContradictsTheReport) {
  v1::Event anonymous = Report(kName);
  anonymous.mutable_whistleblowing_concern_received()->set_anonymous(true);
  EXPECT_THAT(RulesOf(anonymous), testing::ElementsAre("CONTRADICTION", "IDENTITY_NOT_KEPT"));
  v1::Event twice = Report(kName);
  twice.mutable_whistleblowing_concern_received()->set_reporter_vault_ref("council-vault/7");
  EXPECT_THAT(RulesOf(twice), testing::ElementsAre("STAMPED", "IDENTITY_NOT_KEPT"));
  v1::Event nobody = Report("");
  nobody.mutable_whistleblowing_concern_received()->mutable_reporter_identity()->set_clear("");
  EXPECT_THAT(RulesOf(nobody), testing::ElementsAre("REQUIRED", "IDENTITY_NOT_KEPT"));
}

TEST_F(ProtectedIdentityTest, AReferenceIsTakenOfItsOwnRecordOnly) {
  const auto answer = Submit(Report(kName));
  ASSERT_TRUE(answer.ok()) << answer.status();
  const std::string ref = VaultRefOf(Stored(answer->stream_id));
  ASSERT_THAT(ref, StartsWith("vault:"));
  v1::Event other = Report("");
  other.set_id("W-2");
  SetVaultRef(ref, &other);
  EXPECT_THAT(RulesOf(other), testing::ElementsAre("VAULT_REF_UNKNOWN"));
  v1::Event again = Report("");
  again.set_source_version(2);
  SetVaultRef(ref, &again);
  EXPECT_THAT(RulesOf(again), IsEmpty());
  v1::Event own = Report("");
  own.set_id("W-3");
  SetVaultRef("council-vault/7", &own);
  EXPECT_THAT(RulesOf(own), IsEmpty()) << "a reference into the partner's own vault";
}

TEST_F(ProtectedIdentityTest, IsNotKeptOfARowThatNobodyCouldRead) {
  for (const std::string name : {"reporter_identity", "reporterIdentity"}) {
    v1::UnreadableRow row;
    row.set_source("council/concerns");
    row.set_original(R"({"whistleblowingConcernReceived":{")" + name + R"(":"Threlkeld")" + "oops");
    absl::Mutex mu;
    bool answered = false;
    std::vector<v1::FieldViolation> violations;
    intake_->SubmitUnreadable(row, {.file = name}, [&](const absl::StatusOr<IntakeAnswer>& answer) {
      const absl::MutexLock lock(&mu);
      if (answer.ok()) violations = answer->violations;
      answered = true;
    });
    {
      absl::MutexLock lock(&mu);
      mu.Await(absl::Condition(&answered));
    }
    EXPECT_THAT(violations, Contains(Property(&v1::FieldViolation::rule, "IDENTITY_NOT_KEPT")));
  }
  EXPECT_TRUE(projector_->WaitUntilCaughtUp(30'000));
  ASSERT_EQ(projector_->QuarantinedCount({}), 2U);
  for (const auto& held : projector_->Quarantined({}, "", 10)) {
    std::string kept;
    ASSERT_TRUE(intake_->OpenQuarantined(held, &kept).ok());
    EXPECT_EQ(kept, "");
  }
}

}  // namespace
}  // namespace trigpoint
