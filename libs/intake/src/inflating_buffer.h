#pragma once

#include <array>
#include <istream>
#include <memory>
#include <streambuf>

#include "absl/status/status.h"

namespace trigpoint {

/// Reads a stream as it is or, when it begins with the magic bytes of gzip, what it unpacks to.
/// Several gzip members in a row are read as one. Reading stops at damaged data: look at status()
/// after the end. Lifetime: the input must outlive the buffer. Confined to one thread.
class InflatingBuffer : public std::streambuf {
 public:
  explicit InflatingBuffer(std::istream& input);
  ~InflatingBuffer() override;
  InflatingBuffer(const InflatingBuffer&) = delete;
  InflatingBuffer& operator=(const InflatingBuffer&) = delete;

  /// OK, or DataLoss when the compressed data is damaged or ends early.
  const absl::Status& status() const { return status_; }

 protected:
  int_type underflow() override;

 private:
  struct Zlib;

  void Fill();
  std::streamsize Inflate();

  std::istream& input_;
  std::unique_ptr<Zlib> zlib_;  // Null: not compressed.
  std::array<char, 1 << 16> in_{};
  std::array<char, 1 << 16> out_{};
  std::streamsize first_ = 0;  // Bytes in in_ that were read to look at the magic.
  absl::Status status_;
};

}  // namespace trigpoint
