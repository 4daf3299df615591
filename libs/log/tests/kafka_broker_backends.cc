// The contract suite over a real Kafka: in a program of its own, which is labelled kafka.
#include "kafka_backend.h"

namespace trigpoint {

std::vector<LogBackendTraits> AllLogBackends() { return {KafkaBrokerBackend()}; }

}  // namespace trigpoint
