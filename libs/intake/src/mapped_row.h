#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "field_text.h"
#include "sheet_table.h"
#include "trigpoint/intake/feed_mapping.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// One row that becomes events. Lifetime: mapping and row must outlive it.
class MappedRow {
 public:
  MappedRow(const FeedMapping& mapping, const SheetRow& row) : mapping_(mapping), row_(row) {}

  /// Tells whether all conditions hold.
  bool Holds(const std::vector<RowCondition>& conditions);

  /// Makes one event; what is wrong is added to violations(), and the event is of no use then.
  v1::Event Make(const MappedEvent& mapped);

  const std::vector<v1::FieldViolation>& violations() const { return violations_; }

 private:
  using Message = google::protobuf::Message;
  using Field = google::protobuf::FieldDescriptor;

  void Refuse(size_t column, std::string_view rule, std::string_view description);
  std::string_view Text(size_t column);
  std::string Id(const MappedId& id);
  uint32_t Version(const MappedVersion& version);
  void SetSubject(const MappedEvent& mapped, v1::Event* event);
  void SetTimes(const MappedEvent& mapped, v1::Event* event);
  std::optional<When> Time(const MappedTime& time);
  std::set<std::string> Elements(const std::vector<MappedField>& fields);
  void Fill(const std::vector<MappedField>& fields, Message* message);
  bool Put(const MappedValue& value, const Field& field, Message* message);
  std::string Whole(const MappedValue& value);
  bool PutSum(const MappedValue& value, const Field& field, Message* message);
  bool PutItem(const MappedValue& value, const Field& field, std::string_view text,
               Message* message);
  bool PutPlain(const MappedValue& value, const Field& field, std::string_view text,
                Message* message);
  bool HasContent(const MappedValue& value);

  const FeedMapping& mapping_;
  const SheetRow& row_;
  std::vector<v1::FieldViolation> violations_;
  std::set<std::pair<size_t, std::string>> told_;  // A column is told once of each rule.
};

}  // namespace trigpoint
