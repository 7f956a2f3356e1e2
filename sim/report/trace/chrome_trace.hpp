#pragma once

#include <iosfwd>

#include "sim/report/trace/trace.hpp"

namespace helixsim {

/// The trace as Chrome trace event JSON, which chrome://tracing, Perfetto, speedscope and scripts
/// read: metadata (M) for names and order, a complete event (X) a slice, a pair of flow events
/// (s, f) a flow, a counter event (C) a sample; one event a line.
///
/// ts and dur are microseconds with all six decimals, which is the picosecond. Where the next slice
/// of the track begins at the very end of one, dur is a tenth of a picosecond less and has a
/// seventh decimal, so that no rounding of a viewer makes the two overlap: rounded to six decimals
/// it is exact too. Bytes depend on the trace alone.
///
/// Errors: std::logic_error when two slices of one track overlap.
/// Source: "Trace Event Format", Google, docs.google.com/document/d/
/// 1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
void write_chrome_trace(const Trace& trace, std::ostream& out);

}  // namespace helixsim
