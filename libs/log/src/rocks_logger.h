#pragma once

#include <rocksdb/env.h>

#include <cstdarg>
#include <cstdio>
#include <string>

namespace trigpoint {

/// Writes RocksDB's warnings and errors to a file, and shrugs when that fails. RocksDB's own logger
/// is not used: after one failed write, as on a full disk, its next line ends the process in an
/// assertion (the distribution's 7.8.3).
class RocksLogger final : public rocksdb::Logger {
 public:
  explicit RocksLogger(const std::string& path)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), file_(std::fopen(path.c_str(), "ae")) {}
  RocksLogger(const RocksLogger&) = delete;
  RocksLogger& operator=(const RocksLogger&) = delete;
  ~RocksLogger() override {
    if (file_ != nullptr) std::fclose(file_);
  }

  using Logger::Logv;
  __attribute__((format(printf, 2, 0))) void Logv(const char* format, va_list arguments) override {
    if (file_ == nullptr) return;
    char line[2048];
    const int length = std::vsnprintf(line, sizeof(line), format, arguments);
    if (length > 0 && std::fprintf(file_, "%s\n", line) > 0) std::fflush(file_);
  }
  __attribute__((format(printf, 2, 0))) void LogHeader(const char*, va_list) override {}

 private:
  std::FILE* const file_;
};

}  // namespace trigpoint
