#include "writer.h"

#include <algorithm>

namespace trigpoint {
namespace {

/// A sentence cites at most so many reports of one criterion, the latest.
constexpr int kReportsCited = 12;

}  // namespace

v1::Citation Clause(std::string_view clause) {
  v1::Citation citation;
  citation.set_clause(std::string(clause));
  return citation;
}

v1::Citation Rule(std::string_view policy_id, std::string_view rule, std::string_view clause) {
  v1::Citation citation = Clause(clause);
  citation.set_policy_id(std::string(policy_id));
  citation.set_rule(std::string(rule));
  return citation;
}

Citations Cite(const ReportedFact& fact) {
  if (fact.event.id().empty()) return {};
  v1::Citation citation;
  citation.mutable_event()->set_source(fact.event.source());
  citation.mutable_event()->set_id(fact.event.id());
  return {citation};
}

Citations Cite(const std::vector<const ReportedFact*>& facts) {
  Citations citations;
  for (const auto* fact : facts) {
    for (auto& citation : Cite(*fact)) citations.push_back(std::move(citation));
  }
  return citations;
}

Citations Cite(const ReportedPolicy& policy, const v1::CriterionResult& criterion) {
  Citations citations = {Rule(policy.policy_id, criterion.id(), criterion.clause())};
  const int from = std::max(0, criterion.evidence_size() - kReportsCited);
  for (int i = from; i < criterion.evidence_size(); ++i) {
    *citations.emplace_back().mutable_event() = criterion.evidence(i);
  }
  return citations;
}

SectionWriter::SectionWriter(v1::Report* report, std::string_view heading, std::string_view basis)
    : section_(report->add_sections()), basis_(Clause(basis)) {
  section_->set_heading(std::string(heading));
}

void SectionWriter::Say(std::string_view text, const Citations& citations) {
  auto* sentence = section_->add_sentences();
  sentence->set_text(std::string(text));
  for (const auto& citation : citations) *sentence->add_citations() = citation;
  if (citations.empty()) *sentence->add_citations() = basis_;
}

void SectionWriter::Columns(const std::vector<std::string>& columns) {
  auto* table = section_->add_tables();
  for (const auto& column : columns) table->add_columns(column);
}

void SectionWriter::Row(const std::vector<std::string>& cells, const Citations& citations) {
  auto* row = section_->mutable_tables(section_->tables_size() - 1)->add_rows();
  for (const auto& cell : cells) row->add_cells(cell);
  for (const auto& citation : citations) *row->add_citations() = citation;
  if (citations.empty()) *row->add_citations() = basis_;
}

void SectionWriter::OrElse(std::string_view words) {
  if (empty()) Say(words);
}

}  // namespace trigpoint
