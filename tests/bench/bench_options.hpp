#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace helixsim::bench {

/// What the programs of tools/bench are asked for.
struct BenchOptions {
  bool quick = false;
  std::string values;  ///< file for "name value" lines; empty without one
};

/// Errors: std::runtime_error, a line of usage that names `program`.
inline BenchOptions read_bench_options(const std::string& program,
                                       const std::vector<std::string>& arguments) {
  BenchOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--quick") {
      options.quick = true;
    } else if (arguments[i] == "--values" && i + 1 < arguments.size()) {
      options.values = arguments[++i];
    } else {
      throw std::runtime_error("usage: " + program + " [--quick] [--values FILE]");
    }
  }
  return options;
}

}  // namespace helixsim::bench
