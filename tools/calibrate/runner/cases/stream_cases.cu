#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

#include "tools/calibrate/kernels/launch_chain.hpp"
#include "tools/calibrate/kernels/pointer_chase.hpp"
#include "tools/calibrate/kernels/stream.hpp"
#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/random_fill.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using namespace kernels;

constexpr int kBlocksPerSm = 8;  ///< of 256 threads: all that an SM holds

int multiprocessors() {
  int count = 0;
  HELIXSIM_CUDA_CALL(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, 0));
  return count;
}

/// What streams have in common. Shape: bytes, ctas (0: as many as the GPU holds).
class StreamCase : public KernelCase {
 public:
  StreamCase(const Cell& cell, int sets, const void* kernel, std::size_t shared_bytes)
      : kernel_(kernel), shared_bytes_(shared_bytes) {
    words_ = static_cast<std::size_t>(cell.key.shape.at("bytes")) / sizeof(Words4);
    const int ctas = shape_of(cell, "ctas");
    blocks_ = static_cast<unsigned>(ctas > 0 ? ctas : kBlocksPerSm * multiprocessors());
    from_ = normal_array<float>(words_ * 4 * static_cast<std::size_t>(sets), 1);
    checksums_ = DeviceArray<std::uint32_t>(std::size_t{blocks_} * kStreamThreads / kWarpThreads);
    if (shared_bytes > 0) allow_shared_memory(kernel, shared_bytes);
  }

  void enqueue(cudaStream_t stream, int set) override {
    Stream call{.from = words_of(from_, set),
                .to = to_.size() > 0 ? words_of(to_, set) : nullptr,
                .words = words_,
                .checksums = checksums_.data()};
    launch_kernel(kernel_, dim3(blocks_), kStreamThreads, shared_bytes_, stream, &call);
  }

 protected:
  [[nodiscard]] Words4* words_of(const DeviceArray<float>& array, int set) const {
    return reinterpret_cast<Words4*>(array.data()) + words_ * static_cast<std::size_t>(set);
  }
  /// Runs set 0.
  void run() {
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
  }
  [[nodiscard]] std::size_t numbers() const { return words_ * 4; }

  const void* kernel_;
  std::size_t shared_bytes_;
  std::size_t words_ = 0;
  unsigned blocks_ = 1;
  DeviceArray<float> from_;
  DeviceArray<float> to_;
  DeviceArray<std::uint32_t> checksums_;
};

class ReadCase final : public StreamCase {
 public:
  using StreamCase::StreamCase;
  CheckResult check() override {
    checksums_.poison();
    run();
    std::uint32_t found = 0;
    for (const std::uint32_t one : checksums_.read()) found ^= one;
    if (!expected_) {
      expected_ = 0;
      from_.for_each_piece(numbers(), [&](std::size_t, const std::vector<float>& piece) {
        for (const float one : piece) *expected_ ^= bits_of(one);
      });
    }
    return {.error = found == *expected_ ? 0.0 : 1.0, .ok = found == *expected_};
  }

 private:
  std::optional<std::uint32_t> expected_;  ///< inputs do not change
};

class CopyCase final : public StreamCase {
 public:
  CopyCase(const Cell& cell, int sets)
      : StreamCase(cell, sets, reinterpret_cast<const void*>(&stream_copy), 0) {
    to_ = DeviceArray<float>(from_.size());
  }
  CheckResult check() override {
    to_.poison();
    run();
    bool same = true;
    to_.for_each_piece(numbers(), [&](std::size_t first, const std::vector<float>& piece) {
      same = same && piece == from_.read(first, piece.size());
    });
    return {.error = same ? 0.0 : 1.0, .ok = same};
  }
};

class WriteCase final : public StreamCase {
 public:
  WriteCase(const Cell& cell, int sets)
      : StreamCase(cell, sets, reinterpret_cast<const void*>(&stream_write), 0) {
    to_ = DeviceArray<float>(from_.size());
  }
  CheckResult check() override {
    to_.poison();
    run();
    bool right = true;
    to_.for_each_piece(numbers(), [&](std::size_t first, const std::vector<float>& piece) {
      for (std::size_t i = 0; i < piece.size(); i += 4)
        right = right && bits_of(piece[i]) == static_cast<std::uint32_t>((first + i) / 4);
    });
    return {.error = right ? 0.0 : 1.0, .ok = right};
  }
};

