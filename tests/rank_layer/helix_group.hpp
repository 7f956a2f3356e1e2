#pragma once

#include <memory>
#include <vector>

#include "tests/rank_layer/full_linear.hpp"

namespace helixsim {

/// What links would carry between ranks of a Helix group, on the emulator's memory.

/// Helix's all-to-all within one group of KVP ranks: rank r receives part r of what each sent.
/// `sent[q]` is [kvp, rows x width] with LSEs [kvp, rows].
struct ReceivedParts {
  std::vector<kernels::Bf16> numbers;
  std::vector<float> lse2;
};
template <class Attention>
ReceivedParts received_by(std::size_t rank, const std::vector<Attention*>& group) {
  ReceivedParts received;
  for (const Attention* from : group) {
    const auto numbers = from->sent().read();
    const auto lse2 = from->sent_lse2().read();
    const std::size_t each = numbers.size() / group.size();
    const std::size_t rows = lse2.size() / group.size();
    const auto begin = numbers.begin() + static_cast<std::ptrdiff_t>(rank * each);
    received.numbers.insert(received.numbers.end(), begin,
                            begin + static_cast<std::ptrdiff_t>(each));
    const auto first = lse2.begin() + static_cast<std::ptrdiff_t>(rank * rows);
    received.lse2.insert(received.lse2.end(), first, first + static_cast<std::ptrdiff_t>(rows));
  }
  return received;
}

/// The part of rank `rank`, of groups of `kvp` neighbours, behind the all-to-all.
template <class Attention>
void project_by_hand(EmulatedDevice& device, const std::vector<std::unique_ptr<Attention>>& ranks,
                     std::size_t rank, std::size_t kvp, kernels::Bf16* out, unsigned layer) {
  std::vector<Attention*> group;
  for (std::size_t i = 0; i < kvp; ++i) group.push_back(ranks[rank / kvp * kvp + i].get());
  const ReceivedParts parts = received_by(rank % kvp, group);
  auto numbers = device.template array<kernels::Bf16>(parts.numbers.size());
  auto lse2 = device.template array<float>(parts.lse2.size());
  device.write(numbers, parts.numbers);
  device.write(lse2, parts.lse2);
  ranks[rank]->project(numbers.data(), lse2.data(), out, layer);
}

/// All-reduce: sums of all ranks' parts.
inline std::vector<kernels::Bf16> all_reduced(
    const std::vector<EmulatedDevice::Array<kernels::Bf16>>& parts) {
  std::vector<kernels::Bf16> sums;
  for (std::size_t i = 0; i < parts.front().size(); ++i) {
    double sum = 0.0;
    for (const auto& part : parts) sum += to_float(part.data()[i]);
    assign(sums.emplace_back(), sum);
  }
  return sums;
}

}  // namespace helixsim
