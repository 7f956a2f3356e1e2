#include "hw_models/system.hpp"

#include "hw_models/hardware.hpp"

namespace helixsim {

System read_system(const Node& document) {
  document.expect("format", "helixsim/system/1");
  document.allow_only({"format", "name", "title", "gpu", "fabric", "fidelities"});
  System system{.name = document.text("name"),
                .title = document.text("title"),
                .gpu = read_gpu(document.object("gpu")),
                .fabric = std::make_shared<const Fabric>(read_fabric(document.object("fabric"))),
                .fidelities = document.object("fidelities").keys(),
                .document = document};
  if (system.fidelities.empty()) document.at("fidelities").fail("expected at least one fidelity");
  for (const std::string& fidelity : system.fidelities) Hardware(system, fidelity, "auto");
  return system;
}

}  // namespace helixsim
