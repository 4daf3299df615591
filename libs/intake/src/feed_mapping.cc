#include "trigpoint/intake/feed_mapping.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "csv_table.h"
#include "mapping_fields.h"
#include "mapping_yaml.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/yaml_text.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;

constexpr size_t kBytesMax = size_t{1} << 20;

// What holds for every event that does not say otherwise.
struct Shared {
  std::vector<MappedSubject> subjects;
  MappedVersion version;
};

class Reader {
 public:
  Reader(FeedMapping* mapping, MappingProblems* problems)
      : mapping_(mapping), problems_(problems), fields_(mapping, problems) {}

  void Read(const YAML::Node& root) {
    const MappingKeys keys(
        root,
        {"name", "summary", "source", "table", "only_if", "subject", "source_version", "events"},
        problems_);
    mapping_->name = keys.NeededText("name");
    mapping_->summary = keys.Text("summary").value_or("");
    mapping_->source = keys.NeededText("source");
    if (keys.Has("table")) {
      ReadTable(keys.Get("table"));
    } else {
      problems_->Add(root, "`table` is missing");
    }
    mapping_->only_if = Conditions(keys.Get("only_if"));
    Shared shared;
    shared.subjects = Subjects(keys.Get("subject"));
    shared.version = Version(keys.Get("source_version"));
    const YAML::Node events = keys.Get("events");
    if (!events.IsDefined() || !events.IsSequence() || events.size() == 0) {
      problems_->Add(events.IsDefined() ? events : root, "`events` takes a list of events");
      return;
    }
    for (const auto& event : events) ReadEvent(event, shared);
    CheckIds();
  }

