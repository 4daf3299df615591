#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench_support.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint::bench {

/// The bytes of a file, unpacked where it is gzip.
std::string BytesOf(const std::string& path);

/// Raw limit of a CSV file: rows of cells, of which nothing is made. A second of CPU, as all here.
double RowsParsedPerSecond(const std::string& bytes, uint64_t* rows);

std::unique_ptr<FeedAdapter> AdapterOf(const std::string& format);

/// Seconds of CPU to turn a file into events, and how many there were.
double SecondsToEvents(const std::unique_ptr<FeedAdapter>& adapter, const std::string& bytes,
                       uint64_t* events);

/// What an adapter made of so many `things`, beside what its parser alone reads of them a second.
Row ToEvents(const std::string& name, const std::string& things, uint64_t count,
             const std::unique_ptr<FeedAdapter>& adapter, const std::string& bytes,
             const std::string& limit_name, double limit);

/// Formats of documents (JSON), of committed excerpts, repeated.
std::vector<Row> DocumentRows(const std::string& source, int times);
/// Tables that are read with a mapping (CSV, XLSX, ODS), of committed samples, repeated.
std::vector<Row> TableRows(const std::string& source, int times);

}  // namespace trigpoint::bench
