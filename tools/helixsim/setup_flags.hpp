#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace helixsim {

/// Flags as the keys of the JSON object that they stand for, so that flags and files are read by
/// one reader.
struct SetupFlags {
  std::map<std::string, std::variant<std::string, long long, double, bool>> keys;
  std::map<std::string, std::vector<std::string>> lists;
  std::vector<std::string> weights;

  /// All of them as one object.
  [[nodiscard]] nlohmann::json merged() const;
};

void add_text_flag(CLI::App& app, SetupFlags& flags, const std::string& flag,
                   const std::string& help);
void add_width_flag(CLI::App& app, SetupFlags& flags, const std::string& flag,
                    const std::string& help);

void add_number_flag(CLI::App& app, SetupFlags& flags, const std::string& flag,
                     const std::string& help);

/// --model, --system, --fidelity, formats and schedule options. `flags` must outlive the parsing.
void add_setup_flags(CLI::App& app, SetupFlags& flags);

/// "a, b or c", for help texts made from registry tables.
std::string alternatives(const std::vector<std::string>& names);

}  // namespace helixsim
