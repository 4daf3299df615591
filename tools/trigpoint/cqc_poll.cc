#include "cqc_poll.h"

#include <algorithm>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

// Documents between two writes of the state file: what a kill repeats at most.
constexpr size_t kBatch = 50;
// The register has some 125,000 locations, a thousand on a page; this only ends a list that never
// does.
constexpr uint32_t kPagesMax = 10'000;
// An API that did not answer for so many in a row will not for the next one.
constexpr int kUnansweredMax = 3;

bool SameAuthorities(const std::vector<std::string>& one, const std::vector<std::string>& other) {
  const auto in = [](const std::vector<std::string>& list, const std::string& name) {
    return std::any_of(list.begin(), list.end(),
                       [&name](const std::string& each) { return IsSameAuthority(each, name); });
  };
  return std::all_of(one.begin(), one.end(), [&](const auto& name) { return in(other, name); }) &&
         std::all_of(other.begin(), other.end(), [&](const auto& name) { return in(one, name); });
}

}  // namespace

absl::Status CqcPoll::Run(CqcPollCounts* counts) {
  counts_ = counts;
  unanswered_ = 0;
  absl::Status status = Begin();
  const bool was_all = state_.window && state_.window->all;
  if (status.ok() && state_.window) status = FetchAll();
  if (status.ok()) status = List(options_.all && !was_all);
  if (status.ok()) status = FetchAll();
  counts_->still_to_fetch = state_.to_fetch.size();
  counts_->until = state_.until;
  return status;
}

absl::Status CqcPoll::Begin() {
  TP_ASSIGN_OR_RETURN(std::optional<PollState> known, ReadPollState(options_.state_file));
  if (known) {
    state_ = *std::move(known);
  } else {
    state_ = PollState{};
    state_.local_authorities = options_.local_authorities;
  }
  // Who says nothing goes on with those of the first poll.
  if (!options_.local_authorities.empty() &&
      !SameAuthorities(state_.local_authorities, options_.local_authorities)) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      options_.state_file +
                          " is of other local authorities: give those, or another --state for "
                          "these, which begins with --all");
  }
  if (state_.until || state_.window || options_.all) return absl::OkStatus();
  if (!options_.from) {
    return MakeStatus(
        absl::StatusCode::kInvalidArgument,
        options_.state_file + " is not there yet: begin with --all, or with --from and a date");
  }
  state_.until = options_.from;
  return absl::OkStatus();
}

absl::Status CqcPoll::List(bool whole_register) {
  const absl::Status status = whole_register ? ListRegister() : ListChanges();
  // A request that the API does not take is no mistake of the person who typed the command.
  return absl::IsInvalidArgument(status)
             ? MakeStatus(absl::StatusCode::kDataLoss, FromAbsl(status.message()))
             : status;
}

absl::Status CqcPoll::ListPages(CqcListing listing, CqcDocumentKind kind,
                                const std::function<std::string(uint32_t)>& path) {
  for (uint32_t page = 1; page <= kPagesMax; ++page) {
    CqcPage got;
    const absl::Status status =
        client_->Get(path(page), [&](const std::string& content) -> absl::Status {
          TP_ASSIGN_OR_RETURN(got, ReadCqcPage(content, listing, kind, page));
          return absl::OkStatus();
        });
    TP_RETURN_IF_ERROR(status);
    if (listed_at_ == 0) listed_at_ = client_->last_date();
    for (v1::FieldViolation& violation : got.refused) {
      counts_->refused.push_back(std::move(violation));
    }
    for (CqcRecordId& record : got.records) {
      // Pages move while they are read: a record may stand on two of them.
      if (in_listed_.insert(record).second) listed_.push_back(std::move(record));
    }
    if (got.last) return absl::OkStatus();
  }
  return absl::DataLossError("the list of CQC's API does not end");
}

absl::Status CqcPoll::ListChanges() {
  TP_ASSIGN_OR_RETURN(CqcWindow window, NextCqcWindow(*state_.until, options_.now_us()));
  listed_at_ = 0;
  for (const CqcDocumentKind kind : {CqcDocumentKind::kProvider, CqcDocumentKind::kLocation}) {
    const auto list = [&] {
      return ListPages(CqcListing::kChanges, kind,
                       [&](uint32_t page) { return CqcChangesPath(kind, window, page); });
    };
    absl::Status status = list();
    const Micros theirs = client_->last_date();
    if (absl::IsInvalidArgument(status) && theirs > window.start && theirs < window.end) {
      window.end = theirs;  // Our clock is ahead, and the future is refused.
      status = list();
    }
    TP_RETURN_IF_ERROR(status);
  }
  // By the API's clock nothing after its answer can have been in it.
  return Open(listed_at_ == 0 ? window.end : std::min(window.end, listed_at_), false);
}

