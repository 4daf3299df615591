#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"
#include "trigpoint/v1/events.pb.h"

/// Exit codes, and errors in the words of the person who typed the command.
namespace trigpoint {

/// What the program ends with; scripts rely on the numbers.
enum class ExitCode {
  kOk = 0,
  kNo = 1,            ///< The answer is no, or something was refused.
  kUsage = 2,         ///< The command line, or an argument that the server did not take.
  kUnreachable = 3,   ///< The server does not answer, or asks to come back later.
  kNotFound = 4,      ///< There is no such provider, alert, policy or proposal.
  kPermission = 5,    ///< Not known here, or not allowed to see or do this.
  kPrecondition = 6,  ///< The authority is missing, or the basis moved meanwhile.
  kData = 7,          ///< A file or an answer cannot be read or contradicts itself.
};

/// The lines that `trigpoint --help` and the reference print about exit codes.
std::string_view ExitCodeHelp();

/// Gives the exit code of a call's outcome. Codes: grpc's.
ExitCode ExitCodeOf(grpc::StatusCode code);

/// The same for what a library of ours answered.
ExitCode ExitCodeOf(const absl::Status& status);

/// Gives "NOT_FOUND" and so on.
std::string_view CodeName(grpc::StatusCode code);

/// What an error says, decoded from google.rpc.Status.
struct ErrorReport {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string message;
  std::string reason;                                         ///< ErrorInfo, UPPER_SNAKE.
  std::vector<std::pair<std::string, std::string>> metadata;  ///< ErrorInfo, sorted by key.
  std::vector<v1::FieldViolation> fields;                     ///< BadRequest.
};

/// Decodes the details of a failed call; details that cannot be read are left out.
ErrorReport Decode(const grpc::Status& status);

/// Gives "  field: description (RULE)" and a line feed.
std::string FieldLine(const v1::FieldViolation& violation);

/// Gives the text for people: one line "error: …", a line per field, and what to do next.
/// `server` is the address that was called.
std::string ErrorText(const ErrorReport& report, std::string_view server);

/// Gives the error as one line of JSON for programs.
std::string ErrorJson(const ErrorReport& report, std::string_view server);

}  // namespace trigpoint
