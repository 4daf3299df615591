#include "rates.h"

#include "trigpoint/domain/service.h"

namespace trigpoint {
namespace {

const v1::PeerBaselinePublished::Rate* PeerRateOf(const MeasureContext& context,
                                                  v1::SourceFamily family) {
  const v1::ServiceRegistered* service = ServiceOf(context.state);
  if (service == nullptr) return nullptr;
  const v1::PeerBaselinePublished::Rate* found = nullptr;
  for (const auto& baseline :
       context.baselines) {  // In order of arrival: the last in force stands.
    if (baseline->service_type() != service->service_type()) continue;
    for (const auto& rate : baseline->rates()) {
      if (rate.family() == family) found = &rate;
    }
  }
  return found;
}

/// Earliest instant at which anything about the service is known: before it there is no baseline of
/// its own.
int64_t HistoryStart(const v1::ProviderState& state) {
  int64_t start = state.known_us();
  if (state.concerns_size() > 0) start = std::min(start, state.concerns(0).occurred_us());
  if (state.summed_size() > 0) start = std::min(start, state.summed(0).day() * kMicrosPerDay);
  return start;
}

}  // namespace

RateInput InputFor(const MeasureContext& context, v1::SourceFamily family,
                   const RateWindow& window) {
  const int64_t window_start = window.start_us();
  const int64_t baseline_start = window_start - window.baseline_days * kMicrosPerDay;
  const v1::ServiceRegistered* service = ServiceOf(context.state);
  const double beds = service == nullptr ? 0 : service->beds();
  RateInput input;
  input.window_days = static_cast<double>(window.days);
  input.exposure_days_in_window = beds * static_cast<double>(window.days);
  input.observed =
      static_cast<int64_t>(context.Clusters().Count(window_start, window.end_us, {&family, 1}));
  input.covered = Heard(context, family);
  const auto* peer = PeerRateOf(context, family);
  if (peer != nullptr && peer->exposure() > 0) {
    input.peer =
        PeerRate{.events_per_exposure_day = static_cast<double>(peer->events()) / peer->exposure(),
                 .providers = static_cast<int>(peer->providers())};
  }
  const int64_t history = std::max(HistoryStart(context.state), baseline_start);
  if (window.baseline_days > 0 && history < window_start) {
    const double days =
        static_cast<double>(window_start - history) / static_cast<double>(kMicrosPerDay);
    input.own = OwnBaseline{.events = static_cast<int64_t>(context.Clusters().Count(
                                baseline_start, window_start, {&family, 1})),
                            .exposure_days = beds * days,
                            .calendar_days = days};
  }
  return input;
}

RateParameters ParametersOf(const MeasureArguments& arguments, double baseline_days) {
  return {.alpha = arguments.Number("alpha"),
          .min_count = arguments.Integer("min_count"),
          .peer_min_n = static_cast<int>(arguments.Integer("peer_min_n")),
          .baseline_days_min = baseline_days};
}

void TellRate(const std::string& name, const RateInput& input, const RateResult& rate,
              MeasureResult* result) {
  AddFigure(name + ": observed", static_cast<double>(input.observed), result);
  if (rate.basis == "none") return;
  AddFigure(name + ": expected", rate.expected, result);
  AddFigure(name + ": p", rate.p_value, result);
}

std::string RateName(v1::SourceFamily family, int64_t days) {
  return FamilyText(family) + " in " + std::to_string(days) + " days";
}

Truth Reached(bool reached, const MeasureContext& context,
              const std::vector<v1::SourceFamily>& families, MeasureResult* result) {
  if (reached) return Truth::kTrue;
  if (std::all_of(families.begin(), families.end(),
                  [&context](const auto family) { return Heard(context, family); })) {
    return Truth::kFalse;
  }
  if (result->WantsProof()) {
    result->note = NotHeard(context, families);
  }
  return Truth::kUnknown;
}

}  // namespace trigpoint
