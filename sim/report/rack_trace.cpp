#include "sim/report/rack_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "sim/report/rack_counters.hpp"
#include "sim/report/rack_pieces.hpp"

namespace helixsim {
namespace {

std::string_view category_of(TimeCategory category) {
  return category == TimeCategory::Communication ? "communication" : name_of(category);
}

class RackTracer {
 public:
  RackTracer(const RackSchedule& schedule, const RackPieces& pieces)
      : schedule_(schedule), pieces_(pieces.pieces), of_tasks_(pieces.of_tasks) {
    for (int rank = 0; rank < schedule.ranks(); ++rank) {
      trace_.add_process(fmt::format("GPU {}", rank));
    }
  }

  Trace take() {
    slices_.assign(pieces_.size(), RackPiece::kNone);
    add_streams();
    add_layers();
    add_links();
    add_flows();
    return std::move(trace_);
  }

 private:
  [[nodiscard]] std::size_t ranks() const { return static_cast<std::size_t>(schedule_.ranks()); }
  [[nodiscard]] const Operation& operation(const RackPiece& piece) const {
    return *schedule_.folded().operations()[piece.operation].operation;
  }

  TraceSlice slice_of(const RackPiece& piece, TrackId track, std::string_view name) {
    return {.start = piece.start,
            .duration = piece.finish - piece.start,
            .track = track,
            .name = trace_.intern(name),
            .category = trace_.intern(category_of(operation(piece).category)),
            .operation = kNoName,
            .layer = piece.layer,
            .number = kNoNumber};
  }

  void add_streams() {
    const bool has_second = std::any_of(pieces_.begin(), pieces_.end(), [](const RackPiece& piece) {
      return piece.row == RackRow::SecondCompute;
    });
    for (std::size_t rank = 0; rank < ranks(); ++rank) {
      const auto add = [&](const char* name) {
        return trace_.add_track(static_cast<ProcessId>(rank), name);
      };
      const TrackId compute = add("compute");
      const TrackId second = has_second ? add("compute 2") : compute;
      streams_.push_back({compute, second, add("communication")});
    }
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const RackPiece& piece = pieces_[i];
      if (piece.row == RackRow::Links) continue;
      const TrackId track = streams_[piece.rank][static_cast<std::size_t>(piece.row)];
      slices_[i] = trace_.add(slice_of(piece, track, operation(piece).name));
    }
  }

  /// A ruler of layers: from the first to the last piece of each on its GPU.
  void add_layers() {
    std::vector<RackPiece> open(ranks());  // by rank, its latest layer so far
    std::vector<TrackId> tracks;
    for (std::size_t rank = 0; rank < ranks(); ++rank) {
      tracks.push_back(trace_.add_track(static_cast<ProcessId>(rank), "layer"));
    }
    const auto close = [&](std::size_t rank) {
      if (open[rank].layer < 0) return;
      TraceSlice slice =
          slice_of(open[rank], tracks[rank], fmt::format("layer {}", open[rank].layer));
      slice.category = trace_.intern("layer");
      slice.layer = kNoLayer;
      trace_.add(slice);
    };
    for (const RackPiece& piece : pieces_) {
      if (piece.row == RackRow::Links) continue;
      RackPiece& current = open[piece.rank];
      if (current.layer != piece.layer) {
        close(piece.rank);
        current = piece;
      } else {
        current.start = std::min(current.start, piece.start);
        current.finish = std::max(current.finish, piece.finish);
      }
    }
    for (std::size_t rank = 0; rank < ranks(); ++rank) close(rank);
  }

