#include "zip_parts.h"

#include <zip.h>

#include <array>
#include <utility>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr size_t kPackedMax = size_t{64} << 20;
// What a part says of its own size may be a lie: it is counted while it is unpacked.
constexpr size_t kUnpackedMax = size_t{512} << 20;

}  // namespace

struct ZipParts::Zip {
  zip_t* archive = nullptr;
  ~Zip() {
    if (archive != nullptr) zip_discard(archive);
  }
};

ZipParts::ZipParts(std::unique_ptr<Zip> zip) : zip_(std::move(zip)) {}
ZipParts::~ZipParts() = default;

absl::StatusOr<std::unique_ptr<ZipParts>> ZipParts::Open(std::string_view bytes) {
  if (bytes.size() > kPackedMax) {
    return absl::ResourceExhaustedError("the workbook is larger than 64 MiB");
  }
  zip_error_t error;
  zip_error_init(&error);
  auto zip = std::make_unique<Zip>();
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source != nullptr) {
    zip->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (zip->archive == nullptr) zip_source_free(source);
  }
  zip_error_fini(&error);
  if (zip->archive == nullptr) {
    return absl::InvalidArgumentError(
        "the file is no workbook (XLSX, ODS), or it is damaged: it cannot be unpacked");
  }
  return std::unique_ptr<ZipParts>(new ZipParts(std::move(zip)));
}

bool ZipParts::Has(const std::string& name) const {
  return zip_name_locate(zip_->archive, name.c_str(), ZIP_FL_NOCASE) >= 0;
}

absl::Status ZipParts::Read(const std::string& name,
                            const std::function<absl::Status(std::string_view)>& take) const {
  zip_file_t* file = zip_fopen(zip_->archive, name.c_str(), ZIP_FL_NOCASE);
  if (file == nullptr) {
    return absl::InvalidArgumentError(
        "the workbook's part " + name +
        (Has(name) ? " cannot be read: is it protected by a password?" : " is missing"));
  }
  std::array<char, 1 << 16> piece{};
  size_t sum = 0;
  absl::Status status;
  while (status.ok()) {
    const zip_int64_t size = zip_fread(file, piece.data(), piece.size());
    if (size == 0) break;
    if (size < 0) {
      status = absl::DataLossError("the workbook's part " + name + " is damaged");
    } else if (sum += static_cast<size_t>(size); sum > kUnpackedMax) {
      status = absl::ResourceExhaustedError("the workbook's part " + name +
                                            " is larger than 512 MiB when it is unpacked");
    } else {
      status = take({piece.data(), static_cast<size_t>(size)});
    }
  }
  const int closed = zip_fclose(file);
  if (status.ok() && closed != 0) {
    status = absl::DataLossError("the workbook's part " + name + " is damaged");
  }
  return status;
}

}  // namespace trigpoint
