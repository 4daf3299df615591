// Tables of partners, read with a mapping, beside their cells read by the parser alone.
#include <expat.h>
#include <zip.h>

#include <string>

#include "bench_files.h"
#include "trigpoint/intake/mapped_adapter.h"

namespace trigpoint::bench {
namespace {

std::unique_ptr<FeedAdapter> MappedWith(const std::string& source, const std::string& mapping) {
  auto read = ReadFeedMappingFile(source + "/deploy/feeds/" + mapping + ".yaml");
  if (!read.ok()) Die(std::string(read.status().message()));
  return std::make_unique<MappedAdapter>(*std::move(read));
}

// The rows below the names of the columns, `times` over.
Row Csv(const std::string& source, const std::string& mapping, const std::string& file, int times) {
  const std::string once = BytesOf(source + "/libs/intake/tests/data/" + file);
  const size_t names_end = once.find('\n') + 1;
  std::string bytes = once.substr(0, names_end);
  for (int i = 0; i < times; ++i) bytes += once.substr(names_end);
  uint64_t rows = 0;
  const double parsed = RowsParsedPerSecond(bytes, &rows);
  return ToEvents(mapping + " (CSV, mapped)", "rows", rows, MappedWith(source, mapping), bytes,
                  "cells of the file read", parsed);
}

// A workbook of the samples whose rows below the names of the columns stand `times` over.
struct Workbook {
  std::string bytes;
  std::string sheet;  // The part with the rows, unpacked.
  uint64_t rows = 0;
};

struct Sample {
  std::string mapping;
  std::string file;
  std::string sheet;    // The part with its rows.
  std::string row;      // What a row begins with,
  std::string row_end;  // and ends with.
  int rows_above = 0;   // With the names of the columns.
};

zip_t* Opened(zip_source_t* source, int flags) {
  zip_error_t error;
  zip_error_init(&error);
  zip_t* archive = zip_open_from_source(source, flags, &error);
  if (archive == nullptr) Die("a sample workbook cannot be opened");
  return archive;
}

std::string PartOf(zip_t* archive, const std::string& name) {
  zip_stat_t stat{};
  zip_file_t* file = zip_fopen(archive, name.c_str(), 0);
  if (file == nullptr || zip_stat(archive, name.c_str(), 0, &stat) != 0)
    Die("a sample workbook has no part " + name);
  std::string text(stat.size, '\0');
  zip_fread(file, text.data(), text.size());
  zip_fclose(file);
  return text;
}

// Every number of a row raised: rows of a sheet are in order. An ODS row has none.
std::string Renumbered(const std::string& row, int by) {
  std::string text;
  for (size_t at = 0; at < row.size();) {
    const size_t attribute = row.find(" r=\"", at);
    if (attribute == std::string::npos) return text + row.substr(at);
    size_t digits = attribute + 4;
    while (row[digits] >= 'A' && row[digits] <= 'Z') ++digits;
    const size_t end = row.find('"', digits);
    text += row.substr(at, digits - at) +
            std::to_string(std::stoi(row.substr(digits, end - digits)) + by);
    at = end;
  }
  return text;
}

Workbook Repeated(const std::string& path, const Sample& sample, int times) {
  zip_error_t error;
  zip_error_init(&error);
  const std::string once = BytesOf(path);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* from = Opened(zip_source_buffer_create(once.data(), once.size(), 0, &error), ZIP_RDONLY);
  zip_t* to = Opened(target, ZIP_TRUNCATE);
  Workbook workbook;
  workbook.sheet = PartOf(from, sample.sheet);
  size_t begin = 0;
  for (int i = 0; i < sample.rows_above; ++i)
    begin = workbook.sheet.find(sample.row_end, begin) + sample.row_end.size();
  const size_t end = workbook.sheet.rfind(sample.row_end) + sample.row_end.size();
  const std::string rows = workbook.sheet.substr(begin, end - begin);
  std::string all;
  for (int i = 0; i < times; ++i) all += Renumbered(rows, i * 100);
  workbook.sheet.replace(begin, rows.size(), all);
  for (size_t at = 0; (at = all.find(sample.row, at)) != std::string::npos; ++at) ++workbook.rows;
  std::vector<std::string> parts;
  const zip_int64_t count = zip_get_num_entries(from, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const std::string name = zip_get_name(from, static_cast<zip_uint64_t>(i), 0);
    parts.push_back(name == sample.sheet ? workbook.sheet : PartOf(from, name));
  }
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_file_add(to, zip_get_name(from, static_cast<zip_uint64_t>(i), 0),
                 zip_source_buffer(to, parts[static_cast<size_t>(i)].data(),
                                   parts[static_cast<size_t>(i)].size(), 0),
                 ZIP_FL_ENC_UTF_8);
  }
  zip_close(to);
  zip_discard(from);
  zip_source_open(target);
  zip_source_seek(target, 0, SEEK_END);
  workbook.bytes.resize(static_cast<size_t>(zip_source_tell(target)));
  zip_source_seek(target, 0, SEEK_SET);
  zip_source_read(target, workbook.bytes.data(), workbook.bytes.size());
  zip_source_close(target);
  zip_source_free(target);
  return workbook;
}

double SecondsParsed(const Workbook& workbook, const std::string& sheet) {
  const double start = CpuSeconds();
  zip_error_t error;
  zip_error_init(&error);
  zip_t* archive =
      Opened(zip_source_buffer_create(workbook.bytes.data(), workbook.bytes.size(), 0, &error),
             ZIP_RDONLY);
  const std::string text = PartOf(archive, sheet);
  zip_discard(archive);
  XML_Parser parser = XML_ParserCreate(nullptr);
  uint64_t elements = 0;
  XML_SetUserData(parser, &elements);
  XML_SetStartElementHandler(
      parser, [](void* count, const char*, const char**) { ++*static_cast<uint64_t*>(count); });
  if (XML_Parse(parser, text.data(), static_cast<int>(text.size()), 1) != XML_STATUS_OK)
    Die("a sample workbook is no XML");
  XML_ParserFree(parser);
  return CpuSeconds() - start;
}

Row Book(const std::string& source, const Sample& sample, int times) {
  const Workbook workbook =
      Repeated(source + "/libs/intake/tests/data/" + sample.file, sample, times);
  const double parsed = static_cast<double>(workbook.rows) / SecondsParsed(workbook, sample.sheet);
  return ToEvents(
      sample.mapping + " (" + sample.file.substr(sample.file.rfind('.') + 1) + ", mapped)", "rows",
      workbook.rows, MappedWith(source, sample.mapping), workbook.bytes,
      "its sheet unpacked and parsed", parsed);
}

}  // namespace

std::vector<Row> TableRows(const std::string& source, int times) {
  return {Csv(source, "council-safeguarding", "council_safeguarding.csv", times),
          Csv(source, "capacity-tracker", "capacity_tracker.csv", times),
          Csv(source, "workforce-return", "workforce_return.csv", times),
          Book(source,
               {.mapping = "provider-monitoring-return",
                .file = "provider_monitoring_return.xlsx",
                .sheet = "xl/worksheets/sheet2.xml",
                .row = "<row ",
                .row_end = "</row>",
                .rows_above = 2},
               times),
          Book(source,
               {.mapping = "council-complaints",
                .file = "council_complaints.ods",
                .sheet = "content.xml",
                .row = "<table:table-row",
                .row_end = "</table:table-row>",
                .rows_above = 1},
               times)};
}

}  // namespace trigpoint::bench
