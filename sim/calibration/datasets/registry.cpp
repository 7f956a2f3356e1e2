#include "sim/calibration/datasets/registry.hpp"

#include <algorithm>
#include <filesystem>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> tables_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  if (error) throw ConfigError("--measurements: " + folder.string() + " cannot be read");
  if (files.empty()) throw ConfigError("--measurements: no tables (*.csv) in " + folder.string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::span<const DatasetEntry> datasets() {
  static constexpr std::string_view kSparse = "sparse attention is not modelled yet";
  static constexpr DatasetEntry kTable[] = {
      {"gemm", read_gemm, {}},
      {"generation_attention", read_generation_attention, {}},
      {"generation_mla", read_generation_mla, {}},
      {"mla_bmm", read_mla_bmm, {}},
      {"mla_generation_module", read_mla_module, {}},
      {"moe", read_moe, {}},
      {"wideep_moe", read_wideep_moe, {}},
      {"fp8_quantize", read_fp8_quantize, {}},
      {"nccl", read_nccl, {}},
      {"custom_allreduce", read_custom_allreduce, {}},
      {"trtllm_alltoall", read_trtllm_alltoall, {}},
      {"deepep_ll", read_deepep_ll, {}},
      {"dsa_generation_module", nullptr, kSparse},
      {"dsv4_csa_generation_module", nullptr, kSparse},
      {"dsv4_hca_generation_module", nullptr, kSparse},
  };
  return kTable;
}

MeasuredRows read_measurements(const std::string& directory, const System& system) {
  if (!system.measurements) {
    system.document.fail("no \"measurements\": the system names no folder of tables");
  }
  const DatasetSystem of{system};
  MeasuredRows rows;
  for (const fs::path& file : tables_in(fs::path(directory) / system.measurements->folder)) {
    const std::string op = file.stem().string();
    const auto all = datasets();
    const auto entry =
        std::find_if(all.begin(), all.end(), [&](const auto& e) { return e.op == op; });
    const CsvTable table(file.string());
    if (entry != all.end() && entry->read != nullptr) {
      entry->read(table, of, rows);
      continue;
    }
    const bool known = entry != all.end();
    rows.unpredicted.push_back({.label = {.op = op, .dtype = "all", .kernel = {}},
                                .reason = known ? std::string(entry->unpredicted)
                                                : std::string("a table that is not known"),
                                .rows = static_cast<long long>(table.rows())});
  }
  return rows;
}

}  // namespace helixsim
