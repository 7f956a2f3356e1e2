#include "tools/helixsim/step_files.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <optional>

#include "sim/config/config_error.hpp"
#include "sim/decode/rack_step.hpp"
#include "sim/report/rack_trace.hpp"
#include "sim/report/step_dot.hpp"
#include "sim/report/trace/registry.hpp"
#include "sim/report/trace/trace_file.hpp"
#include "sim/units/format.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

/// As trace_of takes it.
std::optional<int> layers_of_a_kind(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "all") return 0;
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1) {
    throw ConfigError("--trace-layers: expected a count of layers or \"all\", got \"" + text +
                      "\"");
  }
  return count;
}

/// Whether two names are one file, spelled differently or through links.
bool same_file(const std::string& one, const std::string& other) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto place = [&](const std::string& name) {
    return fs::weakly_canonical(fs::absolute(name, error), error);
  };
  const fs::path first = place(one);  // empty where it cannot be found out
  return one == other || (!first.empty() && first == place(other));
}

std::string size_of(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return error ? "" : format_bytes(Bytes(static_cast<double>(bytes))) + ", ";
}

void write_trace(const StepFiles& files, const Evaluator& evaluator, const Point& point,
                 const RankEffects& effects) {
  const Setup& setup = evaluator.setup();
  const RackStep step(evaluator, point, {.effects = effects, .keep_link_samples = true});
  const RackTrace drawn = trace_of(step, setup, point, layers_of_a_kind(files.trace_layers));
  write_trace_file(drawn.trace, *files.trace);
  const std::string layers =
      drawn.layers_of_a_kind
          ? fmt::format("the first {} of each kind of layer (--trace-layers all shows every one)",
                        *drawn.layers_of_a_kind)
          : fmt::format("all {} layers", setup.model.layers());
  tell("trace: {}: {}{} slices on {} GPUs, {}\n", *files.trace, size_of(*files.trace),
       format_count(static_cast<long long>(drawn.trace.slices().size())), point.layout.gpus(),
       layers);
}

}  // namespace

void StepFiles::check() const {
  if (trace && trace->empty()) throw ConfigError("--trace: expected a file");
  if (trace) (void)trace_format_for(*trace);
  if (dot && dot->empty()) throw ConfigError("--dot: expected a file");
  if (trace && dot && same_file(*trace, *dot))
    throw ConfigError("--dot: " + *dot + " is the trace's file");
  (void)layers_of_a_kind(trace_layers);
  if (!trace && !trace_layers.empty()) {
    throw ConfigError("--trace-layers: is of use with --trace only");
  }
}

void StepFiles::write(const Evaluator& evaluator, const Point& point,
                      const RankEffects& effects) const {
  if (trace) write_trace(*this, evaluator, point, effects);
  if (dot) {
    write_step_dot(evaluator, *dot);
    const RackStep* rack = evaluator.rack();
    tell("dot: {}: {}{} tasks of one rank, each kind of block once{}\n", *dot, size_of(*dot),
         evaluator.schedule().graph().task_count(),
         rack != nullptr && !rack->symmetric()
             ? "; what makes ranks differ is not in it, see --trace"
             : "");
  }
}

void add_step_files(CLI::App& app, StepFiles& files) {
  app.add_option_function<std::string>(
         "--trace", [&files](const std::string& file) { files.trace = file; },
         "Write a timeline of every GPU, for ui.perfetto.dev, speedscope.app, "
         "chrome://tracing; by extension: " +
             trace_extensions())
      ->type_name("FILE");
  app.add_option(
         "--trace-layers", files.trace_layers,
         fmt::format("Show the first N layers of each kind, or all (default all, but {} "
                     "where that is more than {} slices)",
                     kLayersOfLongTrace, format_count(static_cast<long long>(kMostTraceSlices))))
      ->type_name("N");
  app.add_option_function<std::string>(
         "--dot", [&files](const std::string& file) { files.dot = file; },
         "Write one rank's task graph for Graphviz, critical path in bold")
      ->type_name("FILE");
}

}  // namespace helixsim
