#include "tools/helixsim/common.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"

namespace helixsim {

OutputFormat CommonOptions::output_format() const {
  const std::vector<std::string> names{"table", "json", "csv"};
  const auto found = std::find(names.begin(), names.end(), format);
  if (found == names.end()) {
    throw ConfigError("--format: unknown format \"" + format + "\"" + suggestion(format, names));
  }
  return static_cast<OutputFormat>(found - names.begin());
}

std::vector<Override> CommonOptions::overrides() const {
  std::vector<Override> parsed;
  for (const std::string& text : sets) parsed.push_back(parse_override(text));
  return parsed;
}

unsigned CommonOptions::thread_count() const {
  if (threads > 0) return static_cast<unsigned>(threads);
  return std::max(1U, std::thread::hardware_concurrency());
}

void add_format(CLI::App& app, CommonOptions& options) {
  app.add_option("--format", options.format, "table, json or csv")->capture_default_str();
}

void add_set(CLI::App& app, CommonOptions& options, bool setup) {
  app.add_option("--set", options.sets,
                 std::string("Change a value of a file: path=value, repeatable") +
                     (setup ? "; model. and system. reach those files" : ""))
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
}

void add_threads(CLI::App& app, CommonOptions& options) {
  app.add_option("--threads", options.threads,
                 "Worker threads (default: all processors); results do not depend on it")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
}

void add_seed(CLI::App& app, CommonOptions& options) {
  app.add_option("--seed", options.seed,
                 "Of what is drawn: stragglers, jitter, experts, and the report's sample of points "
                 "(default: the file's, else 1)")
      ->type_name("N");
}

}  // namespace helixsim
