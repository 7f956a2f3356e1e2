#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/config/catalog.hpp"
#include "sim/config/node.hpp"
#include "sim/config/override.hpp"
#include "tools/helixsim/run_scenario.hpp"

namespace helixsim {

/// The files of published steps that a name stands for: all of a folder, or a single such file;
/// empty for anything else. Errors: ConfigError.
std::vector<Node> validation_files(const std::string& name, const Catalog& catalog,
                                   std::span<const Override> changes);

/// Predicts and prints them; gives the exit status. Errors: ConfigError.
int reproduce_validations(const std::vector<Node>& files, const Catalog& catalog,
                          std::span<const Override> setup_changes, const RunOptions& options);

}  // namespace helixsim
