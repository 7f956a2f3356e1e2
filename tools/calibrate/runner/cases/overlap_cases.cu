#include <memory>
#include <stdexcept>
#include <vector>

#include "tools/calibrate/kernels/throttled_copy.hpp"
#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/side_stream.hpp"

namespace helixsim {
namespace {

using namespace kernels;

constexpr std::size_t kCopyWords = std::size_t{16} << 20;  ///< 256 MB: more than L2 holds

/// A tenth of a second: what never comes must cost a wrong time and not a hang.
constexpr std::uint64_t kMostCycles = 200'000'000;

double clock_hz() {
  int device = 0;
  int khz = 0;
  HELIXSIM_CUDA_CALL(cudaGetDevice(&device));
  HELIXSIM_CUDA_CALL(cudaDeviceGetAttribute(&khz, cudaDevAttrClockRate, device));
  return 1e3 * khz;
}

/// A copy within the GPU at a given rate, driven by a few CTAs.
class SmCopy {
 public:
  /// `gigabytes` a second, 0 for a copy that only waits to be told to stop.
  SmCopy(std::size_t words, unsigned ctas, double gigabytes)
      : ctas_(ctas), from_(words), to_(words) {
    helixsim::fill_normal(reinterpret_cast<float*>(from_.data()), words * 4, 9, 1.0f);
    call_.from = from_.data();
    call_.to = to_.data();
    call_.words = words;
    if (gigabytes > 0.0) call_.cycles = cycles_between_chunks(1e9 * gigabytes, ctas, clock_hz());
  }
  /// The first `words`.
  void enqueue(cudaStream_t stream, std::size_t words, const unsigned* stop = nullptr) const {
    ThrottledCopy call = call_;
    call.words = words;
    call.stop = stop;
    if (stop != nullptr) call.most_cycles = kMostCycles;
    launch_kernel(reinterpret_cast<const void*>(&throttled_copy), dim3(ctas_), kThrottleThreads, 0,
                  stream, &call);
  }
  void poison() { to_.poison(); }
  [[nodiscard]] bool copied(std::size_t words) const {
    const auto from = from_.read(0, words);
    const auto to = to_.read(0, words);
    for (std::size_t i = 0; i < words; ++i) {
      if (from[i].x != to[i].x || from[i].w != to[i].w) return false;
    }
    return true;
  }

 private:
  unsigned ctas_;
  DeviceArray<Words4> from_, to_;
  ThrottledCopy call_;
};

/// GQA decode beside a copy. Shape: that of the decode; ctas that copy until the decode has ended,
/// 0 for none, and rate in GB/s, 0 for CTAs that only wait.
class BesideSmCopy final : public KernelCase {
 public:
  BesideSmCopy(const Cell& cell, int sets)
      : decode_(make_gqa_decode_bf16(cell, sets)),
        ctas_(static_cast<unsigned>(shape_of(cell, "ctas"))),
        rate_(shape_of(cell, "rate")),
        stop_(1) {
    if (ctas_ > 0) copy_ = std::make_unique<SmCopy>(kCopyWords, ctas_, rate_);
  }
  void enqueue(cudaStream_t stream, int set) override {
    HELIXSIM_CUDA_CALL(cudaMemsetAsync(stop_.data(), 0, stop_.bytes(), stream));
    if (copy_ != nullptr) {
      side_.fork(stream);
      copy_->enqueue(side_.stream(), rate_ > 0 ? kCopyWords : 0, stop_.data());
    }
    decode_->enqueue(stream, set);
    // Its lowest byte: 1 in each byte would be another number.
    HELIXSIM_CUDA_CALL(cudaMemsetAsync(stop_.data(), 1, 1, stream));
    if (copy_ != nullptr) side_.join(stream);
  }
  /// The decode alone first: a kernel that is loaded at its first launch could wait for the copy,
  /// which waits for it.
  CheckResult check() override {
    const CheckResult alone = decode_->check();
    if (!alone.ok) return alone;
    HELIXSIM_CUDA_CALL(cudaMemsetAsync(stop_.data(), 1, 1));
    run_apart(*this);
    return decode_->check();
  }

