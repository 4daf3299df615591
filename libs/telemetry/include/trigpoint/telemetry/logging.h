#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <variant>

/// Structured logs without free text: a stable event name and key=value fields.
///
///     Log(LogLevel::kInfo, "event_appended", {{"stream", LogId{stream_id}}, {"revision", 7}});
///
/// Rule: no content of intelligence reaches a log (product.md 3.3). It is kept by types: there is
/// no field type for text. Event names and keys are literals that are checked while compiling.
namespace trigpoint {

/// error: a human must act. warning: degraded, heals itself. info: life cycle. debug: per event.
enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

/// One JSON object per line, or "ts level event key=value ..." for eyes.
enum class LogFormat : uint8_t { kJson, kText };

/// Where the lines go.
enum class LogStream : uint8_t { kStderr, kStdout };

/// A name of an event or a key: a literal of a-z, 0-9 and "_", beginning with a letter.
class LogName {
 public:
  /// Takes a literal. Anything else does not compile.
  template <size_t N>
  consteval LogName(const char (&literal)[N]) : text_(literal, N - 1) {  // NOLINT: implicit.
    if (N < 2 || literal[0] < 'a' || literal[0] > 'z') {
      throw "a log name begins with a letter";
    }
    for (const char c : text_) {
      if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
        throw "a log name holds a-z, 0-9 and _ only";
      }
    }
  }

  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// An identifier in a log line: of a stream, an event, a principal, a file, a status code.
/// Printed with every byte outside [A-Za-z0-9._:/@+-] as "?", cut to 200 bytes; printed as
/// "[removed]" when an NHS number could be read in it, even with separators between its digits.
/// Lifetime: views the caller's bytes for the duration of the call.
struct LogId {
  std::string_view text;
};

/// The value of a field: an integer, a real number, a truth value or an identifier.
/// A number in which an NHS number could be read is printed as "[removed]" too.
class LogValue {
 public:
  LogValue(LogId value) : value_(value) {}  // NOLINT: implicit by intent, as are the next.
  template <std::floating_point T>
  LogValue(T value) : value_(static_cast<double>(value)) {}  // NOLINT
  /// Exactly bool, as above exactly a number: a pointer or a character must not turn into one.
  template <std::same_as<bool> T>
  LogValue(T value) : value_(value) {}  // NOLINT
  /// Integers beyond int64 are capped.
  template <std::integral T>
  // NOLINTNEXTLINE(google-explicit-constructor)
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) LogValue(T value)
      : value_(Cap(value)) {}
  /// Free text has no way into a log: name an identifier with LogId.
  LogValue(const char*) = delete;
  LogValue(std::string_view) = delete;

  const std::variant<int64_t, double, bool, LogId>& value() const { return value_; }

 private:
  template <std::integral T>
  static constexpr int64_t Cap(T value) {
    if constexpr (std::unsigned_integral<T> && sizeof(T) >= sizeof(int64_t)) {
      constexpr auto kMax = static_cast<T>(std::numeric_limits<int64_t>::max());
      return static_cast<int64_t>(value < kMax ? value : kMax);
    } else {
      return static_cast<int64_t>(value);
    }
  }

  std::variant<int64_t, double, bool, LogId> value_;
};

/// One field of a line.
struct LogField {
  LogName key;  ///< Not "ts", "level" or "event".
  LogValue value;
};

/// Sets what is logged and how. Called once, early in main; until then: info, JSON, stderr.
/// Threading: thread-safe.
void InitLogging(LogLevel level, LogFormat format, LogStream stream = LogStream::kStderr);

/// Writes one line when the level is at or above the level of InitLogging. Never fails.
/// Threading: thread-safe; lines do not mix.
void Log(LogLevel level, LogName event, std::initializer_list<LogField> fields = {});

/// Tells whether a line of this level would be written.
bool LogEnabled(LogLevel level);

}  // namespace trigpoint
