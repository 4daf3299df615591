#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "services/common/field_error.h"
#include "services/query/disclosure_export.h"
#include "services/query/query_core.h"
#include "services/query/report_reading.h"
#include "services/query/resolve.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "trigpoint/reports/report.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {
namespace {

constexpr char kProduce[] = "trigpoint.v1.ReportService/ProduceReport";

absl::Status CheckRequest(const v1::ProduceReportRequest& request) {
  if (request.kind() == v1::Report::KIND_UNSPECIFIED || !v1::Report::Kind_IsValid(request.kind()))
    return FieldError("kind", "REQUIRED", "say which report");
  const bool one = IsAboutOneService(request.kind());
  if (one && request.provider().empty())
    return FieldError("provider", "REQUIRED", "this report is about one provider: name it");
  if (!one && !request.provider().empty()) {
    return FieldError("provider", "NOT_ALLOWED",
                      "this report is about every provider: leave it out");
  }
  if (!v1::RedactionProfile_IsValid(request.redaction()) ||
      request.redaction() == v1::REDACTION_PROFILE_SUBJECT_ACCESS) {
    return FieldError("redaction", "NOT_ALLOWED",
                      "PUBLIC, PROVIDER or PARTNER; a person's own record is for ExportDisclosure");
  }
  return absl::OkStatus();
}

/// Always as known at an instant, also now: asked again for that instant, the same bytes.
absl::StatusOr<ReportQuestion> QuestionOf(const v1::ProduceReportRequest& request, int64_t now_us) {
  ReportQuestion question{.redaction = request.redaction(), .policy_id = request.policy_id()};
  google::protobuf::Timestamp as_of = request.as_of();
  if (!request.has_as_of()) SetMicros(now_us, &as_of);
  TP_ASSIGN_OR_RETURN(question.asked, InstantsOf(&as_of, nullptr, now_us));
  const int64_t as_of_us = question.asked.assess_us;
  question.from_us = request.has_from() ? ToMicros(request.from())
                                        : LondonMidnight(AddMonths(LondonDate(as_of_us), -1));
  if (question.from_us >= as_of_us)
    return FieldError("from", "CONTRADICTION", "lies before `as_of`");
  return question;
}

Told ToldUnder(v1::RedactionProfile profile) {
  switch (profile) {
    case v1::REDACTION_PROFILE_UNSPECIFIED:
      return Told::kEverything;
    case v1::REDACTION_PROFILE_PUBLIC:
      return Told::kPublic;
    default:
      return Told::kWithoutProof;
  }
}

/// A call under way.
struct Asking {
  QueryCore& core;
  const Principal& principal;
  const v1::ProduceReportRequest& request;
  const grpc::CallbackServerContext& context;
};

/// Keeps of one of many services what a report about many reads: no report of a concern that is
/// older than the period before, and of what the engine derived weakened bases alone.
void KeepForList(const ReportQuestion& question, ReportedService* service) {
  const int64_t oldest_us = 2 * question.from_us - question.asked.assess_us;
  std::erase_if(service->facts, [oldest_us](const ReportedFact& fact) {
    const KindInfo* kind = KindOfName(fact.kind);
    if (kind == nullptr) return false;
    if (kind->role != v1::EVENT_ROLE_FACT) return fact.kind != "decision_basis_weakened";
    return RaisesConcern(*kind) && fact.known_us <= oldest_us;
  });
  service->facts.shrink_to_fit();
}

/// The services that the report is about; of all of them those known at the instant.
absl::StatusOr<std::vector<ReportReading>> ReadServices(const Asking& asking,
                                                        const ReportQuestion& question) {
  QueryCore& core = asking.core;
  std::vector<ReportReading> readings;
  const auto read = [&](const std::string& stream_id) -> absl::Status {
    TP_ASSIGN_OR_RETURN(ReportReading reading,
                        ReadForReport(core, asking.principal, stream_id, question));
    TP_RETURN_IF_ERROR(
        core.deps.auth->Disclose(asking.principal, kProduce, stream_id, reading.shown));
    readings.push_back(std::move(reading));
    return absl::OkStatus();
  };
  if (IsAboutOneService(asking.request.kind())) {
    TP_ASSIGN_OR_RETURN(const std::string stream_id,
                        ResolveProvider(core.projector(), asking.request.provider()));
    TP_RETURN_IF_ERROR(read(stream_id));
    return readings;
  }
  for (const auto& summary : *core.AllSummaries()) {
    if (asking.context.IsCancelled()) return absl::CancelledError("the caller has left");
    const absl::Status status = read(summary.stream_id());
    if (absl::IsNotFound(status)) continue;  // Not known then.
    TP_RETURN_IF_ERROR(status);
    KeepForList(question, &readings.back().service);
  }
  return readings;
}

absl::Status CheckPolicy(const std::string& policy_id, const std::vector<ReportReading>& readings) {
  if (policy_id.empty()) return absl::OkStatus();
  for (const auto& reading : readings) {
    if (reading.policies.contains(policy_id)) return absl::OkStatus();
  }
  const ErrorMetadata named = Naming("policy_id", policy_id);
  return WithReason(
      absl::NotFoundError("the policy" + (named.empty() ? "" : " " + named.begin()->second) +
                          " is not in force then"),
      "POLICY_NOT_IN_FORCE", named);
}

void AddCaveats(const ReportQuestion& question, const std::vector<ReportReading>& readings,
                ReportInput* input) {
  std::set<std::string> told;
  for (const auto& reading : readings) {
    for (const auto& caveat : reading.caveats) {
      if (told.insert(caveat).second) input->caveats.push_back(caveat);
    }
    if (!IsAboutOneService(input->kind)) continue;
    for (const auto& caveat : reading.of_service) {
      if (told.insert(caveat).second) input->caveats.push_back(caveat);
    }
  }
  if (question.redaction == v1::REDACTION_PROFILE_UNSPECIFIED) return;
  input->redaction = ProfileName(question.redaction);
  std::string left_out = "Left out: ";
  for (const auto& words : LeftOutOf(question.redaction))
    left_out += (left_out.size() > 10 ? "; " : "") + words;
  input->caveats.push_back(left_out + '.');
  input->caveats.emplace_back(
      "\"None received\" and numbers are of what the profile gives out. That it is given to "
      "somebody is a disclosure, to be recorded with trigpoint disclose.");
}

absl::StatusOr<v1::Report> Produce(const Asking& asking) {
  const v1::ProduceReportRequest& request = asking.request;
  TP_RETURN_IF_ERROR(CheckRequest(request));
  TP_ASSIGN_OR_RETURN(const ReportQuestion question, QuestionOf(request, asking.core.Now()));
  TP_ASSIGN_OR_RETURN(auto readings, ReadServices(asking, question));
  TP_RETURN_IF_ERROR(CheckPolicy(question.policy_id, readings));
  std::sort(readings.begin(), readings.end(), [](const auto& a, const auto& b) {
    return std::tie(a.service.name, a.stream_id) < std::tie(b.service.name, b.stream_id);
  });
  ReportInput input{.kind = request.kind(),
                    .as_of_us = question.asked.assess_us,
                    .from_us = question.from_us,
                    .told = ToldUnder(question.redaction)};
  AddCaveats(question, readings, &input);
  const bool one_policy = !IsAboutOneService(request.kind()) && !question.policy_id.empty();
  for (auto& reading : readings) {
    if (one_policy && reading.service.policies.empty()) continue;
    input.services.push_back(std::move(reading.service));
  }
  return BuildReport(input);
}

class ReportService final : public v1::ReportService::CallbackService {
 public:
  explicit ReportService(std::shared_ptr<QueryCore> core) : core_(std::move(core)) {}

  grpc::ServerUnaryReactor* ProduceReport(grpc::CallbackServerContext* context,
                                          const v1::ProduceReportRequest* request,
                                          v1::Report* response) override {
    return Serve(
        *core_, context, kProduce, {.sensitivity = kAnswerClass}, Where::kPool,
        [core = core_.get(), context, request, response](const Principal& principal) {
          absl::StatusOr<v1::Report> produced = Produce(
              {.core = *core, .principal = principal, .request = *request, .context = *context});
          if (!produced.ok()) return ToGrpc(produced.status());
          *response = *std::move(produced);
          return grpc::Status::OK;
        });
  }

 private:
  std::shared_ptr<QueryCore> core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeReportService(std::shared_ptr<QueryCore> core) {
  return std::make_unique<ReportService>(std::move(core));
}

}  // namespace trigpoint
