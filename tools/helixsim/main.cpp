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

/// Names that may stand where the first word that was not understood stands: flags of the command,
/// or commands.
std::vector<std::string> allowed_names(const CLI::App& program, const std::string& word) {
  std::vector<std::string> names;
  const auto chosen = program.get_subcommands();
  if (chosen.empty()) {
    for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(command->get_name());
    }
  } else if (word.starts_with("-")) {
    for (const CLI::Option* option : chosen.front()->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
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
  std::string word = first_unknown_word(program);
  if (word.empty() && argc > 1 && program.get_subcommands().empty()) word = argv[1];
  std::string message = error.what();
  if (const auto line_end = message.find('\n'); line_end != std::string::npos)
    message.resize(line_end);
  if (!word.empty()) {
    const bool command = program.get_subcommands().empty();
    message = fmt::format("{} \"{}\"{}", command ? "unknown command" : "unknown argument", word,
                          helixsim::suggestion(word, allowed_names(program, word)));
  } else {
    message += "; see helixsim --help";
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
