#include "services/partners/partner_intake.h"

#include <utility>

#include "services/partners/topic_intake.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

/// For outcomes under way when the node stops.
constexpr absl::Duration kLastOutcomes = absl::Seconds(1);

}  // namespace

PartnerIntake::PartnerIntake() = default;

PartnerIntake::~PartnerIntake() { Stop(); }

void PartnerIntake::BeginStop() {
  for (const auto& topic : topics_) topic->BeginStop();
}

void PartnerIntake::Stop() {
  BeginStop();
  for (const auto& topic : topics_) topic->Stop();
  if (writer_ != nullptr) writer_->Close(kLastOutcomes).IgnoreError();
}

absl::StatusOr<std::unique_ptr<PartnerIntake>> StartPartnerIntake(
    const PartnerIntakeDeps& deps, const std::vector<PartnerTopic>& topics) {
  if (topics.empty()) return nullptr;
  std::unique_ptr<PartnerIntake> made(new PartnerIntake());
  TP_ASSIGN_OR_RETURN(made->writer_, TopicWriter::Open({.connection = deps.connection}));
  for (const PartnerTopic& topic : topics) {
    absl::StatusOr<Principal> partner = deps.auth->Named(topic.partner);
    if (!partner.ok()) {
      return absl::FailedPreconditionError("partner_topics: " + topic.topic + ": `partner`: " +
                                           std::string(partner.status().message()) +
                                           "; add it to the file of --principals");
    }
    made->topics_.push_back(
        std::make_unique<TopicIntake>(deps, made->writer_.get(), topic, *std::move(partner)));
  }
  for (const auto& topic : made->topics_) TP_RETURN_IF_ERROR(topic->Start());
  return made;
}

}  // namespace trigpoint
