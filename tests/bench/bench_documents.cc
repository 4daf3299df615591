// Documents of partners, beside the JSON of the same bytes parsed and nothing made of it.
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench_files.h"

namespace trigpoint::bench {
namespace {

// One document on each line, `times` over.
Row Documents(const std::string& name, const std::string& format, const std::string& things,
              const std::string& once, int times) {
  std::string bytes;
  for (int i = 0; i < times; ++i) bytes += once;
  uint64_t count = 0;
  std::istringstream lines(bytes);
  const double start = CpuSeconds();
  for (std::string line; std::getline(lines, line);) {
    count += nlohmann::json::parse(line).is_object() ? 1U : 0U;
  }
  const double parsed = static_cast<double>(count) / (CpuSeconds() - start);
  return ToEvents(name, things, count, AdapterOf(format), bytes, "JSON of the file parsed", parsed);
}

std::string Lines(const nlohmann::json& documents) {
  std::string lines;
  for (const auto& document : documents) lines += document.dump() + "\n";
  return lines;
}

}  // namespace

std::vector<Row> DocumentRows(const std::string& source, int times) {
  const std::string data = source + "/tests/data/";
  const nlohmann::json bundle = nlohmann::json::parse(BytesOf(data + "lfpse_bundle.json"));
  nlohmann::json resources = nlohmann::json::array();
  for (const auto& entry : bundle["entry"]) resources.push_back(entry["resource"]);
  const int few = times / 10;
  return {
      Documents("patient safety events", "lfpse-fhir", "resources", Lines(resources), times),
      Documents("locations of CQC's API", "cqc-location", "documents",
                BytesOf(data + "cqc_locations_excerpt.jsonl"), few),
      Documents("providers of CQC's API", "cqc-provider", "documents",
                Lines(nlohmann::json::parse(BytesOf(data + "cqc_providers_excerpt.json"))), few)};
}

}  // namespace trigpoint::bench
