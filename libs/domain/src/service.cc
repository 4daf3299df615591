#include "trigpoint/domain/service.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;

/// When a registration was stated: a register that was read in March speaks of March, though the
/// service was registered years ago (occurred_at).
int64_t StatedMicros(const v1::Event& registration) {
  return registration.has_reported_at() ? ToMicros(registration.reported_at())
                                        : OccurredMicros(registration);
}

bool IsCarriedFact(const v1::ProviderState& state, const v1::Event& fact) {
  return std::any_of(state.carried().begin(), state.carried().end(), [&fact](const auto& carried) {
    return carried.source() == fact.source() && carried.id() == fact.id();
  });
}

/// Whether a relation says who runs the service, and not who commissions or oversees it.
bool IsOfItself(v1::Affiliation::Relation relation) {
  return relation == v1::Affiliation::RELATION_ORGANISATION ||
         relation == v1::Affiliation::RELATION_BRAND ||
         relation == v1::Affiliation::RELATION_ODS_PARENT;
}

/// Of a predecessor's registration: what is commissioned there goes on, who it is does not.
v1::ServiceRegistered WhatGoesOn(v1::ServiceRegistered said) {
  said.clear_name();
  said.clear_organisation();
  said.clear_brand();
  said.clear_also_known_as();
  said.clear_registered_on();
  auto* affiliations = said.mutable_affiliations();
  affiliations->erase(std::remove_if(affiliations->begin(), affiliations->end(),
                                     [](const auto& one) { return IsOfItself(one.relation()); }),
                      affiliations->end());
  return said;
}

/// The registrations of a state in the order in which they count, the last one most. Facts stand in
/// the order of source and id, so the order of delivery never shows.
std::vector<v1::ServiceRegistered> Registrations(const v1::ProviderState& state) {
  struct Stated {
    bool own = false;
    int64_t stated_us = 0;
    const v1::Event* fact = nullptr;
  };
  std::vector<Stated> stated;
  for (const auto& fact : state.facts()) {
    if (!fact.has_service_registered()) continue;
    stated.push_back(
        {.own = !IsCarriedFact(state, fact), .stated_us = StatedMicros(fact), .fact = &fact});
  }
  std::stable_sort(stated.begin(), stated.end(), [](const Stated& a, const Stated& b) {
    return std::make_tuple(a.own, a.stated_us) < std::make_tuple(b.own, b.stated_us);
  });
  std::vector<v1::ServiceRegistered> all;
  all.reserve(stated.size());
  for (const Stated& one : stated) {
    const v1::ServiceRegistered& said = one.fact->service_registered();
    all.push_back(one.own ? said : WhatGoesOn(said));
  }
  return all;
}

const FieldDescriptor* Field(int number) {
  return v1::ServiceRegistered::descriptor()->FindFieldByNumber(number);
}

/// The field that says a relation without days; null: there is none, or it holds several.
const FieldDescriptor* FieldOf(v1::Affiliation::Relation relation) {
  switch (relation) {
    case v1::Affiliation::RELATION_ORGANISATION:
      return Field(v1::ServiceRegistered::kOrganisationFieldNumber);
    case v1::Affiliation::RELATION_BRAND:
      return Field(v1::ServiceRegistered::kBrandFieldNumber);
    case v1::Affiliation::RELATION_HOST:
      return Field(v1::ServiceRegistered::kHostFieldNumber);
    case v1::Affiliation::RELATION_ICB:
      return Field(v1::ServiceRegistered::kIcbFieldNumber);
    case v1::Affiliation::RELATION_LOCAL_AUTHORITY:
      return Field(v1::ServiceRegistered::kLocalAuthorityFieldNumber);
    default:
      return nullptr;
  }
}

/// The midnight with which a day begins, `days` later; nothing: no such day was stated.
std::optional<int64_t> MidnightOf(bool stated, const v1::Date& date, int days) {
  const CivilDate day = ToCivil(date);
  if (!stated || !IsValidDate(day)) return std::nullopt;
  return LondonMidnight(AddDays(day, days));
}

/// The instants between which an affiliation holds.
struct Bounds {
  explicit Bounds(const v1::Affiliation& one)
      : from_us(MidnightOf(one.has_starts_on(), one.starts_on(), 0)),
        until_us(MidnightOf(one.has_ends_on(), one.ends_on(), 1)) {}
  bool Hold(int64_t as_of_us) const {
    return (!from_us || *from_us <= as_of_us) && (!until_us || as_of_us < *until_us);
  }
  std::optional<int64_t> from_us;
  std::optional<int64_t> until_us;
};

