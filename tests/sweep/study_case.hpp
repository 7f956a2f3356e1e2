#pragma once

#include <string>
#include <vector>

#include "sim/config/json_file.hpp"
#include "sim/sweep/study.hpp"

namespace helixsim {

/// A study of one of the project's models on GB200 over a search space written as JSON.
Study study_of(const std::string& model, const std::string& space,
               std::vector<std::string> baseline = {}, const std::string& fidelity = "paper",
               const std::vector<Override>& changes = {});

SearchSpace space_from(const std::string& text);

/// The study run on one thread. It keeps a pointer to `study`.
StudyResult run(const Study& study);

/// A feasible point and what it reaches.
struct Evaluated {
  Point point;
  PointResult result;

  [[nodiscard]] double interactivity() const { return 1.0 / result.ttl.seconds().value(); }
  [[nodiscard]] double throughput() const { return tokens_per_second_per_gpu(point, result.ttl); }
};

/// Every feasible point of one context of a study: plain loops over the lists, without grid and
/// search.
std::vector<Evaluated> every_point(const Study& study, double context);

}  // namespace helixsim