absl::Status CqcPoll::ListRegister() {
  const Micros now = options_.now_us();
  listed_at_ = 0;
  std::vector<std::string> authorities = state_.local_authorities;
  const bool everyone = authorities.empty();
  if (everyone) authorities.emplace_back();
  for (const std::string& authority : authorities) {
    TP_RETURN_IF_ERROR(
        ListPages(CqcListing::kRegister, CqcDocumentKind::kLocation, [&authority](uint32_t page) {
          return CqcRegisterPath(CqcDocumentKind::kLocation, authority, page);
        }));
  }
  // The providers of some authorities' locations are named by these; they may sit anywhere.
  if (everyone) {
    TP_RETURN_IF_ERROR(ListPages(
        CqcListing::kRegister, CqcDocumentKind::kProvider,
        [](uint32_t page) { return CqcRegisterPath(CqcDocumentKind::kProvider, "", page); }));
  }
  return Open(listed_at_ == 0 ? now : std::min(now, listed_at_), true);
}

absl::Status CqcPoll::Open(Micros end, bool all) {
  counts_->listed += listed_.size();
  state_.window = PollState::Window{.end = end, .all = all};
  queued_.clear();
  for (const CqcRecordId& record : std::exchange(state_.again, {})) Enqueue(record);
  for (const CqcRecordId& record : std::exchange(listed_, {})) {
    const bool skipped = !state_.local_authorities.empty() &&
                         record.kind == CqcDocumentKind::kProvider &&
                         !state_.followed.contains(record);
    if (skipped) {
      ++counts_->elsewhere;
    } else {
      Enqueue(record);
    }
  }
  in_listed_.clear();
  return Write();
}

void CqcPoll::Enqueue(const CqcRecordId& record) {
  if (queued_.insert(record).second) state_.to_fetch.push_back(record);
}

absl::Status CqcPoll::FetchAll() {
  queued_.insert(state_.to_fetch.begin(), state_.to_fetch.end());
  while (state_.window) {
    TP_RETURN_IF_ERROR(FetchBatch());
  }
  return absl::OkStatus();
}

absl::Status CqcPoll::FetchBatch() {
  more_.clear();
  no_luck_.clear();
  absl::Status status;
  size_t done = 0;
  while (done < std::min(kBatch, state_.to_fetch.size())) {
    status = FetchOne(state_.to_fetch[done]);
    if (!status.ok()) break;
    ++done;
  }
  TP_RETURN_IF_ERROR(taker_->Settle());
  // From here on nothing of the batch is asked for again.
  state_.to_fetch.erase(state_.to_fetch.begin(),
                        state_.to_fetch.begin() + static_cast<std::ptrdiff_t>(done));
  state_.again.insert(state_.again.end(), no_luck_.begin(), no_luck_.end());
  for (const CqcRecordId& record : more_) Enqueue(record);
  if (status.ok() && state_.to_fetch.empty()) {
    state_.until = std::max(state_.until.value_or(0), state_.window->end);
    state_.window.reset();
  }
  TP_RETURN_IF_ERROR(Write());
  return status;
}

absl::Status CqcPoll::FetchOne(const CqcRecordId& record) {
  CqcDocumentHead head;
  std::string document;
  absl::Status status =
      client_->Get(CqcDocumentPath(record), [&](const std::string& content) -> absl::Status {
        TP_ASSIGN_OR_RETURN(head, ReadCqcDocumentHead(content, record));
        document = content;
        return absl::OkStatus();
      });
  unanswered_ = absl::IsUnavailable(status) ? unanswered_ + 1 : 0;
  if (absl::IsNotFound(status)) {
    counts_->gone.push_back(record);
    return absl::OkStatus();
  }
  if (status.ok()) status = Fetched(record, head, document);
  const bool of_this_document = absl::IsInvalidArgument(status) || absl::IsDataLoss(status) ||
                                (unanswered_ > 0 && unanswered_ < kUnansweredMax);
  if (!of_this_document) return status;
  counts_->failed.emplace_back(record, std::string(status.message()));
  no_luck_.push_back(record);
  return absl::OkStatus();
}

absl::Status CqcPoll::Fetched(const CqcRecordId& record, const CqcDocumentHead& head,
                              const std::string& document) {
  if (!IsWanted(record, head)) {
    ++counts_->elsewhere;
    return absl::OkStatus();
  }
  TP_RETURN_IF_ERROR(taker_->Take(record, document, LondonDate(options_.now_us())));
  ++counts_->fetched;
  if (options_.show) options_.show(counts_->fetched);
  Follow(record, head);
  return absl::OkStatus();
}

bool CqcPoll::IsWanted(const CqcRecordId& record, const CqcDocumentHead& head) const {
  const auto& names = state_.local_authorities;
  // What was wanted once stays so: authorities are merged and renamed.
  return names.empty() || state_.followed.contains(record) ||
         (record.kind == CqcDocumentKind::kLocation &&
          std::any_of(names.begin(), names.end(), [&head](const std::string& name) {
            return IsSameAuthority(name, head.local_authority);
          }));
}

void CqcPoll::Follow(const CqcRecordId& record, const CqcDocumentHead& head) {
  if (state_.local_authorities.empty()) return;
  state_.followed.insert(record);
  const CqcRecordId provider{.kind = CqcDocumentKind::kProvider, .id = head.provider_id};
  if (provider.id.empty()) return;
  if (state_.followed.insert(provider).second || state_.window->all) more_.push_back(provider);
}

}  // namespace trigpoint
