#pragma once

#include <initializer_list>
#include <string>

#include "trigpoint/base/time.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {

/// Writes one log line without its end.
std::string LogLine(LogFormat format, Micros at, LogLevel level, LogName event,
                    std::initializer_list<LogField> fields);

}  // namespace trigpoint
