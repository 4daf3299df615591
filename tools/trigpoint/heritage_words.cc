#include "heritage_words.h"

#include <cstdio>
#include <set>

#include "print.h"
#include "trigpoint/domain/inheritance.h"

namespace trigpoint {
namespace {

std::string NameOf(const std::string& name, const v1::SubjectRef& ref,
                   const std::string& provider) {
  const std::string id = ref.value().empty() ? "" : ref.scheme() + '/' + ref.value();
  if (name.empty()) return id.empty() ? provider : id;
  return name + (id.empty() ? "" : " (" + id + ')');
}

std::string NameOf(const v1::ProviderLink& link) {
  return NameOf(link.other_name(), link.other(), link.other_provider());
}

/// What the command takes for the service at which a person decides.
std::string ArgumentOf(const v1::OpenInheritance& open) {
  return open.id().value().empty() ? open.provider() : open.id().scheme() + '/' + open.id().value();
}

std::string_view StandingInWords(v1::InheritanceStanding standing) {
  switch (standing) {
    case v1::INHERITANCE_STANDING_CONTINUES:
      return "everything continues";
    case v1::INHERITANCE_STANDING_TO_BE_CONFIRMED:
      return "inherited, to be confirmed by a person";
    case v1::INHERITANCE_STANDING_ASKED:
      return "nothing is inherited until a person accepts";
    case v1::INHERITANCE_STANDING_CONFIRMED:
      return "inherited, confirmed";
    case v1::INHERITANCE_STANDING_REFUSED:
      return "not inherited: a person refused";
    case v1::INHERITANCE_STANDING_UNDONE:
      return "the link was taken back";
    default:
      return "";
  }
}

std::string Relation(v1::ServiceLinked::Link link) {
  switch (link) {
    case v1::ServiceLinked::LINK_PREDECESSOR:
      return "follows ";
    case v1::ServiceLinked::LINK_SUCCESSOR:
      return "was followed by ";
    case v1::ServiceLinked::LINK_SITE:
      return "site of ";
    case v1::ServiceLinked::LINK_SAME_SERVICE:
      return "the same service as ";
    default:
      return "linked with ";
  }
}

std::string PredecessorName(const v1::Provider& provider, const std::string& stream_id) {
  for (const auto& link : provider.links()) {
    if (link.other_provider() == "providers/" + stream_id) return NameOf(link);
  }
  return stream_id;
}

std::string DateOf(const v1::Date& date) {
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", date.year() % 10'000, date.month() % 100,
                date.day() % 100);
  return text;
}

}  // namespace

std::string LinkInWords(const v1::ProviderLink& link) {
  std::string text = Relation(link.link()) + NameOf(link);
  if (link.has_effective_on()) text += " since " + DateOf(link.effective_on());
  const bool follows = link.link() == v1::ServiceLinked::LINK_PREDECESSOR ||
                       link.link() == v1::ServiceLinked::LINK_SUCCESSOR;
  if (link.reason() != v1::ServiceLinked::REASON_UNSPECIFIED) {
    text += ": " + InWords(WithoutPrefix(v1::ServiceLinked::Reason_Name(link.reason()), "REASON_"));
  } else if (follows) {
    text += ": reason not stated";
  }
  const std::string_view standing = StandingInWords(link.standing());
  if (!standing.empty()) text += "; " + std::string(standing);
  for (const auto& open : link.open()) {
    text += "; what " + NameOf(open.name(), open.id(), open.provider()) +
            " inherits: " + std::string(StandingInWords(open.standing()));
  }
  return Clean(text);
}

std::string InheritedInWords(const v1::Provider& provider, const v1::ProviderLevel& level) {
  if (level.inherited_from().empty()) return "";
  return "inherited from " + Clean(PredecessorName(provider, level.inherited_from())) +
         (level.to_be_confirmed() ? ", to be confirmed" : "");
}

std::string InheritedInFull(const v1::Provider& provider, std::string_view policy_id,
                            std::string_view argument) {
  std::string text;
  for (const auto& level : provider.levels()) {
    if (level.policy_id() != policy_id) continue;
    const std::string inherited = InheritedInWords(provider, level);
    if (!inherited.empty()) text = "The decided level is " + inherited + ".";
  }
  if (!provider.inheritance_open()) return text;
  std::set<std::string> where;
  for (const auto& link : provider.links()) {
    if (IsOpen(link.standing())) where.emplace(argument);
    for (const auto& open : link.open()) where.insert(Clean(ArgumentOf(open)));
  }
  for (const auto& at : where) {
    text += std::string(text.empty() ? "" : " ") + "A person is to decide about what " +
            (at == argument ? "it" : at) + " inherits: trigpoint inherit " + at +
            " --accept (or --refuse) --rationale \"...\"";
  }
  return text;
}

}  // namespace trigpoint
