#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config/catalog.hpp"
#include "sim/config/override.hpp"
#include "sim/decode/step_report.hpp"
#include "sim/sweep/study.hpp"

namespace helixsim {

/// How far a published number can be held against ours.
enum class Soundness {
  Sound,        ///< its conditions are known, and all that matters is modelled
  WithReserve,  ///< a measurement of which a condition is unknown or not modelled
  Peer          ///< the answer of another model, not a truth
};

/// What a published number is.
struct MeasuredQuantity {
  std::string_view name;
  std::string_view unit;
  std::string_view text;  ///< for people
  bool two_points;        ///< compares `at` with `over`
  /// From one or two steps; null: read on the search of the file, as the claim kind of that name.
  double (*of)(const StepReport& at, const StepReport* over);
  /// Ends of the 90 % interval of that, of first order, of steps whose errors are known; for a
  /// search those of the ratio of two TTLs, or null.
  Interval (*interval)(double value, const StepReport& at, const StepReport* over);
};
std::span<const MeasuredQuantity> measured_quantities();

/// A point with everything that it is evaluated under.
struct ValidationPoint {
  std::unique_ptr<Setup> setup;  ///< stays in place: evaluators keep a pointer
  Point point;
};

/// One published number, and where ours is taken.
struct MeasuredValue {
  std::string name;
  const MeasuredQuantity* quantity = nullptr;
  double published = 0.0;
  std::optional<Range<double>> band;  ///< without one the error is reported and not judged
  std::string note;
  std::optional<ValidationPoint> at;
  std::optional<ValidationPoint> over;
};

/// Published decode steps of one source under their conditions. Nothing is fitted to them.
struct Validation {
  std::string name;
  std::string title;
  std::string source;
  Soundness soundness = Soundness::Sound;
  std::string soundness_text;  ///< with the reason of a reserve
  std::vector<std::string> not_modelled;
  std::string unpredicted;        ///< why the file has no conditions, and none of it is predicted
  std::unique_ptr<Study> search;  ///< when the conditions name a search space
  double context = 0.0;           ///< of the search
  std::vector<MeasuredValue> measured;
};

/// Reads "helixsim/validation/1" and opens the files it names. The keys of `at` and `over` are laid
/// over the conditions of the file; a file that says in `unpredicted` why it has no conditions has
/// no bands either. Errors: ConfigError.
Validation read_validation(const Node& document, const Catalog& catalog,
                           std::span<const Override> setup_overrides);

}  // namespace helixsim
