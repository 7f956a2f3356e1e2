#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hw_models/hardware.hpp"
#include "sim/config/node.hpp"
#include "sim/llm/model_spec.hpp"
#include "sim/parallel/registry.hpp"
#include "sim/parallel/schedule_options.hpp"

namespace helixsim {

/// An option of the schedule that a user has set, and where, for messages.
struct GivenOption {
  std::string_view name;
  std::string place;
};

/// Keys of the schedule's options in a JSON object.
std::vector<std::string_view> option_keys();
/// Reads those that are there and notes them as given. Errors: ConfigError.
void read_option_keys(const Node& node, ScheduleOptions& options, std::vector<GivenOption>& given);

/// An option with its value, as a user writes it.
struct NamedOption {
  std::string_view name;
  std::variant<bool, double, std::string> value;
};
/// The options that a strategy takes for a model, as the layout runs them, without
/// overlap_all_reduce.
std::vector<NamedOption> options_of(const ScheduleOptions& options, const ModelSpec& model,
                                    const StrategyEntry& strategy, const Layout& layout);

/// Errors: ConfigError for an option that means nothing for the model or the accounting.
void check_options(std::span<const GivenOption> given, const ScheduleOptions& options,
                   const ModelSpec& model, Accounting accounting);
/// Errors: ConfigError for an option that none of the strategies takes.
void check_options(std::span<const GivenOption> given,
                   std::span<const StrategyEntry* const> strategies);

}  // namespace helixsim