 private:
  void ReadTable(const YAML::Node& node) {
    const MappingKeys keys(
        node, {"format", "sheet", "header_row", "delimiter", "encoding", "empty"}, problems_);
    SheetLayout& table = mapping_->table;
    const std::string format = keys.NeededText("format");
    if (format == "xlsx" || format == "ods") {
      table.format = format == "xlsx" ? SheetFormat::kXlsx : SheetFormat::kOds;
    } else if (!format.empty() && format != "csv") {
      problems_->AddUnknown(keys.Get("format"), "there is no format", format,
                            {"csv", "xlsx", "ods"});
    }
    const bool csv = table.format == SheetFormat::kCsv;
    for (const char* key : {"delimiter", "encoding"}) {
      if (keys.Has(key) && !csv) {
        problems_->Add(keys.Get(key), "`" + std::string(key) + "` is for csv");
      }
    }
    if (keys.Has("sheet") && csv) problems_->Add(keys.Get("sheet"), "`sheet` is for workbooks");
    table.sheet = keys.Text("sheet").value_or("");
    table.header_row = keys.Number("header_row").value_or(1);
    table.encoding = keys.Text("encoding").value_or("utf-8");
    if (!IsSheetEncoding(table.encoding)) {
      problems_->AddUnknown(keys.Get("encoding"), "there is no encoding", table.encoding,
                            {"utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "cp850"});
    }
    ReadDelimiter(keys);
    for (const std::string& word : keys.Texts("empty")) mapping_->empty.push_back(FoldedText(word));
  }

  void ReadDelimiter(const MappingKeys& keys) {
    const std::string text = keys.Text("delimiter").value_or(",");
    if (text == "tab") {
      mapping_->table.delimiter = '\t';
    } else if (text == "," || text == ";" || text == "|") {
      mapping_->table.delimiter = text[0];
    } else {
      problems_->Add(keys.Get("delimiter"), "`delimiter` takes \",\", \";\", \"|\" or tab");
    }
  }

  std::vector<RowCondition> Conditions(const YAML::Node& node) {
    std::vector<RowCondition> conditions;
    if (!node.IsDefined()) return conditions;
    if (!node.IsSequence()) {
      problems_->Add(node, "`only_if` takes a list of {column, is | is_not | filled}");
      return conditions;
    }
    for (const auto& item : node) {
      const MappingKeys keys(item, {"column", "is", "is_not", "filled"}, problems_);
      RowCondition condition;
      condition.column = fields_.Column(keys.NeededText("column"));
      if (keys.Has("is") + keys.Has("is_not") + keys.Has("filled") != 1) {
        problems_->Add(item, "takes one of `is`, `is_not` and `filled`");
      }
      if (keys.Has("filled")) {
        condition.test =
            keys.Truth("filled") ? RowCondition::Test::kFilled : RowCondition::Test::kEmpty;
      } else {
        const bool is = keys.Has("is");
        condition.test = is ? RowCondition::Test::kIs : RowCondition::Test::kIsNot;
        condition.texts = keys.Texts(is ? "is" : "is_not");
        for (std::string& text : condition.texts) text = FoldedText(text);
      }
      conditions.push_back(std::move(condition));
    }
    return conditions;
  }

  std::vector<MappedSubject> Subjects(const YAML::Node& node) {
    std::vector<MappedSubject> subjects;
    if (!node.IsDefined()) return subjects;
    const FieldDescriptor* field = v1::SubjectRef::descriptor()->FindFieldByName("value");
    const auto read = [&](const YAML::Node& item) {
      const MappingKeys keys(item, {"scheme", "column", "constant", "codes"}, problems_);
      MappedSubject subject;
      subject.scheme = keys.NeededText("scheme");
      YAML::Node value = YAML::Clone(item);
      if (value.IsMap()) {
        value.remove("scheme");
        subject.value = fields_.Value(value, *field);
        subject.value.required = false;
      }
      subjects.push_back(std::move(subject));
    };
    if (node.IsSequence()) {
      for (const auto& item : node) read(item);
    } else {
      read(node);
    }
    return subjects;
  }

  MappedVersion Version(const YAML::Node& node) {
    MappedVersion version;
    if (!node.IsDefined()) return version;
    if (node.IsScalar() && !node.Scalar().empty()) {
      version.column = fields_.Column(node.Scalar());
      return version;
    }
    const MappingKeys keys(node, {"constant", "column", "date", "utc"}, problems_);
    if (keys.Has("constant") == keys.Has("column")) {
      problems_->Add(node, "takes one of `constant` and `column`");
    }
    version.constant = keys.Number("constant").value_or(1);
    if (const auto column = keys.Text("column"); column) version.column = fields_.Column(*column);
    if (keys.Has("date")) {
      version.date = fields_.Date(keys, "date");
      version.date->utc = keys.Truth("utc");
    }
    return version;
  }

  std::optional<MappedTime> Time(const YAML::Node& node) {
    if (!node.IsDefined()) return std::nullopt;
    MappedTime time;
    if (node.IsScalar() && !node.Scalar().empty()) {
      time.column = fields_.Column(node.Scalar());
      return time;
    }
    const MappingKeys keys(node, {"column", "date", "utc", "time_column", "time"}, problems_);
    if (const std::string name = keys.NeededText("column"); !name.empty()) {
      time.column = fields_.Column(name);
    }
    time.date = fields_.Date(keys, "date");
    time.date.utc = keys.Truth("utc");
    if (const auto name = keys.Text("time_column"); name) {
      time.time_column = fields_.Column(*name);
    } else if (keys.Has("time")) {
      problems_->Add(keys.Get("time"), "`time` goes with `time_column`");
    }
    time.time = fields_.Date(keys, "time");
    return time;
  }

  MappedId Id(const YAML::Node& node) {
    MappedId id;
    if (node.IsScalar() && !node.Scalar().empty()) {
      id.columns = {fields_.Column(node.Scalar())};
      return id;
    }
    const MappingKeys keys(node, {"columns", "hash", "prefix", "suffix"}, problems_);
    if (!keys.Has("columns")) problems_->Add(node, "`columns` is missing");
    id.columns = fields_.Columns(keys.Texts("columns"));
    id.hash = keys.Truth("hash");
    id.prefix = keys.Text("prefix").value_or("");
    id.suffix = keys.Text("suffix").value_or("");
    return id;
  }

  bool ReadKind(const MappingKeys& keys, MappedEvent* event) {
    event->kind = keys.NeededText("kind");
    const KindInfo* kind = KindOfName(event->kind);
    if (kind != nullptr && kind->role == v1::EVENT_ROLE_FACT) {
      event->payload = v1::Event::descriptor()->FindFieldByNumber(kind->number);
      return true;
    }
    std::vector<std::string> names;
    for (const KindInfo& known : AllKinds()) {
      if (known.role == v1::EVENT_ROLE_FACT) names.emplace_back(known.name);
    }
    if (!event->kind.empty()) {
      problems_->AddUnknown(keys.Get("kind"), "partners report no kind", event->kind, names);
    }
    return false;
  }

  void ReadEvent(const YAML::Node& node, const Shared& shared) {
    const MappingKeys keys(node,
                           {"kind", "only_if", "id", "subject", "source_version", "occurred_at",
                            "reported_at", "envelope", "fields"},
                           problems_);
    MappedEvent event;
    event.line = node.Mark().line + 1;
    const bool known = ReadKind(keys, &event);
    event.only_if = Conditions(keys.Get("only_if"));
    if (keys.Has("id")) {
      event.id = Id(keys.Get("id"));
    } else {
      problems_->Add(node, "`id` is missing: a column, or {columns: [...], hash: true}");
    }
    event.subjects = keys.Has("subject") ? Subjects(keys.Get("subject")) : shared.subjects;
    event.version =
        keys.Has("source_version") ? Version(keys.Get("source_version")) : shared.version;
    event.occurred_at = Time(keys.Get("occurred_at"));
    event.reported_at = Time(keys.Get("reported_at"));
    if (!event.occurred_at && !event.reported_at) {
      problems_->Add(node, "`occurred_at` or `reported_at` must be given");
    }
    event.envelope = fields_.Envelope(keys.Get("envelope"));
    if (known) {
      const auto& type = *event.payload->message_type();
      event.fields = fields_.Payload(keys.Get("fields"), type, event.line);
      if (event.subjects.empty() && !CitesAnEvent(type)) {
        problems_->Add(node, "`subject` must be given: who the event is about");
      }
    }
    mapping_->events.push_back(std::move(event));
  }

  // Such an event may be about whom the other is about.
  static bool CitesAnEvent(const google::protobuf::Descriptor& type) {
    if (&type == v1::EventRetracted::descriptor()) return true;
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->message_type() == v1::EventRef::descriptor()) return true;
    }
    return false;
  }

