#include "tests/report/trace_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace helixsim {

Trace tiny_trace() {
  Trace trace;
  const ProcessId gpus[] = {trace.add_process("GPU 0"), trace.add_process("GPU 1")};
  const TrackId compute = trace.add_track(gpus[0], "compute");
  const TrackId communication = trace.add_track(gpus[0], "communication");
  const TrackId other = trace.add_track(gpus[1], "compute");
  const SliceId attention = trace.add({.start = SimTime(0),
                                       .duration = SimTime(1'500'001),
                                       .track = compute,
                                       .name = trace.intern("attention"),
                                       .category = trace.intern("attention"),
                                       .operation = trace.intern("flash_decode"),
                                       .layer = 0,
                                       .number = 7});
  trace.add({.start = SimTime(1'500'001),
             .duration = SimTime(12'000'000),
             .track = communication,
             .name = trace.intern("a2a"),
             .category = trace.intern("communication")});
  const SliceId ffn = trace.add({.start = SimTime(2'000'400),
                                 .duration = SimTime(999'600),
                                 .track = other,
                                 .name = trace.intern("ffn"),
                                 .category = trace.intern("gemm"),
                                 .layer = 3});
  trace.add(TraceFlow{attention, ffn});
  const CounterId memory = trace.add_counter(gpus[1], "memory", "GB");
  trace.add(TraceSample{SimTime(250), 1.5, memory});
  return trace;
}

namespace {

constexpr int kGpus = 4;
constexpr int kLayers = 2;
constexpr int kChunks = 3;

/// Builds hop_b_trace: where each GPU's tracks are and how far they are in time.
class HopBBuilder {
 public:
  HopBBuilder() {
    for (int gpu = 0; gpu < kGpus; ++gpu) {
      const ProcessId process = trace_.add_process(fmt::format("GPU {}", gpu));
      const TrackId compute = trace_.add_track(process, "compute");
      gpus_.push_back({compute, trace_.add_track(process, "communication")});
      counters_.push_back(trace_.add_counter(process, "requests \"in flight\"", "requests"));
    }
  }

  Trace build() {
    for (int layer = 0; layer < kLayers; ++layer) add_layer(layer);
    return std::move(trace_);
  }

 private:
  struct Gpu {
    TrackId compute;
    TrackId communication;
    SimTime computed{};
    SimTime communicated{};
  };

  void add_layer(int layer) {
    SimTime all_arrived;
    std::vector<SliceId> exchanges;
    for (int gpu = 0; gpu < kGpus; ++gpu) {
      exchanges.push_back(add_attention(gpu, layer));
      all_arrived = std::max(all_arrived, gpus_[static_cast<std::size_t>(gpu)].communicated);
    }
    for (Gpu& gpu : gpus_) {
      const SliceId ffn = add(gpu.compute, all_arrived, SimTime(3'141'593), "FFN ∑ \"up\\down\"",
                              "gemm", "ffn", layer);
      gpu.computed = trace_.slices()[ffn].end();
      for (const SliceId exchange : exchanges) trace_.add(TraceFlow{exchange, ffn});
    }
  }

  /// Gives the last exchange.
  SliceId add_attention(int number, int layer) {
    Gpu& gpu = gpus_[static_cast<std::size_t>(number)];
    SliceId exchange = 0;
    for (int chunk = 0; chunk < kChunks; ++chunk) {
      const std::string of = fmt::format(" {}/{}", chunk + 1, kChunks);
      trace_.add(TraceSample{gpu.computed, static_cast<double>(kChunks - chunk),
                             counters_[static_cast<std::size_t>(number)]});
      const SliceId attention = add(gpu.compute, gpu.computed, SimTime(2'000'001 + number * 10'007),
                                    "attention" + of, "attention", "flash_decode", layer);
      gpu.computed = trace_.slices()[attention].end();
      exchange = add(gpu.communication, std::max(gpu.computed, gpu.communicated),
                     SimTime(1'200'003), "all-to-all" + of, "communication", "exchange", layer);
      gpu.communicated = trace_.slices()[exchange].end();
      trace_.add(TraceFlow{attention, exchange});
    }
    return exchange;
  }

  SliceId add(TrackId track, SimTime start, SimTime duration, const std::string& name,
              const std::string& category, const std::string& operation, int layer) {
    return trace_.add({.start = start,
                       .duration = duration,
                       .track = track,
                       .name = trace_.intern(name),
                       .category = trace_.intern(category),
                       .operation = trace_.intern(operation),
                       .layer = layer,
                       .number = number_++});
  }

  Trace trace_;
  std::vector<Gpu> gpus_;
  std::vector<CounterId> counters_;
  std::uint32_t number_ = 0;
};

}  // namespace

Trace hop_b_trace() {
  return HopBBuilder().build();
}

Trace random_trace(Random& random) {
  Trace trace;
  const int processes = random.between(1, 5);
  for (int p = 0; p < processes; ++p) trace.add_process(fmt::format("GPU {}", p));
  const int tracks = random.between(1, 12);
  std::vector<SimTime> free;
  for (int t = 0; t < tracks; ++t) {
    trace.add_track(static_cast<ProcessId>(random.between(0, processes - 1)),
                    fmt::format("stream {}", t));
    free.emplace_back(random.between(0, 2'000'000'000));
  }
  const int slices = random.between(0, 300);
  for (int s = 0; s < slices; ++s) {
    const auto track = static_cast<std::size_t>(random.between(0, tracks - 1));
    const SimTime gap(random.coin() ? 0 : random.between(0, 3000));
    const SimTime duration(random.coin() ? random.between(0, 1500)
                                         : std::int64_t{1} * random.between(0, 90'000'000));
    free[track] += gap;
    trace.add({.start = free[track],
               .duration = duration,
               .track = static_cast<TrackId>(track),
               .name = trace.intern(fmt::format("op {}", random.between(0, 9))),
               .category = trace.intern("work"),
               .number = static_cast<std::uint32_t>(s)});
    free[track] += duration;
  }
  for (int f = 0; f < 100 && slices > 0; ++f) {
    const auto from = static_cast<SliceId>(random.between(0, slices - 1));
    const auto to = static_cast<SliceId>(random.between(0, slices - 1));
    if (trace.slices()[from].end() <= trace.slices()[to].start) trace.add(TraceFlow{from, to});
  }
  return trace;
}

}  // namespace helixsim
