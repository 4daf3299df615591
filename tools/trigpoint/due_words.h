#pragma once

#include <string>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/obligations.pb.h"

namespace trigpoint {

/// When something is due, as people say it: "in 3 days", "today", "4 days overdue", "in 2 hours";
/// "done", "done late", "lapsed", "clock stopped"; "no date" where none is stated. Days are those
/// of Europe/London.
std::string DueInWords(const v1::Obligation& owed, Micros now);

}  // namespace trigpoint
