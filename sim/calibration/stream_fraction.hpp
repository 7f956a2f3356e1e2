#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/calibration/record.hpp"

namespace helixsim {

/// How fast a kernel moves the bytes that it must, beside the read stream of the same GPU.
struct StreamFraction {
  const MeasuredRecord* record = nullptr;
  double rate = 0.0;      ///< bytes/s
  double fraction = 0.0;  ///< of the read stream
};

/// Of each record that holds (not suspect, check passed, no stand-in, cold) and has bytes to move,
/// in the order of the records; read streams themselves are left out, and so are records of a GPU
/// whose read stream was not measured. The least bytes count, so a kernel that is bound by
/// something else has a small fraction.
std::vector<StreamFraction> stream_fractions(std::span<const MeasuredRecord> records);

/// The read stream of a GPU in bytes/s: the median of its largest reads by all CTAs, of eight
/// times its L2 or more. 0: none.
double read_stream(std::span<const MeasuredRecord> records, std::string_view uuid_hash);

/// What others reach, for comparison. Facts with their source; of data sheets.
struct StreamAnchor {
  std::string_view kernel;  ///< of ours that compares
  std::string_view what;
  std::string_view gpu;
  double fraction;  ///< of the data sheet's memory bandwidth
  std::string_view source;
};
std::span<const StreamAnchor> stream_anchors();

}  // namespace helixsim
