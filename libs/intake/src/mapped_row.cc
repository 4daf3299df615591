#include "mapped_row.h"

#include <algorithm>
#include <map>

#include "cells.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

bool Contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Plain text is one line; only a narrative keeps its paragraphs.
std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return line;
}

// "kpis[0]" of "kpis[0].value"; empty of a field outside lists.
std::string ElementOf(const MappedField& field) {
  return field.path.substr(0, field.path.find(']') + 1);
}

std::vector<std::string_view> Items(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> items;
  while (!separator.empty()) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    items.push_back(Trim(text.substr(0, at)));
    text.remove_prefix(at + separator.size());
  }
  items.push_back(Trim(text));
  return items;
}

}  // namespace

void MappedRow::Refuse(size_t column, std::string_view rule, std::string_view description) {
  if (told_.emplace(column, rule).second) {
    violations_.push_back(Violation(mapping_.columns[column], rule, description));
  }
}

std::string_view MappedRow::Text(size_t column) {
  const SheetCell& cell = row_.cells[column];
  if (cell.kind == CellKind::kFormula) {
    Refuse(column, "FORMULA_WITHOUT_VALUE",
           "holds a formula whose value was not saved; open the file, calculate it and save it");
    return {};
  }
  const std::string_view text = Trim(cell.text);
  if (!mapping_.empty.empty() && Contains(mapping_.empty, FoldedText(text))) return {};
  if (cell.kind == CellKind::kError) {
    Refuse(column, "CELL_ERROR", "the spreadsheet shows an error in this cell");
    return {};
  }
  if (mapping_.table.format == SheetFormat::kCsv && text.starts_with('=')) {
    Refuse(column, "FORMULA_IN_CELL", "begins with an equals sign");
    return {};
  }
  return text;
}

bool MappedRow::Holds(const std::vector<RowCondition>& conditions) {
  return std::all_of(conditions.begin(), conditions.end(), [this](const RowCondition& condition) {
    const std::string text = FoldedText(Text(condition.column));
    switch (condition.test) {
      case RowCondition::Test::kFilled:
        return !text.empty();
      case RowCondition::Test::kEmpty:
        return text.empty();
      case RowCondition::Test::kIs:
        return Contains(condition.texts, text);
      case RowCondition::Test::kIsNot:
        return !Contains(condition.texts, text);
    }
    return false;
  });
}

std::string MappedRow::Id(const MappedId& id) {
  constexpr size_t kHashDigits = 32;
  std::string text;
  for (size_t i = 0; i < id.columns.size(); ++i) {
    const std::string_view part = Text(id.columns[i]);
    if (part.empty()) Refuse(id.columns[i], "CELL_EMPTY", "is part of the id and must be filled");
    if (i > 0) text.push_back(id.hash ? '\x1f' : '/');
    text += part;
  }
  if (id.hash) text = Sha256Hex(text).substr(0, kHashDigits);
  return id.prefix + text + id.suffix;
}

uint32_t MappedRow::Version(const MappedVersion& version) {
  if (!version.column) return version.constant;
  const std::string_view text = Text(*version.column);
  if (text.empty()) {
    Refuse(*version.column, "CELL_EMPTY", "is the version and must be filled");
    return 0;
  }
  std::optional<double> number;
  if (version.date) {
    const std::optional<When> when = ReadWhen(*version.date, row_.cells[*version.column]);
    const std::optional<Micros> instant = when ? InstantOf(*when, version.date->utc) : std::nullopt;
    if (instant) {
      const Micros seconds = *instant / kMicrosPerSecond;
      number = static_cast<double>(seconds);
    }
  } else {
    number = ReadNumberText(text);
  }
  v1::Event scratch;
  const Field* field = v1::Event::descriptor()->FindFieldByName("source_version");
  if (!number || !PutNumber(*field, *number, &scratch) || scratch.source_version() == 0) {
    Refuse(*version.column, version.date ? "DATE_NOT_READ" : "NUMBER_NOT_READ",
           version.date ? "must be a date of the form that the mapping says, after 1970"
                        : "must be a whole number from 1");
  }
  return scratch.source_version();
}

void MappedRow::SetSubject(const MappedEvent& mapped, v1::Event* event) {
  for (const MappedSubject& subject : mapped.subjects) {
    if (!HasContent(subject.value)) continue;
    const Field* field = v1::SubjectRef::descriptor()->FindFieldByName("value");
    v1::SubjectRef* ref = event->mutable_subject();
    ref->set_scheme(subject.scheme);
    Put(subject.value, *field, ref);
    const bool opaque = subject.scheme == "cqc-location" || subject.scheme == "ods";
    if (opaque && !ref->value().empty() && !IsUsableId(ref->value()) &&
        !subject.value.columns.empty()) {
      const v1::FieldViolation problem = IdNotUsable("");
      Refuse(subject.value.columns[0], problem.rule(), problem.description());
    }
    return;
  }
  if (!mapped.subjects.empty() && !mapped.subjects.front().value.columns.empty()) {
    Refuse(mapped.subjects.front().value.columns[0], "CELL_EMPTY",
           "says who the event is about and must be filled");
  }
}

