#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "tests/kernels/schedules.hpp"
#include "tests/rank_layer/helix_group.hpp"
#include "tools/calibrate/rank_layer/dense_ffn.hpp"
#include "tools/calibrate/rank_layer/gqa_attention.hpp"

using namespace helixsim;
using kernels::Bf16;

namespace {

constexpr std::size_t kHidden = 256;
constexpr std::size_t kQueryHeads = 8;
constexpr std::size_t kKvHeads = 2;
constexpr std::size_t kHead = 128;
constexpr std::size_t kWidth = 1024;  // of the FFN
constexpr std::size_t kLayers = 2;
constexpr std::int64_t kKvBlock = 16;
const std::vector<int> kPositions{5, 40, 70};  // of the new tokens: batch 3

/// The whole model: weights, and keys and values of all tokens before the new ones.
template <class T, class Kv>
struct Model {
  struct Layer {
    std::vector<Bf16> attention_norm, ffn_norm;
    FullLinear<T> qkv, out, gate_up, down;
    std::vector<std::vector<std::vector<Kv>>> keys, values;  ///< [request][KV head][token, 128]
  };
  std::vector<Layer> layers;
  std::vector<Bf16> x;

  explicit Model(std::uint32_t seed) {
    Random random(seed);
    const auto cache = [&] {
      std::vector<std::vector<std::vector<Kv>>> all;
      for (const int position : kPositions) {
        auto& request = all.emplace_back();
        for (std::size_t head = 0; head < kKvHeads; ++head)
          request.push_back(random_numbers<Kv>(static_cast<std::size_t>(position) * kHead, random));
      }
      return all;
    };
    for (std::size_t l = 0; l < kLayers; ++l) {
      Layer layer{random_numbers<Bf16>(kHidden, random),
                  random_numbers<Bf16>(kHidden, random),
                  FullLinear<T>((kQueryHeads + 2 * kKvHeads) * kHead, kHidden, false, random),
                  FullLinear<T>(kHidden, kQueryHeads * kHead, false, random),
                  FullLinear<T>(2 * kWidth, kHidden, false, random),
                  FullLinear<T>(kHidden, kWidth, false, random),
                  cache(),
                  cache()};
      layers.push_back(std::move(layer));
    }
    x = random_numbers<Bf16>(kPositions.size() * kHidden, random);
  }

  /// Output of a request after all layers, residual included, in FP64.
  [[nodiscard]] reference::Vector output_of(std::size_t request) const;

 private:
  [[nodiscard]] reference::Vector attention_of(const Layer& layer, std::size_t request,
                                               const reference::Vector& normed) const;
};

template <class T, class Kv>
reference::Vector Model<T, Kv>::attention_of(const Layer& layer, std::size_t request,
                                             const reference::Vector& normed) const {
  using namespace reference;
  const int position = kPositions[request];
  const Vector qkv = product(layer.qkv.values(), normed);
  const auto head_of = [&](std::size_t head) { return part(qkv, head * kHead, kHead); };
  Vector joined;
  for (std::size_t head = 0; head < kQueryHeads; ++head) {
    const std::size_t kv = head / (kQueryHeads / kKvHeads);
    AttentionInput input{.q = turned(head_of(head), position, 5e5, false),
                         .keys = {},
                         .values = {},
                         .scale_log2 = 1.4426950408889634 / std::sqrt(128.0)};
    const Vector keys = values_of(layer.keys[request][kv]);
    const Vector values = values_of(layer.values[request][kv]);
    for (std::size_t token = 0; token < static_cast<std::size_t>(position); ++token) {
      input.keys.push_back(part(keys, token * kHead, kHead));
      input.values.push_back(part(values, token * kHead, kHead));
    }
    input.keys.push_back(turned(head_of(kQueryHeads + kv), position, 5e5, false));
    input.values.push_back(head_of(kQueryHeads + kKvHeads + kv));
    const Vector out = attention_reference(input).out;
    joined.insert(joined.end(), out.begin(), out.end());
  }
  return product(layer.out.values(), joined);
}

template <class T, class Kv>
reference::Vector Model<T, Kv>::output_of(std::size_t request) const {
  using namespace reference;
  Vector stream = part(values_of(x), request * kHidden, kHidden);
  for (const Layer& layer : layers) {
    add(stream, attention_of(layer, request, rms_normed(stream, values_of(layer.attention_norm))));
    const Vector normed = rms_normed(stream, values_of(layer.ffn_norm));
    add(stream, product(layer.down.values(), gated(product(layer.gate_up.values(), normed))));
  }
  return stream;
}

/// The same model on TPA x KVP emulated ranks.
template <class WeightFormat, class KvFormat>
class Group {
 public:
  using T = typename WeightFormat::Number;
  using Kv = typename KvFormat::Number;
  using Attention = rank_layer::GqaAttention<EmulatedDevice, WeightFormat, KvFormat>;
  using Ffn = rank_layer::DenseFfn<EmulatedDevice, WeightFormat>;

  Group(const Model<T, Kv>& model, unsigned tpa, unsigned kvp, unsigned splits,
        emulator::Schedule schedule)
      : device_(schedule), model_(model), tpa_(tpa), kvp_(kvp) {
    for (unsigned rank = 0; rank < tpa * kvp; ++rank) add_rank(rank, splits);
  }

  /// Output of all requests, residual included.
  reference::Vector run() { return run_layers(device_, model_.x, attention_, ffn_, kvp_, kLayers); }
  int launches() { return device_.launches(); }

 private:
  /// TPA groups of KVP neighbouring ranks.
  void add_rank(unsigned rank, unsigned splits);

