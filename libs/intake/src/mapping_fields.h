#pragma once

#include <string>
#include <vector>

#include "mapping_yaml.h"
#include "trigpoint/intake/feed_mapping.h"

namespace trigpoint {

/// Reads how fields are filled, and checks it against the descriptors.
class MappingFields {
 public:
  MappingFields(FeedMapping* mapping, MappingProblems* problems)
      : mapping_(mapping), problems_(problems) {}

  /// Gives the place of a column; a new one is added.
  size_t Column(const std::string& name);
  std::vector<size_t> Columns(const std::vector<std::string>& names);

  /// Reads `fields:` of a payload; a required field that is not there is a problem.
  std::vector<MappedField> Payload(const YAML::Node& node, const google::protobuf::Descriptor& type,
                                   int line);

  /// Reads `envelope:` of an event.
  std::vector<MappedField> Envelope(const YAML::Node& node);

  /// Reads one value; `field` says what it must give.
  MappedValue Value(const YAML::Node& node, const google::protobuf::FieldDescriptor& field);

  /// Reads how a date is written; problems are said at `node`.
  DateForm Date(const MappingKeys& keys, const char* key);

 private:
  std::vector<MappedField> Fields(const YAML::Node& node, const google::protobuf::Descriptor& type);
  std::vector<FieldStep> Steps(const YAML::Node& at, const std::string& path,
                               const google::protobuf::Descriptor& type);
  bool CheckStep(const YAML::Node& at, const std::string& name, const FieldStep& step, bool last);
  void CheckRequired(const std::vector<MappedField>& fields,
                     const google::protobuf::Descriptor& type, int line);
  void ReadSource(const MappingKeys& keys, const google::protobuf::FieldDescriptor& field,
                  MappedValue* value);
  void ReadCodes(const MappingKeys& keys, const google::protobuf::FieldDescriptor& field,
                 MappedValue* value);
  void ReadForms(const MappingKeys& keys, const google::protobuf::FieldDescriptor& field,
                 MappedValue* value);
  void CheckFits(const YAML::Node& at, const google::protobuf::FieldDescriptor& field,
                 const std::string& text);
  void ReadIdOf(const MappingKeys& keys, const google::protobuf::FieldDescriptor& field,
                MappedValue* value);

  FeedMapping* mapping_;
  MappingProblems* problems_;
};

}  // namespace trigpoint
