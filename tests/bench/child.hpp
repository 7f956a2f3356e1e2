#pragma once

#include <string>
#include <vector>

namespace helixsim::bench {

/// What became of a program that was started and waited for.
struct ChildRun {
  std::string output;
  double seconds = 0.0;  ///< of processor time, loading and ending included
};

/// Runs a program with arguments, the first of which is its path.
///
/// Errors: std::runtime_error when it cannot be started or its exit status is not 0.
ChildRun run_child(const std::vector<std::string>& arguments);

/// The path of this program.
std::string own_path();

}  // namespace helixsim::bench