  // Two events of a row with one id would be two states of one record.
  void CheckIds() {
    for (size_t i = 1; i < mapping_->events.size(); ++i) {
      const MappedEvent& event = mapping_->events[i];
      for (size_t j = 0; j < i; ++j) {
        const MappedId& other = mapping_->events[j].id;
        if (event.id.columns == other.columns && event.id.hash == other.hash &&
            event.id.prefix == other.prefix && event.id.suffix == other.suffix) {
          problems_->Add(event.line, "this event has the id of the one in line " +
                                         std::to_string(mapping_->events[j].line) +
                                         "; give it a `suffix`");
        }
      }
    }
  }

  FeedMapping* mapping_;
  MappingProblems* problems_;
  MappingFields fields_;
};

}  // namespace

absl::StatusOr<FeedMapping> FeedMappingFromYaml(std::string_view yaml, const std::string& file) {
  MappingProblems problems(file);
  FeedMapping mapping;
  if (yaml.size() > kBytesMax) {
    return absl::InvalidArgumentError(file + ": a mapping is at most 1 MiB");
  }
  if (const auto problem = FindYamlProblem(yaml); problem) {
    problems.Add(problem->line, "not YAML: " + std::string(problem->what));
    return problems.status();
  }
  try {
    Reader(&mapping, &problems).Read(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& error) {
    problems.Add(error.mark.is_null() ? 1 : error.mark.line + 1, "not YAML: " + error.msg);
  }
  if (!problems.empty()) return problems.status();
  return mapping;
}

absl::StatusOr<FeedMapping> ReadFeedMappingFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::NotFoundError("cannot read the mapping " + path);
  }
  return FeedMappingFromYaml(text.str(), path);
}

}  // namespace trigpoint
