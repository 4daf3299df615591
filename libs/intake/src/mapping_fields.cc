#include "mapping_fields.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>

#include "date_form.h"
#include "field_text.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr const char* kEnvelope[] = {
    "incident_key",  "source_organisation", "sensitivity",  "evidence_category", "themes",
    "key_questions", "visibility",          "lawful_basis", "recorded_by",       "shared_at"};

std::vector<std::string> NamesOf(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

// "kpis[3]": the name, and 3; -1 without brackets, -2 where they are not well written.
std::pair<std::string, int> SplitIndex(const std::string& part) {
  const size_t bracket = part.find('[');
  if (bracket == std::string::npos) return {part, -1};
  constexpr int kIndexMax = 999;
  int index = -2;
  const char* last = part.data() + part.size() - 1;
  const auto [end, error] = std::from_chars(part.data() + bracket + 1, last, index);
  const bool good =
      error == std::errc() && end == last && *last == ']' && index >= 0 && index <= kIndexMax;
  return {part.substr(0, bracket), good ? index : -2};
}

bool IsWhen(LeafKind kind) {
  return kind == LeafKind::kDate || kind == LeafKind::kMonth || kind == LeafKind::kInstant;
}

}  // namespace

size_t MappingFields::Column(const std::string& name) {
  const std::string key = FoldedText(name);
  auto& columns = mapping_->columns;
  const auto found = std::find_if(columns.begin(), columns.end(), [&key](const std::string& known) {
    return FoldedText(known) == key;
  });
  if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  columns.push_back(name);
  return columns.size() - 1;
}

std::vector<size_t> MappingFields::Columns(const std::vector<std::string>& names) {
  std::vector<size_t> places;
  for (const std::string& name : names) places.push_back(Column(name));
  return places;
}

DateForm MappingFields::Date(const MappingKeys& keys, const char* key) {
  const std::optional<std::string> text = keys.Text(key);
  if (!text) return {};
  const absl::StatusOr<DateForm> form = ParseDateForm(*text);
  if (form.ok()) return *form;
  problems_->Add(keys.Get(key),
                 "`" + std::string(key) + "` takes " + std::string(form.status().message()));
  return {};
}

bool MappingFields::CheckStep(const YAML::Node& at, const std::string& name, const FieldStep& step,
                              bool last) {
  const bool is_message = step.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  const auto wrong = [&](const std::string& what) {
    problems_->Add(at, "`" + name + "` " + what);
    return false;
  };
  if (step.index == -2) return wrong("takes one element as in " + name + "[0]");
  if (step.field->options().GetExtension(v1::vault_only))
    return wrong("is not taken from a table: what is refused of a table is kept");
  if (step.index >= 0 && (!step.field->is_repeated() || !is_message)) {
    return wrong("has no elements with fields of their own; leave out [...]");
  }
  if (!last && !is_message) return wrong("has no fields of its own");
  if (!last && step.field->is_repeated() && step.index < 0) {
    return wrong("is a list: say which element, as in " + name + "[0]");
  }
  if (last && LeafKindOf(*step.field) == LeafKind::kNone) {
    return wrong(is_message ? "has fields of its own: name them, as in " + name +
                                  (step.field->is_repeated() ? "[0]." : ".") +
                                  step.field->message_type()->field(0)->name()
                            : "cannot be filled from a table");
  }
  return true;
}

std::vector<FieldStep> MappingFields::Steps(const YAML::Node& at, const std::string& path,
                                            const Descriptor& type) {
  std::vector<FieldStep> steps;
  const Descriptor* message = &type;
  bool indexed = false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t dot = std::min(path.find('.', begin), path.size());
    const bool last = dot == path.size();
    const auto [name, index] = SplitIndex(path.substr(begin, dot - begin));
    const FieldDescriptor* field = message->FindFieldByName(name);
    if (field == nullptr) {
      problems_->AddUnknown(at, message->name() + " has no field", name, NamesOf(*message));
      return {};
    }
    steps.push_back({.field = field, .index = index});
    if (!CheckStep(at, name, steps.back(), last)) return {};
    if (index >= 0 && indexed) {
      problems_->Add(at, "a list within a list cannot be filled from a row");
      return {};
    }
    indexed = indexed || index >= 0;
    message = field->message_type();
    begin = dot + 1;
  }
  return steps;
}

