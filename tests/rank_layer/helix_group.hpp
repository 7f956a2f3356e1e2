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

/// All layers on all ranks, with the collectives between their parts. The output, residual
/// included.
template <class Attention, class Ffn>
reference::Vector run_layers(EmulatedDevice& device, const std::vector<kernels::Bf16>& input,
                             const std::vector<std::unique_ptr<Attention>>& attention,
                             const std::vector<std::unique_ptr<Ffn>>& ffn, std::size_t kvp,
                             unsigned layers) {
  using kernels::Bf16;
  auto x = device.template array<Bf16>(input.size());
  device.write(x, input);
  std::vector<EmulatedDevice::Array<Bf16>> residuals, parts;
  for (std::size_t rank = 0; rank < attention.size(); ++rank) {
    residuals.push_back(device.template array<Bf16>(input.size()));
    device.write(residuals.back(), std::vector<Bf16>(input.size(), kernels::to_bf16(0.0f)));
    parts.push_back(device.template array<Bf16>(input.size()));
  }
  for (unsigned layer = 0; layer < layers; ++layer) {
    for (std::size_t rank = 0; rank < attention.size(); ++rank)
      attention[rank]->attend(x.data(), residuals[rank].data(), layer);
    for (std::size_t rank = 0; rank < attention.size(); ++rank)
      project_by_hand(device, attention, rank, kvp, parts[rank].data(), layer);
    device.write(x, all_reduced(parts));
    for (std::size_t rank = 0; rank < ffn.size(); ++rank)
      ffn[rank]->feed_forward(x.data(), residuals[rank].data(), parts[rank].data(), layer);
    device.write(x, all_reduced(parts));
  }
  reference::Vector out = values_of(x.read());
  reference::add(out, values_of(residuals.front().read()));
  return out;
}

}  // namespace helixsim