/// Shape: bytes, steps.
class ChaseCase final : public KernelCase {
 public:
  explicit ChaseCase(const Cell& cell) : steps_(static_cast<unsigned>(shape_of(cell, "steps"))) {
    const auto count = static_cast<std::uint32_t>(cell.key.shape.at("bytes") / 128);
    next_ = random_cycle(count, 1);
    std::vector<std::uint32_t> lines(std::size_t{count} * kChaseWords, 0);
    for (std::uint32_t i = 0; i < count; ++i) lines[std::size_t{i} * kChaseWords] = next_[i];
    lines_ = DeviceArray<std::uint32_t>(lines);
    last_ = DeviceArray<std::uint32_t>(1);
  }
  void enqueue(cudaStream_t stream, int /*set*/) override {
    PointerChase call{.lines = lines_.data(), .last = last_.data(), .first = 0, .steps = steps_};
    launch_kernel(reinterpret_cast<const void*>(&pointer_chase), dim3(1), kWarpThreads, 0, stream,
                  &call);
  }
  CheckResult check() override {
    last_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    std::uint32_t line = 0;
    for (unsigned i = 0; i < steps_; ++i) line = next_[line];
    const bool right = last_.read()[0] == line;
    return {.error = right ? 0.0 : 1.0, .ok = right};
  }

 private:
  unsigned steps_;
  std::vector<std::uint32_t> next_;
  DeviceArray<std::uint32_t> lines_, last_;
};

/// Shape: grid, smem.
class ChainCase final : public KernelCase {
 public:
  ChainCase(const Cell& cell, bool programmatic)
      : grid_(static_cast<unsigned>(shape_of(cell, "grid"))),
        shared_bytes_(static_cast<std::size_t>(shape_of(cell, "smem"))),
        programmatic_(programmatic),
        counter_(1) {
    counter_.clear();
    if (shared_bytes_ > 0)
      allow_shared_memory(reinterpret_cast<const void*>(&launch_chain), shared_bytes_);
  }
  void enqueue(cudaStream_t stream, int /*set*/) override {
    LaunchChain call{.counter = counter_.data()};
    launch_kernel(reinterpret_cast<const void*>(&launch_chain), dim3(grid_), kWarpThreads,
                  shared_bytes_, stream, &call, programmatic_);
  }
  CheckResult check() override {
    counter_.clear();
    for (int i = 0; i < 3; ++i) enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    const bool right = counter_.read()[0] == 3;
    return {.error = right ? 0.0 : 1.0, .ok = right};
  }

 private:
  unsigned grid_;
  std::size_t shared_bytes_;
  bool programmatic_;
  DeviceArray<unsigned> counter_;
};

}  // namespace

std::unique_ptr<KernelCase> make_stream_read(const Cell& cell, int sets) {
  return std::make_unique<ReadCase>(cell, sets, reinterpret_cast<const void*>(&stream_read), 0);
}
std::unique_ptr<KernelCase> make_stream_read_bulk(const Cell& cell, int sets) {
  if (cell.key.shape.at("bytes") % kBulkChunkBytes != 0)
    throw std::invalid_argument("bytes in whole chunks of 8 KB");
  return std::make_unique<ReadCase>(cell, sets, reinterpret_cast<const void*>(&stream_read_bulk),
                                    sizeof(BulkShared));
}
std::unique_ptr<KernelCase> make_stream_copy(const Cell& cell, int sets) {
  return std::make_unique<CopyCase>(cell, sets);
}
std::unique_ptr<KernelCase> make_stream_write(const Cell& cell, int sets) {
  return std::make_unique<WriteCase>(cell, sets);
}
std::unique_ptr<KernelCase> make_pointer_chase(const Cell& cell, int /*sets*/) {
  return std::make_unique<ChaseCase>(cell);
}
std::unique_ptr<KernelCase> make_launch_chain(const Cell& cell, int /*sets*/) {
  return std::make_unique<ChainCase>(cell, false);
}
std::unique_ptr<KernelCase> make_launch_chain_programmatic(const Cell& cell, int /*sets*/) {
  return std::make_unique<ChainCase>(cell, true);
}

}  // namespace helixsim
