#include "inflating_buffer.h"

#include <zlib.h>

#include <utility>

namespace trigpoint {

struct InflatingBuffer::Zlib {
  z_stream stream{};
  bool member_ended = false;

  Zlib() = default;
  Zlib(const Zlib&) = delete;
  Zlib& operator=(const Zlib&) = delete;
  ~Zlib() { inflateEnd(&stream); }
};

InflatingBuffer::InflatingBuffer(std::istream& input) : input_(input) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  input_.read(in_.data(), static_cast<std::streamsize>(in_.size()));
  first_ = input_.gcount();
  if (first_ < 2 || in_[0] != '\x1F' || in_[1] != '\x8B') {
    return;
  }
  zlib_ = std::make_unique<Zlib>();
  if (inflateInit2(&zlib_->stream, kGzipOnly) != Z_OK) {
    status_ = absl::ResourceExhaustedError("no memory to unpack the file");
    return;
  }
  zlib_->stream.next_in = reinterpret_cast<Bytef*>(in_.data());
  zlib_->stream.avail_in = static_cast<uInt>(first_);
}

InflatingBuffer::~InflatingBuffer() = default;

InflatingBuffer::int_type InflatingBuffer::underflow() {
  std::streamsize size = 0;
  char* begin = out_.data();
  if (zlib_ != nullptr) {
    size = status_.ok() ? Inflate() : 0;
  } else if (first_ > 0) {
    begin = in_.data();
    size = std::exchange(first_, 0);
  } else {
    input_.read(out_.data(), static_cast<std::streamsize>(out_.size()));
    size = input_.gcount();
  }
  if (size == 0) {
    return traits_type::eof();
  }
  setg(begin, begin, begin + size);
  return traits_type::to_int_type(*gptr());
}

void InflatingBuffer::Fill() {
  if (zlib_->stream.avail_in > 0) {
    return;
  }
  input_.read(in_.data(), static_cast<std::streamsize>(in_.size()));
  zlib_->stream.next_in = reinterpret_cast<Bytef*>(in_.data());
  zlib_->stream.avail_in = static_cast<uInt>(input_.gcount());
}

std::streamsize InflatingBuffer::Inflate() {
  z_stream& stream = zlib_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(out_.data());
  stream.avail_out = static_cast<uInt>(out_.size());
  while (stream.avail_out == out_.size()) {
    Fill();
    if (stream.avail_in == 0) {
      if (!zlib_->member_ended) {
        status_ = absl::DataLossError("the file ends in the middle of its compressed data");
      }
      break;
    }
    if (zlib_->member_ended) {
      inflateReset(&stream);
      zlib_->member_ended = false;
    }
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      zlib_->member_ended = true;
    } else if (result != Z_OK) {
      status_ = absl::DataLossError("the compressed data of the file is damaged");
      break;
    }
  }
  return static_cast<std::streamsize>(out_.size() - stream.avail_out);
}

}  // namespace trigpoint
