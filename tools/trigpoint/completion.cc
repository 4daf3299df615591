// completion: made from the parser itself, so that it never lags behind the commands.
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
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

// What may follow a command: its options, and its own commands with theirs.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the commands.
std::string WordsOf(const CLI::App& command) {
  std::string words = LongOptions(command);
  for (const CLI::App* part : command.get_subcommands([](const CLI::App*) { return true; })) {
    words += ' ' + part->get_name() + ' ' + WordsOf(*part);
  }
  return words;
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
    script += "    " + command->get_name() + ") words=\"$words " + WordsOf(*command) +
              (command->get_name() == "completion" ? " bash zsh fish" : "") + "\";;\n";
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

std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "'";
}

// One line for each long option; `condition` says where it may stand.
std::string FishOptions(const CLI::App& app, const std::string& condition) {
  std::string lines;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      absl::StrAppend(&lines, "complete -c trigpoint", condition, " -l ", name,
                      option->get_type_size() != 0 ? " -r" : "", " -d ",
                      FishQuoted(option->get_description()), "\n");
    }
  }
  return lines;
}

std::string FishScript(const CLI::App& app) {
  std::string script =
      "# fish completion of trigpoint; put it into ~/.config/fish/completions/trigpoint.fish\n" +
      FishOptions(app, "");
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string& name = command->get_name();
    script += "complete -c trigpoint -n __fish_use_subcommand -a " + name + " -d " +
              FishQuoted(command->get_description()) + '\n' +
              FishOptions(*command, " -n '__fish_seen_subcommand_from " + name + "'");
    for (const CLI::App* part : command->get_subcommands([](const CLI::App*) { return true; })) {
      script += "complete -c trigpoint -n '__fish_seen_subcommand_from " + name + "' -a " +
                part->get_name() + " -d " + FishQuoted(part->get_description()) + '\n' +
                FishOptions(*part, " -n '__fish_seen_subcommand_from " + part->get_name() + "'");
    }
  }
  return script +
         "complete -c trigpoint -n '__fish_seen_subcommand_from completion' -f "
         "-a 'bash zsh fish'\n";
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Session& session) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "A completion script for a shell");
  completion->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer("Example: source <(trigpoint completion bash)");
  completion->callback([&app, &session, shell] {
    session.command = [&app, shell] {
      Put(*shell == "bash" ? BashScript(app) : *shell == "zsh" ? ZshScript(app) : FishScript(app));
      return ExitCode::kOk;
    };
  });
}

}  // namespace trigpoint