std::optional<When> MappedRow::Time(const MappedTime& time) {
  if (Text(time.column).empty()) return std::nullopt;
  std::optional<When> when = ReadWhen(time.date, row_.cells[time.column]);
  if (!when || !when->date) {
    Refuse(time.column, "DATE_NOT_READ", "must be a date of the form that the mapping says");
    return std::nullopt;
  }
  if (time.time_column && !Text(*time.time_column).empty()) {
    const std::optional<When> clock = ReadWhen(time.time, row_.cells[*time.time_column]);
    if (!clock || !clock->time_of_day) {
      Refuse(*time.time_column, "DATE_NOT_READ", "must be a time of the form in the mapping");
      return std::nullopt;
    }
    when->time_of_day = clock->time_of_day;
    when->has_minutes = clock->has_minutes;
    when->instant.reset();
  }
  when->instant = InstantOf(*when, time.date.utc);
  if (!when->instant) {
    Refuse(time.column, "TIME_DOES_NOT_EXIST", "the clocks leave this hour out in March");
    return std::nullopt;
  }
  return when;
}

void MappedRow::SetTimes(const MappedEvent& mapped, v1::Event* event) {
  if (mapped.occurred_at) {
    if (const std::optional<When> when = Time(*mapped.occurred_at); when) {
      SetMicros(*when->instant, event->mutable_occurred_at());
      event->set_occurred_precision(!when->has_day       ? v1::TIME_PRECISION_APPROXIMATE
                                    : !when->time_of_day ? v1::TIME_PRECISION_DAY
                                    : when->has_minutes  ? v1::TIME_PRECISION_MINUTE
                                                         : v1::TIME_PRECISION_HOUR);
    }
  }
  if (mapped.reported_at) {
    if (const std::optional<When> when = Time(*mapped.reported_at); when) {
      SetMicros(*when->instant, event->mutable_reported_at());
    }
  }
  if (!event->has_occurred_at() && !event->has_reported_at()) {
    const MappedTime& time = mapped.occurred_at ? *mapped.occurred_at : *mapped.reported_at;
    if (Text(time.column).empty()) {
      Refuse(time.column, "CELL_EMPTY", "says when it happened and must be filled");
    }
  }
}

bool MappedRow::HasContent(const MappedValue& value) {
  return value.columns.empty() || value.fallback ||
         std::any_of(value.columns.begin(), value.columns.end(),
                     [this](size_t column) { return !Text(column).empty(); });
}

// The text of a value's columns, joined.
std::string MappedRow::Whole(const MappedValue& value) {
  std::string whole;
  for (const size_t column : value.columns) {
    const std::string_view text = Text(column);
    if (text.empty()) continue;
    if (!whole.empty()) whole += value.join;
    whole += text;
  }
  return whole;
}

// A figure that is not there makes a sum unknown, not smaller.
bool MappedRow::PutSum(const MappedValue& value, const Field& field, Message* message) {
  double sum = 0;
  for (const size_t column : value.columns) {
    const std::string_view text = Text(column);
    if (text.empty()) {
      if (value.required) Refuse(column, "CELL_EMPTY", "is part of a sum and must be filled");
      return !value.required && value.fallback && PutText(field, *value.fallback, message);
    }
    const std::optional<double> number = ReadNumberText(text);
    if (!number) {
      Refuse(column, "NUMBER_NOT_READ", "must be a number");
      return false;
    }
    sum += *number;
  }
  if (PutNumber(field, sum * value.scale, message)) return true;
  Refuse(value.columns[0], "NUMBER_NOT_READ", "the sum must be " + LeafInWords(field));
  return false;
}

