#include "references.h"

#include "trigpoint/events/times.h"
#include "words.h"

namespace trigpoint {
namespace {

std::string TextOf(const v1::Citation& citation) {
  std::string text = citation.policy_id();
  if (!citation.rule().empty()) text += (text.empty() ? "" : " ") + citation.rule();
  if (!citation.clause().empty()) text += (text.empty() ? "" : ", ") + citation.clause();
  if (citation.has_event()) {
    const auto& event = citation.event();
    text += (text.empty() ? "event " : ", event ") + event.source() +
            (event.source().empty() ? "" : "/") + event.id();
  }
  return text;
}

}  // namespace

int References::Number(const v1::Citation& citation) {
  const std::string text = TextOf(citation);
  const auto [it, added] = numbers_.try_emplace(text, static_cast<int>(texts_.size()) + 1);
  if (added) texts_.push_back(text);
  return it->second;
}

std::string KnownWords(const v1::Report& report) {
  std::string text = "As known on " + InstantWords(ToMicros(report.as_of())) + ", Europe/London.";
  if (!report.redaction().empty())
    text += " Written under the redaction profile " + report.redaction() + '.';
  return text;
}

}  // namespace trigpoint
