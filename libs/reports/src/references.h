#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "trigpoint/v1/reports.pb.h"

namespace trigpoint {

/// The citations of a report, each once, numbered from 1 in the order of their first use.
class References {
 public:
  /// The number of a citation; a new one takes the next.
  int Number(const v1::Citation& citation);
  /// The numbers of several, each once, in the order in which they are cited.
  template <typename Citations>
  std::vector<int> Numbers(const Citations& citations) {
    std::vector<int> numbers;
    for (const auto& citation : citations) {
      const int number = Number(citation);
      if (std::find(numbers.begin(), numbers.end(), number) == numbers.end())
        numbers.push_back(number);
    }
    return numbers;
  }
  /// What each says, as text: "herefordshire H-L2-2, S2 App 2 Level 2" or "event cqc/notices/W-1".
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::map<std::string, int> numbers_;
  std::vector<std::string> texts_;
};

/// "As known on 3 March 2026, 10:05, Europe/London." and under which redaction.
std::string KnownWords(const v1::Report& report);

}  // namespace trigpoint
