#include "bench_support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "trigpoint/events/times.h"

namespace trigpoint::bench {
namespace {

constexpr int64_t kStart = 1'767'225'600'000'000;  // 1 January 2026.

}  // namespace

void Print(const std::vector<Row>& rows, bool json) {
  for (const Row& row : rows) {
    if (json) {
      std::printf(
          "{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"limit_name\":\"%s\",\"limit\":%.6g,"
          "\"ratio\":%.4g,"
          "\"aim\":\"%s\",\"note\":\"%s\"}\n",
          row.name.c_str(), row.value, row.unit.c_str(), row.limit_name.c_str(), row.limit,
          row.ratio, row.aim.c_str(), row.note.c_str());
      continue;
    }
    std::printf("| %-46s | %10.4g %-12s |", row.name.c_str(), row.value, row.unit.c_str());
    if (row.limit_name.empty()) {
      std::printf(" %-44s | %8s |", "", "");
    } else {
      std::printf(" %-30s %10.4g    | %8.3g |", row.limit_name.c_str(), row.limit, row.ratio);
    }
    std::printf(" %s%s%s\n", row.aim.c_str(), row.note.empty() ? "" : "; ", row.note.c_str());
  }
  std::fflush(stdout);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double CpuSecondsOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  double ticks = 0;
  for (int i = 0; fields >> field; ++i) {
    if (i == 11 || i == 12) ticks += std::stod(field);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int64_t ResidentBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  int64_t total = 0;
  int64_t resident = 0;
  file >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

double MetricOf(const std::string& address, const std::string& name) {
  const size_t colon = address.rfind(':');
  const int link = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  if (connect(link, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
      write(link, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    Die("no metrics on " + address);
  }
  std::string text;
  char part[4096];
  for (ssize_t n = 0; (n = read(link, part, sizeof part)) > 0;)
    text.append(part, static_cast<size_t>(n));
  close(link);
  const size_t line = text.find('\n' + name + ' ');
  if (line == std::string::npos) Die("no metric " + name);
  return std::stod(text.substr(line + name.size() + 2));
}

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double Percentile(std::vector<double> values, double percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto index = static_cast<size_t>(percent / 100 * static_cast<double>(values.size() - 1));
  return values[index];
}

void Die(const std::string& why) {
  std::fprintf(stderr, "trigpoint-bench: %s\n", why.c_str());
  std::fflush(nullptr);
  std::_Exit(1);  // Threads of the load may still run.
}

double DurableAppendsPerSecond(size_t bytes, int per_sync, double seconds) {
  const ScratchDirectory directory;
  const int file = open((directory.path() + "/f").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  const std::string block(bytes * static_cast<size_t>(per_sync), 'x');
  const double start = Now();
  int64_t records = 0;
  while (Now() < start + seconds) {
    if (write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size()) ||
        fdatasync(file) != 0) {
      Die("cannot append to a scratch file");
    }
    records += per_sync;
  }
  const double taken = Now() - start;
  close(file);
  return static_cast<double>(records) / taken;
}

ScratchDirectory::ScratchDirectory() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "trigpoint-bench.XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

Child::Child(const std::vector<std::string>& command) {
  pid_ = fork();
  if (pid_ != 0) return;
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(127);
  execv(arguments[0], arguments.data());
  _exit(127);
}

Child::~Child() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string StreamId(int provider) { return "prv-bench-" + std::to_string(provider); }

v1::Event Registration(int provider) {
  v1::Event event;
  event.set_source("bench/directory");
  event.set_id("home-" + std::to_string(provider));
  event.mutable_subject()->set_scheme("bench");
  event.mutable_subject()->set_value(std::to_string(provider));
  SetMicros(kStart, event.mutable_occurred_at());
  auto* service = event.mutable_service_registered();
  service->set_name("Bench home " + std::to_string(provider));
  service->set_service_type(v1::SERVICE_TYPE_CARE_HOME_NURSING);
  service->set_beds(40);
  service->add_commissioners("herefordshire-council");
  return event;
}

v1::Event Report(uint64_t n, int providers) {
  v1::Event event;
  // A multiplicative walk, squared for skew: some homes report much more than others.
  const double u = static_cast<double>((n * 2654435761U) % 1'000'003U) / 1'000'003.0;
  const int provider = static_cast<int>(u * u * providers);
  event.set_source("bench/reports");
  event.set_id("report-" + std::to_string(n));
  event.mutable_subject()->set_scheme("bench");
  event.mutable_subject()->set_value(std::to_string(provider));
  SetMicros(kStart + static_cast<int64_t>(n % 2'000'000) * 10'000'000, event.mutable_occurred_at());
  event.set_source_organisation("bench");
  event.add_themes(static_cast<v1::Theme>(1 + n % 17));
  if (n % 3 == 0) {
    event.mutable_incident_reported()->set_physical_harm(v1::HARM_LOW);
  } else if (n % 3 == 1) {
    event.mutable_complaint_received()->set_subject("clinical-treatment");
  } else {
    event.mutable_provider_feedback_received()->set_tone(
        v1::ProviderFeedbackReceived::TONE_POSITIVE);
  }
  return event;
}

v1::Event Activation(const v1::PolicyPack& pack) {
  v1::Event event;
  event.set_source("trigpoint/control");
  event.set_id("policy/" + pack.id());
  event.mutable_policy_activated()->set_policy_id(pack.id());
  event.mutable_policy_activated()->set_version(pack.version());
  SetMicros(0, event.mutable_policy_activated()->mutable_effective_from());
  *event.mutable_policy_activated()->mutable_pack() = pack;
  return event;
}

}  // namespace trigpoint::bench
