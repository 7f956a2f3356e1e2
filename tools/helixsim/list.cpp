#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "hw_models/collectives/registry.hpp"
#include "hw_models/kernels/registry.hpp"
#include "hw_models/system.hpp"
#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/llm/attention/registry.hpp"
#include "sim/llm/model_file.hpp"
#include "sim/llm/parameters.hpp"
#include "sim/llm/precision_plan.hpp"
#include "sim/parallel/registry.hpp"
#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"
#include "sim/sweep/claims.hpp"
#include "sim/units/format.hpp"
#include "tools/helixsim/common.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Example:
  helixsim list strategies)";

struct Item {
  std::string name;
  std::string summary;
};
using Items = std::vector<Item>;

template <typename Row>
Items items_of(std::span<const Row> rows) {
  Items items;
  for (const Row& row : rows) items.push_back({std::string(row.name), std::string(row.summary)});
  return items;
}

Items list_models(const Catalog& catalog) {
  Items items;
  for (const std::string& name : catalog.names("configs/models")) {
    const ModelSpec model = read_model(catalog.read("configs/models", name, "list"));
    items.push_back({name, fmt::format("{}, {} layers, {:.4g}e9 parameters", model.title,
                                       model.layers(), parameter_count(model) / 1e9)});
  }
  return items;
}

Items list_systems(const Catalog& catalog) {
  Items items;
  for (const std::string& name : catalog.names("hw_models/systems")) {
    const System system = read_system(catalog.read("hw_models/systems", name, "list"));
    items.push_back(
        {name, fmt::format("{}, {} GPUs, {} and {} HBM each", system.title,
                           system.fabric->total_gpus(), format_bytes(system.gpu.memory_capacity),
                           format_rate(system.gpu.memory_bandwidth))});
  }
  return items;
}

Items list_fidelities(const Catalog& catalog) {
  Items items;
  for (const std::string& name : catalog.names("hw_models/systems")) {
    const System system = read_system(catalog.read("hw_models/systems", name, "list"));
    for (const std::string& fidelity : system.fidelities) {
      const Node node = system.document.object("fidelities").object(fidelity);
      items.push_back({fidelity, fmt::format("{}: {}; formats {}", name, node.text("summary", ""),
                                             node.text("precision", "fp4"))});
    }
  }
  return items;
}

Items list_titles(const Catalog& catalog, const char* folder) {
  Items items;
  for (const std::string& name : catalog.names(folder)) {
    items.push_back({name, catalog.read(folder, name, "list").text("title", "")});
  }
  return items;
}

Items list_sweeps(const Catalog& catalog) {
  return list_titles(catalog, "configs/sweeps");
}
Items list_scenarios(const Catalog& catalog) {
  return list_titles(catalog, "scenarios");
}
Items list_strategies(const Catalog&) {
  return items_of(strategies());
}
Items list_attention(const Catalog&) {
  return items_of(attention_kinds());
}
Items list_laws(const Catalog&) {
  return items_of(kernel_laws());
}

Items list_collectives(const Catalog&) {
  static constexpr const char* kKinds[] = {"all-reduce", "all-gather", "reduce-scatter",
                                           "all-to-all", "point to point"};
  Items items;
  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    items.push_back({std::string(row.name), kKinds[static_cast<std::size_t>(row.kind)]});
  }
  return items;
}

Items list_precisions(const Catalog& catalog) {
  Items items;
  for (const PrecisionEntry& row : precisions()) {
    items.push_back(
        {std::string(row.name), fmt::format("{:.6g} bytes an element", row.bytes_per_element)});
  }
  for (const Item& preset : list_titles(catalog, "configs/precision")) {
    items.push_back({preset.name, "preset: " + preset.summary});
  }
  return items;
}

Items list_weight_classes(const Catalog&) {
  Items items;
  for (const WeightClassEntry& row : weight_classes()) items.push_back({std::string(row.name), ""});
  return items;
}

Items list_claims(const Catalog&) {
  Items items;
  for (const ClaimKindEntry& row : claim_kinds())
    items.push_back({std::string(row.name), std::string(row.text)});
  return items;
}

struct ListEntry {
  std::string_view name;
  std::string_view summary;
  Items (*make)(const Catalog& catalog);
};

constexpr ListEntry kLists[] = {
    {"models", "architectures in configs/models", list_models},
    {"systems", "GPU racks in hw_models/systems", list_systems},
    {"fidelities", "hardware models of each system", list_fidelities},
    {"strategies", "ways to split a model over GPUs", list_strategies},
    {"sweeps", "search spaces in configs/sweeps", list_sweeps},
    {"scenarios", "complete studies in scenarios", list_scenarios},
    {"claims", "kinds of claims that a scenario can make", list_claims},
    {"attention", "attention kinds", list_attention},
    {"collectives", "collective algorithms", list_collectives},
    {"kernels", "laws of kernel durations", list_laws},
    {"precisions", "formats of numbers, and presets for --precision", list_precisions},
    {"weight_classes", "classes for --weights CLASS=FORMAT", list_weight_classes},
};

void print_items(const Items& items, OutputFormat format) {
  if (format == OutputFormat::Json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Item& item : items) list.push_back({{"name", item.name}, {"summary", item.summary}});
    fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  if (format == OutputFormat::Csv) {
    fmt::print("name,summary\n");
    for (const Item& item : items)
      fmt::print("{},{}\n", csv_cell(item.name), csv_cell(item.summary));
    return;
  }
  TextTable table({{"name", TextTable::Align::Left}, {"summary", TextTable::Align::Left}});
  for (const Item& item : items) table.add({item.name, item.summary});
  fmt::print("{}", table.text());
}

int run(const std::string& what, const CommonOptions& common) {
  const OutputFormat format = common.output_format();
  if (what.empty()) {
    print_items(items_of(std::span<const ListEntry>(kLists)), format);
    return kDone;
  }
  for (const ListEntry& row : kLists) {
    if (row.name != what) continue;
    print_items(row.make(Catalog::find()), format);
    return kDone;
  }
  throw ConfigError("list: no list \"" + what + "\"" +
                    suggestion(what, names_of(std::span<const ListEntry>(kLists))));
}

}  // namespace

void add_list(CLI::App& program, int& status) {
  struct Options {
    CommonOptions common;
    std::string what;
  };
  auto options = std::make_shared<Options>();
  CLI::App& app = *program.add_subcommand("list", "What exists: models, systems, strategies, ...");
  app.footer(kExample);
  app.add_option("what", options->what, "models, systems, ...; without it the lists themselves")
      ->type_name("WHAT");
  add_format(app, options->common);
  app.callback([options, &status] { status = run(options->what, options->common); });
}

}  // namespace helixsim