/// Puts the affiliations of one relation that hold at an instant into the fields of the service.
void PutInForce(v1::Affiliation::Relation relation, const v1::ServiceRegistered& said,
                int64_t as_of_us, v1::ServiceRegistered* service) {
  std::vector<const v1::Affiliation*> in_force;
  for (const auto& one : said.affiliations()) {
    if (one.relation() == relation && Bounds(one).Hold(as_of_us)) in_force.push_back(&one);
  }
  if (relation == v1::Affiliation::RELATION_COMMISSIONER) {
    auto* commissioners = service->mutable_commissioners();
    *commissioners = said.commissioners();
    for (const auto* one : in_force) {
      if (std::find(commissioners->begin(), commissioners->end(), one->organisation()) ==
          commissioners->end())
        *commissioners->Add() = one->organisation();
    }
    return;
  }
  const FieldDescriptor* field = FieldOf(relation);
  if (field == nullptr) return;
  const google::protobuf::Reflection* reflection = v1::ServiceRegistered::GetReflection();
  std::string name = reflection->GetString(said, field);
  std::optional<int64_t> began_us;
  for (const auto* one : in_force) {
    const std::optional<int64_t> from_us = Bounds(*one).from_us;
    if (from_us < began_us) continue;
    began_us = from_us;
    name = one->organisation();
  }
  reflection->SetString(service, field, std::move(name));
}

/// Takes the affiliations with days that count, of all registrations, into the service.
void Affiliate(int64_t as_of_us, const std::vector<v1::ServiceRegistered>& registrations,
               v1::ProviderState* state) {
  v1::ServiceRegistered* service = state->mutable_service();
  for (int number = v1::Affiliation::Relation_MIN; number <= v1::Affiliation::Relation_MAX;
       ++number) {
    const auto relation = static_cast<v1::Affiliation::Relation>(number);
    const auto latest =
        std::find_if(registrations.rbegin(), registrations.rend(),
                     [relation](const auto& said) { return Names(relation, said); });
    if (latest == registrations.rend()) continue;
    bool any = false;
    for (const auto& one : latest->affiliations()) {
      if (one.relation() != relation) continue;
      any = true;
      *service->add_affiliations() = one;
      const Bounds bounds(one);
      for (const auto& bound : {bounds.from_us, bounds.until_us}) {
        if (!bound || *bound <= as_of_us) continue;
        const int64_t next = state->service_until_us();
        state->set_service_until_us(next == 0 ? *bound : std::min(next, *bound));
      }
    }
    if (any) PutInForce(relation, *latest, as_of_us, service);
  }
}

}  // namespace

bool Names(v1::Affiliation::Relation relation, const v1::ServiceRegistered& said) {
  const auto& dated = said.affiliations();
  if (std::any_of(dated.begin(), dated.end(),
                  [relation](const auto& one) { return one.relation() == relation; }))
    return true;
  if (relation == v1::Affiliation::RELATION_COMMISSIONER) return !said.commissioners().empty();
  const FieldDescriptor* field = FieldOf(relation);
  return field != nullptr &&
         !v1::ServiceRegistered::GetReflection()->GetString(said, field).empty();
}

void MergeService(int64_t as_of_us, v1::ProviderState* state) {
  const std::vector<v1::ServiceRegistered> registrations = Registrations(*state);
  state->clear_service();
  state->clear_service_until_us();
  bool dated = false;
  for (const auto& said : registrations) {
    v1::ServiceRegistered* service = state->mutable_service();
    if (!said.commissioners().empty()) service->clear_commissioners();
    if (!said.also_known_as().empty()) service->clear_also_known_as();
    if (said.has_registered_on()) service->clear_registered_on();
    service->MergeFrom(said);
    service->clear_affiliations();
    dated = dated || !said.affiliations().empty();
  }
  if (dated) Affiliate(as_of_us, registrations, state);
}

bool CarryService(int64_t as_of_us, v1::ProviderState* state) {
  if (state->service_until_us() == 0 || as_of_us < state->service_until_us()) return false;
  MergeService(as_of_us, state);
  return true;
}

const v1::ServiceRegistered* ServiceOf(const v1::ProviderState& state) {
  return state.has_service() ? &state.service() : nullptr;
}

std::string DisplayName(const v1::ProviderState& state) {
  const v1::ServiceRegistered* service = ServiceOf(state);
  if (service != nullptr && !service->name().empty()) return service->name();
  if (state.ids_size() > 0) return state.ids(0).scheme() + "/" + state.ids(0).value();
  return state.stream_id();
}

}  // namespace trigpoint
