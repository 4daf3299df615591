#include "trigpoint/access/principals.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>

#include "trigpoint/access/authorise.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/yaml_text.h"

namespace trigpoint {
namespace {

constexpr size_t kDigestDigits = 64;

// Lines are told to people, who count from one. Values are never told: one of them is a credential.
absl::Status Wrong(const YAML::Node& where, std::string_view what) {
  return MakeStatus(
      absl::StatusCode::kInvalidArgument,
      "principals, line " + std::to_string(where.Mark().line + 1) + ": " + std::string(what));
}

absl::Status WrongKey(const YAML::Node& where, std::string_view key, std::string_view what) {
  return Wrong(where, std::string(key) + " " + std::string(what));
}

bool IsPlain(std::string_view text) {
  constexpr size_t kMaxBytes = 200;
  return !text.empty() && text.size() <= kMaxBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

absl::StatusOr<std::string> ReadText(const YAML::Node& node, std::string_view key) {
  if (!node.IsScalar() || !IsPlain(node.Scalar())) {
    return WrongKey(node, key, "must be one text of 1 to 200 printable ASCII characters");
  }
  return node.Scalar();
}

absl::StatusOr<std::vector<std::string>> ReadTexts(const YAML::Node& node, std::string_view key) {
  if (!node.IsSequence()) {
    return WrongKey(node, key, "must be a list");
  }
  std::vector<std::string> texts;
  for (const YAML::Node& item : node) {
    TP_ASSIGN_OR_RETURN(std::string text, ReadText(item, key));
    texts.push_back(std::move(text));
  }
  return texts;
}

absl::StatusOr<Sensitivity> ReadClearance(const YAML::Node& node) {
  if (node.IsScalar()) {
    const std::string& text = node.Scalar();
    if (text.size() == 2 && text[0] == 'C' && text[1] >= '0' && text[1] <= '5') {
      return static_cast<Sensitivity>(v1::SENSITIVITY_C0_PUBLIC + (text[1] - '0'));
    }
  }
  return WrongKey(node, "clearance", "must be C0, C1, C2, C3, C4 or C5");
}

absl::StatusOr<std::vector<std::string>> ReadRoles(const YAML::Node& node) {
  TP_ASSIGN_OR_RETURN(std::vector<std::string> names, ReadTexts(node, "roles"));
  const auto known = roles::All();
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return WrongKey(node, "roles", "names an unknown role: " + name);
    }
  }
  return names;
}

absl::StatusOr<std::vector<std::string>> ReadSources(const YAML::Node& node) {
  TP_ASSIGN_OR_RETURN(std::vector<std::string> sources, ReadTexts(node, "sources"));
  for (const std::string& source : sources) {
    if (source != "*" && source.find('*') != std::string::npos) {
      return WrongKey(node, "sources", "takes whole prefixes; \"*\" stands alone, for all");
    }
  }
  return sources;
}

absl::StatusOr<std::string> ReadDigest(const YAML::Node& node) {
  TP_ASSIGN_OR_RETURN(std::string text, ReadText(node, "token_sha256"));
  const absl::StatusOr<std::string> bytes = HexDecode(text);
  if (text.size() != kDigestDigits || !bytes.ok()) {
    return WrongKey(node, "token_sha256", "must be the SHA-256 of the token, 64 hex digits");
  }
  std::string digest = HexEncode(*bytes);
  if (digest == Sha256Hex("")) {
    return WrongKey(node, "token_sha256", "is the digest of the empty token");
  }
  return digest;
}

}  // namespace

/// Reads one file; keeps what must not occur twice.
class PrincipalsReader {
 public:
  absl::StatusOr<Principals> Read(const YAML::Node& root) {
    if (!root.IsMap()) {
      return Wrong(root, "the file must be a map with the key principals");
    }
    TP_RETURN_IF_ERROR(CheckKeys(root, std::array<std::string_view, 1>{"principals"}));
    const YAML::Node list = root["principals"];
    if (!list) {
      return Wrong(root, "the key principals is missing");
    }
    if (!list.IsSequence()) {
      return WrongKey(list, "principals", "must be a list");
    }
    for (const YAML::Node& node : list) {
      TP_RETURN_IF_ERROR(ReadEntry(node));
    }
    return std::move(principals_);
  }

 private:
  using Kind = Principals::Kind;

