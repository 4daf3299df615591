#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace trigpoint {

/// PEM files of a TLS connection with a certificate of our own (mutual TLS). The brokers'
/// certificates must name the hosts that they are reached under.
struct KafkaTls {
  std::string ca_file;
  std::string certificate_file;  ///< With the chain up to, but without, the CA.
  std::string key_file;
};

/// How Kafka is reached. Shared by everything in this library that speaks to brokers.
struct KafkaConnection {
  /// "host:port,host:port": some of the brokers; the others are learnt from them.
  std::string brokers;
  /// Absent = plain text: for the loopback and for a network that is trusted with all contents.
  std::optional<KafkaTls> tls = std::nullopt;
  /// What the brokers' logs and quotas call us.
  std::string client_id = "trigpoint";
  /// How long an open waits until brokers answer.
  absl::Duration open_timeout = absl::Seconds(30);
};

}  // namespace trigpoint
