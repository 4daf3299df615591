#include "json_documents.h"

#include <algorithm>
#include <string>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Where a value ends that begins with a bracket.
struct Extent {
  size_t end = 0;  // Behind its last byte; of the text where it is not whole.
  size_t depth = 0;
  bool whole = false;
};

Extent ExtentOf(std::string_view text) {
  Extent extent{.end = text.size()};
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      extent.depth = std::max(extent.depth, ++depth);
    } else if (c == '}' || c == ']') {
      if (depth <= 1) {
        extent.whole = depth == 1;
        extent.end = i + 1;
        return extent;
      }
      --depth;
    }
  }
  return extent;
}

std::string AtLine(uint64_t line) { return "line " + std::to_string(line) + ": "; }

class Cutter {
 public:
  Cutter(std::string_view bytes, const std::function<absl::Status(const JsonDocument&)>& take)
      : bytes_(bytes), take_(take) {}

  absl::Status Run() {
    SkipSpace();
    if (at_ == bytes_.size()) {
      return absl::InvalidArgumentError("the file is empty");
    }
    if (bytes_[at_] == '[') {
      return List();
    }
    return OnLines() ? Lines() : OneAfterTheOther();
  }

 private:
  void SkipSpace() {
    for (; at_ < bytes_.size() && IsSpace(bytes_[at_]); ++at_) {
      line_ += bytes_[at_] == '\n' ? 1U : 0U;
    }
  }

  std::string_view RestOfLine() const { return bytes_.substr(at_, bytes_.find('\n', at_) - at_); }

  // The first line holds a whole document.
  bool OnLines() const {
    const std::string_view first = RestOfLine();
    const Extent extent = ExtentOf(first);
    return first.starts_with('{') && extent.whole && at_ + first.size() < bytes_.size();
  }

  absl::Status Truncated(uint64_t line) const {
    return absl::InvalidArgumentError(
        AtLine(line) + "the file ends inside the document that begins there: it is truncated");
  }

  absl::Status Lines() {
    while (at_ < bytes_.size()) {
      const std::string_view text = RestOfLine();
      const Extent extent = ExtentOf(text);
      const bool last = at_ + text.size() == bytes_.size();
      if (text.starts_with('{') && !extent.whole && last) {
        return Truncated(line_);
      }
      TP_RETURN_IF_ERROR(
          take_({.text = text, .line = line_, .element = std::nullopt, .depth = extent.depth}));
      at_ += text.size();
      SkipSpace();
    }
    return absl::OkStatus();
  }

  // Takes the value that begins here.
  absl::Status Value(std::optional<size_t> element) {
    const Extent extent = ExtentOf(bytes_.substr(at_));
    if (bytes_[at_] != '{' && bytes_[at_] != '[') {
      return absl::InvalidArgumentError(AtLine(line_) + "a document in braces must stand here");
    }
    if (!extent.whole) {
      return Truncated(line_);
    }
    const std::string_view text = bytes_.substr(at_, extent.end);
    TP_RETURN_IF_ERROR(
        take_({.text = text, .line = line_, .element = element, .depth = extent.depth}));
    line_ += static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
    at_ += extent.end;
    SkipSpace();
    return absl::OkStatus();
  }

  absl::Status OneAfterTheOther() {
    while (at_ < bytes_.size()) {
      TP_RETURN_IF_ERROR(Value(std::nullopt));
    }
    return absl::OkStatus();
  }

  absl::Status List() {
    const uint64_t first_line = line_;
    ++at_;
    SkipSpace();
    for (size_t element = 0; at_ < bytes_.size() && bytes_[at_] != ']'; ++element) {
      TP_RETURN_IF_ERROR(Value(element));
      if (at_ < bytes_.size() && bytes_[at_] == ',') {
        ++at_;
        SkipSpace();
      } else if (at_ < bytes_.size() && bytes_[at_] != ']') {
        return absl::InvalidArgumentError(AtLine(line_) +
                                          "neither a comma nor the end of the list "
                                          "follows element " +
                                          std::to_string(element));
      }
    }
    if (at_ == bytes_.size()) {
      return absl::InvalidArgumentError(AtLine(first_line) +
                                        "the file ends inside the list that "
                                        "begins there: it is truncated");
    }
    ++at_;
    SkipSpace();
    return at_ == bytes_.size() ? absl::OkStatus()
                                : absl::InvalidArgumentError(
                                      AtLine(line_) + "something follows the end of the list");
  }

  const std::string_view bytes_;
  const std::function<absl::Status(const JsonDocument&)>& take_;
  size_t at_ = 0;
  uint64_t line_ = 1;
};

}  // namespace

absl::Status ForEachJsonDocument(std::string_view bytes,
                                 const std::function<absl::Status(const JsonDocument&)>& take) {
  return Cutter(bytes, take).Run();
}

}  // namespace trigpoint