std::vector<MappedField> MappingFields::Fields(const YAML::Node& node, const Descriptor& type) {
  std::vector<MappedField> fields;
  if (!node.IsDefined()) return fields;
  if (!node.IsMap()) {
    problems_->Add(node, "here stands a list of `field: value`");
    return fields;
  }
  std::set<std::string> seen;
  for (const auto& pair : node) {
    const std::string path = pair.first.IsScalar() ? pair.first.Scalar() : std::string("?");
    if (!seen.insert(path).second) problems_->Add(pair.first, "`" + path + "` stands twice");
    std::vector<FieldStep> steps = Steps(pair.first, path, type);
    if (steps.empty()) continue;
    MappedField field{.path = path, .steps = std::move(steps), .value = {}};
    field.value = Value(pair.second, *field.steps.back().field);
    fields.push_back(std::move(field));
  }
  return fields;
}

void MappingFields::CheckRequired(const std::vector<MappedField>& fields, const Descriptor& type,
                                  int line) {
  struct Part {
    const Descriptor* type;
    int line;
    std::set<const FieldDescriptor*> filled;
  };
  std::map<std::string, Part> parts;  // By the path to it.
  parts.emplace("", Part{.type = &type, .line = line, .filled = {}});
  for (const MappedField& field : fields) {
    std::string path;
    for (const FieldStep& step : field.steps) {
      parts.at(path).filled.insert(step.field);
      if (&step == &field.steps.back()) break;
      path +=
          step.field->name() + (step.index < 0 ? "" : "[" + std::to_string(step.index) + "]") + ".";
      parts.try_emplace(
          path, Part{.type = step.field->message_type(), .line = field.value.line, .filled = {}});
    }
  }
  for (const auto& [path, part] : parts) {
    for (int i = 0; i < part.type->field_count(); ++i) {
      const FieldDescriptor* field = part.type->field(i);
      if (field->options().GetExtension(v1::required) && !part.filled.contains(field)) {
        problems_->Add(part.line,
                       "`" + path + field->name() + "` must be given: " + LeafInWords(*field));
      }
    }
  }
}

std::vector<MappedField> MappingFields::Payload(const YAML::Node& node, const Descriptor& type,
                                                int line) {
  std::vector<MappedField> fields = Fields(node, type);
  CheckRequired(fields, type, line);
  return fields;
}

std::vector<MappedField> MappingFields::Envelope(const YAML::Node& node) {
  if (node.IsDefined() && node.IsMap()) {
    const std::vector<std::string> names(std::begin(kEnvelope), std::end(kEnvelope));
    for (const auto& pair : node) {
      const std::string name = pair.first.IsScalar() ? pair.first.Scalar() : std::string("?");
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        problems_->AddUnknown(pair.first, "the envelope takes no", name, names);
        return {};
      }
    }
  }
  return Fields(node, *v1::Event::descriptor());
}

void MappingFields::CheckFits(const YAML::Node& at, const FieldDescriptor& field,
                              const std::string& text) {
  const std::unique_ptr<google::protobuf::Message> scratch(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(field.containing_type())
          ->New());
  if (PutText(field, text, scratch.get())) return;
  if (LeafKindOf(field) != LeafKind::kEnum) {
    problems_->Add(
        at, "`" + text + "` is not " + LeafInWords(field) + ", as `" + field.name() + "` takes it");
    return;
  }
  problems_->AddUnknown(at, "`" + field.name() + "` has no value", text,
                        EnumNames(*field.enum_type()));
}

void MappingFields::ReadIdOf(const MappingKeys& keys, const FieldDescriptor& field,
                             MappedValue* value) {
  const std::string kind = keys.NeededText("id_of");
  value->from = MappedValue::From::kIdOf;
  if (LeafKindOf(field) != LeafKind::kEventRef) {
    problems_->Add(keys.Get("id_of"), "`id_of` is for a field that names another event");
  }
  for (size_t i = 0; i < mapping_->events.size(); ++i) {
    if (mapping_->events[i].kind == kind) {
      value->id_of = i;
      return;
    }
  }
  problems_->Add(keys.Get("id_of"),
                 "`id_of` names the kind of an event that stands above: no `" + kind + "` does");
}

void MappingFields::ReadSource(const MappingKeys& keys, const FieldDescriptor& field,
                               MappedValue* value) {
  int sources = 0;
  for (const char* key : {"column", "columns", "sum", "constant", "id_of"}) {
    sources += keys.Has(key) ? 1 : 0;
  }
  if (sources != 1) {
    problems_->Add(keys.node(), "takes one of `column`, `columns`, `sum`, `constant` and `id_of`");
    return;
  }
  if (keys.Has("id_of")) return ReadIdOf(keys, field, value);
  if (keys.Has("constant")) {
    value->constant = keys.NeededText("constant");
    if (!value->constant.empty()) CheckFits(keys.Get("constant"), field, value->constant);
    return;
  }
  value->from = keys.Has("sum") ? MappedValue::From::kSum : MappedValue::From::kColumns;
  const char* key = keys.Has("sum") ? "sum" : keys.Has("columns") ? "columns" : "column";
  value->columns = Columns(keys.Texts(key));
  if (keys.Has("column") && value->columns.size() > 1) {
    problems_->Add(keys.Get("column"), "`column` takes one; several are `columns`");
  }
  if (keys.Has("sum") && LeafKindOf(field) != LeafKind::kNumber) {
    problems_->Add(keys.Get("sum"), "`sum` is for numbers");
  }
}

