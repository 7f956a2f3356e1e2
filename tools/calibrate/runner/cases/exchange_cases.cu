#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "tools/calibrate/kernels/helix_all_to_all.hpp"
#include "tools/calibrate/kernels/one_shot_all_reduce.hpp"
#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/nccl.hpp"
#include "tools/calibrate/runner/peer_group.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"
#include "tools/calibrate/runner/side_stream.hpp"

namespace helixsim {
namespace {

using namespace kernels;

/// What a rank has on its GPU for an exchange of the project's own.
struct RankMemory {
  DeviceArray<Bf16> in, out;
  DeviceArray<float> lse2;
  DeviceArray<Words4> inbox;
  DeviceArray<unsigned> epoch, arrived;

  RankMemory(std::size_t ins, std::size_t outs, std::size_t lses, std::size_t packets,
             std::uint64_t seed)
      : in(normal_array<Bf16>(ins, seed)),
        out(outs),
        lse2(normal_array<float>(lses, seed + 1, 5.0f)),
        inbox(packets),
        epoch(1),
        arrived(1) {
    inbox.clear();
    epoch.clear();
    arrived.clear();
  }
};

/// One memory a rank, on its GPU.
std::vector<RankMemory> memories(int ranks, std::size_t ins, std::size_t outs, std::size_t lses,
                                 std::size_t packets) {
  std::vector<RankMemory> all;
  for (int rank = 0; rank < ranks; ++rank) {
    const OnGpu here(rank);
    all.emplace_back(ins, outs, lses, packets, 10 * static_cast<std::uint64_t>(rank) + 1);
  }
  return all;
}
Inboxes inboxes_of(const std::vector<RankMemory>& all) {
  Inboxes inboxes;
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    inboxes.of_rank[rank] = all[rank].inbox.data();
  return inboxes;
}

/// Once, on outputs that nothing was written to.
void run_poisoned(KernelCase& kernel, const PeerGroup& group, std::vector<RankMemory>& memory) {
  for (RankMemory& one : memory) one.out.poison();
  run_apart(kernel, [&] { group.synchronise(); });
}

int ranks_of(const Cell& cell) {
  const int ranks = shape_of(cell, "ranks");
  if (ranks > static_cast<int>(kMostPeers)) throw std::invalid_argument("at most 64 ranks");
  return ranks;
}

/// Shape: ranks; rows of each for each; width.
class HelixCase final : public KernelCase {
 public:
  HelixCase(const Cell& cell, int /*sets*/)
      : group_(ranks_of(cell)),
        ranks_(static_cast<unsigned>(group_.ranks())),
        rows_(static_cast<unsigned>(shape_of(cell, "rows"))),
        width_(static_cast<unsigned>(shape_of(cell, "width"))),
        memory_(memories(group_.ranks(), std::size_t{ranks_} * rows_ * width_,
                         std::size_t{rows_} * width_, std::size_t{ranks_} * rows_,
                         std::size_t{2} * ranks_ * rows_ * (width_ / 4 + 1))) {
    if (width_ % 128 != 0) throw std::invalid_argument("widths in whole 128");
  }
  void enqueue(cudaStream_t stream, int /*set*/) override {
    group_.run_behind(stream, [&] {
      for (unsigned rank = 0; rank < ranks_; ++rank) launch(rank);
    });
  }
  CheckResult check() override {
    run_poisoned(*this, group_, memory_);
    SampledCheck found;
    for (const unsigned rank : {0u, ranks_ - 1}) add_row(rank, rows_ - 1, found);
    constexpr double kTolerance = 4e-3;
    return found.result(kTolerance);
  }

