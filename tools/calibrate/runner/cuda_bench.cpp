#include "tools/calibrate/runner/open_gpu.hpp"

#include <cuda_runtime.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <stdexcept>

#include "tools/calibrate/runner/cuda_error.hpp"
#include "tools/calibrate/runner/kernel_case.hpp"
#include "tools/calibrate/runner/l2_flush.hpp"
#include "tools/calibrate/runner/launch_graph.hpp"
#include "tools/calibrate/runner/nvml.hpp"

namespace helixsim {
namespace {

constexpr double kColdFactor = 4.0;  ///< of L2 that lies between two uses of a buffer
constexpr int kLeastReps = 4;
constexpr int kMostReps = 1024;
constexpr double kMemoryPart = 0.8;  ///< of what is free that a cell may take

std::string hex_hash(const void* data, std::size_t size) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
  return fmt::format("{:016x}", hash);
}

class GraphCell final : public PreparedCell {
 public:
  /// `fixed`: seconds of a graph's launch beside its kernels, which are taken off; `flush`: bytes
  /// of L2 that is made to hold nothing before each launch.
  GraphCell(std::unique_ptr<KernelCase> kernel, int sets, double fixed, std::size_t flush,
            Nvml* nvml)
      : kernel_(std::move(kernel)), sets_(sets), fixed_(fixed), flush_(flush), nvml_(nvml) {}

  CheckResult check() override { return kernel_->check(); }
  double launch() override {
    if (graph_ == nullptr) {
      graph_ = std::make_unique<LaunchGraph>(
          sets_, [this](cudaStream_t stream, int set) { kernel_->enqueue(stream, set); });
    }
    const double seconds = graph_->launch([this](cudaStream_t stream) { flush_.enqueue(stream); });
    if (nvml_ != nullptr) nvml_->sample();
    return std::max(0.0, seconds - fixed_);
  }
  [[nodiscard]] int reps() const override { return sets_; }

 private:
  std::unique_ptr<KernelCase> kernel_;
  int sets_;
  double fixed_;
  L2Flush flush_;
  Nvml* nvml_;
  std::unique_ptr<LaunchGraph> graph_;
};

class CudaBench final : public GpuBench {
 public:
  explicit CudaBench(const cudaDeviceProp& properties) : properties_(properties) {
    const std::string bus = fmt::format("{:08x}:{:02x}:{:02x}.0", properties.pciDomainID,
                                        properties.pciBusID, properties.pciDeviceID);
    nvml_ = Nvml::open(bus);
    measure_launches();
  }

  [[nodiscard]] GpuFacts facts() const override;
  [[nodiscard]] std::map<std::string, std::string> software() const override;
  std::unique_ptr<PreparedCell> prepare(const Cell& cell, NotPrepared& reason) override;
  double empty_repetition() override { return empty_; }
  Clocks clocks() override { return nvml_ ? nvml_->summary() : Clocks{}; }
  double now() override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  std::string utc() override {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  }

 private:
  [[nodiscard]] int sets_for(const Cell& cell) const;
  void measure_launches();

