#include "icalendar.h"

#include "arguments.h"

namespace trigpoint {
namespace {

constexpr size_t kOctetsMax = 75;

/// "20260301T235959Z"; decimals are cut.
std::string CalendarInstant(Micros instant) {
  const Micros whole =
      instant - ((instant % kMicrosPerSecond) + kMicrosPerSecond) % kMicrosPerSecond;
  std::string text;
  for (const char c : FormatInstant(whole)) {
    if (c != '-' && c != ':') text.push_back(c);
  }
  return text;
}

std::string_view StatusOf(const v1::Obligation& owed) {
  switch (owed.status()) {
    case v1::Obligation::STATUS_DISCHARGED:
    case v1::Obligation::STATUS_DISCHARGED_LATE:
      return "COMPLETED";
    case v1::Obligation::STATUS_LAPSED:
      return "CANCELLED";
    default:
      return "NEEDS-ACTION";
  }
}

std::string ProviderOf(const v1::ListObligationsResponse::Item& item) {
  if (!item.provider_name().empty()) return item.provider_name();
  return item.provider_ids().empty()
             ? item.obligation().stream_id()
             : item.provider_ids(0).scheme() + '/' + item.provider_ids(0).value();
}

std::string Task(const v1::ListObligationsResponse::Item& item, Micros made) {
  const v1::Obligation& owed = item.obligation();
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    text += FoldedLine(std::string(name) + ':' + value);
  };
  line("BEGIN", "VTODO");
  line("UID", CalendarText(owed.obligation_id()) + "@trigpoint");
  line("DTSTAMP", CalendarInstant(made));
  if (owed.has_due_at()) line("DUE", CalendarInstant(FromTimestamp(owed.due_at())));
  line("SUMMARY", CalendarText(ProviderOf(item) + ": " + owed.text()));
  line("DESCRIPTION",
       CalendarText("Owed by " + owed.owner() +
                    (owed.recipient().empty() ? "" : " to " + owed.recipient()) + ". " +
                    owed.rule() + " of " + owed.policy_id() + " [" + owed.clause() + "]" +
                    (owed.guidance() ? ". For guidance: late is no breach" : "") +
                    (owed.provisional() ? ". Provisional: bank holidays are not known yet" : "")));
  line("CATEGORIES", CalendarText(owed.policy_id()));
  line("STATUS", std::string(StatusOf(owed)));
  if (StatusOf(owed) == "COMPLETED" && owed.has_discharged_at())
    line("COMPLETED", CalendarInstant(FromTimestamp(owed.discharged_at())));
  line("END", "VTODO");
  return text;
}

}  // namespace

std::string CalendarText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\\' || c == ';' || c == ',') {
      escaped += {'\\', c};
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      escaped.push_back(c);
    }
  }
  return escaped;
}

std::string FoldedLine(std::string_view line) {
  std::string folded;
  // A line that goes on begins with a space, which counts.
  for (size_t room = kOctetsMax; line.size() > room; room = kOctetsMax - 1) {
    size_t cut = room;
    while (cut > 1 && (static_cast<unsigned char>(line[cut]) & 0xC0U) == 0x80U) --cut;
    folded += std::string(line.substr(0, cut)) + "\r\n ";
    line.remove_prefix(cut);
  }
  return folded + std::string(line) + "\r\n";
}

std::string Calendar(const std::vector<v1::ListObligationsResponse::Item>& items, Micros made) {
  std::string text =
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Trigpoint//trigpoint due//EN\r\n"
      "CALSCALE:GREGORIAN\r\n";
  for (const auto& item : items) text += Task(item, made);
  return text + "END:VCALENDAR\r\n";
}

}  // namespace trigpoint
