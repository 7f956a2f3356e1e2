#pragma once

#include <iosfwd>

#include "sim/report/trace/trace.hpp"

namespace helixsim {

/// The trace in Perfetto's own format, a stream of protobuf packets, for ui.perfetto.dev and
/// trace_processor. Several times smaller than JSON and quicker to open.
///
/// A process is a process track, its tracks and counters are children of it, in the order of
/// addition; a slice is a begin and an end event, a flow an id of its own.
///
/// Time is in whole nanoseconds, the format's unit, so that viewers show true durations. Begin and
/// end are each rounded to the nearest: as rounding keeps order, slices of a track still do not
/// overlap and ends that met still meet. A slice below half a nanosecond may have no length, and a
/// duration may be off by one. Chrome JSON has the picoseconds.
///
/// Errors: std::logic_error when two slices of one track overlap.
void write_perfetto_trace(const Trace& trace, std::ostream& out);

}  // namespace helixsim
