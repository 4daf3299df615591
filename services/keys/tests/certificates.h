#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "temp_dir.h"

namespace trigpoint {

/// Authorities and certificates made by the openssl command: NAME.pem and NAME.key.
class Certificates {
 public:
  explicit Certificates(const TempDir& directory) : directory_(directory) {}

  void MakeAuthority(const std::string& name) const {
    Run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name +
        " -keyout " + Key(name) + " -out " + Pem(name));
  }
  /// For 127.0.0.1, signed by an authority.
  void Make(const std::string& name, const std::string& authority) const {
    const std::string request = directory_ / (name + ".csr");
    Run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name +
        " -addext subjectAltName=IP:127.0.0.1 -keyout " + Key(name) + " -out " + request);
    Run("x509 -req -days 2 -copy_extensions copy -in " + request + " -CA " + Pem(authority) +
        " -CAkey " + Key(authority) + " -CAcreateserial -out " + Pem(name));
  }
  std::string Pem(const std::string& name) const { return directory_ / (name + ".pem"); }
  std::string Key(const std::string& name) const { return directory_ / (name + ".key"); }

 private:
  static void Run(const std::string& arguments) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the test has one thread here.
    ASSERT_EQ(std::system(("openssl " + arguments + " 2>/dev/null").c_str()), 0) << arguments;
  }

  const TempDir& directory_;
};

}  // namespace trigpoint
