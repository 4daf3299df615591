#include "progress.h"

#include <unistd.h>

#include <iostream>
#include <utility>

namespace trigpoint {

Progress::Progress(std::string what, uint64_t total)
    : what_(std::move(what)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) != 0),
      started_(std::chrono::steady_clock::now()),
      shown_(started_) {}

void Progress::Show(uint64_t count) {
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(5))) {
    return;
  }
  shown_ = now;
  const auto seconds = std::chrono::duration<double>(now - started_).count();
  std::string text = std::to_string(count);
  text += total_ == 0 ? "" : " of " + std::to_string(total_);
  text += ' ' + what_ + ", " +
          std::to_string(static_cast<uint64_t>(static_cast<double>(count) / seconds)) + "/s";
  std::cerr << (terminal_ ? "\r\033[K" + text : text + '\n') << std::flush;
}

void Progress::End() {
  if (terminal_) {
    std::cerr << "\r\033[K" << std::flush;
  }
}

}  // namespace trigpoint
