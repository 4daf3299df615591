#include "errors.h"

#include <map>
#include <nlohmann/json.hpp>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "print.h"

namespace trigpoint {
namespace {

// The rule of a field violation: google.rpc.BadRequest of this version has no reason field, so the
// server ends the description with it: "is not a rating [UNKNOWN_CODE]".
v1::FieldViolation FromBadRequest(const google::rpc::BadRequest::FieldViolation& from) {
  v1::FieldViolation to;
  to.set_field(from.field());
  to.set_description(from.description());
  const std::string& text = from.description();
  const size_t open = text.rfind(" [");
  if (!text.empty() && text.back() == ']' && open != std::string::npos) {
    const std::string rule = text.substr(open + 2, text.size() - open - 3);
    if (rule.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos) {
      to.set_rule(rule);
      to.set_description(text.substr(0, open));
    }
  }
  return to;
}

std::string NextStep(const ErrorReport& report, std::string_view server) {
  switch (ExitCodeOf(report.code)) {
    case ExitCode::kUnreachable:
      if (report.code == grpc::StatusCode::RESOURCE_EXHAUSTED) {
        return "  Try again in a moment.\n";
      }
      return "  Asked: " + Clean(server) +
             " (another: --server HOST:PORT or TRIGPOINT_SERVER)\n"
             "  Start it with: tools/demo or trigpoint serve\n";
    case ExitCode::kPermission:
      if (report.code == grpc::StatusCode::UNAUTHENTICATED) {
        return "  Say who you are with --token-file or TRIGPOINT_TOKEN, or --cert and --key.\n";
      }
      return {};
    default:
      break;
  }
  if (report.code == grpc::StatusCode::ABORTED) {
    return "  Look at what changed with 'trigpoint why', then decide again.\n";
  }
  return {};
}

}  // namespace

std::string_view ExitCodeHelp() {
  return "Exit codes:\n"
         "  0  done\n"
         "  1  the answer is no, or something was refused\n"
         "  2  the command line is wrong, or the server did not take an argument\n"
         "  3  the server does not answer\n"
         "  4  not found\n"
         "  5  permission denied\n"
         "  6  the authority is missing, or the basis of a decision moved meanwhile\n"
         "  7  a file or an answer cannot be used\n";
}

ExitCode ExitCodeOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return ExitCode::kOk;
    case grpc::StatusCode::INVALID_ARGUMENT:
      return ExitCode::kUsage;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::CANCELLED:
      return ExitCode::kUnreachable;
    case grpc::StatusCode::NOT_FOUND:
      return ExitCode::kNotFound;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return ExitCode::kPermission;
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ABORTED:
      return ExitCode::kPrecondition;
    case grpc::StatusCode::ALREADY_EXISTS:
      return ExitCode::kNo;
    default:
      return ExitCode::kData;
  }
}

ExitCode ExitCodeOf(const absl::Status& status) {
  return ExitCodeOf(static_cast<grpc::StatusCode>(status.code()));
}

std::string_view CodeName(grpc::StatusCode code) {
  static constexpr std::string_view kNames[] = {"OK",
                                                "CANCELLED",
                                                "UNKNOWN",
                                                "INVALID_ARGUMENT",
                                                "DEADLINE_EXCEEDED",
                                                "NOT_FOUND",
                                                "ALREADY_EXISTS",
                                                "PERMISSION_DENIED",
                                                "RESOURCE_EXHAUSTED",
                                                "FAILED_PRECONDITION",
                                                "ABORTED",
                                                "OUT_OF_RANGE",
                                                "UNIMPLEMENTED",
                                                "INTERNAL",
                                                "UNAVAILABLE",
                                                "DATA_LOSS",
                                                "UNAUTHENTICATED"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

ErrorReport Decode(const grpc::Status& status) {
  ErrorReport report;
  report.code = status.error_code();
  report.message = status.error_message();
  google::rpc::Status details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) {
    return report;
  }
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    if (detail.UnpackTo(&info)) {
      report.reason = info.reason();
      const std::map<std::string, std::string> sorted(info.metadata().begin(),
                                                      info.metadata().end());
      report.metadata.assign(sorted.begin(), sorted.end());
    } else if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        report.fields.push_back(FromBadRequest(violation));
      }
    }
  }
  return report;
}

std::string FieldLine(const v1::FieldViolation& violation) {
  std::string line = "  " + (violation.field().empty() ? "event" : Clean(violation.field())) +
                     ": " + Clean(violation.description());
  if (!violation.rule().empty()) {
    line += " (" + Clean(violation.rule()) + ')';
  }
  return line + '\n';
}

std::string ErrorText(const ErrorReport& report, std::string_view server) {
  std::string text = "error: ";
  if (ExitCodeOf(report.code) == ExitCode::kUnreachable &&
      report.code != grpc::StatusCode::RESOURCE_EXHAUSTED) {
    text += "the server does not answer: ";
  }
  text += report.message.empty() ? std::string(CodeName(report.code)) : Clean(report.message);
  if (!report.reason.empty()) {
    text += " (" + Clean(report.reason) + ')';
  }
  text += '\n';
  for (const auto& field : report.fields) {
    text += FieldLine(field);
  }
  for (const auto& [key, value] : report.metadata) {
    // The message names most values; the clause is what a person needs to look up.
    if (key == "clause" && report.message.find(value) == std::string::npos) {
      text += "  clause: " + Clean(value) + '\n';
    }
  }
  return text + NextStep(report, server);
}

std::string ErrorJson(const ErrorReport& report, std::string_view server) {
  nlohmann::ordered_json error = {{"code", CodeName(report.code)},
                                  {"message", report.message},
                                  {"reason", report.reason},
                                  {"server", server}};
  error["metadata"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : report.metadata) {
    error["metadata"][key] = value;
  }
  error["fields"] = nlohmann::ordered_json::array();
  for (const auto& field : report.fields) {
    error["fields"].push_back(ToJsonValue(field));
  }
  const nlohmann::ordered_json document = {{"error", std::move(error)}};
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace trigpoint
