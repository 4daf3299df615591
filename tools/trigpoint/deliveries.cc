// deliveries.
#include <CLI/CLI.hpp>
#include <memory>

#include "client.h"
#include "print.h"

namespace trigpoint {
namespace {

struct DeliveriesOptions {
  std::string endpoint;
  std::string retry;
  std::string message_id;
};

void PutDeadLetters(const v1::ListDeliveriesResponse& response) {
  Table table({"ENDPOINT", "MESSAGE", "PROVIDER", "WHY", ">ATTEMPTS", "GIVEN UP"});
  for (const auto& endpoint : response.endpoints()) {
    for (const auto& letter : endpoint.dead_letters()) {
      table.AddRow({endpoint.endpoint(), letter.message_id(),
                    letter.provider().empty() ? "(digest)" : letter.provider(),
                    Clip(letter.error(), 40), std::to_string(letter.attempts()),
                    When(letter.failed_at())});
    }
  }
  if (table.empty()) return;
  Put("\nDead letters: what an endpoint would not take\n\n" + table.Text() +
      "\nTo send them again: trigpoint deliveries --retry ENDPOINT\n");
}

ExitCode ListDeliveries(const Session& session, const Client& client,
                        const DeliveriesOptions& options) {
  v1::ListDeliveriesRequest request;
  request.set_endpoint(options.endpoint);
  request.set_page_size(500);
  v1::ListDeliveriesResponse all;
  do {
    v1::ListDeliveriesResponse response;
    const auto context = client.NewContext();
    const auto status = client.alerts().ListDeliveries(context.get(), request, &response);
    if (!status.ok()) return Fail(session, status);
    all.mutable_endpoints()->MergeFrom(response.endpoints());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (session.json) {
    for (const auto& endpoint : all.endpoints()) PutJsonLine(endpoint);
    return ExitCode::kOk;
  }
  if (all.endpoints().empty()) {
    Put("No webhook is configured; see docs/webhooks.md.\n");
    return ExitCode::kOk;
  }
  Table table(
      {"ENDPOINT", ">DELIVERED", ">WAITING", ">DEAD LETTERS", ">FAILED", "NEXT TRY", "LAST ERROR"});
  for (const auto& endpoint : all.endpoints()) {
    table.AddRow({endpoint.endpoint(), std::to_string(endpoint.delivered()),
                  std::to_string(endpoint.waiting()), std::to_string(endpoint.dead_letters_size()),
                  std::to_string(endpoint.attempts()), When(endpoint.next_attempt_at()),
                  endpoint.last_error().empty() ? "-" : Clip(endpoint.last_error(), 48)});
  }
  Put(table.Text());
  PutDeadLetters(all);
  return ExitCode::kOk;
}

ExitCode RetryDeliveries(const Session& session, const Client& client,
                         const DeliveriesOptions& options) {
  v1::RetryDeliveriesRequest request;
  request.set_endpoint(options.retry);
  request.set_message_id(options.message_id);
  v1::RetryDeliveriesResponse response;
  const auto context = client.NewContext();
  const auto status = client.alerts().RetryDeliveries(context.get(), request, &response);
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(response);
  } else {
    Put(Count(static_cast<uint64_t>(response.queued()), "dead letter") +
        " queued again; the next attempt is made now.\n");
  }
  return ExitCode::kOk;
}

}  // namespace

void AddDeliveryCommands(CLI::App& app, Session& session) {
  auto options = std::make_shared<DeliveriesOptions>();
  CLI::App* deliveries =
      app.add_subcommand("deliveries", "What goes out to webhooks, and what they would not take");
  deliveries->add_option("ENDPOINT", options->endpoint, "This webhook only");
  CLI::Option* retry = deliveries->add_option(
      "--retry", options->retry, "Send the dead letters of this webhook again, and try it at once");
  deliveries->add_option("--message", options->message_id, "Only this dead letter")->needs(retry);
  deliveries->footer(
      "With --json one webhook a line.\nExample: trigpoint deliveries --retry duty-desk");
  deliveries->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session, [&](const Client& client) {
        return options->retry.empty() ? ListDeliveries(session, client, *options)
                                      : RetryDeliveries(session, client, *options);
      });
    };
  });
}

}  // namespace trigpoint
