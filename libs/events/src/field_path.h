#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"

namespace trigpoint {

/// A place in a message: a chain of frames on the stack of the walker. Text is made only for
/// violations. Confined to one call.
struct FieldPath {
  const FieldPath* above = nullptr;
  const google::protobuf::FieldDescriptor* field = nullptr;
  int index = -1;  ///< Element of a repeated field; -1: the field itself.
};

/// Writes "commissioner_visit_conducted.findings[0].grade"; empty for the message itself.
inline std::string PathText(const FieldPath* path) {
  if (path == nullptr || path->field == nullptr) {
    return "";
  }
  std::string text = PathText(path->above);
  if (!text.empty()) {
    text += ".";
  }
  text += path->field->name();
  if (path->index >= 0) {
    text += "[" + std::to_string(path->index) + "]";
  }
  return text;
}

}  // namespace trigpoint