  cudaDeviceProp properties_;
  std::unique_ptr<Nvml> nvml_;
  double empty_ = 0.0;  ///< seconds of a repetition of an empty kernel
  double fixed_ = 0.0;  ///< of a graph's launch beside its kernels
};

GpuFacts CudaBench::facts() const {
  int memory_khz = 0;
  cudaDeviceGetAttribute(&memory_khz, cudaDevAttrMemoryClockRate, 0);
  int gpus = 1;
  cudaGetDeviceCount(&gpus);
  return {.name = properties_.name,
          .sm = fmt::format("{}.{}", properties_.major, properties_.minor),
          .sms = properties_.multiProcessorCount,
          .l2_bytes = properties_.l2CacheSize,
          .memory_mhz = memory_khz / 1000,
          .uuid_hash = hex_hash(&properties_.uuid, sizeof(properties_.uuid)),
          .gpus = gpus};
}

std::map<std::string, std::string> CudaBench::software() const {
  int driver = 0;
  cudaDriverGetVersion(&driver);
  const auto text = [](int version) {
    return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
  };
  return {{"driver_cuda", text(driver)}, {"cuda", text(CUDART_VERSION)}, {"git", HELIXSIM_GIT}};
}

/// As many sets as leave L2 cold, within what a graph should hold.
int CudaBench::sets_for(const Cell& cell) const {
  if (cell.reps > 0) return cell.reps;
  if (cell.key.mode == "graph_warm") return kLeastReps;
  if (cell.key.mode == kIsolated) return 1;
  const double between = kColdFactor * properties_.l2CacheSize;
  const double sets = std::ceil(between / std::max(cell.footprint, 1.0)) + 1.0;
  return static_cast<int>(std::clamp(sets, double{kLeastReps}, double{kMostReps}));
}

std::unique_ptr<PreparedCell> CudaBench::prepare(const Cell& cell, NotPrepared& reason) {
  std::size_t available = 0;
  std::size_t total = 0;
  HELIXSIM_CUDA_CALL(cudaMemGetInfo(&available, &total));
  const double room = kMemoryPart * static_cast<double>(available);
  int sets = sets_for(cell);
  while (sets > 2 && sets * cell.footprint > room) --sets;
  if (sets * cell.footprint > room) {
    reason = {.why = fmt::format("needs {:.1f} GB, and {:.1f} GB are free",
                                 1e-9 * sets * cell.footprint, 1e-9 * room),
              .for_memory = true};
    return nullptr;
  }
  for (const KernelCaseEntry& entry : kernel_cases()) {
    if (entry.kernel != cell.key.kernel || entry.variant != cell.key.variant) continue;
    try {
      const std::size_t flush =
          cell.key.mode == kIsolated ? static_cast<std::size_t>(properties_.l2CacheSize) : 0;
      return std::make_unique<GraphCell>(entry.make(cell, sets), sets, fixed_, flush, nvml_.get());
    } catch (const std::invalid_argument& error) {
      reason = {.why = error.what()};
      return nullptr;
    } catch (const CudaError& error) {
      if (!error.for_memory()) throw;
      cudaGetLastError();  // an allocation that failed spoils nothing
      reason = {.why = error.what(), .for_memory = true};
      return nullptr;
    }
  }
  reason = {.why = "there is no such kernel on this GPU"};
  return nullptr;
}

/// Empty kernels in a short and in a long graph: what one more of them takes, and what the launch
/// of a graph takes beside them.
void CudaBench::measure_launches() {
  constexpr int kShort = 64;
  constexpr int kLong = 1024;
  const auto seconds_of = [&](int count) {
    Cell cell;
    cell.key = {.kernel = "launch_chain",
                .variant = "serial",
                .impl = "own",
                .shape = {{"grid", 1}, {"smem", 0}},
                .dtype = {},
                .mode = "graph_warm"};
    cell.reps = count;
    NotPrepared reason;
    const auto prepared = prepare(cell, reason);
    if (prepared == nullptr) throw CudaError("no empty kernel: " + reason.why);
    std::vector<double> launches;
    for (int i = 0; i < 21; ++i) launches.push_back(prepared->launch());
    std::nth_element(launches.begin(), launches.begin() + 10, launches.end());
    return launches[10];
  };
  const double shorter = seconds_of(kShort);
  const double longer = seconds_of(kLong);
  empty_ = std::max(0.0, (longer - shorter) / (kLong - kShort));
  fixed_ = std::max(0.0, shorter - kShort * empty_);
}

}  // namespace

std::unique_ptr<GpuBench> open_gpu(std::string& why) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    why = status == cudaErrorInsufficientDriver
              ? fmt::format("no NVIDIA driver, or one older than CUDA {}.{}", CUDART_VERSION / 1000,
                            CUDART_VERSION % 1000 / 10)
              : cudaGetErrorString(status == cudaSuccess ? cudaErrorNoDevice : status);
    return nullptr;
  }
  cudaDeviceProp properties{};
  HELIXSIM_CUDA_CALL(cudaGetDeviceProperties(&properties, 0));
  if (properties.major < 9) {
    why = fmt::format("{} has compute capability {}.{}; the kernels need 9.0 or later",
                      properties.name, properties.major, properties.minor);
    return nullptr;
  }
  HELIXSIM_CUDA_CALL(cudaSetDevice(0));
  return std::make_unique<CudaBench>(properties);
}

}  // namespace helixsim
