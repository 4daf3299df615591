#include "indicators.h"

#include <algorithm>
#include <charconv>

#include "cells.h"
#include "cqc_events.h"

namespace trigpoint {
namespace {

std::optional<int> Number(std::string_view digits) {
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(number)
                                                                      : std::nullopt;
}

}  // namespace

std::optional<FinancialYear> ReadFinancialYear(std::string_view text) {
  constexpr size_t kBytes = 7;
  constexpr size_t kDash = 4;
  constexpr int kFirstYear = 1990;
  constexpr int kLastYear = 2200;
  constexpr int kCentury = 100;
  if (text.size() != kBytes || text[kDash] != '-') return std::nullopt;
  const std::optional<int> year = Number(text.substr(0, kDash));
  const std::optional<int> next = Number(text.substr(kDash + 1));
  if (!year || !next || *year < kFirstYear || *year > kLastYear ||
      (*year + 1) % kCentury != *next) {
    return std::nullopt;
  }
  return FinancialYear{.first = {.year = *year, .month = 4, .day = 1},
                       .last = {.year = *year + 1, .month = 3, .day = 31}};
}

CountCell ReadCountCell(std::string_view text) {
  constexpr int kMax = 1'000'000'000;
  text = NotFiller(Trim(text));
  if (text.empty() || text == "*" || text == "c") return {.readable = true, .value = std::nullopt};
  const std::optional<int> number = Number(text);
  if (!number || *number < 0 || *number > kMax) return {};
  return {.readable = true, .value = *number};
}

v1::Event IndicatorEvent(const PublishedFigure& figure) {
  v1::Event event;
  event.set_source(std::string(figure.source));
  event.set_id(figure.id);
  event.set_source_version(figure.version);
  event.mutable_subject()->set_scheme(std::string(figure.scheme));
  event.mutable_subject()->set_value(figure.subject);
  event.set_source_organisation("nhs-england");
  OccurOn(figure.edition ? std::min(*figure.edition, figure.year.last) : figure.year.last, &event);
  if (figure.edition) ReportOn(*figure.edition, &event);
  v1::IndicatorObserved* observed = event.mutable_indicator_observed();
  observed->set_indicator(figure.indicator);
  observed->set_name(figure.name);
  observed->set_measured_in(std::string(figure.measured_in));
  if (figure.value) observed->set_value(*figure.value);
  SetDate(figure.year.first, observed->mutable_period_start());
  SetDate(figure.year.last, observed->mutable_period_end());
  return event;
}

}  // namespace trigpoint
