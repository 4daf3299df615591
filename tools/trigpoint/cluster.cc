// cluster: the processes on one log, beside each other.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client.h"
#include "print.h"

namespace trigpoint {
namespace {

struct Member {
  std::string address;
  std::string problem;  ///< Why it gave no answer; else `status` is set.
  v1::Status status;

  std::string Name() const { return status.member().empty() ? address : status.member(); }
};

/// "0-3,7": numbers that rise.
std::string Ranges(const std::vector<uint32_t>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size();) {
    size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(numbers[i]);
    if (last > i) text += "-" + std::to_string(numbers[last]);
    i = last + 1;
  }
  return text.empty() ? "-" : text;
}

Member Ask(const Session& session, const std::string& address) {
  Member member;
  member.address = address;
  ConnectionOptions connection = session.connection;
  connection.server = address;
  const auto client = Client::Open(connection);
  if (!client.ok()) {
    member.problem = std::string(client.status().message());
    return member;
  }
  const auto context = client->NewContext();
  const auto status = client->operation().GetStatus(context.get(), {}, &member.status);
  if (!status.ok()) member.problem = "no answer: " + status.error_message();
  return member;
}

int64_t Behind(const v1::Status& status) {
  int64_t behind = 0;
  for (const auto& partition : status.partitions()) behind += partition.head() - partition.folded();
  return behind;
}

Table MembersOf(const std::vector<Member>& members) {
  Table table({"MEMBER", "ADDRESS", "ROLES", "VERSION", "SPEAKS FOR", ">PROVIDERS", ">BEHIND"});
  for (const Member& member : members) {
    if (!member.problem.empty()) {
      table.AddRow({"?", member.address, Clip(member.problem, kTextColumns)});
      continue;
    }
    std::vector<uint32_t> owned;
    for (const auto& partition : member.status.partitions())
      if (partition.owned()) owned.push_back(partition.partition());
    table.AddRow({member.Name(), member.address, member.status.roles(),
                  member.status.version() + "/" + member.status.engine_version(), Ranges(owned),
                  std::to_string(member.status.providers()),
                  std::to_string(Behind(member.status))});
  }
  return table;
}

/// One partition as all members see it.
struct Seen {
  int64_t head = 0;
  int64_t least_folded = 0;
  std::vector<std::string> owners;
  /// Of what lies before each place to which some have folded.
  std::map<int64_t, std::set<std::string>> fingerprints;