 private:
  std::unique_ptr<KernelCase> decode_;
  unsigned ctas_;
  int rate_;
  DeviceArray<unsigned> stop_;
  std::unique_ptr<SmCopy> copy_;
  SideStream side_;
};

/// GQA decode beside a copy by the driver's choice of engine. Shape: that of the decode; copy,
/// bytes.
class BesideEngineCopy final : public KernelCase {
 public:
  BesideEngineCopy(const Cell& cell, int sets)
      : decode_(make_gqa_decode_bf16(cell, sets)),
        from_(normal_array<float>(static_cast<std::size_t>(shape_of(cell, "copy")) / 4, 9)),
        to_(from_.size()) {}
  void enqueue(cudaStream_t stream, int set) override {
    side_.fork(stream);
    HELIXSIM_CUDA_CALL(cudaMemcpyAsync(to_.data(), from_.data(), from_.bytes(),
                                       cudaMemcpyDeviceToDevice, side_.stream()));
    decode_->enqueue(stream, set);
    side_.join(stream);
  }
  CheckResult check() override {
    to_.poison();
    run_apart(*this);
    const std::size_t last = from_.size() - 1;
    if (from_.read(last, 1) != to_.read(last, 1)) return {.error = 1.0, .ok = false};
    return decode_->check();
  }

 private:
  std::unique_ptr<KernelCase> decode_;
  DeviceArray<float> from_, to_;
  SideStream side_;
};

/// Cell of a part of the batch.
Cell part_of(const Cell& cell, int parts) {
  Cell part = cell;
  if (part.key.shape.at("b") % parts != 0) throw std::invalid_argument("b in whole chunks");
  part.key.shape.at("b") /= parts;
  part.key.shape["split"] = part.key.shape.at("split_each");
  return part;
}

/// HOP-B on one GPU: decode in chunks of requests, behind each of them a copy in place of its part
/// of the all-to-all, beside the next chunk. Shape: that of the decode; chunks, split_each of one;
/// copy, bytes of all of them, by ctas at rate GB/s.
/// Source: Helix, section 2.4.
class HopBCase final : public KernelCase {
 public:
  HopBCase(const Cell& cell, int sets)
      : words_(static_cast<std::size_t>(shape_of(cell, "copy")) / 16 /
               static_cast<std::size_t>(shape_of(cell, "chunks"))),
        copy_(words_, static_cast<unsigned>(shape_of(cell, "ctas")), shape_of(cell, "rate")) {
    const int chunks = shape_of(cell, "chunks");
    for (int i = 0; i < chunks; ++i)
      chunks_.push_back(make_gqa_decode_bf16(part_of(cell, chunks), sets));
  }
  void enqueue(cudaStream_t stream, int set) override {
    for (const auto& chunk : chunks_) {
      chunk->enqueue(stream, set);
      side_.fork(stream);
      copy_.enqueue(side_.stream(), words_);
    }
    side_.join(stream);
  }
  CheckResult check() override {
    copy_.poison();
    run_apart(*this);
    if (!copy_.copied(words_)) return {.error = 1.0, .ok = false};
    return chunks_.back()->check();
  }

 private:
  std::size_t words_;
  SmCopy copy_;
  std::vector<std::unique_ptr<KernelCase>> chunks_;
  SideStream side_;
};

/// The copy alone. Shape: bytes, by ctas at rate GB/s.
class ThrottledCase final : public KernelCase {
 public:
  ThrottledCase(const Cell& cell, int /*sets*/)
      : words_(static_cast<std::size_t>(shape_of(cell, "bytes")) / 16),
        copy_(words_, static_cast<unsigned>(shape_of(cell, "ctas")), shape_of(cell, "rate")) {
    if (words_ > kCopyWords) throw std::invalid_argument("at most 256 MB");
  }
  void enqueue(cudaStream_t stream, int /*set*/) override { copy_.enqueue(stream, words_); }
  CheckResult check() override {
    copy_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    const bool right = copy_.copied(words_);
    return {.error = right ? 0.0 : 1.0, .ok = right};
  }

 private:
  std::size_t words_;
  SmCopy copy_;
};

}  // namespace

std::unique_ptr<KernelCase> make_beside_sm_copy(const Cell& cell, int sets) {
  return std::make_unique<BesideSmCopy>(cell, sets);
}
std::unique_ptr<KernelCase> make_beside_engine_copy(const Cell& cell, int sets) {
  return std::make_unique<BesideEngineCopy>(cell, sets);
}
std::unique_ptr<KernelCase> make_hop_b(const Cell& cell, int sets) {
  return std::make_unique<HopBCase>(cell, sets);
}
std::unique_ptr<KernelCase> make_throttled_copy(const Cell& cell, int sets) {
  return std::make_unique<ThrottledCase>(cell, sets);
}

}  // namespace helixsim