void MappingFields::ReadCodes(const MappingKeys& keys, const FieldDescriptor& field,
                              MappedValue* value) {
  const YAML::Node codes = keys.Get("codes");
  if (codes.IsDefined() && (!codes.IsMap() || codes.size() == 0)) {
    problems_->Add(codes, "`codes` takes a list of `text of the cell: value`");
    return;
  }
  const auto target = [&](const YAML::Node& node) -> std::optional<std::string> {
    if (node.IsNull()) return std::nullopt;  // "~": the cell says nothing.
    if (!node.IsScalar()) {
      problems_->Add(node, "a code is " + LeafInWords(field) + ", or ~ for nothing");
      return std::nullopt;
    }
    CheckFits(node, field, node.Scalar());
    return node.Scalar();
  };
  if (codes.IsDefined()) {
    for (const auto& pair : codes) {
      const std::string word = pair.first.IsScalar() ? FoldedText(pair.first.Scalar()) : "";
      if (!value->codes.emplace(word, target(pair.second)).second) {
        problems_->Add(pair.first, "this text stands twice; capitals make no difference");
      }
    }
  }
  const YAML::Node otherwise = keys.Get("otherwise");
  if (!otherwise.IsDefined()) return;
  if (!codes.IsDefined()) problems_->Add(otherwise, "`otherwise` goes with `codes`");
  value->has_otherwise = true;
  value->otherwise = target(otherwise);
}

void MappingFields::ReadForms(const MappingKeys& keys, const FieldDescriptor& field,
                              MappedValue* value) {
  const LeafKind kind = LeafKindOf(field);
  const auto only = [&](const char* key, bool good, const char* what) {
    if (keys.Has(key) && !good) {
      problems_->Add(keys.Get(key), "`" + std::string(key) + "` is for " + what + "; `" +
                                        field.name() + "` takes " + LeafInWords(field));
    }
  };
  only("split", field.is_repeated(), "lists");
  only("yes", kind == LeafKind::kTruth, "true or false");
  only("no", kind == LeafKind::kTruth, "true or false");
  only("date", IsWhen(kind), "dates");
  only("utc", kind == LeafKind::kInstant, "times");
  only("scale", kind == LeafKind::kNumber, "numbers");
  only("codes", !IsWhen(kind), "words");
  value->join = keys.Text("join").value_or(" ");
  value->split = keys.Text("split").value_or("");
  value->required = keys.Truth("required") ||
                    (field.options().GetExtension(v1::required) && !keys.Has("default"));
  value->fallback = keys.Text("default");
  if (value->fallback) CheckFits(keys.Get("default"), field, *value->fallback);
  for (auto [key, words] : {std::pair("yes", &value->yes), std::pair("no", &value->no)}) {
    if (!keys.Has(key)) continue;
    *words = keys.Texts(key);
    for (std::string& word : *words) word = FoldedText(word);
  }
  value->date = Date(keys, "date");
  value->date.utc = keys.Truth("utc");
  if (const auto scale = keys.Text("scale"); scale) {
    const std::optional<double> number = ReadNumberText(*scale);
    if (!number) problems_->Add(keys.Get("scale"), "`scale` takes a number");
    value->scale = number.value_or(1);
  }
}

MappedValue MappingFields::Value(const YAML::Node& node, const FieldDescriptor& field) {
  MappedValue value;
  value.line = node.Mark().line + 1;
  if (node.IsScalar() && !node.Scalar().empty()) {
    value.from = MappedValue::From::kColumns;
    value.columns = {Column(node.Scalar())};
    value.required = field.options().GetExtension(v1::required);
    return value;
  }
  const MappingKeys keys(
      node,
      {"column", "columns", "sum", "constant", "id_of", "join", "codes", "otherwise", "default",
       "split", "yes", "no", "date", "utc", "scale", "required"},
      problems_);
  ReadSource(keys, field, &value);
  ReadCodes(keys, field, &value);
  ReadForms(keys, field, &value);
  return value;
}

}  // namespace trigpoint
