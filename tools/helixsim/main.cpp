#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/report/text_table.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/tell.hpp"

namespace {

/// Help for a terminal of 80 columns: descriptions are wrapped beside their flags.
class WrappingFormatter : public CLI::Formatter {
 public:
  WrappingFormatter() { column_width(kFlagColumns); }
  std::string make_option_desc(const CLI::Option* option) const override {
    const auto lines = helixsim::wrap_words(CLI::Formatter::make_option_desc(option),
                                            helixsim::kTerminalColumns - kFlagColumns);
    return fmt::format("{}", fmt::join(lines, "\n"));
  }

 private:
  static constexpr std::size_t kFlagColumns = 28;
};

/// The program, or the command that was typed, or the one below it.
const CLI::App& chosen_command(const CLI::App& program) {
  const auto chosen = program.get_subcommands();
  return chosen.empty() ? program : chosen_command(*chosen.front());
}

/// As it is typed: "helixsim calibrate fit".
std::string full_name(const CLI::App& command) {
  const CLI::App* above = command.get_parent();
  return above == nullptr ? command.get_name() : full_name(*above) + " " + command.get_name();
}

/// The commands below one; none for most.
std::vector<std::string> commands_below(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(below->get_name());
  }
  return names;
}

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// A word that belongs to nothing, with the names that may stand there: flags of the command, or
/// commands.
std::string unknown_word(const CLI::App& command, const std::string& word) {
  const std::vector<std::string> below = commands_below(command);
  if (word.starts_with("-"))
    return fmt::format("unknown argument \"{}\"{}", word,
                       helixsim::suggestion(word, flags_of(command)));
  return fmt::format("unknown {} \"{}\"{}", below.empty() ? "argument" : "command", word,
                     helixsim::suggestion(word, below));
}

/// Whether everything printed has reached its place: a full disk must not look like success.
bool finish_output() {
  std::cout.flush();
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
  if (!written) helixsim::tell("helixsim: standard output cannot be written\n");
  return written;
}

/// The first word that belongs to nothing; empty when every word was understood.
std::string first_unknown_word(const CLI::App& program) {
  const auto unknown = program.remaining(true);
  return unknown.empty() ? std::string() : unknown.front();
}

/// Wrong flags end with the documented status and one line; --help and --version print and end
/// well.
int report_parse_error(const CLI::App& program, const CLI::ParseError& error, int argc,
                       char** argv) {
  if (error.get_exit_code() == 0) return program.exit(error);
  const CLI::App& command = chosen_command(program);
  std::string word = first_unknown_word(program);
  if (word.empty() && argc > 1 && program.get_subcommands().empty()) word = argv[1];
  std::string message = error.what();
  if (const auto line_end = message.find('\n'); line_end != std::string::npos)
    message.resize(line_end);
  if (!word.empty()) {
    message = unknown_word(command, word);
  } else {
    message += "; see " + full_name(command) + " --help";
  }
  helixsim::tell("helixsim: {}\n", message);
  return helixsim::kWrongInput;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"HelixSim: layouts for long-context LLM decoding on GPU racks, simulated",
                   "helixsim"};
  program.set_version_flag("--version", "helixsim " HELIXSIM_VERSION);
  program.require_subcommand(1);
  program.formatter(std::make_shared<WrappingFormatter>());
  int status = helixsim::kDone;
  helixsim::add_simulate(program, status);
  helixsim::add_sweep(program, status);
  helixsim::add_reproduce(program, status);
  helixsim::add_pareto(program, status);
  helixsim::add_list(program, status);
  helixsim::add_check(program, status);
  helixsim::add_replay(program, status);
  helixsim::add_validate(program, status);
  helixsim::add_calibrate(program, status);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse_error(program, error, argc, argv);
  } catch (const helixsim::ConfigError& error) {
    helixsim::tell("helixsim: {}\n", error.what());
    return helixsim::kWrongInput;
  } catch (const std::exception& error) {
    helixsim::tell("helixsim: internal error: {}\n", error.what());
    return 70;
  }
  return finish_output() ? status : helixsim::kWrongInput;
}
