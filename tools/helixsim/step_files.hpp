#pragma once

#include <optional>
#include <string>

#include "sim/decode/evaluator.hpp"
#include "sim/decode/point.hpp"
#include "sim/parallel/rank_effects.hpp"

namespace CLI {
class App;
}

namespace helixsim {

/// Files that `simulate` writes beside its report, as typed.
struct StepFiles {
  std::optional<std::string> trace;
  std::string trace_layers;
  std::optional<std::string> dot;

  /// Refuses what can be refused before anything is simulated. Errors: ConfigError.
  void check() const;
  /// Writes the files of the point that `evaluator` has evaluated last, which must be feasible, and
  /// says on stderr what they hold. Errors: ConfigError.
  void write(const Evaluator& evaluator, const Point& point, const RankEffects& effects) const;
};

/// --trace, --trace-layers, --dot.
void add_step_files(CLI::App& app, StepFiles& files);

}  // namespace helixsim
