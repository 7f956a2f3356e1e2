#pragma once

#include <span>

#include "sim/calibration/datasets/dataset.hpp"
#include "sim/calibration/record.hpp"

namespace helixsim {

/// How the project's own attention kernels are fitted: their tiles and splits are known.
LawPlan<AttentionLaw> own_gqa_plan(const TableFormat& kv, const DatasetSystem& system);
/// `heads` of a rank.
LawPlan<AttentionLaw> own_mla_plan(const TableFormat& kv, double heads,
                                   const DatasetSystem& system);
/// The family of dense GEMMs of one format.
MeasuredFamily<GemmLaw> gemm_family(const TableFormat& format, const DatasetSystem& system);

/// Records of calibration runs as rows of the families that fidelity `measured` uses: attention at
/// the splits of the planner and over contiguous caches, GEMMs by the fastest of own and library
/// kernels. A row contains the gap of one launch (`empty_us`), as tables have it; a shape that was
/// measured several times is one row, of the median. Suspect and failed records and stand-ins are
/// left out; kernels without a law are counted as rows that nothing is fitted to.
MeasuredRows rows_of_records(std::span<const MeasuredRecord> records, const System& system);

/// Takes out families of a single row, which no other row could judge a fit of, and counts them as
/// rows that nothing is fitted to.
void leave_out_single_rows(MeasuredRows& rows);

/// Seconds between dependent kernels of a graph: the median of what records subtracted, of those
/// that rows are made of. 0 without any.
double graph_gap_of(std::span<const MeasuredRecord> records);

}  // namespace helixsim
