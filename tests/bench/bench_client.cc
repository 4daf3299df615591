// A client of the node, as the rows over the wire need it.
#include "bench_client.h"

#include <chrono>
#include <thread>

namespace trigpoint::bench {

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30))) {
    Die("nothing answers on " + address);
  }
  return channel;
}

std::unique_ptr<Child> StartNode(const std::string& bin, const std::string& data,
                                 const std::string& metrics) {
  return std::make_unique<Child>(std::vector<std::string>{
      bin + "/trigpoint-node", "--data", data, "--listen", kNode, "--metrics-listen", metrics});
}

void Register(v1::IntelligenceService::Stub* stub, int providers) {
  grpc::ClientContext context;
  auto stream = stub->SubmitEvents(&context);
  std::thread reader([&] {
    v1::SubmitEventsResponse response;
    while (stream->Read(&response)) {
    }
  });
  for (int i = 0; i < providers; ++i) {
    v1::SubmitEventsRequest request;
    request.set_sequence(static_cast<uint64_t>(i));
    *request.mutable_event() = Registration(i);
    stream->Write(request);
  }
  stream->WritesDone();
  reader.join();
  stream->Finish();
}

Streamed StreamEvents(v1::IntelligenceService::Stub* stub, pid_t server,
                      const std::vector<v1::SubmitEventsRequest>& requests) {
  grpc::ClientContext context;
  auto stream = stub->SubmitEvents(&context);
  const double cpu = CpuSecondsOf(server);
  const double start = Now();
  uint64_t duplicates = 0;
  std::thread reader([&] {
    v1::SubmitEventsResponse response;
    while (stream->Read(&response)) {
      if (response.outcome() == v1::SUBMISSION_OUTCOME_DUPLICATE) ++duplicates;
    }
  });
  for (const auto& request : requests) {
    stream->Write(request, grpc::WriteOptions().set_buffer_hint());
  }
  stream->WritesDone();
  reader.join();
  if (!stream->Finish().ok()) Die("the stream of events ended with an error");
  const auto events = static_cast<double>(requests.size());
  return {.per_second = events / (Now() - start),
          .cpu_us = (CpuSecondsOf(server) - cpu) / events * 1e6,
          .duplicates = duplicates};
}

Streamed StreamReports(v1::IntelligenceService::Stub* stub, pid_t server, uint64_t count,
                       int providers, std::atomic<uint64_t>* next) {
  std::vector<v1::SubmitEventsRequest> requests(count);
  for (uint64_t i = 0; i < count; ++i) {
    requests[i].set_sequence(i);
    *requests[i].mutable_event() = Report(next->fetch_add(1), providers);
  }
  return StreamEvents(stub, server, requests);
}

}  // namespace trigpoint::bench
