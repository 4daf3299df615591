#pragma once

#include <zip.h>

#include <string>
#include <utility>
#include <vector>

namespace trigpoint {

/// Packs parts into a zip file, for workbooks that are written in a test.
inline std::string Zipped(const std::vector<std::pair<std::string, std::string>>& parts) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  for (const auto& [name, text] : parts) {
    zip_file_add(archive, name.c_str(),
                 zip_source_buffer(archive, text.data(), text.size(), /*freep=*/0),
                 ZIP_FL_ENC_UTF_8);
  }
  zip_close(archive);
  zip_source_open(target);
  zip_source_seek(target, 0, SEEK_END);
  std::string bytes(static_cast<size_t>(zip_source_tell(target)), '\0');
  zip_source_seek(target, 0, SEEK_SET);
  zip_source_read(target, bytes.data(), bytes.size());
  zip_source_close(target);
  zip_source_free(target);
  return bytes;
}

/// An XLSX workbook with one sheet, "Sheet1", of these rows (`<row>...</row>`). Style 1 is a date,
/// style 2 a date with a time, style 3 a percentage; the shared texts are "shared 0", "shared 1".
inline std::string Xlsx(const std::string& rows, const std::string& workbook = "<workbookPr/>") {
  const std::string type = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
  const std::string main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const auto relation = [&type](const char* id, const char* kind, const char* target) {
    return "<Relationship Id=\"" + std::string(id) + "\" Type=\"" + type + kind + "\" Target=\"" +
           target + "\"/>";
  };
  return Zipped(
      {{"_rels/.rels", "<Relationships>" + relation("r1", "officeDocument", "xl/workbook.xml") +
                           "</Relationships>"},
       {"xl/_rels/workbook.xml.rels", "<Relationships>" + relation("r1", "worksheet", "sheet.xml") +
                                          relation("r2", "styles", "/xl/styles.xml") +
                                          relation("r3", "sharedStrings", "strings.xml") +
                                          "</Relationships>"},
       {"xl/workbook.xml", "<x:workbook xmlns:x=\"" + main + "\" xmlns:r=\"urn:r\">" + workbook +
                               "<x:sheets><x:sheet name=\"Sheet1\" r:id=\"r1\"/></x:sheets>"
                               "</x:workbook>"},
       {"xl/styles.xml",
        "<styleSheet xmlns=\"" + main +
            "\"><numFmts><numFmt numFmtId=\"170\" formatCode=\"[$-809]dd/mm/yy\\ hh:mm\"/>"
            "</numFmts><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs>"
            "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"170\"/><xf numFmtId=\"10\"/>"
            "</cellXfs></styleSheet>"},
       {"xl/strings.xml", "<sst xmlns=\"" + main +
                              "\"><si><t>shared 0</t></si><si><r><t>sha</t></r><r><t>red 1</t></r>"
                              "<rPh><t>aid</t></rPh></si></sst>"},
       {"xl/sheet.xml",
        "<worksheet xmlns=\"" + main + "\"><sheetData>" + rows + "</sheetData></worksheet>"}});
}

/// An OpenDocument spreadsheet with one table, "Log", of these rows.
inline std::string Ods(const std::string& rows) {
  const std::string urn = "urn:oasis:names:tc:opendocument:xmlns:";
  return Zipped({{"content.xml",
                  "<office:document-content xmlns:office=\"" + urn + "office:1.0\" xmlns:table=\"" +
                      urn + "table:1.0\" xmlns:text=\"" + urn +
                      "text:1.0\" xmlns:calcext=\"urn:calcext\"><office:body><office:spreadsheet>"
                      "<table:table table:name=\"Log\">" +
                      rows +
                      "</table:table></office:spreadsheet></office:body>"
                      "</office:document-content>"}});
}

}  // namespace trigpoint
