#include "trigpoint/intake/ods_organisations_adapter.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "cells.h"
#include "cqc_events.h"
#include "csv_table.h"
#include "names.h"
#include "ods_layout.h"
#include "table_rows.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr std::string_view kSource = "nhs-england/ods";
constexpr size_t kNameBytesMax = 180;

// What a row says, once it was read.
struct Organisation {
  std::string code;
  std::string name;
  std::string key;  // The name as key.
  std::string status;
  std::optional<CivilDate> opened;
  std::optional<CivilDate> closed;
  std::optional<CivilDate> joined;  // Its parent.
  std::optional<CivilDate> left;
};

class Import {
 public:
  Import(const CsvTable& table, OdsFile file, OdsOrganisationsCounts* counts)
      : table_(table), file_(file), counts_(counts) {}

  absl::Status Run(std::optional<CivilDate> edition, RowSink& sink) {
    counts_->rows = table_.rows.size();
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TakeRow(i);
    }
    edition_ = edition ? edition : latest_;
    version_ = edition_ ? VersionOfEdition(*edition_) : 1;
    for (const auto& [row, organisation] : organisations_) {
      if (!IsClosed(organisation)) ++open_names_[organisation.key];
    }
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TP_RETURN_IF_ERROR(EmitRow(i, sink));
    }
    return absl::OkStatus();
  }

 private:
  std::string_view Cell(size_t row, OdsColumn column) const {
    const std::vector<std::string>& cells = table_.rows[row].cells;
    return column < cells.size() ? Trim(cells[column]) : std::string_view();
  }

  bool IsClosed(const Organisation& organisation) const {
    return organisation.closed && (!edition_ || *organisation.closed <= *edition_);
  }

  // The amendments have general practitioners between the practices: persons.
  bool IsPractitioner(size_t i) const {
    constexpr size_t kPracticeBytes = 6;
    const std::string_view subtype = Cell(i, kOdsSubtype);
    return file_ == OdsFile::kPractices &&
           (subtype == "O" || subtype == "P" || Cell(i, kOdsCode).size() > kPracticeBytes);
  }

  std::optional<v1::FieldViolation> ReadDate(size_t i, OdsColumn column,
                                             std::optional<CivilDate>* to) const {
    const std::string_view text = Cell(i, column);
    *to = ReadOdsDate(text);
    if (*to || text.empty()) return std::nullopt;
    return Violation(OdsFieldName(column), "DATE_NOT_READ", "must be as 20240401");
  }

  std::optional<v1::FieldViolation> ReadRow(size_t i, Organisation* organisation) const {
    organisation->code = Cell(i, kOdsCode);
    if (!IsUsableId(organisation->code)) return IdNotUsable(OdsFieldName(kOdsCode));
    organisation->name = Cell(i, kOdsName);
    organisation->key = NormalName(organisation->name);
    if (organisation->key.empty()) {
      return Violation(OdsFieldName(kOdsName), "NAME_MISSING", "is empty");
    }
    if (organisation->key.size() > kNameBytesMax) {
      return Violation(OdsFieldName(kOdsName), "NAME_TOO_LONG", "has more than 180 bytes");
    }
    if (auto problem = ReadDate(i, kOdsOpened, &organisation->opened)) return problem;
    if (auto problem = ReadDate(i, kOdsClosed, &organisation->closed)) return problem;
    if (auto problem = ReadDate(i, kOdsJoined, &organisation->joined)) return problem;
    if (auto problem = ReadDate(i, kOdsLeft, &organisation->left)) return problem;
    if (organisation->joined && organisation->left && *organisation->left < *organisation->joined) {
      return Violation(OdsFieldName(kOdsLeft), "LEFT_BEFORE_JOINED", "is before the join date");
    }
    organisation->status = Cell(i, kOdsStatus);
    constexpr std::string_view kKnown = "ACDP";
    const bool practice = file_ == OdsFile::kPractices;
    if (practice ? organisation->status.size() != 1 ||
                       kKnown.find(organisation->status) == std::string_view::npos
                 : !organisation->status.empty()) {
      return Violation(OdsFieldName(kOdsStatus), "STATUS_NOT_KNOWN",
                       practice ? "must be A, C, D or P" : "must be empty");
    }
    return std::nullopt;
  }

  void TakeRow(size_t i) {
    auto problem = RowProblem(table_, table_.rows[i]);
    if (!problem && IsPractitioner(i)) {
      ++counts_->practitioners;
      return;
    }
    Organisation organisation;
    if (!problem) problem = ReadRow(i, &organisation);
    if (problem) {
      refused_.emplace(i, *std::move(problem));
      return;
    }
    const auto [it, added] = rows_.try_emplace(organisation.code, i);
    const size_t first = it->second;
    if (added) {
      latest_ = std::max({latest_, organisation.opened, organisation.closed});
      organisations_.emplace(i, std::move(organisation));
    } else if (table_.rows[first].cells == table_.rows[i].cells) {
      ++counts_->duplicates;
    } else {
      organisations_.erase(first);
      refused_.try_emplace(first, ConflictWithLine(OdsFieldName(kOdsCode), table_.rows[i].line));
      refused_.emplace(i, ConflictWithLine(OdsFieldName(kOdsCode), table_.rows[first].line));
    }
  }

  absl::Status EmitRow(size_t i, RowSink& sink) {
    if (const auto refused = refused_.find(i); refused != refused_.end()) {
      ++counts_->refused;
      CsvRow kept = table_.rows[i];
      if (!kept.cells.empty()) kept.cells[kOdsName].clear();  // It may be a person's.
      return GiveRefused(kept, {refused->second}, sink);
    }
    const auto found = organisations_.find(i);
    if (found == organisations_.end()) return absl::OkStatus();
    ++counts_->organisations;
    const Organisation& organisation = found->second;
    const uint64_t line = table_.rows[i].line;
    TP_RETURN_IF_ERROR(sink.OnEvent(ServiceEvent(i, organisation), line));
    if (auto status = StatusOf(organisation)) {
      TP_RETURN_IF_ERROR(sink.OnEvent(*std::move(status), line));
    }
    if (auto parent = ParentOf(i, organisation)) {
      TP_RETURN_IF_ERROR(sink.OnEvent(*std::move(parent), line));
    }
    const bool teaches = file_ == OdsFile::kTrusts && !IsClosed(organisation) &&
                         open_names_.at(organisation.key) == 1;
    return teaches ? sink.OnEvent(NameEvent(organisation), line) : absl::OkStatus();
  }

  v1::Event NewEvent(const Organisation& organisation, std::string_view suffix) const {
    v1::Event event = NewCqcEvent({.source = std::string(kSource),
                                   .scheme = "ods",
                                   .value = organisation.code,
                                   .version = version_},
                                  organisation.code + std::string(suffix));
    event.set_source_organisation("nhs-england");
    if (edition_) ReportOn(*edition_, &event);
    return event;
  }

  v1::Event ServiceEvent(size_t i, const Organisation& organisation) {
    v1::Event event = NewEvent(organisation, "");
    v1::ServiceRegistered* service = event.mutable_service_registered();
    const bool practice = file_ == OdsFile::kPractices;
    if (practice && NamesPerson(organisation.key)) {
      ++counts_->names_left_out;
    } else {
      service->set_name(organisation.name);
    }
    service->set_service_type(TypeOf(i, organisation));
    if (organisation.opened && (!edition_ || *organisation.opened <= *edition_)) {
      OccurOn(*organisation.opened, &event);
    }
    if (organisation.opened) SetDate(*organisation.opened, service->mutable_registered_on());
    const std::string_view geography = Cell(i, kOdsGeography);
    if (IsIcbCode(geography)) service->set_icb(std::string(geography));
    const std::string_view parent = Cell(i, kOdsParent);
    // With its days in an event of its own: this one's bytes are those of earlier releases, so that
    // the same edition can be imported again.
    if (practice && !organisation.left && !IsClosed(organisation) && IsUsableId(parent)) {
      service->add_commissioners(std::string(parent));
    }
    return event;
  }

  v1::ServiceType TypeOf(size_t i, const Organisation& organisation) {
    constexpr std::string_view kGeneralPractice = "4";
    if (file_ == OdsFile::kTrusts) return TrustTypeByName(organisation.key);
    if (Cell(i, kOdsSetting) != kGeneralPractice) return v1::SERVICE_TYPE_OTHER;
    ++counts_->general_practices;
    return v1::SERVICE_TYPE_GENERAL_PRACTICE;
  }

  std::optional<v1::Event> StatusOf(const Organisation& organisation) {
    v1::Event event = NewEvent(organisation, "/registration");
    v1::RegistrationChanged* change = event.mutable_registration_changed();
    std::optional<CivilDate> day;
    if (IsClosed(organisation) || (organisation.status == "C" && !organisation.closed)) {
      ++counts_->closed;
      change->set_status(v1::RegistrationChanged::STATUS_DEREGISTERED);
      day = organisation.closed;
    } else if (organisation.status == "P") {
      ++counts_->proposed;
      return std::nullopt;
    } else if (organisation.status == "D") {
      ++counts_->dormant;
      change->set_status(v1::RegistrationChanged::STATUS_DORMANT);
    } else {
      counts_->closing_later += organisation.closed ? 1U : 0U;
      change->set_status(v1::RegistrationChanged::STATUS_REGISTERED);
      day = organisation.opened;
    }
    if (day && (!edition_ || *day <= *edition_)) {
      OccurOn(*day, &event);
      SetDate(*day, change->mutable_effective_on());
    }
    return event;
  }

  // Who commissions a practice, with the days: only the table of practices names parents.
  std::optional<v1::Event> ParentOf(size_t i, const Organisation& organisation) {
    const std::string_view parent = Cell(i, kOdsParent);
    if (file_ != OdsFile::kPractices || !IsUsableId(parent)) return std::nullopt;
    ++counts_->parents;
    v1::Event event = NewEvent(organisation, "/parent");
    if (organisation.joined && (!edition_ || *organisation.joined <= *edition_))
      OccurOn(*organisation.joined, &event);
    std::vector<v1::Affiliation::Relation> relations = {v1::Affiliation::RELATION_ODS_PARENT};
    if (!IsClosed(organisation)) relations.push_back(v1::Affiliation::RELATION_COMMISSIONER);
    for (const auto relation : relations) {
      v1::Affiliation* to = event.mutable_service_registered()->add_affiliations();
      to->set_relation(relation);
      to->set_organisation(std::string(parent));
      if (organisation.joined) SetDate(*organisation.joined, to->mutable_starts_on());
      if (organisation.left) SetDate(*organisation.left, to->mutable_ends_on());
    }
    return event;
  }

  v1::Event NameEvent(const Organisation& organisation) {
    ++counts_->names_taught;
    v1::Event event = NewEvent(organisation, "/name");
    for (const char* scheme : {"nhs-trust-name", "organisation-name"}) {
      v1::SubjectRef* id = event.mutable_service_registered()->add_also_known_as();
      id->set_scheme(scheme);
      id->set_value(organisation.key);
    }
    return event;
  }

  const CsvTable& table_;
  const OdsFile file_;
  OdsOrganisationsCounts* counts_;
  std::optional<CivilDate> latest_;
  std::optional<CivilDate> edition_;
  uint32_t version_ = 1;
  std::map<std::string, size_t> rows_;            // By code.
  std::map<size_t, Organisation> organisations_;  // By row.
  std::map<size_t, v1::FieldViolation> refused_;
  std::map<std::string, int> open_names_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> OdsOrganisationsAdapter::Found() const {
  std::vector<std::pair<std::string, uint64_t>> found = {
      {"rows in the file", counts_.rows},
      {"organisations", counts_.organisations},
      {"of these closed", counts_.closed},
      {"of these dormant", counts_.dormant},
      {"of these proposed", counts_.proposed},
      {"of these with an end after the edition", counts_.closing_later},
      {"of these general practices", counts_.general_practices},
      {"parents of practices, with their days", counts_.parents},
      {"open trusts whose name joins other files", counts_.names_taught},
      {"names of practices that may be a person's, left out", counts_.names_left_out},
      {"rows of practitioners, not read", counts_.practitioners},
      {"rows that repeat another", counts_.duplicates},
      {"rows refused", counts_.refused}};
  std::erase_if(found, [](const auto& figure) { return figure.second == 0; });
  return found;
}

absl::Status OdsOrganisationsAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(const CsvTable table, ReadCsvTable(input, FindOdsColumns));
  TP_ASSIGN_OR_RETURN(const OdsFile file, OdsFileOf(table));
  return Import(table, file, &counts_).Run(options_.edition, sink);
}

}  // namespace trigpoint
