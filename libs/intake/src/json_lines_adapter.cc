#include "trigpoint/intake/json_lines_adapter.h"

#include <string>
#include <utility>

#include "inflating_buffer.h"
#include "trigpoint/base/utf8.h"
#include "trigpoint/events/json.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

constexpr size_t kLineBytesMax = size_t{1} << 20;

enum class LineEnd {
  kComplete,
  kTooLong,  // The rest of the line was skipped.
  kNoMore,
};

// A line that never ends must not fill the memory, so std::getline will not do.
LineEnd ReadLine(std::streambuf* buffer, std::string* line) {
  line->clear();
  bool too_long = false;
  for (;;) {
    const int c = buffer->sbumpc();
    if (c == std::char_traits<char>::eof()) {
      if (line->empty()) return LineEnd::kNoMore;
      return too_long ? LineEnd::kTooLong : LineEnd::kComplete;
    }
    if (c == '\n') {
      return too_long ? LineEnd::kTooLong : LineEnd::kComplete;
    }
    if (line->size() == kLineBytesMax) {
      too_long = true;
    } else {
      line->push_back(static_cast<char>(c));
    }
  }
}

}  // namespace

absl::Status JsonLinesAdapter::Read(std::istream& input, RowSink& sink) {
  InflatingBuffer buffer(input);
  rows_ = 0;
  std::string line;
  for (uint64_t number = 1;; ++number) {
    const LineEnd end = ReadLine(&buffer, &line);
    if (end == LineEnd::kNoMore) {
      return buffer.status();
    }
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) {
      line.erase(0, 3);
    }
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    ++rows_;
    v1::Event event;
    std::vector<v1::FieldViolation> violations;
    if (end == LineEnd::kTooLong) {
      violations = {Violation("", "MESSAGE_TOO_LARGE", "the line is longer than 1 MiB")};
    } else if (!IsUtf8(line)) {
      violations = {Violation("", "NOT_UTF8", "the line is not UTF-8")};
    } else {
      violations = ReadEventJson(line, &event);
    }
    absl::Status taken =
        violations.empty()
            ? sink.OnEvent(std::move(event), number)
            : sink.OnRefused(
                  {.line = number, .original = line, .violations = std::move(violations)});
    if (!taken.ok()) {
      return taken;
    }
  }
}

}  // namespace trigpoint
