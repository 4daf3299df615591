#include "date_form.h"

#include <gtest/gtest.h>

namespace trigpoint {
namespace {

// "2026-03-01 09:30", "2026-03" of a month; empty where it is not read.
std::string Read(const std::string& form, const std::string& text) {
  const auto parsed = ParseDateForm(form);
  EXPECT_TRUE(parsed.ok()) << form;
  const auto when = parsed.ok() ? ReadWhen(*parsed, {.text = text}) : std::nullopt;
  if (!when) return "";
  std::string read = when->date ? FormatDate(*when->date) : "";
  if (!when->has_day) read.resize(7);
  if (when->time_of_day) read += " " + std::to_string(*when->time_of_day / kMicrosPerMinute);
  return read;
}

TEST(DateForm, ReadsWhatCouncilsWrite) {
  EXPECT_EQ(Read("dd/mm/yyyy", "1/3/2026"), "2026-03-01");
  EXPECT_EQ(Read("dd/mm/yyyy hh:mm", "01/03/2026 09:30"), "2026-03-01 570");
  EXPECT_EQ(Read("dd-mmm-yy", "01-Sept-26"), "2026-09-01");
  EXPECT_EQ(Read("dd mmmm yyyy", "1 March 2026"), "2026-03-01");
  EXPECT_EQ(Read("mmm yyyy", "mar 2026"), "2026-03");
  EXPECT_EQ(Read("mm/yyyy", "03/2026"), "2026-03");
  EXPECT_EQ(Read("hh:mm", "9:30"), " 570");
  EXPECT_EQ(Read("iso", "2026-03-01"), "2026-03-01");
  EXPECT_EQ(Read("iso", "2026-07-01T09:30:00Z"), "2026-07-01 630");
  EXPECT_EQ(Read("iso", "2026-03-01 09:30:00.000"), "2026-03-01 570");
  EXPECT_EQ(Read("excel-serial", "46082.5"), "2026-03-01 720");
}

TEST(DateForm, DoesNotGuess) {
  EXPECT_EQ(Read("dd/mm/yyyy", "31/02/2026"), "");
  EXPECT_EQ(Read("dd/mm/yyyy", "01/03/26"), "");
  EXPECT_EQ(Read("dd/mm/yyyy", "01/03/2026 09:30"), "");
  EXPECT_EQ(Read("dd/mm/yyyy hh:mm", "01/03/2026 24:00"), "");
  EXPECT_EQ(Read("excel-serial", "60"), "");
  EXPECT_EQ(Read("excel-serial", "1e300"), "");
  EXPECT_EQ(Read("iso", "01/03/2026"), "");
}

TEST(DateForm, RefusesPatternsThatSayNothing) {
  for (const char* form : {"", "dd/mm", "d/m/yyyy", "yyyy", "hello", "ss"}) {
    EXPECT_FALSE(ParseDateForm(form).ok()) << form;
  }
}

TEST(DateForm, ReadsADateOfAWorkbookWhateverTheFormSays) {
  const auto when =
      ReadWhen(*ParseDateForm("dd/mm/yyyy"), {.kind = CellKind::kDateTime, .text = "2026-03-01"});
  ASSERT_TRUE(when.has_value());
  EXPECT_EQ(FormatDate(*when->date), "2026-03-01");
}

TEST(DateForm, TheHourThatTheClocksLeaveOutDoesNotExistAndTheOneTwiceIsTheFirst) {
  const CivilDate march{.year = 2026, .month = 3, .day = 29};
  EXPECT_FALSE(LondonInstant(march, kMicrosPerHour).has_value());
  const CivilDate october{.year = 2026, .month = 10, .day = 25};
  EXPECT_EQ(FormatInstant(LondonInstant(october, kMicrosPerHour).value_or(0)),
            "2026-10-25T00:00:00Z");
}

}  // namespace
}  // namespace trigpoint
