#include "services/query/retention.h"

#include <gmock/gmock.h>

#include <atomic>
#include <memory>

#include "temp_dir.h"
#include "test_keys.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/events/times.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/store/store.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Property;
using testing::SizeIs;

auto Record(const std::string& id) { return Property(&v1::EventRef::id, id); }

/// A node's log, store, keys and vault, with records of many years; now is 2026.
class RetentionTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = *Store::Open({.directory = directory_ / "store"});
    TestKeys opened = TestKeys::Open(directory_.path());
    key_server_ = std::move(opened.server);
    keys_ = std::move(opened.keys);
    vault_ = std::move(opened.vault);
    projector_ = *Projector::Open(log_.get(), store_.get(), {});
    ASSERT_TRUE(projector_->CatchUp().ok());
    ASSERT_TRUE(projector_->Start().ok());
    writer_ = std::make_unique<EventWriter>(log_.get(), projector_.get(), [this] { return now_; });
    eraser_ = std::make_unique<Eraser>(
        projector_.get(), writer_.get(), [this](const std::vector<std::string>& keys) {
          for (const std::string& key : keys) {
            const absl::Status destroyed =
                key.starts_with(kVaultPrefix) ? vault_->Erase({key}) : keys_->DestroyKey(key);
            if (!destroyed.ok()) return destroyed;
          }
          return absl::OkStatus();
        });
  }
  void TearDown() override { projector_->Stop(); }

  void Append(v1::Event event, const std::string& stream_id) {
    event.set_stream_id(stream_id);
    const auto written = writer_->AppendAndFoldWait(projector_->PartitionFor(stream_id), event);
    ASSERT_TRUE(written.ok()) << written.status();
    ASSERT_TRUE(projector_->WaitUntilCaughtUp(30'000));
  }

  v1::Event EventOf(const std::string& id, int year) {
    v1::Event event;
    event.set_source("home/incidents");
    event.set_id(id);
    event.set_source_version(1);
    SetMicros(LondonMidnight({.year = year, .month = 3, .day = 1}), event.mutable_received_at());
    *event.mutable_occurred_at() = event.received_at();
    return event;
  }

  /// An incident with a text, received in a year.
  v1::Event Incident(const std::string& id, int year, const std::string& key = "") {
    v1::Event event = EventOf(id, year);
    event.set_incident_key(key);
    event.mutable_incident_reported()->mutable_narrative()->set_clear("as told");
    EXPECT_TRUE(SealEvent(&event, *keys_).ok());
    return event;
  }

  std::string KeyOf(const v1::Event& event) { return SealingKeyId(event); }
  bool Destroyed(const v1::Event& event) {
    return absl::IsAborted(keys_->GetKey(KeyOf(event)).status());
  }

  RetentionReport Run(std::vector<RetentionRule> rules, bool check_only = false) {
    Retention retention({.projector = projector_.get(),
                         .eraser = eraser_.get(),
                         .keys = keys_.get(),
                         .vault = vault_.get(),
                         .now_us = [this] { return now_; }},
                        RetentionRules(std::move(rules)));
    const auto report = retention.Run(check_only);
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(projector_->WaitUntilCaughtUp(30'000));
    return report.ok() ? *report : RetentionReport();
  }

  /// The proofs in the stream of a service, oldest first.
  std::vector<v1::PersonalDataErased> Proofs(const std::string& stream_id) {
    std::vector<v1::PersonalDataErased> proofs;
    const auto events = projector_->ReadEvents(stream_id, 0, UINT64_MAX);
    EXPECT_TRUE(events.ok()) << events.status();
    for (const auto& stored : *events) {
      if (stored.event().has_personal_data_erased())
        proofs.push_back(stored.event().personal_data_erased());
    }
    return proofs;
  }

  void Hold(const std::string& stream_id, const std::string& id) {
    v1::Event event = EventOf("hold-" + id, 2025);
    event.set_source("trigpoint/privacy");
    event.mutable_legal_hold_placed()->set_hold_id("hold-" + id);
    event.mutable_legal_hold_placed()->mutable_record()->set_source("home/incidents");
    event.mutable_legal_hold_placed()->mutable_record()->set_id(id);
    Append(event, stream_id);
  }

  v1::Event Refused(const std::string& id, int year) {
    v1::Event event = EventOf("quarantine/" + id, year);
    event.set_source("trigpoint/intake");
    auto* kept = event.mutable_submission_quarantined();
    kept->set_quarantine_id("q-" + id);
    kept->set_submitted_source("home/incidents");
    kept->set_submitted_id(id);
    *kept->mutable_original() =
        *SealBytes(SealingKeyId(EventOf(id, year)), "q-" + id, "as sent", *keys_);
    return event;
  }

  const RetentionRule eight_{.of = "C3", .years = 8};
  int64_t now_ = LondonMidnight({.year = 2026, .month = 6, .day = 1});
  TempDir directory_;
  std::unique_ptr<EventLog> log_ = NewMemoryLog(2);
  std::unique_ptr<Store> store_;
  std::unique_ptr<KeyServer> key_server_;  // Null: the keys are local.
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<IdentityVault> vault_;
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<EventWriter> writer_;
  std::unique_ptr<Eraser> eraser_;
};

TEST_F(RetentionTest, ErasesWhatIsPastItsRuleAndProvesItByTheRule) {
  const v1::Event old = Incident("I-1", 2015);
  const v1::Event young = Incident("I-2", 2024);
  Append(old, "prv-1");
  Append(young, "prv-1");
  const RetentionReport report = Run({eight_});
  EXPECT_EQ(report.keys, 1U);
  EXPECT_THAT(report.records, ElementsAre(Record("I-1")));
  EXPECT_TRUE(Destroyed(old));
  EXPECT_FALSE(Destroyed(young));
  const auto proofs = Proofs("prv-1");
  ASSERT_THAT(proofs, SizeIs(1));
  EXPECT_EQ(proofs[0].authority_ref(), "retention:C3");
  EXPECT_THAT(proofs[0].key_ids(), ElementsAre(KeyOf(old)));
  EXPECT_EQ(Run({eight_}).keys, 0U) << "once is enough";
  EXPECT_THAT(Proofs("prv-1"), SizeIs(1));
}

TEST_F(RetentionTest, ErasesNothingWithoutARuleOrWhenItIsOnlyAsked) {
  const v1::Event old = Incident("I-1", 1995);
  Append(old, "prv-1");
  EXPECT_EQ(Run({}).keys, 0U);
  EXPECT_EQ(Run({{.of = "C4", .years = 1}}).keys, 0U);
  const RetentionReport asked = Run({eight_}, true);
  EXPECT_EQ(asked.keys, 1U);
  EXPECT_THAT(asked.records, ElementsAre(Record("I-1")));
  EXPECT_FALSE(Destroyed(old));
  EXPECT_THAT(Proofs("prv-1"), IsEmpty());
}

TEST_F(RetentionTest, WaitsForTheLastReportOfAnIncidentWhicheverServiceItIsAbout) {
  const v1::Event old = Incident("I-1", 2015, "case-9");
  Append(old, "prv-1");
  Append(Incident("I-2", 2024, "case-9"), "prv-2");
  EXPECT_EQ(Run({eight_}).keys, 0U);
  now_ = LondonMidnight({.year = 2033, .month = 1, .day = 1});
  EXPECT_EQ(Run({eight_}).keys, 2U) << "the key has a proof in each stream";
  EXPECT_TRUE(Destroyed(old));
  EXPECT_THAT(Proofs("prv-1"), SizeIs(1));
  EXPECT_THAT(Proofs("prv-2"), SizeIs(1));
}

TEST_F(RetentionTest, FinishesWhatACrashLeftWithoutItsProof) {
  const v1::Event old = Incident("I-1", 2015);
  Append(old, "prv-1");
  ASSERT_TRUE(keys_->DestroyKey(KeyOf(old)).ok());
  Run({eight_});
  EXPECT_THAT(Proofs("prv-1"), SizeIs(1));
}

TEST_F(RetentionTest, SparesWhatAHoldKeepsAndSaysSo) {
  const v1::Event old = Incident("I-1", 2015);
  Append(old, "prv-1");
  Hold("prv-1", "I-1");
  const RetentionReport report = Run({eight_});
  EXPECT_EQ(report.keys, 0U);
  EXPECT_THAT(report.held, ElementsAre(Record("I-1")));
  EXPECT_FALSE(Destroyed(old));
}

TEST_F(RetentionTest, ErasesTheIdentityOfAProtectedSourceAndDoesNotNameIt) {
  const VaultRecord record{"home/incidents", "W-1"};
  v1::Event report = EventOf("W-1", 2015);
  report.mutable_whistleblowing_concern_received();
  const std::string ref = *vault_->Put(record, "Nurse Threlkeld");
  SetVaultRef(ref, &report);
  Append(report, "prv-1");
  const RetentionReport done = Run({{.of = "C5", .years = 5}});
  EXPECT_EQ(done.keys, 1U);
  EXPECT_THAT(done.records, IsEmpty());
  EXPECT_TRUE(absl::IsAborted(vault_->Get(ref).status()));
  const auto proofs = Proofs("prv-1");
  ASSERT_THAT(proofs, SizeIs(1));
  EXPECT_THAT(proofs[0].records(), IsEmpty());
  EXPECT_THAT(proofs[0].key_ids(), ElementsAre(*vault_->KeyOf(record)));
}

TEST_F(RetentionTest, ErasesWhatOnlyWaitsByTheRuleOfItsClass) {
  v1::Event waiting = Incident("I-1", 2015);
  waiting.mutable_subject()->set_scheme("cqc-location");
  waiting.mutable_subject()->set_value("1-9");
  Append(waiting, "src:home/incidents");
  ASSERT_THAT(projector_->AllWaiting(), SizeIs(1));
  EXPECT_EQ(Run({eight_}).keys, 1U);
  EXPECT_TRUE(Destroyed(waiting));
  EXPECT_THAT(projector_->AllWaiting(), SizeIs(1)) << "the proof itself waits for nobody";
  EXPECT_EQ(Run({eight_}).keys, 0U);
}

TEST_F(RetentionTest, ErasesWhatWasOnlyRefusedByARuleOfItsOwn) {
  const RetentionRule two{.of = "refused", .years = 2};
  Append(Refused("I-1", 2020), "src:home/incidents");
  Append(Refused("I-2", 2025), "src:home/incidents");
  EXPECT_EQ(Run({eight_}).keys, 0U);
  EXPECT_EQ(Run({two}).keys, 1U);
  EXPECT_TRUE(Destroyed(EventOf("I-1", 2020)));
  EXPECT_FALSE(Destroyed(EventOf("I-2", 2025)));
  EXPECT_EQ(Run({two}).keys, 0U);
  EXPECT_EQ(projector_->QuarantinedCount({}), 2U) << "that it was refused stays";
}

TEST_F(RetentionTest, KeepsWhatWasRefusedOfARecordThatCameThrough) {
  Append(Refused("I-1", 2020), "src:home/incidents");
  const v1::Event mended = Incident("I-1", 2020);
  Append(mended, "prv-1");
  EXPECT_EQ(Run({{.of = "refused", .years = 2}}).keys, 0U);
  EXPECT_FALSE(Destroyed(mended)) << "one key seals both";
}

TEST_F(RetentionTest, SparesWhatAHoldNamesThoughItWasOnlyRefused) {
  Append(Incident("I-9", 2025), "prv-1");
  Append(Refused("I-1", 2020), "src:home/incidents");
  Hold("prv-1", "I-1");
  const RetentionReport report = Run({{.of = "refused", .years = 2}});
  EXPECT_EQ(report.keys, 0U);
  EXPECT_THAT(report.held, ElementsAre(Record("I-1")));
}

}  // namespace
}  // namespace trigpoint
