#pragma once

#include <map>
#include <string>
#include <string_view>

#include "hw_models/system.hpp"
#include "sim/calibration/csv_table.hpp"
#include "sim/calibration/measured_rows.hpp"

namespace helixsim {

/// What a reader of tables knows of the system that they were measured on.
struct DatasetSystem {
  const System& system;

  [[nodiscard]] LawGpu law_gpu() const { return helixsim::law_gpu(system.gpu); }
  [[nodiscard]] double hbm() const { return system.gpu.memory_bandwidth.value(); }
  [[nodiscard]] double peak(MathRate rate) const { return system.gpu.peak(rate).value(); }
};

/// A number format as tables write it.
struct TableFormat {
  std::string_view name;
  double bytes;   ///< an element, with its scales
  MathRate rate;  ///< of the tensor cores when weights have it
};

/// Errors: ConfigError for a format that no table has.
const TableFormat& table_format(const CsvTable& table, std::size_t row, std::size_t column);
/// Null for a format that no table has.
const TableFormat* find_table_format(std::string_view name);

/// Finds families by cells of a row, so that each is planned once.
template <class Law>
class FamilyFinder {
 public:
  explicit FamilyFinder(MeasuredRows& rows)
      : families_(of_law<Law, MeasuredFamily>(rows.families)) {}

  /// The family of that name, planned by `plan()` when it is new.
  template <class Plan>
  MeasuredFamily<Law>& family(const std::string& name, Plan&& plan) {
    if (last_ != nullptr && name == last_name_) return *last_;
    auto found = families_.find(name);
    if (found == families_.end()) found = families_.emplace(name, plan()).first;
    last_name_ = name;
    last_ = &found->second;
    return found->second;
  }

 private:
  std::map<std::string, MeasuredFamily<Law>, std::less<>>& families_;
  std::string last_name_;
  MeasuredFamily<Law>* last_ = nullptr;
};

/// How kernels that walk over a matrix once are fitted, `element_bytes` of each element.
LawPlan<StreamLaw> stream_plan(double element_bytes, const DatasetSystem& system);

/// Readers of one table each. Errors: ConfigError.
void read_gemm(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_generation_attention(const CsvTable& table, const DatasetSystem& system,
                               MeasuredRows& rows);
void read_generation_mla(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_mla_bmm(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_moe(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_wideep_moe(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_fp8_quantize(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_nccl(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_custom_allreduce(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_trtllm_alltoall(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_deepep_ll(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
void read_mla_module(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);

}  // namespace helixsim
