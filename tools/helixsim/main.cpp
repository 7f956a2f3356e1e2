#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "sim/config/config_error.hpp"
#include "tools/helixsim/common.hpp"

namespace {

/// Wrong flags end with the documented status and one line; --help and --version print and end
/// well.
int report_parse_error(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return program.exit(error);
  fmt::print(stderr, "helixsim: {}; see helixsim --help\n", error.what());
  return helixsim::kWrongInput;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{
      "HelixSim: which layout serves a long-context LLM on a GPU rack, and where the time goes",
      "helixsim"};
  program.set_version_flag("--version", "helixsim " HELIXSIM_VERSION);
  program.require_subcommand(1);
  int status = helixsim::kDone;
  helixsim::add_simulate(program, status);
  helixsim::add_sweep(program, status);
  helixsim::add_reproduce(program, status);
  helixsim::add_pareto(program, status);
  helixsim::add_list(program, status);
  helixsim::add_check(program, status);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse_error(program, error);
  } catch (const helixsim::ConfigError& error) {
    fmt::print(stderr, "helixsim: {}\n", error.what());
    return helixsim::kWrongInput;
  } catch (const std::exception& error) {
    fmt::print(stderr, "helixsim: internal error: {}\n", error.what());
    return 70;
  }
  return status;
}
