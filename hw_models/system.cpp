#include "hw_models/system.hpp"

#include <filesystem>

#include "hw_models/hardware.hpp"
#include "hw_models/laws/law_file.hpp"
#include "hw_models/laws/transfer.hpp"
#include "sim/config/json_file.hpp"

namespace helixsim {
namespace {

Measurements read_measured(const Node& node) {
  node.allow_only({"folder", "node_gpus", "software"});
  return {.folder = node.text("folder"),
          .node_gpus = static_cast<int>(node.integer("node_gpus", {1, 1024})),
          .software = node.text("software")};
}

}  // namespace

System read_system(const Node& document) {
  document.expect("format", "helixsim/system/1");
  document.allow_only(
      {"format", "name", "title", "gpu", "fabric", "measurements", "laws", "fidelities"});
  System system{.name = document.text("name"),
                .title = document.text("title"),
                .gpu = read_gpu(document.object("gpu")),
                .fabric = std::make_shared<const Fabric>(read_fabric(document.object("fabric"))),
                .measurements = {},
                .laws_file = {},
                .fidelities = document.object("fidelities").keys(),
                .document = document};
  if (document.has("measurements")) {
    system.measurements = read_measured(document.object("measurements"));
  }
  if (document.has("laws")) {
    system.laws_file =
        (std::filesystem::path(document.file()).parent_path() / document.text("laws")).string();
  }
  if (system.fidelities.empty()) document.at("fidelities").fail("expected at least one fidelity");
  for (const std::string& fidelity : system.fidelities) Hardware::check(system, fidelity);
  return system;
}

DataSheet data_sheet(const System& system) {
  const FabricSpec& fabric = system.fabric->spec();
  return {.memory_bandwidth = system.gpu.memory_bandwidth,
          .bf16 = system.gpu.bf16_peak,
          .fp8 = system.gpu.fp8_peak,
          .fp4 = system.gpu.fp4_peak,
          .link_bandwidth = fabric.link_bandwidth * fabric.switches * fabric.links_per_switch};
}

FittedLaws read_system_laws(const System& system) {
  if (system.laws_file.empty()) {
    system.document.fail("no \"laws\": no kernels were fitted for this system");
  }
  return transferred(read_laws(read_json_file(system.laws_file), law_gpu(system.gpu)),
                     data_sheet(system));
}

}  // namespace helixsim
