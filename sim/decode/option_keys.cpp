#include "sim/decode/option_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

bool every_model(const ModelSpec&) {
  return true;
}
bool has_experts(const ModelSpec& model) {
  return model.moe.layers > 0;
}
bool has_shared_expert(const ModelSpec& model) {
  return has_experts(model) && model.moe.shared_intermediate > 0;
}
bool is_mla(const ModelSpec& model) {
  return std::holds_alternative<MlaSpec>(model.attention);
}

using OptionValue = std::variant<bool, double, std::string>;

/// Everything about one option but what it does.
struct OptionEntry {
  std::string_view name;
  bool TakenOptions::*taken;  ///< null: every strategy takes it
  bool (*concerns)(const ModelSpec& model);
  const char* needs;  ///< what a model must have, in words
  void (*read)(const Node& node, std::string_view key, ScheduleOptions& options);
  OptionValue (*value)(const ScheduleOptions& options, const Layout& layout);
};

template <typename Enum>
Enum read_choice(const Node& node, std::string_view key, std::span<const std::string> names) {
  return static_cast<Enum>(node.choice(key, names));
}

template <typename Enum>
OptionValue name_in(std::span<const std::string> names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

constexpr OptionEntry kOptions[] = {
    {"merge_before_w_uv", &TakenOptions::merge_before_w_uv, is_mla, "MLA",
     [](const Node& node, std::string_view key, ScheduleOptions& options) {
       options.merge_before_w_uv = node.boolean(key, true);
     },
     [](const ScheduleOptions& options, const Layout&) -> OptionValue {
       return options.merge_before_w_uv;
     }},
    {"exchange", &TakenOptions::exchange, every_model, "",
     [](const Node& node, std::string_view key, ScheduleOptions& options) {
       options.exchange = read_choice<DcpExchange>(node, key, dcp_exchange_names());
     },
     [](const ScheduleOptions& options, const Layout&) {
       return name_in(dcp_exchange_names(), options.exchange);
     }},
    {"query", &TakenOptions::query, every_model, "",
     [](const Node& node, std::string_view key, ScheduleOptions& options) {
       options.query = read_choice<DcpQuery>(node, key, dcp_query_names());
     },
     [](const ScheduleOptions& options, const Layout&) {
       return name_in(dcp_query_names(), options.query);
     }},
    {"moe_exchange", &TakenOptions::moe_exchange, has_experts, "experts",
     [](const Node& node, std::string_view key, ScheduleOptions& options) {
       options.moe_exchange = read_choice<MoeExchange>(node, key, moe_exchange_names());
     },
     [](const ScheduleOptions& options, const Layout& layout) {
       return name_in(moe_exchange_names(), moe_exchange_of(options, layout));
     }},
    {"shared_expert", nullptr, has_shared_expert, "a shared expert",
     [](const Node& node, std::string_view key, ScheduleOptions& options) {
       options.shared_expert = read_choice<SharedExpert>(node, key, shared_expert_names());
     },
     [](const ScheduleOptions& options, const Layout&) {
       return name_in(shared_expert_names(), options.shared_expert);
     }},
    {"routing", nullptr, has_experts, "experts",
     [](const Node& node, std::string_view key, ScheduleOptions& options) {
       const std::string text = node.text(key);
       const auto routing = parse_routing(text);
       if (!routing) {
         node.at(key).fail(
             "expected uniform, group_limited or power_law:ALPHA with ALPHA above 0 "
             "and at most 10, got \"" +
             text + "\"");
       }
       options.routing = *routing;
     },
     [](const ScheduleOptions& options, const Layout&) -> OptionValue {
       return to_text(options.routing);
     }},
    {"minimum_shard_columns", nullptr, every_model, "",
     [](const Node& node, std::string_view key, ScheduleOptions& options) {
       options.minimum_shard_columns = static_cast<int>(node.integer(key, {0, 65536}));
     },
     [](const ScheduleOptions& options, const Layout&) -> OptionValue {
       return static_cast<double>(options.minimum_shard_columns);
     }},
    {"host_us", nullptr, every_model, "",
     [](const Node& node, std::string_view key, ScheduleOptions& options) {
       options.host = Seconds(node.number(key, {0.0, 1e9}) * 1e-6);
     },
     [](const ScheduleOptions& options, const Layout&) -> OptionValue {
       return std::round(options.host.value() * 1e12) * 1e-6;
     }},
};

const OptionEntry& option_named(std::string_view name) {
  return *std::find_if(std::begin(kOptions), std::end(kOptions),
                       [&](const OptionEntry& row) { return row.name == name; });
}

bool takes(const StrategyEntry& strategy, const OptionEntry& option) {
  return option.taken == nullptr || strategy.takes.*option.taken;
}

/// "tp, helix or dcp".
std::string strategies_that_take(const OptionEntry& option) {
  std::vector<std::string_view> names;
  for (const StrategyEntry& row : strategies()) {
    if (takes(row, option)) names.push_back(row.name);
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace

std::vector<std::string_view> option_keys() {
  std::vector<std::string_view> keys{"overlap_all_reduce"};
  for (const OptionEntry& row : kOptions) keys.push_back(row.name);
  return keys;
}

void read_option_keys(const Node& node, ScheduleOptions& options, std::vector<GivenOption>& given) {
  options.overlap_all_reduce = node.boolean("overlap_all_reduce", options.overlap_all_reduce);
  for (const OptionEntry& row : kOptions) {
    if (!node.has(row.name)) continue;
    row.read(node, row.name, options);
    std::erase_if(given, [&](const GivenOption& one) { return one.name == row.name; });
    given.push_back({row.name, node.at(row.name).place()});
  }
}

std::vector<NamedOption> options_of(const ScheduleOptions& options, const ModelSpec& model,
                                    const StrategyEntry& strategy, const Layout& layout) {
  std::vector<NamedOption> all;
  for (const OptionEntry& row : kOptions) {
    if (takes(strategy, row) && row.concerns(model)) {
      all.push_back({row.name, row.value(options, layout)});
    }
  }
  return all;
}

void check_options(std::span<const GivenOption> given, const ScheduleOptions& options,
                   const ModelSpec& model, Accounting accounting) {
  for (const GivenOption& one : given) {
    const OptionEntry& row = option_named(one.name);
    if (!row.concerns(model)) {
      throw ConfigError(fmt::format("{}: is of use for models with {} only, and {} has none",
                                    one.place, row.needs, model.name));
    }
    if (one.name == "routing" && options.routing.kind == Routing::Kind::GroupLimited &&
        model.moe.groups == 1) {
      throw ConfigError(
          fmt::format("{}: group_limited is of use for models with expert groups "
                      "only, and {} has none",
                      one.place, model.name));
    }
    if (one.name == "host_us" && options.host > Seconds() && accounting == Accounting::Theory) {
      throw ConfigError(
          fmt::format("{}: theory accounting counts lm_head alone at the ends of a "
                      "step; expected another fidelity beside it",
                      one.place));
    }
  }
}

void check_options(std::span<const GivenOption> given,
                   std::span<const StrategyEntry* const> strategies) {
  for (const GivenOption& one : given) {
    const OptionEntry& row = option_named(one.name);
    const bool taken = std::any_of(strategies.begin(), strategies.end(),
                                   [&](const StrategyEntry* entry) { return takes(*entry, row); });
    if (taken) continue;
    const std::string who = strategies.size() == 1 ? fmt::format("strategy {} does not take it",
                                                                 strategies.front()->name)
                                                   : "no strategy of the search space takes it";
    throw ConfigError(
        fmt::format("{}: {}; expected {}", one.place, who, strategies_that_take(row)));
  }
}

}  // namespace helixsim
