#include "log_line.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <variant>

#include "identifier_text.h"

namespace trigpoint {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

/// A value as text, and whether JSON needs quotes around it.
struct Printed {
  std::string text;
  bool quoted = false;
};

template <typename Number>
Printed PrintNumber(Number value) {
  constexpr size_t kLongest = 64;
  std::array<char, kLongest> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), result.ptr);
  if (HoldsNhsNumber(text)) {
    return {std::string(kRemoved), true};
  }
  return {std::move(text), false};
}

struct Printer {
  Printed operator()(int64_t value) const { return PrintNumber(value); }
  Printed operator()(double value) const {
    if (!std::isfinite(value)) {
      return {std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf", true};  // Not in JSON.
    }
    // Written out in full as well: 9.434765919e+09 could be read, too.
    constexpr double kExact = 9007199254740992.0;
    if (std::abs(value) < kExact && value == std::trunc(value)) {
      return PrintNumber(static_cast<int64_t>(value));
    }
    return PrintNumber(value);
  }
  Printed operator()(bool value) const { return {value ? "true" : "false", false}; }
  Printed operator()(LogId value) const { return {IdentifierText(value.text), true}; }
};

}  // namespace

std::string LogLine(LogFormat format, Micros at, LogLevel level, LogName event,
                    std::initializer_list<LogField> fields) {
  const bool json = format == LogFormat::kJson;
  std::string line;
  if (json) {
    line.append("{\"ts\":\"").append(FormatInstant(at));
    line.append("\",\"level\":\"").append(LevelName(level));
    line.append("\",\"event\":\"").append(event.text()).append("\"");
  } else {
    line.append(FormatInstant(at)).append(" ").append(LevelName(level));
    line.append(" ").append(event.text());
  }
  for (const LogField& field : fields) {
    const Printed value = std::visit(Printer{}, field.value.value());
    const std::string_view quote = json && value.quoted ? "\"" : "";
    line.append(json ? ",\"" : " ").append(field.key.text()).append(json ? "\":" : "=");
    line.append(quote).append(value.text).append(quote);
  }
  return line.append(json ? "}" : "");
}

}  // namespace trigpoint
