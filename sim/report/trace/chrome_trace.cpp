#include "sim/report/trace/chrome_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/report/trace/block_stream.hpp"
#include "sim/report/trace/trace_ids.hpp"

namespace helixsim {
namespace {

/// Every name as JSON text, quotes included, made once.
std::vector<std::string> quoted_names(const NameTable& names) {
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (NameId id = 0; id < names.size(); ++id) {
    const auto replace = nlohmann::json::error_handler_t::replace;
    quoted.push_back(nlohmann::json(names[id]).dump(-1, ' ', false, replace));
  }
  return quoted;
}

std::string exact_microseconds(SimTime time) {
  return fmt::format("{}.{:06}", time.picoseconds() / 1'000'000, time.picoseconds() % 1'000'000);
}

/// The slice's duration, a tenth of a picosecond short where the next slice `touches` it. Viewers
/// add ts and dur as doubles, some after taking the first ts off, and Perfetto cuts both to whole
/// nanoseconds: with the exact sum, an error in the last digit makes the two slices overlap, and
/// speedscope then shows the one inside the other. Three roundings stay below a tenth of a
/// picosecond until 2^28 us.
std::string duration_microseconds(const TraceSlice& slice, bool touches) {
  if (!touches || slice.duration == SimTime()) return exact_microseconds(slice.duration);
  const std::int64_t tenths = slice.duration.picoseconds() * 10 - 1;
  return fmt::format("{}.{:07}", tenths / 10'000'000, tenths % 10'000'000);
}

/// Where the arrow leaves its first slice: just before the end, because at the end itself viewers
/// take the slice for closed. Perfetto cuts to whole nanoseconds, hence two.
SimTime departure(const TraceSlice& slice) {
  const std::int64_t before_end = std::min<std::int64_t>(slice.duration.picoseconds() / 2, 2000);
  return slice.end() - SimTime(before_end);
}

class ChromeWriter {
 public:
  ChromeWriter(const Trace& trace, std::ostream& out)
      : trace_(trace), names_(quoted_names(trace.names())), out_(out) {
    number_tracks();
  }

  void write() {
    out_.text() += R"({"displayTimeUnit":"ns","traceEvents":[)";
    for (ProcessId process = 0; process < trace_.processes().size(); ++process) {
      add_process(process);
    }
    for (TrackId track = 0; track < trace_.tracks().size(); ++track) add_track(track);
    add_slices();
    for (std::size_t flow = 0; flow < trace_.flows().size(); ++flow) add_flow(flow);
    for (const TraceSample& sample : trace_.samples()) add_sample(sample);
    out_.text() += "\n]}\n";
    out_.flush();
  }

 private:
  /// Tracks count from 1 within their process, so that equal streams have equal numbers.
  void number_tracks() {
    std::vector<std::uint32_t> seen(trace_.processes().size(), 0);
    for (const TraceTrack& track : trace_.tracks()) threads_.push_back(++seen[track.process]);
  }

  template <typename... Args>
  void event(fmt::format_string<Args...> format, Args&&... args) {
    out_.flush_if_full();
    out_.text() += first_ ? "\n" : ",\n";
    first_ = false;
    fmt::format_to(std::back_inserter(out_.text()), format, std::forward<Args>(args)...);
  }

  void add_process(ProcessId process) {
    const std::uint32_t pid = process_number(process);
    event(R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":{}}}}})", pid,
          names_[trace_.processes()[process].name]);
    event(R"({{"ph":"M","name":"process_sort_index","pid":{},"args":{{"sort_index":{}}}}})", pid,
          process);
  }

  void add_track(TrackId id) {
    const TraceTrack& track = trace_.tracks()[id];
    event(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":{}}}}})",
          process_number(track.process), threads_[id], names_[track.name]);
    event(R"({{"ph":"M","name":"thread_sort_index","pid":{},"tid":{},"args":{{"sort_index":{}}}}})",
          process_number(track.process), threads_[id], threads_[id]);
  }

  void add_slices() {
    const std::vector<SliceId> order = slices_in_order(trace_);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const TraceSlice& slice = trace_.slices()[order[i]];
      const bool last = i + 1 == order.size();
      const TraceSlice& next = trace_.slices()[order[last ? i : i + 1]];
      add_slice(slice, !last && next.track == slice.track && next.start == slice.end());
    }
  }

  void add_slice(const TraceSlice& slice, bool touches) {
    event(R"({{"ph":"X","name":{},"cat":{},"pid":{},"tid":{},"ts":{},"dur":{},"args":{{)",
          names_[slice.name], names_[slice.category],
          process_number(trace_.tracks()[slice.track].process), threads_[slice.track],
          exact_microseconds(slice.start), duration_microseconds(slice, touches));
    std::string& text = out_.text();
    const char* comma = "";
    const auto argument = [&](std::string_view name, const auto& value) {
      fmt::format_to(std::back_inserter(text), R"({}"{}":{})", comma, name, value);
      comma = ",";
    };
    if (slice.operation != kNoName) argument("operation", names_[slice.operation]);
    if (slice.layer != kNoLayer) argument("layer", slice.layer);
    if (slice.number != kNoNumber) argument("number", slice.number);
    text += "}}";
  }

  void add_flow(std::size_t id) {
    const TraceFlow& flow = trace_.flows()[id];
    const TraceSlice& from = trace_.slices()[flow.from];
    const TraceSlice& to = trace_.slices()[flow.to];
    add_flow_end("s", id, from, departure(from), "");
    add_flow_end("f", id, to, to.start, R"(,"bp":"e")");  // to the slice around it, not the next
  }

  void add_flow_end(std::string_view phase, std::size_t id, const TraceSlice& slice, SimTime time,
                    std::string_view binding) {
    event(R"({{"ph":"{}","name":"dependency","cat":"flow","id":{},"pid":{},"tid":{},"ts":{}{}}})",
          phase, id, process_number(trace_.tracks()[slice.track].process), threads_[slice.track],
          exact_microseconds(time), binding);
  }

  void add_sample(const TraceSample& sample) {
    const TraceCounter& counter = trace_.counters()[sample.counter];
    const bool has_unit = counter.unit != kNoName;
    event(R"({{"ph":"C","name":{},"pid":{},"ts":{},"args":{{{}:{}}}}})", names_[counter.name],
          process_number(counter.process), exact_microseconds(sample.time),
          has_unit ? names_[counter.unit] : R"("value")", sample.value);
  }

  const Trace& trace_;
  std::vector<std::string> names_;
  std::vector<std::uint32_t> threads_;
  BlockStream out_;
  bool first_ = true;
};

}  // namespace

void write_chrome_trace(const Trace& trace, std::ostream& out) {
  ChromeWriter(trace, out).write();
}

}  // namespace helixsim