  /// Whether two that have folded to the same place disagree on what lies before it.
  bool Differs() const {
    return std::any_of(fingerprints.begin(), fingerprints.end(),
                       [](const auto& place) { return place.second.size() > 1; });
  }
  /// Of those that have folded all there is.
  std::set<std::string> AtHead() const {
    const auto found = fingerprints.find(head);
    return found == fingerprints.end() ? std::set<std::string>() : found->second;
  }
};

std::map<uint32_t, Seen> PartitionsOf(const std::vector<Member>& members) {
  std::map<uint32_t, Seen> partitions;
  for (const Member& member : members)
    for (const auto& partition : member.status.partitions())
      partitions[partition.partition()].head =
          std::max(partitions[partition.partition()].head, partition.head());
  for (auto& [number, seen] : partitions) seen.least_folded = seen.head;
  for (const Member& member : members) {
    for (const auto& partition : member.status.partitions()) {
      Seen& seen = partitions[partition.partition()];
      seen.least_folded = std::min(seen.least_folded, partition.folded());
      if (partition.owned()) seen.owners.push_back(member.Name());
      seen.fingerprints[partition.folded()].insert(partition.fingerprint());
    }
  }
  return partitions;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "nobody" : text;
}

void PutTables(const std::vector<Member>& members, const std::map<uint32_t, Seen>& partitions) {
  Put(MembersOf(members).Text() + "\n");
  Table table({">PARTITION", ">HEAD", ">BEHIND AT MOST", "OWNER", "FINGERPRINT"});
  for (const auto& [number, seen] : partitions) {
    const std::set<std::string> at_head = seen.AtHead();
    table.AddRow({std::to_string(number), std::to_string(seen.head),
                  std::to_string(seen.head - seen.least_folded), Joined(seen.owners),
                  seen.Differs()    ? "DIFFERENT"
                  : at_head.empty() ? "-"
                                    : *at_head.begin()});
  }
  Put(table.Text());
}

void PutPositions(const std::vector<Member>& members) {
  Table table({"MEMBER", ">PARTITION", ">FOLDED", ">BEHIND", "FINGERPRINT"});
  for (const Member& member : members) {
    for (const auto& partition : member.status.partitions()) {
      table.AddRow({member.Name(), std::to_string(partition.partition()),
                    std::to_string(partition.folded()),
                    std::to_string(partition.head() - partition.folded()),
                    partition.fingerprint().empty() ? "-" : partition.fingerprint()});
    }
  }
  Put("\n" + table.Text());
}

nlohmann::json PositionsOf(const v1::Status& status) {
  auto positions = nlohmann::json::array();
  for (const auto& partition : status.partitions()) {
    positions.push_back({{"partition", partition.partition()},
                         {"folded", partition.folded()},
                         {"fingerprint", partition.fingerprint()}});
  }
  return positions;
}

void PutAsJson(const std::vector<Member>& members, const std::map<uint32_t, Seen>& partitions) {
  nlohmann::json answer = {{"members", nlohmann::json::array()},
                           {"partitions", nlohmann::json::array()}};
  for (const Member& member : members) {
    nlohmann::json one = {{"address", member.address}};
    if (!member.problem.empty()) {
      one["problem"] = member.problem;
    } else {
      one.update({{"member", member.status.member()},
                  {"roles", member.status.roles()},
                  {"version", member.status.version()},
                  {"engineVersion", member.status.engine_version()},
                  {"providers", member.status.providers()},
                  {"behind", Behind(member.status)},
                  {"positions", PositionsOf(member.status)}});
    }
    answer["members"].push_back(std::move(one));
  }
  for (const auto& [number, seen] : partitions) {
    answer["partitions"].push_back({{"partition", number},
                                    {"head", seen.head},
                                    {"leastFolded", seen.least_folded},
                                    {"owners", seen.owners},
                                    {"fingerprints", seen.AtHead()},
                                    {"differs", seen.Differs()}});
  }
  Put(answer.dump() + "\n");
}

ExitCode ShowCluster(const Session& session, const std::vector<std::string>& addresses,
                     bool positions) {
  std::vector<Member> members;
  members.reserve(addresses.size());
  for (const std::string& address : addresses) members.push_back(Ask(session, address));
  const auto partitions = PartitionsOf(members);
  if (session.json) {
    PutAsJson(members, partitions);
  } else {
    PutTables(members, partitions);
    if (positions) PutPositions(members);
  }
  bool sound = true;
  for (const Member& member : members) sound = sound && member.problem.empty();
  for (const auto& [number, seen] : partitions) sound = sound && !seen.Differs();
  return sound ? ExitCode::kOk : ExitCode::kNo;
}

}  // namespace

void AddClusterCommand(CLI::App& app, Session& session) {
  const auto addresses = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand(
      "cluster",
      "Processes on one log: what they do, who speaks for which partition, how far behind");
  command->add_option("address", *addresses, "Addresses of processes; one: --server");
  const auto positions = std::make_shared<bool>(false);
  command->add_flag("--positions", *positions, "Also where each process is in each partition");
  command->footer(
      "Exit code 1 when a process gives no answer, or two that have folded a partition to the "
      "same\n"
      "place disagree on what lies before it.\n"
      "Example: trigpoint cluster 10.0.0.1:7447 10.0.0.2:7447");
  command->callback([&session, addresses, positions] {
    session.command = [&session, addresses, positions] {
      return ShowCluster(
          session,
          addresses->empty() ? std::vector<std::string>{session.connection.server} : *addresses,
          *positions);
    };
  });
}

}  // namespace trigpoint
