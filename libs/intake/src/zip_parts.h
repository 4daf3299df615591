#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trigpoint {

/// The parts of a zip file that lies in memory, which must outlive it. Confined to one thread.
class ZipParts {
 public:
  /// Errors: InvalidArgument when it is no zip file; ResourceExhausted over 64 MiB.
  static absl::StatusOr<std::unique_ptr<ZipParts>> Open(std::string_view bytes);

  ~ZipParts();
  ZipParts(const ZipParts&) = delete;
  ZipParts& operator=(const ZipParts&) = delete;

  bool Has(const std::string& name) const;

  /// Hands over a part, unpacked, piece by piece. Errors: InvalidArgument when it is not there or
  /// is encrypted; DataLoss when it is damaged; ResourceExhausted beyond 512 MiB unpacked; what
  /// `take` returned.
  absl::Status Read(const std::string& name,
                    const std::function<absl::Status(std::string_view)>& take) const;

 private:
  struct Zip;
  explicit ZipParts(std::unique_ptr<Zip> zip);

  std::unique_ptr<Zip> zip_;
};

}  // namespace trigpoint
