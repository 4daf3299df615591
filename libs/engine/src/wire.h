#pragma once

#include <cstddef>
#include <string>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace trigpoint {

/// Writes the head of a field that holds bytes, a text or a message: what is encoded already goes
/// behind it as it is.
inline void AppendHead(int field, size_t size, std::string* out) {
  using google::protobuf::internal::WireFormatLite;
  using google::protobuf::io::CodedOutputStream;
  uint8_t head[16];
  uint8_t* end = CodedOutputStream::WriteTagToArray(
      WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED), head);
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(size), end);
  out->append(reinterpret_cast<const char*>(head), static_cast<size_t>(end - head));
}

}  // namespace trigpoint
