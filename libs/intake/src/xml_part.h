#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "zip_parts.h"

namespace trigpoint {

/// The attributes of one element; valid only while it begins.
class XmlAttributes {
 public:
  explicit XmlAttributes(const char** pairs) : pairs_(pairs) {}

  /// Gives the value of an attribute by its name without the namespace; empty where it is missing.
  /// Attributes of LibreOffice's extensions, which repeat names of the standard, are passed over.
  std::string_view Get(std::string_view name) const;

  bool Has(std::string_view name) const;

 private:
  const char* Find(std::string_view name) const;

  const char** pairs_;
};

/// Takes what stands in an XML part; names come without their namespaces.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  virtual void OnStart(std::string_view name, const XmlAttributes& attributes) = 0;
  virtual void OnEnd(std::string_view name) = 0;
  virtual void OnText(std::string_view /*text*/) {}

  /// OK until Stop; the first counts.
  const absl::Status& status() const { return status_; }

 protected:
  void Stop(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

 private:
  absl::Status status_;
};

/// Reads one part of a workbook. Errors: InvalidArgument when it is no well-formed XML (with the
/// line in the part), or has a document type; of ZipParts::Read; what the handler stopped with.
absl::Status ReadXmlPart(const ZipParts& parts, const std::string& name, XmlHandler& handler);

}  // namespace trigpoint
