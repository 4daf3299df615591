#include "icalendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "arguments.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;
using testing::Not;

// RFC 5545 3.3.11
TEST(CalendarText, EscapesWhatSeparates) {
  EXPECT_EQ(CalendarText("a,b;c\\d\ne\r\tf"), "a\\,b\\;c\\\\d\\nef");
}

// RFC 5545 3.1
TEST(FoldedLine, HasAtMost75OctetsBeforeEachBreak) {
  EXPECT_EQ(FoldedLine(std::string(75, 'x')), std::string(75, 'x') + "\r\n");
  EXPECT_EQ(FoldedLine(std::string(76, 'x')), std::string(75, 'x') + "\r\n x\r\n");
  EXPECT_EQ(FoldedLine(std::string(150, 'x')),
            std::string(75, 'x') + "\r\n " + std::string(74, 'x') + "\r\n x\r\n");
}

TEST(FoldedLine, CutsNoCharacter) {
  std::string line = "S:";
  for (int i = 0; i < 40; ++i) line += "\xE2\x80\x93";  // A dash of three octets.
  std::string unfolded;
  std::istringstream lines(FoldedLine(line));
  for (std::string part; std::getline(lines, part);) {
    ASSERT_EQ(part.back(), '\r');
    part.pop_back();
    EXPECT_LE(part.size(), 75U);
    const size_t from = part.front() == ' ' ? 1 : 0;
    EXPECT_NE(static_cast<unsigned char>(part[from]) & 0xC0U, 0x80U);
    unfolded += part.substr(from);
  }
  EXPECT_EQ(unfolded, line);
}

v1::ListObligationsResponse::Item Draft() {
  v1::ListObligationsResponse::Item item;
  item.set_provider_name("Elm Court, Hereford");
  v1::Obligation& owed = *item.mutable_obligation();
  owed.set_obligation_id("0123abcd");
  owed.set_policy_id("mse-visits");
  owed.set_rule("DL-01");
  owed.set_clause("S0 App C");
  owed.set_text("A draft report is sent");
  owed.set_owner("VISIT_LEAD");
  *owed.mutable_due_at() = ToTimestamp(LondonEndOfDay({2026, 6, 2}));
  owed.set_status(v1::Obligation::STATUS_OVERDUE);
  return item;
}

TEST(Calendar, IsATaskWithItsDueTimeUnderTheIdOfTheObligation) {
  const std::string text = Calendar({Draft()}, LondonMidnight({2026, 1, 1}));
  EXPECT_EQ(text,
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Trigpoint//trigpoint due//EN\r\n"
            "CALSCALE:GREGORIAN\r\nBEGIN:VTODO\r\nUID:0123abcd@trigpoint\r\n"
            "DTSTAMP:20260101T000000Z\r\nDUE:20260602T225959Z\r\n"
            "SUMMARY:Elm Court\\, Hereford: A draft report is sent\r\n"
            "DESCRIPTION:Owed by VISIT_LEAD. DL-01 of mse-visits [S0 App C]\r\n"
            "CATEGORIES:mse-visits\r\nSTATUS:NEEDS-ACTION\r\nEND:VTODO\r\nEND:VCALENDAR\r\n");
}

TEST(Calendar, SaysWhatWasDoneWhatLapsedAndWhatHasNoDate) {
  auto done = Draft();
  done.mutable_obligation()->set_status(v1::Obligation::STATUS_DISCHARGED_LATE);
  *done.mutable_obligation()->mutable_discharged_at() = ToTimestamp(LondonMidnight({2026, 1, 5}));
  auto lapsed = Draft();
  lapsed.mutable_obligation()->set_status(v1::Obligation::STATUS_LAPSED);
  lapsed.mutable_obligation()->clear_due_at();
  EXPECT_THAT(Calendar({done}, 0), HasSubstr("STATUS:COMPLETED\r\nCOMPLETED:20260105T000000Z"));
  EXPECT_THAT(Calendar({lapsed}, 0), HasSubstr("STATUS:CANCELLED\r\n"));
  EXPECT_THAT(Calendar({lapsed}, 0), Not(HasSubstr("DUE:")));
}

}  // namespace
}  // namespace trigpoint
