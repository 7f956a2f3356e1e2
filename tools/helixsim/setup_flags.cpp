#include "tools/helixsim/setup_flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "hw_models/collectives/registry.hpp"
#include "sim/config/suggest.hpp"
#include "sim/units/precision.hpp"

namespace helixsim {
namespace {

std::string key_of(const std::string& flag) {
  std::string key = flag.substr(2);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

}  // namespace

nlohmann::json SetupFlags::merged() const {
  nlohmann::json all = nlohmann::json::object();
  for (const auto& [key, value] : keys) {
    std::visit([&, name = key](const auto& plain) { all[name] = plain; }, value);
  }
  if (!weights.empty()) all["weights"] = weights;
  return all;
}

std::string alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

void add_text_flag(CLI::App& app, SetupFlags& flags, const std::string& flag,
                   const std::string& help) {
  app.add_option_function<std::string>(
      flag, [&flags, flag](const std::string& value) { flags.keys[key_of(flag)] = value; }, help);
}

void add_width_flag(CLI::App& app, SetupFlags& flags, const std::string& flag,
                    const std::string& help) {
  app.add_option_function<long long>(
         flag, [&flags, flag](long long value) { flags.keys[key_of(flag)] = value; }, help)
      ->type_name("N");
}

void add_setup_flags(CLI::App& app, SetupFlags& flags) {
  add_text_flag(app, flags, "--model",
                "Name in configs/models, a path, or a Hugging Face config.json");
  add_text_flag(app, flags, "--system",
                "Name in hw_models/systems or a path (default gb200_nvl72)");
  add_text_flag(app, flags, "--fidelity",
                "Hardware model of the system (default paper); see list fidelities");
  const std::string formats = alternatives(names_of(precisions()));
  app.add_option("--weights", flags.weights,
                 "Weight format (default fp4): " + formats +
                     "; or one class, such as attention=bf16 (repeatable)")
      ->type_name("[CLASS=]FORMAT")
      ->allow_extra_args(false);
  add_text_flag(app, flags, "--kv", "KV cache format (default fp4)");
  add_text_flag(app, flags, "--attention-math", "Attention arithmetic (default fp4)");
  add_text_flag(app, flags, "--activations", "Activation format (default bf16)");
  add_text_flag(app, flags, "--all-reduce",
                alternatives(all_reduce_choices()) + " (default auto, the fastest)");
  app.add_flag_function(
      "--overlap-all-reduce", [&flags](std::int64_t) { flags.keys["overlap_all_reduce"] = true; },
      "Start an all-reduce with the kernel that feeds it");
}

}  // namespace helixsim
