#include "xml_part.h"

#include <expat.h>

#include <memory>

namespace trigpoint {
namespace {

constexpr char kSeparator = '|';

std::string_view LocalName(const char* name) {
  const std::string_view whole(name);
  return whole.substr(whole.rfind(kSeparator) + 1);
}

bool IsExtension(std::string_view name) {
  return name.find("calcext") != std::string_view::npos ||
         name.find("loext") != std::string_view::npos;
}

struct Reading {
  XmlHandler* handler;
  XML_Parser parser;
  bool has_type = false;

  void StopWhereAsked() const {
    if (!handler->status().ok()) XML_StopParser(parser, XML_FALSE);
  }
};

void OnStart(void* data, const char* name, const char** attributes) {
  const auto* reading = static_cast<Reading*>(data);
  reading->handler->OnStart(LocalName(name), XmlAttributes(attributes));
  reading->StopWhereAsked();
}

void OnEnd(void* data, const char* name) {
  const auto* reading = static_cast<Reading*>(data);
  reading->handler->OnEnd(LocalName(name));
  reading->StopWhereAsked();
}

void OnText(void* data, const char* text, int size) {
  const auto* reading = static_cast<Reading*>(data);
  reading->handler->OnText({text, static_cast<size_t>(size)});
}

// Entities of its own are what a workbook never has and an attack does.
void OnDocumentType(void* data, const char* /*name*/, const char* /*system*/,
                    const char* /*public_id*/, int /*has_internal*/) {
  auto* reading = static_cast<Reading*>(data);
  reading->has_type = true;
  XML_StopParser(reading->parser, XML_FALSE);
}

absl::Status Problem(const Reading& reading, const std::string& name) {
  if (!reading.handler->status().ok()) return reading.handler->status();
  const std::string at = "the workbook's part " + name + ", line " +
                         std::to_string(XML_GetCurrentLineNumber(reading.parser)) + ": ";
  if (reading.has_type) return absl::InvalidArgumentError(at + "has a document type (DOCTYPE)");
  return absl::InvalidArgumentError(at + XML_ErrorString(XML_GetErrorCode(reading.parser)));
}

}  // namespace

const char* XmlAttributes::Find(std::string_view name) const {
  for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
    if (LocalName(pair[0]) == name && !IsExtension(pair[0])) return pair[1];
  }
  return nullptr;
}

std::string_view XmlAttributes::Get(std::string_view name) const {
  const char* value = Find(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool XmlAttributes::Has(std::string_view name) const { return Find(name) != nullptr; }

absl::Status ReadXmlPart(const ZipParts& parts, const std::string& name, XmlHandler& handler) {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
      XML_ParserCreateNS(nullptr, kSeparator), &XML_ParserFree);
  Reading reading{.handler = &handler, .parser = parser.get()};
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), OnStart, OnEnd);
  XML_SetCharacterDataHandler(parser.get(), OnText);
  XML_SetStartDoctypeDeclHandler(parser.get(), OnDocumentType);
  const auto parse = [&](std::string_view piece, bool last) {
    return XML_Parse(parser.get(), piece.data(), static_cast<int>(piece.size()), last ? 1 : 0) ==
                   XML_STATUS_OK
               ? absl::OkStatus()
               : Problem(reading, name);
  };
  const absl::Status status =
      parts.Read(name, [&parse](std::string_view piece) { return parse(piece, false); });
  return status.ok() ? parse({}, true) : status;
}

}  // namespace trigpoint