  EmulatedDevice device_;
  const Model<T, Kv>& model_;
  unsigned tpa_, kvp_;
  std::vector<std::unique_ptr<Attention>> attention_;
  std::vector<std::unique_ptr<Ffn>> ffn_;
};

template <class WeightFormat, class KvFormat>
void Group<WeightFormat, KvFormat>::add_rank(unsigned rank, unsigned splits) {
  const std::size_t t = rank / kvp_;
  const std::size_t q_heads = kQueryHeads / tpa_;
  const std::size_t kv_heads = kKvHeads / tpa_;
  const std::size_t cached = 64;
  attention_.push_back(std::make_unique<Attention>(
      device_,
      rank_layer::GqaAttentionShape{.batch = static_cast<unsigned>(kPositions.size()),
                                    .hidden = kHidden,
                                    .q_heads = static_cast<unsigned>(q_heads),
                                    .kv_heads = static_cast<unsigned>(kv_heads),
                                    .kvp = kvp_,
                                    .rank = rank % kvp_,
                                    .kv_block = kKvBlock,
                                    .cached = static_cast<unsigned>(kvp_ == 1 ? 128 : cached),
                                    .positions = 128,
                                    .splits = splits},
      static_cast<unsigned>(kLayers)));
  Attention& attention = *attention_.back();
  attention.set_positions(kPositions);
  const std::size_t ranks = std::size_t{tpa_} * kvp_;
  const std::size_t width = kWidth / ranks;
  ffn_.push_back(std::make_unique<Ffn>(
      device_,
      rank_layer::DenseFfnShape{.batch = static_cast<unsigned>(kPositions.size()),
                                .hidden = kHidden,
                                .width = static_cast<unsigned>(width)},
      static_cast<unsigned>(kLayers)));
  const kernels::KvOwnership ownership{kvp_, kKvBlock};
  for (unsigned l = 0; l < kLayers; ++l) {
    const auto& full = model_.layers[l];
    auto& weights = attention.weights(l);
    device_.write(weights.norm, full.attention_norm);
    write_shard<decltype(weights.qkv), T>(
        device_, weights.qkv,
        {{full.qkv, t * q_heads * kHead, q_heads * kHead},
         {full.qkv, (kQueryHeads + t * kv_heads) * kHead, kv_heads * kHead},
         {full.qkv, (kQueryHeads + kKvHeads + t * kv_heads) * kHead, kv_heads * kHead}});
    const std::size_t each = q_heads / kvp_;
    write_shard<decltype(weights.out), T>(
        device_, weights.out, {{full.out, 0, kHidden, (t * q_heads + rank % kvp_ * each) * kHead}});
    const std::size_t room = attention.shape().cached;
    for (std::size_t request = 0; request < kPositions.size(); ++request) {
      for (std::size_t head = 0; head < kv_heads; ++head) {
        for (std::size_t token = 0; token < static_cast<std::size_t>(kPositions[request]);
             ++token) {
          const auto at = static_cast<std::int64_t>(token);
          if (ownership.owner_of(at) != rank % kvp_) continue;
          const std::size_t to = ((request * kv_heads + head) * room +
                                  static_cast<std::size_t>(ownership.place_of(at))) *
                                 kHead;
          for (std::size_t i = 0; i < kHead; ++i) {
            weights.keys.data()[to + i] =
                full.keys[request][t * kv_heads + head][token * kHead + i];
            weights.values.data()[to + i] =
                full.values[request][t * kv_heads + head][token * kHead + i];
          }
        }
      }
    }
    auto& ffn = ffn_.back()->weights(l);
    device_.write(ffn.norm, full.ffn_norm);
    write_shard<decltype(ffn.gate_up), T>(
        device_, ffn.gate_up,
        {{full.gate_up, rank * width, width}, {full.gate_up, kWidth + rank * width, width}});
    write_shard<decltype(ffn.down), T>(device_, ffn.down, {{full.down, 0, kHidden, rank * width}});
  }
}

template <class WeightFormat, class KvFormat>
void check(unsigned tpa, unsigned kvp, unsigned splits, emulator::Schedule schedule) {
  using T = typename WeightFormat::Number;
  using Kv = typename KvFormat::Number;
  CAPTURE(tpa, kvp, splits, to_text(schedule));
  const Model<T, Kv> model(7);
  reference::Vector expected;
  for (std::size_t request = 0; request < kPositions.size(); ++request) {
    const reference::Vector one = model.output_of(request);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  Group<WeightFormat, KvFormat> group(model, tpa, kvp, splits, schedule);
  const double error = relative_error(group.run(), expected);
  CHECK(error < 0.02);  // BF16 between kernels, E4M3 of the appended keys and values
  CHECK(group.launches() == static_cast<int>(tpa * kvp * kLayers * 11));
}

}  // namespace

TEST_CASE("GQA layers on Helix ranks equal the whole model", "[rank_layer]") {
  struct Layout {
    unsigned tpa, kvp, splits;
  };
  const Layout layout =
      GENERATE(Layout{1, 1, 1}, Layout{2, 1, 2}, Layout{1, 4, 2}, Layout{2, 2, 1}, Layout{2, 4, 3});
  check<kernels::Bf16Weights, kernels::Bf16Kv>(layout.tpa, layout.kvp, layout.splits, {});
}

TEST_CASE("GQA layers with weights and KV cache in E4M3 equal the whole model", "[rank_layer]") {
  check<kernels::E4m3Weights, kernels::E4m3Kv>(2, 2, 2, schedules()[1]);
  check<kernels::E4m3Weights, kernels::E4m3Kv>(2, 2, 2, schedules()[4]);
}
