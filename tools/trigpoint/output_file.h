#pragma once

#include <string>

#include "absl/status/status.h"

namespace trigpoint {

/// A file that is there whole or not at all, for its owner alone. Confined to one thread.
class OutputFile {
 public:
  explicit OutputFile(std::string path) : path_(std::move(path)), draft_(path_ + ".part") {}
  /// Without Keep nothing is left.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Errors: AlreadyExists where the file is there; Unavailable where none can be written there.
  absl::Status Open();
  absl::Status Write(const std::string& text);
  /// Puts it in its place once it is on disk.
  absl::Status Keep();

 private:
  absl::Status Failed() const;

  std::string path_;
  std::string draft_;
  int file_ = -1;
  bool kept_ = false;
};

}  // namespace trigpoint
