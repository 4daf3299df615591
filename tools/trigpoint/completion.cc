// completion: made from the parser itself, so that it never lags behind the commands.
#include <CLI/CLI.hpp>
#include <memory>

#include "client.h"

namespace trigpoint {
namespace {

// "--json --server …", the long names of the options of one parser.
std::string LongOptions(const CLI::App& app) {
  std::string names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names += (names.empty() ? "--" : " --") + name;
    }
  }
  return names;
}

std::string CommandNames(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : " ") + command->get_name();
  }
  return names;
}

std::string BashScript(const CLI::App& app) {
  std::string script =
      "# bash completion of trigpoint; source it, or put it into /etc/bash_completion.d\n"
      "_trigpoint() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" command=\"\" i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \" " +
      CommandNames(app) +
      " \" in *\" ${COMP_WORDS[i]} \"*) command=\"${COMP_WORDS[i]}\"; break;; esac\n"
      "  done\n"
      "  local words=\"" +
      LongOptions(app) +
      "\"\n"
      "  case \"$command\" in\n"
      "    \"\") words=\"$words " +
      CommandNames(app) + "\";;\n";
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    script += "    " + command->get_name() + ") words=\"$words " + LongOptions(*command) +
              (command->get_name() == "completion" ? " bash zsh" : "") + "\";;\n";
  }
  return script +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  if [[ ${#COMPREPLY[@]} -eq 0 && $word != -* ]]; then\n"
         "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "  fi\n"
         "}\n"
         "complete -F _trigpoint trigpoint\n";
}

std::string ZshScript(const CLI::App& app) {
  return "#compdef trigpoint\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         BashScript(app);
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Session& session) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "A completion script for a shell");
  completion->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  completion->footer("Example: source <(trigpoint completion bash)");
  completion->callback([&app, &session, shell] {
    session.command = [&app, shell] {
      Put(*shell == "bash" ? BashScript(app) : ZshScript(app));
      return ExitCode::kOk;
    };
  });
}

}  // namespace trigpoint