  static absl::Status CheckKeys(const YAML::Node& map, std::span<const std::string_view> allowed) {
    std::set<std::string> seen;
    for (const auto& pair : map) {
      if (!pair.first.IsScalar() || !IsPlain(pair.first.Scalar())) {
        return Wrong(pair.first, "a key must be a plain word");
      }
      const std::string& key = pair.first.Scalar();
      if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
        return Wrong(pair.first, "unknown key " + key);
      }
      if (!seen.insert(key).second) {
        return Wrong(pair.first, "the key " + key + " stands twice");
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadEntry(const YAML::Node& node) {
    if (!node.IsMap()) {
      return Wrong(node, "an entry of principals must be a map");
    }
    TP_RETURN_IF_ERROR(CheckKeys(
        node, std::array<std::string_view, 8>{"id", "organisation", "roles", "sources", "clearance",
                                              "token_sha256", "certificate_cn", "proxy_name"}));
    for (const char* key : {"id", "organisation", "roles", "clearance"}) {
      if (!node[key]) {
        return Wrong(node, "the key " + std::string(key) + " is missing");
      }
    }
    Principals::Entry entry;
    Principal& principal = entry.principal;
    TP_ASSIGN_OR_RETURN(principal.id, ReadText(node["id"], "id"));
    TP_ASSIGN_OR_RETURN(principal.organisation, ReadText(node["organisation"], "organisation"));
    TP_ASSIGN_OR_RETURN(principal.roles, ReadRoles(node["roles"]));
    if (node["sources"]) {
      TP_ASSIGN_OR_RETURN(principal.sources, ReadSources(node["sources"]));
    }
    TP_ASSIGN_OR_RETURN(principal.clearance, ReadClearance(node["clearance"]));
    TP_RETURN_IF_ERROR(ReadCredential(node, entry));
    if (!ids_.insert(principal.id).second) {
      return WrongKey(node["id"], "id", "is taken by an earlier principal");
    }
    principals_.entries_.push_back(std::move(entry));
    return absl::OkStatus();
  }

  absl::Status ReadCredential(const YAML::Node& node, Principals::Entry& entry) {
    constexpr std::array<std::pair<const char*, Kind>, 3> kKeys = {
        {{"token_sha256", Kind::kToken},
         {"certificate_cn", Kind::kCertificate},
         {"proxy_name", Kind::kProxy}}};
    int found = 0;
    for (const auto& [key, kind] : kKeys) {
      const YAML::Node value = node[key];
      if (!value) {
        continue;
      }
      ++found;
      entry.kind = kind;
      TP_ASSIGN_OR_RETURN(entry.credential,
                          kind == Kind::kToken ? ReadDigest(value) : ReadText(value, key));
      if (!credentials_.insert({kind, entry.credential}).second) {
        return WrongKey(value, key, "is taken by an earlier principal");
      }
    }
    if (found != 1) {
      return Wrong(node, "exactly one of token_sha256, certificate_cn and proxy_name is needed");
    }
    return absl::OkStatus();
  }

  Principals principals_;
  std::set<std::string> ids_;
  std::set<std::pair<Kind, std::string>> credentials_;
};

absl::StatusOr<Principals> Principals::FromYaml(std::string_view text) {
  if (const auto problem = FindYamlProblem(text); problem.has_value()) {
    return MakeStatus(
        absl::StatusCode::kInvalidArgument,
        "principals, line " + std::to_string(problem->line) + ": " + std::string(problem->what));
  }
  // yaml-cpp throws; nothing of it passes this function. Its own messages may quote the file.
  try {
    return PrincipalsReader().Read(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "principals, line " + std::to_string(error.mark.line + 1) + ", column " +
                          std::to_string(error.mark.column + 1) + ": not valid YAML");
  }
}

Principals Principals::LocalOperator() {
  Principals principals;
  principals.local_operator_ = true;
  return principals;
}

absl::StatusOr<Principal> Principals::Authenticate(const Credentials& credentials) const {
  const auto unauthenticated = [](std::string_view reason, std::string_view why) {
    return WithReason(MakeStatus(absl::StatusCode::kUnauthenticated, why), reason);
  };
  Kind kind = Kind::kToken;
  std::string shown;
  std::string_view refusal;
  if (!credentials.bearer_token.empty()) {
    shown = Sha256Hex(credentials.bearer_token);
    refusal = "the bearer token is not known";
  } else if (!credentials.client_certificate_common_name.empty()) {
    kind = Kind::kCertificate;
    shown = credentials.client_certificate_common_name;
    refusal = "the client certificate belongs to no principal";
  } else if (!credentials.proxy_verified_name.empty()) {
    kind = Kind::kProxy;
    shown = credentials.proxy_verified_name;
    refusal = "the name verified by the proxy belongs to no principal";
  } else if (local_operator_) {
    const auto all = roles::All();
    return Principal{.id = "local-operator",
                     .organisation = "local",
                     .roles = {all.begin(), all.end()},
                     .sources = {"*"},
                     .clearance = v1::SENSITIVITY_C3_PSEUDONYMISED};
  } else {
    return unauthenticated("CREDENTIALS_MISSING",
                           "no credentials: a bearer token or a client certificate is needed");
  }
  if (local_operator_) {
    return unauthenticated(
        "CREDENTIALS_NOT_EXPECTED",
        "no principals are configured, so no credential can be checked: send none");
  }
  // No early end: the time must not tell which digest was nearest.
  const Entry* match = nullptr;
  for (const Entry& entry : entries_) {
    if (entry.kind == kind && SameSecret(entry.credential, shown)) {
      match = &entry;
    }
  }
  if (match == nullptr) {
    return unauthenticated("CREDENTIALS_UNKNOWN", refusal);
  }
  return match->principal;
}

absl::StatusOr<Principal> Principals::Named(std::string_view id) const {
  for (const Entry& entry : entries_) {
    if (entry.principal.id == id) return entry.principal;
  }
  return absl::NotFoundError("no principal has the id " + std::string(id));
}

}  // namespace trigpoint
