#include "support.h"

#include <stdlib.h>

#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/engine/replay.h"
#include "trigpoint/engine/stored_state.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"
#include "trigpoint/log/embedded_log.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {
namespace {

constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;

std::string ServiceValue(int service) { return "1-" + std::to_string(900'000'000 + service); }

void SetSubject(int service, v1::Event* event) {
  event->mutable_subject()->set_scheme("cqc-location");
  event->mutable_subject()->set_value(ServiceValue(service));
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "trigpoint_fault_XXXXXX").string();
  path_ = mkdtemp(name.data()) == nullptr ? "" : name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

uint64_t TestSeed() {
  const char* given = std::getenv("TRIGPOINT_SEED");  // NOLINT(concurrency-mt-unsafe): set by none.
  const uint64_t seed =
      given != nullptr && *given != '\0' ? std::stoull(given) : std::random_device{}();
  std::cout << "TRIGPOINT_SEED=" << seed << std::endl;
  return seed;
}

uint64_t Below(uint64_t below, std::mt19937_64* random) {
  return std::uniform_int_distribution<uint64_t>(0, below - 1)(*random);
}

RecordId IdOf(const v1::Event& event) {
  return {.source = event.source(), .id = event.id(), .version = VersionOf(event)};
}

std::string Text(const RecordId& id) {
  return id.source + '/' + id.id + '/' + std::to_string(id.version);
}

EventLoad::EventLoad(std::string name, int services, uint64_t seed, int64_t first_occurred_us)
    : name_(std::move(name)),
      services_(services),
      random_(seed),
      first_occurred_us_(first_occurred_us) {}

std::vector<v1::Event> EventLoad::Registrations() const {
  std::vector<v1::Event> events;
  for (int service = 0; service < services_; ++service) {
    v1::Event& event = events.emplace_back();
    event.set_source("cqc/directory");
    event.set_id("registration-" + std::to_string(service));
    event.set_source_version(1);
    SetSubject(service, &event);
    SetMicros(first_occurred_us_, event.mutable_occurred_at());
    auto* registered = event.mutable_service_registered();
    registered->set_name("House " + std::to_string(service));
    registered->set_service_type(v1::SERVICE_TYPE_CARE_HOME_NURSING);
    registered->set_beds(static_cast<uint32_t>(20 + service));
    registered->add_commissioners("herefordshire-council");
    registered->set_local_authority("Herefordshire");
  }
  return events;
}

v1::Event EventLoad::Report() {
  v1::Event event;
  event.set_source(name_);
  event.set_id("report-" + std::to_string(made_));
  event.set_source_version(1);
  SetSubject(static_cast<int>(Below(static_cast<uint64_t>(services_), &random_)), &event);
  SetMicros(first_occurred_us_ + static_cast<int64_t>(Below(uint64_t{85} * 24, &random_)) * kHourUs,
            event.mutable_occurred_at());
  event.set_source_organisation(made_ % 2 == 0 ? "herefordshire-council" : "hwicb");
  // Few incidents with more than one reporter, so that clusters form.
  if (Below(4, &random_) == 0)
    event.set_incident_key("incident-" + std::to_string(Below(200, &random_)));
  event.add_themes(static_cast<v1::Theme>(1 + Below(6, &random_)));
  switch (Below(20, &random_)) {
    case 0:
      event.mutable_immediate_risk_asserted()->set_grade(
          v1::ImmediateRiskAsserted::GRADE_IMMEDIATE);
      event.mutable_immediate_risk_asserted()->set_asserted_by_role("safeguarding-lead");
      event.mutable_immediate_risk_asserted()->set_rapid_sharing_requested(true);
      break;
    case 1:
    case 2:
      event.mutable_complaint_received()->set_subject("clinical-treatment");
      break;
    case 3:
      event.mutable_contract_notice_served()->set_notice(v1::ContractNoticeServed::NOTICE_DEFAULT);
      break;
    case 4:
    case 5:
    case 6:
    case 7:
      event.mutable_safeguarding_concern_raised()->add_abuse_types(v1::ABUSE_TYPE_NEGLECT);
      event.mutable_safeguarding_concern_raised()->set_adults(1);
      break;
    default:
      event.mutable_incident_reported()->set_physical_harm(
          static_cast<v1::Harm>(1 + Below(5, &random_)));
      event.mutable_incident_reported()->set_people_affected(1);
      break;
  }
  return event;
}

v1::Event EventLoad::Next() {
  ++made_;
  v1::Event event;
  if (!history_.empty() && Below(8, &random_) == 0) {
    const v1::Event& old = history_[Below(history_.size(), &random_)];
    event = latest_.at({old.source(), old.id()});
    event.set_source_version(event.source_version() + 1);
    event.clear_themes();
    event.add_themes(static_cast<v1::Theme>(1 + Below(6, &random_)));
  } else {
    event = Report();
  }
  history_.push_back(event);
  latest_[{event.source(), event.id()}] = event;
  return event;
}

v1::Event EventLoad::Redelivery(bool latest) {
  if (history_.empty()) return Next();
  const v1::Event& old = history_[Below(history_.size(), &random_)];
  return latest ? latest_.at({old.source(), old.id()}) : old;
}

v1::Event Stamped(v1::Event event, int64_t received_us) {
  event.set_submission_digest(SubmissionDigest(event));
  ApplyDefaults(&event);
  event.set_stream_id(
      "p" + Sha256Hex(event.subject().scheme() + '\n' + event.subject().value()).substr(0, 24));
  SetMicros(received_us, event.mutable_received_at());
  return event;
}

std::vector<v1::Event> PolicyActivations() {
  const auto packs = ReadPackDirectory(TRIGPOINT_SOURCE_DIR "/deploy/policies");
  std::vector<v1::Event> events;
  if (!packs.ok())
    throw std::runtime_error(packs.status().ToString());  // A test without policies shows nothing.
  for (const v1::PolicyPack& pack : *packs) {
    v1::Event& event = events.emplace_back();
    event.set_source("trigpoint/control");
    event.set_id("policy/" + pack.id() + "/" + std::to_string(pack.version()));
    event.set_source_version(1);
    SetMicros(kFirstOccurredUs, event.mutable_received_at());
    auto* activated = event.mutable_policy_activated();
    activated->set_policy_id(pack.id());
    activated->set_version(pack.version());
    SetMicros(kFirstOccurredUs, activated->mutable_effective_from());
    *activated->mutable_pack() = pack;
  }
  return events;
}

absl::Status Parts::Open(const Options& options) {
  std::filesystem::create_directories(options.directory);
  TP_ASSIGN_OR_RETURN(log_, OpenEmbeddedLog({.directory = options.directory + "/log",
                                             .partitions = kPartitions,
                                             .sync = options.log_sync,
                                             .env = options.env}));
  TP_ASSIGN_OR_RETURN(store_, Store::Open({.directory = options.directory + "/store",
                                           .env = options.env,
                                           .sync = options.store_sync}));
  TP_ASSIGN_OR_RETURN(projector_,
                      Projector::Open(log_.get(), store_.get(),
                                      {.batch_records_max = options.batch_records_max,
                                       .catch_up_records_max = options.batch_records_max}));
  return projector_->CatchUp();
}

void Parts::Close() {
  projector_.reset();
  if (store_ != nullptr) store_->Close().IgnoreError();
  if (log_ != nullptr) log_->Close().IgnoreError();
  store_.reset();
  log_.reset();
}

absl::StatusOr<std::vector<std::string>> VerifyAll(const Projector& projector) {
  std::vector<std::string> differences;
  for (const v1::ProviderSummary& summary : projector.Summaries()) {
    TP_ASSIGN_OR_RETURN(const auto events,
                        projector.ReadEvents(summary.stream_id(), 0, UINT64_MAX));
    TP_ASSIGN_OR_RETURN(const auto check, CheckStream(summary.stream_id(), events,
                                                      *projector.ControlsFor(summary.stream_id())));
    differences.insert(differences.end(), check.differences.begin(), check.differences.end());
  }
  return differences;
}

absl::StatusOr<Folded> ReadFolded(const Store& store, uint32_t partitions) {
  Folded folded;
  for (uint32_t p = 0; p < partitions; ++p) {
    const std::string prefix = std::to_string(p) + ' ';
    std::vector<std::string> streams;
    TP_RETURN_IF_ERROR(
        store.ScanStates(p, [&](uint32_t, std::string_view stream, std::string_view /*bytes*/) {
          streams.emplace_back(stream);
          return true;
        }));
    TP_RETURN_IF_ERROR(
        store.ScanRecords(p, [&](uint32_t, std::string_view stream, std::string_view bytes) {
          folded[prefix + "record of " + std::string(stream)] = bytes;
          return true;
        }));
    for (const std::string& stream : streams) {
      // How much of it stands apart depends on what was committed together; the state does not.
      TP_ASSIGN_OR_RETURN(const auto state, StoredState::Read(store, p, stream));
      if (state.has_value())
        folded[absl::StrCat(prefix, "state of ", stream)] = state->SerializeAsString();
      TP_ASSIGN_OR_RETURN(const auto events, store.ReadStream(p, stream, 0, UINT64_MAX));
      std::string& bytes = folded[absl::StrCat(prefix, "events of ", stream)];
      for (const v1::StoredEvent& stored : events) bytes += CanonicalBytes(stored);
    }
    for (const char* index : {"binding", "summary", "alert", "waiting", "quarantine", "chain"}) {
      TP_RETURN_IF_ERROR(
          store.ScanIndex(index, p, "", [&](std::string_view key, std::string_view value) {
            folded[prefix + index + " " + HexEncode(key)] = value;
            return true;
          }));
    }
    TP_RETURN_IF_ERROR(store.ScanTimers(p, INT64_MAX, [&](int64_t due_us, std::string_view stream) {
      folded[prefix + "timer of " + std::string(stream) + " at " + std::to_string(due_us)] = "due";
      return true;
    }));
    TP_ASSIGN_OR_RETURN(const auto checkpoint, store.ReadCheckpoint(p));
    if (checkpoint.has_value()) folded[prefix + "checkpoint"] = CanonicalBytes(*checkpoint);
    TP_ASSIGN_OR_RETURN(const auto control, store.ReadControl(p));
    if (control.has_value()) {
      v1::ControlState state;
      if (!state.ParseFromString(*control))
        return absl::DataLossError("control state cannot be read");
      folded[prefix + "control"] =
          CanonicalBytes(state);  // Packs hold maps, whose bytes have no order of their own.
    }
  }
  return folded;
}

std::string Differences(const Folded& left, const Folded& right) {
  std::string text;
  int found = 0;
  const auto tell = [&](const std::string& name, const char* how) {
    if (++found <= 10) text += name + ' ' + how + '\n';
  };
  for (const auto& [name, bytes] : left) {
    const auto it = right.find(name);
    if (it == right.end()) {
      tell(name, "is only on the left");
    } else if (it->second != bytes) {
      tell(name, "differs");
    }
  }
  for (const auto& [name, bytes] : right) {
    if (left.count(name) == 0) tell(name, "is only on the right");
  }
  return found > 10 ? text + "and " + std::to_string(found - 10) + " more\n" : text;
}

absl::StatusOr<Folded> FreshReplay(EventLog* log, const std::string& directory) {
  const auto heads = [log] {
    std::vector<int64_t> all;
    for (uint32_t p = 0; p < log->partitions(); ++p) all.push_back(log->HeadOffset(p).value_or(-1));
    return all;
  };
  const std::vector<int64_t> before = heads();
  TP_ASSIGN_OR_RETURN(const auto store, Store::Open({.directory = directory, .sync = false}));
  {
    TP_ASSIGN_OR_RETURN(
        const auto projector,
        Projector::Open(log, store.get(), {.batch_records_max = 64, .catch_up_records_max = 64}));
    TP_RETURN_IF_ERROR(projector->CatchUp());
  }
  if (heads() != before)
    return absl::FailedPreconditionError("a fresh replay had something to append");
  return ReadFolded(*store, log->partitions());
}

}  // namespace trigpoint
