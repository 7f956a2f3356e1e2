#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/calibration/datasets/dataset.hpp"

namespace helixsim {

struct DatasetEntry {
  std::string_view op;  ///< the table's name: DIR/SYSTEM/OP.csv
  void (*read)(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows);
  std::string_view unpredicted;  ///< why no law is for it, where `read` is null
};

/// Every table that is known, read or not.
std::span<const DatasetEntry> datasets();

/// All tables of DIR/FOLDER, where FOLDER is the system's. Rows of tables that no law is for, and
/// of files that are unknown, are counted as unpredicted. Errors: ConfigError for a folder without
/// tables, and for what is wrong in them.
MeasuredRows read_measurements(const std::string& directory, const System& system);

}  // namespace helixsim
