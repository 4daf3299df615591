#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "services/query/filter.h"
#include "services/query/inheritance.h"
#include "services/query/outside.h"
#include "services/query/paging.h"
#include "services/query/present.h"
#include "services/query/query_core.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

enum class By : uint8_t { kName, kLevel, kRecommended, kLastEvent };

struct Order {
  By by = By::kName;
  bool descending = false;
};

absl::StatusOr<Order> ParseOrder(const std::string& text) {
  if (text.empty()) return Order{};
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  Order order;
  const bool direction_ok =
      words.size() == 1 || (words.size() == 2 && (words[1] == "desc" || words[1] == "asc"));
  if (!direction_ok) return absl::InvalidArgumentError("one field, then desc or nothing");
  order.descending = words.size() == 2 && words[1] == "desc";
  constexpr std::pair<std::string_view, By> kFields[] = {{"name", By::kName},
                                                         {"level", By::kLevel},
                                                         {"recommended_at", By::kRecommended},
                                                         {"last_event_at", By::kLastEvent}};
  for (const auto& [name, by] : kFields) {
    if (words[0] == name) {
      order.by = by;
      return order;
    }
  }
  return absl::InvalidArgumentError("there are name, level, recommended_at and last_event_at");
}

struct Row {
  std::string key;
  const v1::ProviderSummary* summary = nullptr;
};

std::string Inverted(std::string text) {
  for (char& c : text) c = static_cast<char>(255 - static_cast<unsigned char>(c));
  return text + '\xff';
}

std::string KeyOf(const v1::ProviderSummary& summary, const Order& order) {
  const std::string name = absl::AsciiStrToLower(summary.display_name());
  const std::string tie = '\0' + name + '\0' + summary.stream_id();
  int64_t number = 0;
  switch (order.by) {
    case By::kName:
      return (order.descending ? Inverted(name) : name) + '\0' + summary.stream_id();
    case By::kLevel:
      for (const auto& level : summary.levels()) number = std::max<int64_t>(number, level.rank());
      break;
    case By::kRecommended:
      for (const auto& level : summary.levels()) number = std::max(number, level.recommended_us());
      // By the day: the place between two others of known time would be a time.
      number = DayStart(number);
      break;
    case By::kLastEvent:
      number = DayStart(summary.last_event_us());
      break;
  }
  return SortableNumber(number, order.descending) + tie;
}

}  // namespace

grpc::Status ListProviders(QueryCore& core, const Principal& principal,
                           const v1::ListProvidersRequest& request,
                           v1::ListProvidersResponse* response) {
  const absl::StatusOr<Filter> filter = FilterOf(request.filter());
  if (!filter.ok()) return ToGrpc(filter.status());
  const absl::StatusOr<Order> order = ParseOrder(request.order_by());
  if (!order.ok())
    return InvalidArgument("order_by", "ORDER_INVALID", FromAbsl(order.status().message()));
  const QueryCore::Summaries all = core.AllSummaries();
  std::vector<Row> rows;
  for (const auto& summary : *all) {
    if (filter->Matches(summary, IsOutside(principal, summary)))
      rows.push_back({KeyOf(summary, *order), &summary});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  const std::string scope = "ListProviders\n" + request.order_by() + '\n' + request.filter();
  const auto page = PageOf(
      rows, [](const Row& row) -> const std::string& { return row.key; }, core.deps.page_secret,
      scope, request.page_size(), request.page_token());
  if (!page.ok()) return ToGrpc(page.status());
  const auto in_force = core.InForceNow();
  for (size_t i = page->from; i < page->to; ++i) {
    const v1::ProviderSummary& summary = *rows[i].summary;
    const auto trace = core.traces.Of(summary.stream_id(), summary.revision());
    if (!trace.ok()) {
      response->Clear();
      return ToGrpc(trace.status());
    }
    auto* provider = response->add_providers();
    *provider = PresentProvider(summary, *in_force, {.trace = **trace, .veil = core.veil});
    AddInheritedLevels(core.projector(), provider);
  }
  response->set_next_page_token(page->next_token);
  response->set_total_size(static_cast<int64_t>(rows.size()));
  return grpc::Status::OK;
}

}  // namespace trigpoint
