#include "sim/report/step_dot.hpp"

#include <ostream>
#include <string>

#include "sim/engine/graph_dot.hpp"
#include "sim/report/whole_file.hpp"

namespace helixsim {

void write_step_dot(const Evaluator& evaluator, const std::filesystem::path& path) {
  const Schedule& schedule = evaluator.schedule();
  const auto label = [&](TaskId task) {
    return std::string(schedule.operations()[schedule.parts()[task].operation].operation->name);
  };
  write_whole_file(path, "--dot", [&](std::ostream& out) {
    write_dot(schedule.graph(), schedule.timeline(), label, out);
  });
}

}  // namespace helixsim
