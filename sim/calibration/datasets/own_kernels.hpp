#pragma once

#include <string>

#include "sim/calibration/datasets/dataset.hpp"
#include "sim/calibration/record.hpp"

namespace helixsim {

/// A number of a shape; 0 when it has none.
long long shape_number(const CellKey& key, std::string_view name);
double shape_number(const MeasuredRecord& record, std::string_view name);
/// The format of records' `name` as tables call it; null for one that no table has.
const TableFormat* record_format(const MeasuredRecord& record, std::string_view name);
/// What a record measured, with the gap of one launch, as tables have it.
double record_seconds(const MeasuredRecord& record);

/// The family that predicts a kernel of the project's own: "own/KERNEL/VARIANT". Only whole layers
/// made of these kernels are predicted by it, and each kernel beside its measurement.
std::string own_family(std::string_view kernel, std::string_view variant);

/// Rows, columns and bytes moved of a kernel that walks over a matrix once.
struct OwnStream {
  StreamShape shape;
  double element_bytes = 0.0;
};
/// RMSNorm, SwiGLU, quantise, appends, combine, router, order of tokens and finalise; 0 bytes for
/// any other kernel.
OwnStream own_stream(const MeasuredRecord& record);

/// Adds the record to the family of its kernel; false when it is none of the project's own that
/// laws are made for here. Absorption in BF16 is also what fidelity `measured` calls
/// "bmm/w_uk/bfloat16" and "bmm/w_uv/bfloat16".
bool add_own_kernel(const MeasuredRecord& record, const DatasetSystem& system, MeasuredRows& rows);

}  // namespace helixsim
