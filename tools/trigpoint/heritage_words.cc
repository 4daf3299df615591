#include "heritage_words.h"

#include <cstdio>

#include "print.h"

namespace trigpoint {
namespace {

std::string NameOf(const v1::ProviderLink& link) {
  const std::string id = link.has_other() ? link.other().scheme() + '/' + link.other().value() : "";
  if (link.other_name().empty()) return id.empty() ? link.other_provider() : id;
  return link.other_name() + (id.empty() ? "" : " (" + id + ')');
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
  text = Clean(text);
  return text + (standing.empty() ? "" : "; " + std::string(standing));
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
  if (provider.inheritance_open()) {
    text += std::string(text.empty() ? "" : " ") +
            "A person is to decide about what it inherits: trigpoint inherit " +
            std::string(argument) + " --accept (or --refuse) --rationale \"...\"";
  }
  return text;
}

}  // namespace trigpoint