  void add_links() {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].row == RackRow::Links) order.push_back(i);
    }
    const auto place = [&](std::size_t i) {
      const RackPiece& piece = pieces_[i];
      return std::tuple(piece.rank, piece.start, piece.finish, piece.operation, piece.layer,
                        piece.peer == RackPiece::kNone, piece.task);
    };
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
    for (std::size_t begin = 0; begin < order.size();) {
      std::size_t end = begin + 1;
      while (end < order.size() && are_one(pieces_[order[begin]], pieces_[order[end]])) ++end;
      const RackPiece& piece = pieces_[order[begin]];
      const SliceId slice =
          trace_.add(slice_of(piece, free_lane(piece), link_name(piece, end - begin)));
      for (; begin < end; ++begin) slices_[order[begin]] = slice;
    }
  }

  static bool are_one(const RackPiece& a, const RackPiece& b) {
    return std::tuple(a.rank, a.start, a.finish, a.operation, a.layer) ==
               std::tuple(b.rank, b.start, b.finish, b.operation, b.layer) &&
           (a.peer == RackPiece::kNone) == (b.peer == RackPiece::kNone);
  }

  [[nodiscard]] std::string link_name(const RackPiece& piece, std::size_t count) const {
    const std::string_view name = operation(piece).name;
    if (piece.peer == RackPiece::kNone) return fmt::format("{} latency", name);
    if (piece.peer == piece.rank) return fmt::format("{} in switches", name);
    if (count > 1) return fmt::format("{} to {} GPUs", name, count);
    return fmt::format("{} to GPU {}", name, piece.peer);
  }

  /// The first track of a GPU's links on which nothing is under way; pieces come in order of time.
  TrackId free_lane(const RackPiece& piece) {
    if (lanes_.empty()) lanes_.resize(ranks());
    std::vector<Lane>& lanes = lanes_[piece.rank];
    auto lane = std::find_if(lanes.begin(), lanes.end(),
                             [&](const Lane& one) { return one.busy_until <= piece.start; });
    if (lane == lanes.end()) {
      const std::string name = lanes.empty() ? "links" : fmt::format("links {}", lanes.size() + 1);
      lanes.push_back({trace_.add_track(piece.rank, name), {}});
      lane = lanes.end() - 1;
    }
    lane->busy_until = piece.finish;
    return lane->track;
  }

  void add_flows() {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const RackPiece& piece = pieces_[i];
      if (piece.row == RackRow::Links) continue;
      const std::uint32_t cause = released_by(piece);
      if (cause == RackPiece::kNone || pieces_[cause].rank == piece.rank) continue;
      if (pieces_[cause].finish > piece.start) continue;
      trace_.add(TraceFlow{.from = slices_[cause], .to = slices_[i]});
    }
  }

  /// The piece whose end let another one start: one of its own GPU if there is such.
  [[nodiscard]] std::uint32_t released_by(const RackPiece& piece) const {
    const Timeline& timeline = schedule_.timeline();
    TaskId task = piece.task;
    while (true) {
      TaskId cause = kNoTask;
      for (const TaskId before : schedule_.graph().predecessors(task)) {
        if (timeline.finish(before) != timeline.start(task)) continue;
        const bool own = schedule_.tasks()[before].rank == piece.rank;
        if (cause == kNoTask || own) cause = before;
        if (own) break;
      }
      if (cause == kNoTask) return RackPiece::kNone;
      const bool takes_time = timeline.finish(cause) > timeline.start(cause);
      if (of_tasks_[cause] != RackPiece::kNone || takes_time) return of_tasks_[cause];
      task = cause;
    }
  }

  struct Lane {
    TrackId track;
    SimTime busy_until;
  };

  const RackSchedule& schedule_;
  const std::vector<RackPiece>& pieces_;
  const std::vector<std::uint32_t>& of_tasks_;
  Trace trace_;
  std::vector<std::array<TrackId, 3>> streams_;  // by rank, in order of RackRow
  std::vector<std::vector<Lane>> lanes_;         // by rank
  std::vector<SliceId> slices_;                  // by piece
};

/// Leaves out the pieces of other layers.
void keep_layers(const std::vector<bool>& shown, RackPieces& all) {
  std::vector<std::uint32_t> places(all.pieces.size(), RackPiece::kNone);
  std::vector<RackPiece> kept;
  for (std::size_t i = 0; i < all.pieces.size(); ++i) {
    const std::int32_t layer = all.pieces[i].layer;
    if (layer >= 0 && !shown[static_cast<std::size_t>(layer)]) continue;
    places[i] = static_cast<std::uint32_t>(kept.size());
    kept.push_back(all.pieces[i]);
  }
  all.pieces = std::move(kept);
  for (std::uint32_t& piece : all.of_tasks) {
    if (piece != RackPiece::kNone) piece = places[piece];
  }
}

}  // namespace

RackTrace trace_of(const RackStep& step, const Setup& setup, const Point& point,
                   std::optional<int> layers_of_a_kind) {
  RackPieces pieces = pieces_of(step.schedule());
  if (!layers_of_a_kind) {
    layers_of_a_kind = pieces.pieces.size() > kMostTraceSlices ? kLayersOfLongTrace : 0;
  }
  RackTrace result;
  if (*layers_of_a_kind > 0) {
    const auto shown = first_layers(setup.model, point.layout.pp, *layers_of_a_kind);
    if (std::find(shown.begin(), shown.end(), false) != shown.end()) {
      keep_layers(shown, pieces);
      result.layers_of_a_kind = layers_of_a_kind;
    }
  }
  result.trace = RackTracer(step.schedule(), pieces).take();
  add_rack_counters(step, setup.hardware, pieces.pieces, result.trace);
  return result;
}

}  // namespace helixsim
