#include "trigpoint/telemetry/logging.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "log_line.h"

namespace trigpoint {
namespace {

/// The process's log. It is never destroyed, so that destructors may log to the end.
class Sink {
 public:
  static Sink& Instance() {
    static auto* const sink = new Sink;  // NOLINT: on purpose for ever.
    return *sink;
  }

  void Configure(LogLevel level, LogFormat format, LogStream stream) {
    stream_.store(stream, std::memory_order_relaxed);
    format_.store(format, std::memory_order_relaxed);
    level_.store(level, std::memory_order_relaxed);
  }

  bool Enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  LogFormat format() const { return format_.load(std::memory_order_relaxed); }

  void Write(std::string_view line) {
    const bool to_stdout = stream_.load(std::memory_order_relaxed) == LogStream::kStdout;
    // The line is complete; spdlog only serialises and flushes it.
    (to_stdout ? out_ : err_).info(spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  Sink()
      : out_("trigpoint", std::make_shared<spdlog::sinks::stdout_sink_mt>()),
        err_("trigpoint", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    out_.set_pattern("%v");
    err_.set_pattern("%v");
  }

  spdlog::logger out_;
  spdlog::logger err_;
  std::atomic<LogLevel> level_{LogLevel::kInfo};
  std::atomic<LogFormat> format_{LogFormat::kJson};
  std::atomic<LogStream> stream_{LogStream::kStderr};
};

}  // namespace

void InitLogging(LogLevel level, LogFormat format, LogStream stream) {
  Sink::Instance().Configure(level, format, stream);
}

void Log(LogLevel level, LogName event, std::initializer_list<LogField> fields) {
  Sink& sink = Sink::Instance();
  if (!sink.Enabled(level)) {
    return;
  }
  const Micros now = std::chrono::duration_cast<std::chrono::microseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  sink.Write(LogLine(sink.format(), now, level, event, fields));
}

bool LogEnabled(LogLevel level) { return Sink::Instance().Enabled(level); }

}  // namespace trigpoint
