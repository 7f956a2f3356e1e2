#pragma once

#include <cstddef>
#include <optional>

#include "sim/decode/rack_step.hpp"
#include "sim/report/trace/trace.hpp"

namespace helixsim {

/// A file of more slices than this is slow in viewers.
inline constexpr std::size_t kMostTraceSlices = 300'000;
inline constexpr int kLayersOfLongTrace = 4;

struct RackTrace {
  Trace trace;
  /// How many layers of each kind and stage are shown; none: all of them.
  std::optional<int> layers_of_a_kind;
};

/// The timeline of a step on every GPU. `step` has run every layer, and kept its link samples where
/// it sends over links.
///
/// A GPU is a process with a track for each stream, one for its layers, and as many tracks for its
/// links as it has transfers or latencies side by side; equal transfers of a GPU are one slice.
/// A flow leads to a slice from one of another GPU where that is what it waited for. Counters give
/// the use of HBM and of the links: of a kernel or a collective by its closed form, what it moves
/// over the time it takes; of shared links their use.
///
/// `layers_of_a_kind`: show only that many layers of each kind and stage, beside what lies before,
/// between and after them; 0 shows all. Left out: all, or kLayersOfLongTrace where they are more
/// than kMostTraceSlices slices.
RackTrace trace_of(const RackStep& step, const Setup& setup, const Point& point,
                   std::optional<int> layers_of_a_kind = std::nullopt);

}  // namespace helixsim