 private:
  void launch(unsigned rank) {
    const OnGpu here(static_cast<int>(rank));
    RankMemory& memory = memory_[rank];
    HelixAllToAll call;
    call.partial = memory.in.data();
    call.lse2 = memory.lse2.data();
    call.out = memory.out.data();
    call.inboxes = inboxes_of(memory_);
    call.ranks = ranks_;
    call.rank = rank;
    call.rows = rows_;
    call.width = width_;
    call.epochs = {memory.epoch.data(), memory.arrived.data()};
    const unsigned wanted = blocks_for(std::size_t{ranks_} * rows_, kHelixThreads / kWarpThreads);
    launch_kernel(reinterpret_cast<const void*>(&helix_all_to_all),
                  dim3(std::min(wanted, gpu_multiprocessors())), kHelixThreads, 0,
                  group_.stream(static_cast<int>(rank)), &call);
  }
  void add_row(unsigned rank, unsigned row, SampledCheck& found) const {
    MergedLse<double> merged;
    const std::size_t at = std::size_t{rank} * rows_ + row;
    std::vector<double> lses;
    for (const RankMemory& from : memory_) {
      lses.push_back(from.lse2.read(at, 1)[0]);
      merged.add(lses.back());
    }
    std::vector<double> expected(width_, 0.0);
    for (std::size_t from = 0; from < memory_.size(); ++from) {
      const auto numbers = memory_[from].in.read(at * width_, width_);
      for (unsigned i = 0; i < width_; ++i)
        expected[i] += merged.weight(lses[from]) * to_float(numbers[i]);
    }
    const auto out = memory_[rank].out.read(std::size_t{row} * width_, width_);
    for (unsigned i = 0; i < width_; ++i) found.add(to_float(out[i]), expected[i]);
  }

  PeerGroup group_;
  unsigned ranks_, rows_, width_;
  std::vector<RankMemory> memory_;
};

/// Sum of all ranks' numbers `i`, against each rank's.
void add_sums(const std::vector<RankMemory>& memory, std::size_t i, SampledCheck& found) {
  double sum = 0.0;
  for (const RankMemory& from : memory) sum += to_float(from.in.read(i, 1)[0]);
  for (const RankMemory& rank : memory) found.add(to_float(rank.out.read(i, 1)[0]), sum);
}

/// Shape: ranks; bytes of each.
class OneShotCase final : public KernelCase {
 public:
  OneShotCase(const Cell& cell, int /*sets*/)
      : group_(ranks_of(cell)),
        numbers_(static_cast<unsigned>(shape_of(cell, "bytes")) / 2),
        memory_(
            memories(group_.ranks(), numbers_, numbers_, 1,
                     std::size_t{2} * static_cast<std::size_t>(group_.ranks()) * numbers_ / 4)) {
    if (numbers_ == 0 || numbers_ % 4 != 0) throw std::invalid_argument("bytes in whole 8");
  }
  void enqueue(cudaStream_t stream, int /*set*/) override {
    group_.run_behind(stream, [&] {
      for (int rank = 0; rank < group_.ranks(); ++rank) launch(rank);
    });
  }
  CheckResult check() override {
    run_poisoned(*this, group_, memory_);
    SampledCheck found;
    for (const unsigned i : {0u, numbers_ / 2, numbers_ - 1}) add_sums(memory_, i, found);
    constexpr double kTolerance = 8e-3;
    return found.result(kTolerance);
  }

 private:
  void launch(int rank) {
    const OnGpu here(rank);
    RankMemory& memory = memory_[static_cast<std::size_t>(rank)];
    OneShotAllReduce call;
    call.in = memory.in.data();
    call.out = memory.out.data();
    call.inboxes = inboxes_of(memory_);
    call.ranks = static_cast<unsigned>(group_.ranks());
    call.rank = static_cast<unsigned>(rank);
    call.numbers = numbers_;
    call.epochs = {memory.epoch.data(), memory.arrived.data()};
    const unsigned wanted = blocks_for(numbers_, 4 * kAllReduceThreads);
    launch_kernel(reinterpret_cast<const void*>(&one_shot_all_reduce),
                  dim3(std::min(wanted, gpu_multiprocessors())), kAllReduceThreads, 0,
                  group_.stream(rank), &call);
  }