bool MappedRow::PutPlain(const MappedValue& value, const Field& field, std::string_view text,
                         Message* message) {
  const size_t column = value.columns[0];
  switch (LeafKindOf(field)) {
    case LeafKind::kText:
    case LeafKind::kEventRef:
      return PutText(field, OneLine(text), message);
    case LeafKind::kEnum:
      if (PutText(field, text, message)) return true;
      Refuse(column, "CODE_NOT_KNOWN", "takes " + LeafInWords(field));
      return false;
    case LeafKind::kTruth: {
      const bool yes = Contains(value.yes, FoldedText(text));
      if (yes || Contains(value.no, FoldedText(text))) {
        return PutText(field, yes ? "true" : "false", message);
      }
      Refuse(column, "NOT_YES_OR_NO", "is none of the words for yes and no in the mapping");
      return false;
    }
    case LeafKind::kNumber: {
      const std::optional<double> number = ReadNumberText(text);
      if (number && PutNumber(field, *number * value.scale, message)) return true;
      Refuse(column, "NUMBER_NOT_READ", "must be " + LeafInWords(field));
      return false;
    }
    case LeafKind::kSealable:
      return PutText(field, text, message);
    default:
      break;
  }
  const std::optional<When> when = ReadWhen(value.date, row_.cells[column]);
  if (when && PutWhen(field, *when, value.date.utc, message)) return true;
  Refuse(column, "DATE_NOT_READ",
         "must be " + LeafInWords(field) + " of the form that the mapping says");
  return false;
}

// One item of a cell: through the codes, where there are any.
bool MappedRow::PutItem(const MappedValue& value, const Field& field, std::string_view text,
                        Message* message) {
  if (value.codes.empty()) return PutPlain(value, field, text, message);
  const auto code = value.codes.find(FoldedText(text));
  if (code == value.codes.end() && !value.has_otherwise) {
    Refuse(value.columns[0], "CODE_NOT_KNOWN",
           "is not in the codes of line " + std::to_string(value.line) + " of the mapping");
    return false;
  }
  const auto& target = code == value.codes.end() ? value.otherwise : code->second;
  return target && PutText(field, *target, message);
}

// Gives whether the row itself said something.
bool MappedRow::Put(const MappedValue& value, const Field& field, Message* message) {
  if (value.from == MappedValue::From::kConstant) {
    PutText(field, value.constant, message);
    return false;
  }
  if (value.from == MappedValue::From::kIdOf) {
    return PutText(field, Id(mapping_.events[value.id_of].id), message);
  }
  if (value.from == MappedValue::From::kSum) return PutSum(value, field, message);
  const std::string whole = Whole(value);
  if (whole.empty()) {
    if (value.fallback) PutText(field, *value.fallback, message);
    if (value.required && !value.fallback) {
      Refuse(value.columns[0], "CELL_EMPTY", "must be filled");
    }
    return false;
  }
  bool any = false;
  std::set<std::string> seen;
  for (const std::string_view item : Items(whole, value.split)) {
    if (item.empty() || !seen.insert(FoldedText(item)).second) continue;
    any = PutItem(value, field, item, message) || any;
  }
  return any;
}

// The elements of lists that are there: one whose columns are all empty is not, for its constants
// alone say nothing.
std::set<std::string> MappedRow::Elements(const std::vector<MappedField>& fields) {
  std::set<std::string> elements;
  for (const MappedField& field : fields) {
    const std::string element = ElementOf(field);
    if (!element.empty() && !field.value.columns.empty() && HasContent(field.value)) {
      elements.insert(element);
    }
  }
  return elements;
}

void MappedRow::Fill(const std::vector<MappedField>& fields, Message* message) {
  const std::set<std::string> there = Elements(fields);
  std::map<std::string, Message*> elements;
  for (const MappedField& field : fields) {
    const std::string element = ElementOf(field);
    if (!element.empty() && !there.contains(element)) continue;
    Message* at = message;
    Message* new_in = nullptr;  // Where a message was made that may stay empty.
    const Field* new_field = nullptr;
    for (size_t i = 0; i + 1 < field.steps.size(); ++i) {
      const FieldStep& step = field.steps[i];
      const auto* reflection = at->GetReflection();
      if (step.index >= 0) {
        Message*& known = elements[element];
        at = known = known != nullptr ? known : reflection->AddMessage(at, step.field);
        continue;
      }
      if (new_in == nullptr && !reflection->HasField(*at, step.field)) {
        new_in = at;
        new_field = step.field;
      }
      at = reflection->MutableMessage(at, step.field);
    }
    Put(field.value, *field.steps.back().field, at);
    if (new_in != nullptr && at->ByteSizeLong() == 0) {
      new_in->GetReflection()->ClearField(new_in, new_field);
    }
  }
}

v1::Event MappedRow::Make(const MappedEvent& mapped) {
  v1::Event event;
  event.set_source(mapping_.source);
  event.set_id(Id(mapped.id));
  event.set_source_version(Version(mapped.version));
  SetSubject(mapped, &event);
  SetTimes(mapped, &event);
  Fill(mapped.envelope, &event);
  Fill(mapped.fields, v1::Event::GetReflection()->MutableMessage(&event, mapped.payload));
  return event;
}

}  // namespace trigpoint
