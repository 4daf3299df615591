#include "trigpoint/reports/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_county.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A report of two sentences and a table, with text of a partner that is markup.
v1::Report Small() {
  v1::Report report;
  report.set_title("List");
  SetMicros(March(30), report.mutable_as_of());
  report.set_fingerprint("f1");
  report.add_caveats("Read <b>this</b>");
  auto* section = report.add_sections();
  section->set_heading("First");
  auto* sentence = section->add_sentences();
  sentence->set_text("*Oak* | <script>alert(1)</script> & co");
  sentence->add_citations()->set_clause("S1 L137");
  auto* event = sentence->add_citations()->mutable_event();
  event->set_source("council/reports");
  event->set_id("W-1");
  auto* table = section->add_tables();
  table->add_columns("Name");
  table->add_columns("Level");
  auto* row = table->add_rows();
  row->add_cells("Elm\nCourt");
  row->add_cells("Level 2");
  row->add_citations()->set_clause("S1 L137");
  return report;
}

TEST(RenderMarkdown, NumbersWhatItRestsOnAndEscapesTheTextOfPartners) {
  EXPECT_EQ(RenderMarkdown(Small()),
            R"(# List

As known on 30 March 2026, 10:00, Europe/London.

## First

- \*Oak\* \| \<script\>alert(1)\</script\> \& co [1][2]

| Name | Level | References |
| --- | --- | --- |
| Elm Court | Level 2 | [1] |

## Read with care

- Read \<b\>this\</b\>

## References

1. S1 L137
2. event council/reports/W-1

Fingerprint (SHA-256): `f1`
)");
}

TEST(RenderMarkdown, LetsNoSentenceBeginAList) {
  v1::Report report;
  auto* section = report.add_sections();
  for (const char* text : {"- a", "+ a", "12. a", "3 March 2026"})
    section->add_sentences()->set_text(text);
  const std::string words = RenderMarkdown(report);
  EXPECT_THAT(words, HasSubstr("\n- \\- a \n- \\+ a \n- 12\\. a \n- 3 March 2026 \n"));
}

TEST(RenderMarkdown, CitesEachOnce) {
  v1::Report report;
  auto* sentence = report.add_sections()->add_sentences();
  sentence->set_text("Said twice");
  for (const char* clause : {"S1 L137", "S2 3.4.4", "S1 L137"})
    sentence->add_citations()->set_clause(clause);
  EXPECT_THAT(RenderMarkdown(report), HasSubstr("- Said twice [1][2]\n"));
}

TEST(RenderHtml, IsAPageInEnglishWithHeadsOfRowsAndColumns) {
  const std::string page = RenderHtml(Small());
  EXPECT_THAT(page, HasSubstr("<html lang=\"en-GB\">"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\">Level</th>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">Elm Court</th>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#r2\">[2]</a>"));
  EXPECT_THAT(page, HasSubstr("<li id=\"r2\">event council/reports/W-1</li>"));
  EXPECT_THAT(page, HasSubstr("@media print"));
}

TEST(RenderHtml, LetsNoTextBecomeMarkup) {
  const std::string page = RenderHtml(Small());
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; &amp; co"));
}

// S0 to S4 are English: dates as people here write them, Europe/London.
TEST(Render, WritesInstantsInLondonOnBothSidesOfSummerTime) {
  v1::Report report;
  SetMicros(LondonMidnight({.year = 2026, .month = 7, .day = 1}) + 5 * kMicrosPerMinute,
            report.mutable_as_of());
  EXPECT_THAT(RenderMarkdown(report), HasSubstr("1 July 2026, 00:05, Europe/London"));
  SetMicros(LondonMidnight({.year = 2026, .month = 1, .day = 9}) - kMicrosPerMinute,
            report.mutable_as_of());
  EXPECT_THAT(RenderMarkdown(report), HasSubstr("8 January 2026, 23:59, Europe/London"));
}

}  // namespace
}  // namespace trigpoint