  PeerGroup group_;
  unsigned numbers_;
  std::vector<RankMemory> memory_;
};

enum class NcclKind { AllReduce, AllGather, AllToAll };

/// Shape: ranks; bytes of each: all that it sums, what it contributes, what it sends to all.
template <NcclKind kKind>
class NcclCase final : public KernelCase {
 public:
  NcclCase(const Cell& cell, int /*sets*/)
      : nccl_(Nccl::get()),
        group_(ranks_of(cell)),
        count_(static_cast<std::size_t>(shape_of(cell, "bytes")) / 2) {
    if (nccl_ == nullptr) throw std::invalid_argument("NCCL is not there");
    const auto ranks = static_cast<std::size_t>(group_.ranks());
    if (count_ == 0 || count_ % ranks != 0) throw std::invalid_argument("bytes in whole ranks");
    memory_ = memories(group_.ranks(), count_,
                       kKind == NcclKind::AllGather ? count_ * ranks : count_, 1, 1);
    comms_.resize(ranks);
    nccl_->check(nccl_->comm_init_all(comms_.data(), group_.ranks(), nullptr), "ncclCommInitAll");
  }
  NcclCase(const NcclCase&) = delete;
  NcclCase& operator=(const NcclCase&) = delete;
  ~NcclCase() override {
    for (const Nccl::Comm comm : comms_) nccl_->comm_destroy(comm);
  }
  void enqueue(cudaStream_t stream, int /*set*/) override {
    group_.run_behind(stream, [&] {
      nccl_->check(nccl_->group_start(), "ncclGroupStart");
      for (int rank = 0; rank < group_.ranks(); ++rank) call(rank);
      nccl_->check(nccl_->group_end(), "ncclGroupEnd");
    });
  }
  CheckResult check() override {
    run_poisoned(*this, group_, memory_);
    SampledCheck found;
    for (const std::size_t i : {std::size_t{0}, count_ / 2, count_ - 1}) add(i, found);
    constexpr double kTolerance = 8e-3;
    return found.result(kTolerance);
  }

 private:
  void call(int rank) {
    const OnGpu here(rank);
    RankMemory& memory = memory_[static_cast<std::size_t>(rank)];
    const Nccl::Comm comm = comms_[static_cast<std::size_t>(rank)];
    const cudaStream_t stream = group_.stream(rank);
    if constexpr (kKind == NcclKind::AllReduce) {
      nccl_->check(nccl_->all_reduce(memory.in.data(), memory.out.data(), count_, Nccl::kBf16,
                                     Nccl::kSum, comm, stream),
                   "ncclAllReduce");
    } else if constexpr (kKind == NcclKind::AllGather) {
      nccl_->check(
          nccl_->all_gather(memory.in.data(), memory.out.data(), count_, Nccl::kBf16, comm, stream),
          "ncclAllGather");
    } else {
      const std::size_t each = count_ / memory_.size();
      for (int peer = 0; peer < group_.ranks(); ++peer) {
        const std::size_t at = each * static_cast<std::size_t>(peer);
        nccl_->check(nccl_->send(memory.in.data() + at, each, Nccl::kBf16, peer, comm, stream),
                     "ncclSend");
        nccl_->check(nccl_->receive(memory.out.data() + at, each, Nccl::kBf16, peer, comm, stream),
                     "ncclRecv");
      }
    }
  }
  /// Number `i` of each rank's inputs, where it is to be found.
  void add(std::size_t i, SampledCheck& found) const {
    if (kKind == NcclKind::AllReduce) return add_sums(memory_, i, found);
    const std::size_t each = count_ / memory_.size();
    for (std::size_t from = 0; from < memory_.size(); ++from) {
      const double expected = to_float(memory_[from].in.read(i, 1)[0]);
      if (kKind == NcclKind::AllGather) {
        for (const RankMemory& rank : memory_)
          found.add(to_float(rank.out.read(from * count_ + i, 1)[0]), expected);
      } else {
        const RankMemory& rank = memory_[i / each];
        found.add(to_float(rank.out.read(from * each + i % each, 1)[0]), expected);
      }
    }
  }

  const Nccl* nccl_;
  PeerGroup group_;
  std::size_t count_;
  std::vector<RankMemory> memory_;
  std::vector<Nccl::Comm> comms_;
};

}  // namespace

std::unique_ptr<KernelCase> make_helix_all_to_all(const Cell& cell, int sets) {
  return std::make_unique<HelixCase>(cell, sets);
}
std::unique_ptr<KernelCase> make_one_shot_all_reduce(const Cell& cell, int sets) {
  return std::make_unique<OneShotCase>(cell, sets);
}
std::unique_ptr<KernelCase> make_nccl_all_reduce(const Cell& cell, int sets) {
  return std::make_unique<NcclCase<NcclKind::AllReduce>>(cell, sets);
}
std::unique_ptr<KernelCase> make_nccl_all_gather(const Cell& cell, int sets) {
  return std::make_unique<NcclCase<NcclKind::AllGather>>(cell, sets);
}
std::unique_ptr<KernelCase> make_nccl_all_to_all(const Cell& cell, int sets) {
  return std::make_unique<NcclCase<NcclKind::AllToAll>>(cell, sets);
}

}  // namespace helixsim
