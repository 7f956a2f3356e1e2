#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "sim/decode/rack_step.hpp"

namespace helixsim {

/// On which kind of row of a GPU's timeline something is drawn.
enum class RackRow : std::uint8_t {
  Compute,        ///< kernels
  SecondCompute,  ///< kernels of a second stream beside them
  Communication,  ///< collectives, from start-up to end
  Links,          ///< what passes beside them: transfers, latencies
};

/// Something of a GPU that takes time. Over links a collective is one piece, from its start-up to
/// its last transfer, and each transfer another.
struct RackPiece {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  SimTime start;
  SimTime finish;
  TaskId task = kNoTask;  ///< the first of it
  std::uint32_t rank = 0;
  std::uint32_t operation = 0;  ///< index into Schedule::operations()
  std::int32_t layer = -1;
  std::uint32_t peer = kNone;  ///< of a transfer, the rank that it goes to
  RackRow row = RackRow::Compute;
};

struct RackPieces {
  std::vector<RackPiece> pieces;        ///< by task, hence by time on each row but Links
  std::vector<std::uint32_t> of_tasks;  ///< by task, RackPiece::kNone for what takes no time
};

/// What a timeline shows of a run. Tasks of no duration are left out.
RackPieces pieces_of(const RackSchedule& schedule);

/// Which layers belong to the first `of_a_kind` dense and MoE layers of a pipeline stage.
std::vector<bool> first_layers(const ModelSpec& model, int pp, int of_a_kind);

}  // namespace helixsim
