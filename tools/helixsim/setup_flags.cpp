#include "tools/helixsim/setup_flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "hw_models/collectives/registry.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/parallel/schedule_options.hpp"
#include "sim/units/precision.hpp"

namespace helixsim {
namespace {

std::string key_of(const std::string& flag) {
  std::string key = flag.substr(2);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

/// JSON has no infinities, so they are refused here, as typed.
double finite_number(const std::string& flag, const std::string& text) {
  double value = 0.0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(value)) {
    throw ConfigError(flag + ": expected a number, got \"" + text + "\"");
  }
  return value;
}

}  // namespace

nlohmann::json SetupFlags::merged() const {
  nlohmann::json all = nlohmann::json::object();
  for (const auto& [key, value] : keys) {
    std::visit([&, name = key](const auto& plain) { all[name] = plain; }, value);
  }
  for (const auto& [key, values] : lists) all[key] = values;
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

void add_number_flag(CLI::App& app, SetupFlags& flags, const std::string& flag,
                     const std::string& help) {
  app.add_option_function<std::string>(
         flag,
         [&flags, flag](const std::string& text) {
           flags.keys[key_of(flag)] = finite_number(flag, text);
         },
         help)
      ->type_name("X");
}

void add_width_flag(CLI::App& app, SetupFlags& flags, const std::string& flag,
                    const std::string& help) {
  app.add_option_function<long long>(
         flag, [&flags, flag](long long value) { flags.keys[key_of(flag)] = value; }, help)
      ->type_name("N");
}

namespace {

void add_list_flag(CLI::App& app, SetupFlags& flags, const std::string& flag,
                   const std::string& help, const char* type) {
  app.add_option_function<std::vector<std::string>>(
         flag,
         [&flags, flag](const std::vector<std::string>& values) {
           flags.lists[key_of(flag)] = values;
         },
         help)
      ->type_name(type)
      ->allow_extra_args(false);
}

/// What makes ranks differ; all of them are simulated then.
void add_rack_flags(CLI::App& app, SetupFlags& flags) {
  add_text_flag(app, flags, "--ranks",
                "all: simulate every rank and layer; folded (default): one stands for those that "
                "are equal");
  add_text_flag(app, flags, "--network",
                "alpha_beta (default, closed forms) or flows (transfers share links)");
  add_list_flag(app, flags, "--stragglers",
                "A slower rank, such as 3=1.3, or any=1.3 for one drawn (repeatable)",
                "RANK=FACTOR");
  add_number_flag(app, flags, "--jitter", "Kernels take up to this share longer, such as 0.1");
  add_list_flag(app, flags, "--failed-links",
                "A GPU's links, or one port, at a part of their rate (repeatable; with flows)",
                "gpuN[.PORT]=RATE");
  app.add_flag_function(
      "--share-hbm", [&flags](std::int64_t) { flags.keys["share_hbm"] = true; },
      "Transfers take HBM bandwidth from kernels (with flows)");
  add_text_flag(app, flags, "--experts",
                "expected (default), or sampled: tokens draw their experts");
  add_width_flag(app, flags, "--kv-append-block",
                 "Tokens one KVP rank appends before the next (default 16)");
}

/// What a study chooses about the schedule, overlap_all_reduce apart.
void add_option_flags(CLI::App& app, SetupFlags& flags) {
  const auto choices = [](std::span<const std::string> names, const std::string& fallback) {
    return alternatives({names.begin(), names.end()}) + " (default " + fallback + ")";
  };
  app.add_option_function<bool>(
         "--merge-before-w-uv", [&flags](bool value) { flags.keys["merge_before_w_uv"] = value; },
         "KVP ranks of MLA exchange latents, W_UV comes after (default); false: W_UV first, on "
         "each rank (helix, dcp)")
      ->type_name("true|false");
  add_text_flag(app, flags, "--exchange",
                "Of KVP outputs under dcp: " + choices(dcp_exchange_names(), "ag_rs"));
  add_text_flag(app, flags, "--query",
                "Of the query heads under dcp: " + choices(dcp_query_names(), "all_gather"));
  add_text_flag(
      app, flags, "--moe-exchange",
      "Behind the experts: " + choices(moe_exchange_names(), "all_reduce") + "; tp, helix, dcp");
  add_text_flag(app, flags, "--shared-expert",
                choices(shared_expert_names(), "serial") +
                    "; beside the routed experts, the longer of both counts");
  add_text_flag(app, flags, "--routing",
                "Tokens to experts: uniform (default), power_law:ALPHA, or group_limited");
  add_width_flag(app, flags, "--minimum-shard-columns",
                 "Pad narrower shards of an FFN to these (default 0, off; NVFP4 kernels: 128)");
  add_number_flag(app, flags, "--host-us",
                  "Microseconds of the host, added to each step (default 0)");
}

}  // namespace

void add_setup_flags(CLI::App& app, SetupFlags& flags) {
  add_text_flag(app, flags, "--model",
                "Name in configs/models, a path, or a Hugging Face config.json");
  add_text_flag(app, flags, "--system",
                "Name in hw_models/systems or a path (default gb200_nvl72)");
  add_text_flag(
      app, flags, "--fidelity",
      "Hardware model of the system (default measured, of systems without it paper); see list "
      "fidelities");
  add_text_flag(app, flags, "--precision",
                "A preset of all formats, see list precisions; single formats win over it");
  const std::string formats = alternatives(names_of(precisions()));
  app.add_option("--weights", flags.weights,
                 "Weight format (default that of the fidelity, see list fidelities): " + formats +
                     "; or one class, such as attention=bf16 (repeatable)")
      ->type_name("[CLASS=]FORMAT")
      ->allow_extra_args(false);
  add_text_flag(app, flags, "--kv", "KV cache format (default that of the fidelity)");
  add_text_flag(app, flags, "--attention-math",
                "Attention arithmetic (default that of the fidelity)");
  add_text_flag(app, flags, "--activations", "Activation format (default that of the fidelity)");
  add_text_flag(app, flags, "--all-reduce",
                alternatives(all_reduce_choices()) + " (default auto, the fastest)");
  app.add_flag_function(
      "--overlap-all-reduce", [&flags](std::int64_t) { flags.keys["overlap_all_reduce"] = true; },
      "Start an all-reduce with the kernel that feeds it");
  add_option_flags(app, flags);
  add_rack_flags(app, flags);
}

}  // namespace helixsim
