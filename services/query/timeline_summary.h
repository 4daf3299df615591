#pragma once

#include <string>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// One line on an event for a timeline: its kind and its coded values, never free text.
std::string SummaryOf(const v1::Event& event);

}  // namespace trigpoint
