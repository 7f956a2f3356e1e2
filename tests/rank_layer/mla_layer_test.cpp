#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "tests/kernels/schedules.hpp"
#include "tests/rank_layer/helix_group.hpp"
#include "tools/calibrate/rank_layer/mla_attention.hpp"
#include "tools/calibrate/rank_layer/moe_ffn.hpp"

using namespace helixsim;
using kernels::Bf16;

namespace {

constexpr std::size_t kHidden = 256;
constexpr std::size_t kQueryRank = 128;
constexpr std::size_t kHeads = 32;
constexpr std::size_t kPlain = 128;
constexpr std::size_t kRope = 64;
constexpr std::size_t kQuery = kPlain + kRope;
constexpr std::size_t kLatent = 512;
constexpr std::size_t kWidth = kLatent + kRope;
constexpr std::size_t kValue = 128;
constexpr std::size_t kExpertWidth = 128;
constexpr std::size_t kSharedWidth = 512;
constexpr std::int64_t kKvBlock = 16;
constexpr kernels::Routing kRouting{
    .experts = 8, .groups = 4, .groups_kept = 2, .top_k = 3, .scale = 2.5f};
const std::vector<int> kPositions{9, 50};  // of the new tokens: batch 2

/// One layer of the whole model: weights, and latents of all tokens before the new ones.
template <class T, class Kv>
struct Model {
  std::vector<Bf16> attention_norm, q_norm, latent_norm, ffn_norm;
  FullLinear<T> down, q_up, out;
  std::vector<FullLinear<T>> absorb, v_up;          ///< a head
  std::vector<FullLinear<T>> gate_up, expert_down;  ///< an expert
  FullLinear<T> shared_gate_up, shared_down;
  FullLinear<Bf16> gate;
  std::vector<float> bias;
  std::vector<std::vector<Kv>> latents;  ///< [request][token, 576]
  std::vector<Bf16> x;

  explicit Model(Random random)
      : attention_norm(random_numbers<Bf16>(kHidden, random)),
        q_norm(random_numbers<Bf16>(kQueryRank, random)),
        latent_norm(random_numbers<Bf16>(kLatent, random)),
        ffn_norm(random_numbers<Bf16>(kHidden, random)),
        down(kQueryRank + kWidth, kHidden, true, random, 3.0),  // so that norms behind it do much
        q_up(kHeads * kQuery, kQueryRank, true, random),
        out(kHidden, kHeads * kValue, true, random),
        shared_gate_up(2 * kSharedWidth, kHidden, true, random),
        shared_down(kHidden, kSharedWidth, true, random),
        gate(kRouting.experts, kHidden, false, random),
        bias(random_numbers<float>(kRouting.experts, random, 0.1)) {
    for (std::size_t head = 0; head < kHeads; ++head) {
      absorb.emplace_back(kLatent, kPlain, true, random);
      v_up.emplace_back(kValue, kLatent, true, random);
    }
    for (unsigned expert = 0; expert < kRouting.experts; ++expert) {
      gate_up.emplace_back(2 * kExpertWidth, kHidden, true, random);
      expert_down.emplace_back(kHidden, kExpertWidth, true, random);
    }
    for (const int position : kPositions)
      latents.push_back(random_numbers<Kv>(static_cast<std::size_t>(position) * kWidth, random));
    x = random_numbers<Bf16>(kPositions.size() * kHidden, random);
  }

  [[nodiscard]] reference::Vector output_of(std::size_t request) const {
    using namespace reference;
    Vector stream = part(values_of(x), request * kHidden, kHidden);
    add(stream, attention_of(request, rms_normed(stream, values_of(attention_norm))));
    add(stream, ffn_of(rms_normed(stream, values_of(ffn_norm))));
    return stream;
  }

 private:
  [[nodiscard]] reference::Vector attention_of(std::size_t request,
                                               const reference::Vector& normed) const;
  [[nodiscard]] reference::Vector ffn_of(const reference::Vector& normed) const;
};

template <class T, class Kv>
reference::Vector Model<T, Kv>::attention_of(std::size_t request,
                                             const reference::Vector& normed) const {
  using namespace reference;
  const int position = kPositions[request];
  const Vector low = product(down.values(), normed);
  const Vector queries =
      product(q_up.values(), rms_normed(part(low, 0, kQueryRank), values_of(q_norm)));
  AttentionInput input{.q = {},
                       .keys = {},
                       .values = {},
                       .scale_log2 = 1.4426950408889634 / std::sqrt(double{kQuery})};
  const Vector before = values_of(latents[request]);
  for (std::size_t token = 0; token < static_cast<std::size_t>(position); ++token) {
    input.keys.push_back(part(before, token * kWidth, kWidth));
    input.values.push_back(part(before, token * kWidth, kLatent));
  }
  Vector fresh = rms_normed(part(low, kQueryRank, kLatent), values_of(latent_norm));
  input.values.push_back(fresh);
  const Vector key = turned(part(low, kQueryRank + kLatent, kRope), position, 1e4, true);
  fresh.insert(fresh.end(), key.begin(), key.end());
  input.keys.push_back(fresh);
  Vector joined;
  for (std::size_t head = 0; head < kHeads; ++head) {
    const Vector query = part(queries, head * kQuery, kQuery);
    input.q = product(absorb[head].values(), part(query, 0, kPlain));
    const Vector rope = turned(part(query, kPlain, kRope), position, 1e4, true);
    input.q.insert(input.q.end(), rope.begin(), rope.end());
    const Vector value = product(v_up[head].values(), attention_reference(input).out);
    joined.insert(joined.end(), value.begin(), value.end());
  }
  return product(out.values(), joined);
}

template <class T, class Kv>
reference::Vector Model<T, Kv>::ffn_of(const reference::Vector& normed) const {
  using namespace reference;
  std::vector<float> logits;
  for (const double logit : product(gate.values(), normed))
    logits.push_back(static_cast<float>(logit));
  const kernels::RoutedToken routed = kernels::route_token(logits, bias, kRouting);
  Vector sum = product(shared_down.values(), gated(product(shared_gate_up.values(), normed)));
  for (std::size_t i = 0; i < routed.experts.size(); ++i) {
    const unsigned expert = routed.experts[i];
    add(sum,
        product(expert_down[expert].values(), gated(product(gate_up[expert].values(), normed))),
        routed.weights[i]);
  }
  return sum;
}

/// The same model on TPA x KVP emulated ranks, experts in whole on one of them each.
template <class WeightFormat, class KvFormat>
class Group {
 public:
  using T = typename WeightFormat::Number;
  using Kv = typename KvFormat::Number;
  using Attention = rank_layer::MlaAttention<EmulatedDevice, WeightFormat, KvFormat>;
  using Ffn = rank_layer::MoeFfn<EmulatedDevice, WeightFormat>;

  Group(const Model<T, Kv>& model, unsigned tpa, unsigned kvp, unsigned splits,
        emulator::Schedule schedule)
      : device_(schedule), model_(model), tpa_(tpa), kvp_(kvp) {
    for (unsigned rank = 0; rank < tpa * kvp; ++rank) {
      add_attention(rank, splits);
      add_ffn(rank);
    }
  }

  reference::Vector run() { return run_layers(device_, model_.x, attention_, ffn_, kvp_, 1); }
  int launches() { return device_.launches(); }

 private:
  void add_attention(unsigned rank, unsigned splits);
  void add_ffn(unsigned rank);

  EmulatedDevice device_;
  const Model<T, Kv>& model_;
  unsigned tpa_, kvp_;
  std::vector<std::unique_ptr<Attention>> attention_;
  std::vector<std::unique_ptr<Ffn>> ffn_;
};

template <class WeightFormat, class KvFormat>
void Group<WeightFormat, KvFormat>::add_attention(unsigned rank, unsigned splits) {
  const std::size_t heads = kHeads / tpa_;
  const std::size_t first = rank / kvp_ * heads;
  const std::size_t each = heads / kvp_;
  const std::size_t first_each = first + rank % kvp_ * each;
  attention_.push_back(std::make_unique<Attention>(
      device_,
      rank_layer::MlaAttentionShape{.batch = static_cast<unsigned>(kPositions.size()),
                                    .hidden = kHidden,
                                    .q_rank = kQueryRank,
                                    .heads = static_cast<unsigned>(heads),
                                    .kvp = kvp_,
                                    .rank = rank % kvp_,
                                    .kv_block = kKvBlock,
                                    .cached = 64,
                                    .positions = 64,
                                    .splits = splits},
      1u));
  Attention& attention = *attention_.back();
  attention.set_positions(kPositions);
  auto& weights = attention.weights(0);
  device_.write(weights.norm, model_.attention_norm);
  device_.write(weights.q_norm, model_.q_norm);
  device_.write(weights.latent_norm, model_.latent_norm);
  using LinearShard = decltype(weights.down);
  write_shard<LinearShard, T>(device_, weights.down, {{model_.down, 0, kQueryRank + kWidth}});
  write_shard<LinearShard, T>(device_, weights.q_up,
                              {{model_.q_up, first * kQuery, heads * kQuery}});
  std::vector<Piece<T>> absorb, v_up;
  for (std::size_t head = first; head < first + heads; ++head)
    absorb.push_back({model_.absorb[head], 0, kLatent});
  for (std::size_t head = first_each; head < first_each + each; ++head)
    v_up.push_back({model_.v_up[head], 0, kValue});
  write_shard<LinearShard, T>(device_, weights.absorb, absorb);
  write_shard<LinearShard, T>(device_, weights.v_up, v_up);
  write_shard<LinearShard, T>(device_, weights.out,
                              {{model_.out, 0, kHidden, first_each * kValue}});
  const kernels::KvOwnership ownership{kvp_, kKvBlock};
  for (std::size_t request = 0; request < kPositions.size(); ++request) {
    for (std::size_t token = 0; token < static_cast<std::size_t>(kPositions[request]); ++token) {
      const auto at = static_cast<std::int64_t>(token);
      if (ownership.owner_of(at) != rank % kvp_) continue;
      const std::size_t to =
          (request * attention.shape().cached + static_cast<std::size_t>(ownership.place_of(at))) *
          kWidth;
      for (std::size_t i = 0; i < kWidth; ++i)
        weights.cache.data()[to + i] = model_.latents[request][token * kWidth + i];
    }
  }
}

template <class WeightFormat, class KvFormat>
void Group<WeightFormat, KvFormat>::add_ffn(unsigned rank) {
  const unsigned ranks = tpa_ * kvp_;
  const unsigned experts = kRouting.experts / ranks;
  const std::size_t shared = kSharedWidth / ranks;
  ffn_.push_back(std::make_unique<Ffn>(
      device_,
      rank_layer::MoeFfnShape{.batch = static_cast<unsigned>(kPositions.size()),
                              .hidden = kHidden,
                              .first_expert = rank * experts,
                              .experts = experts,
                              .expert_width = kExpertWidth,
                              .shared_width = static_cast<unsigned>(shared),
                              .routing = kRouting},
      1u));
  auto& weights = ffn_.back()->weights(0);
  device_.write(weights.norm, model_.ffn_norm);
  device_.write(weights.bias, model_.bias);
  write_shard<decltype(weights.gate), Bf16>(device_, weights.gate,
                                            {{model_.gate, 0, kRouting.experts}});
  std::vector<Piece<T>> gate_up, down;
  for (unsigned expert = rank * experts; expert < (rank + 1) * experts; ++expert) {
    gate_up.push_back({model_.gate_up[expert], 0, 2 * kExpertWidth});
    down.push_back({model_.expert_down[expert], 0, kHidden});
  }
  using LinearShard = decltype(weights.down);
  write_shard<LinearShard, T>(device_, weights.gate_up, gate_up);
  write_shard<LinearShard, T>(device_, weights.down, down);
  write_shard<LinearShard, T>(device_, weights.shared_gate_up,
                              {{model_.shared_gate_up, rank * shared, shared},
                               {model_.shared_gate_up, kSharedWidth + rank * shared, shared}});
  write_shard<LinearShard, T>(device_, weights.shared_down,
                              {{model_.shared_down, 0, kHidden, rank * shared}});
}

template <class WeightFormat, class KvFormat>
void check(unsigned tpa, unsigned kvp, unsigned splits, emulator::Schedule schedule) {
  using T = typename WeightFormat::Number;
  using Kv = typename KvFormat::Number;
  CAPTURE(tpa, kvp, splits, to_text(schedule));
  const Model<T, Kv> model(Random(11));
  reference::Vector expected;
  for (std::size_t request = 0; request < kPositions.size(); ++request) {
    const reference::Vector one = model.output_of(request);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  Group<WeightFormat, KvFormat> group(model, tpa, kvp, splits, schedule);
  CHECK(relative_error(group.run(), expected) < 0.02);
  CHECK(group.launches() == static_cast<int>(tpa * kvp * 22));
}

}  // namespace

TEST_CASE("MLA and MoE layers on Helix ranks equal the whole model", "[rank_layer]") {
  struct Layout {
    unsigned tpa, kvp, splits;
  };
  const Layout layout =
      GENERATE(Layout{1, 1, 1}, Layout{2, 1, 2}, Layout{1, 4, 1}, Layout{2, 2, 2});
  check<kernels::Bf16Weights, kernels::Bf16Latents>(layout.tpa, layout.kvp, layout.splits, {});
}

TEST_CASE("MLA and MoE layers in E4M3 with scales of blocks equal the whole model",
          "[rank_layer]") {
  check<kernels::E4m3Weights, kernels::E4m3Latents>(2, 2, 2, schedules()[1]);
  check<kernels::E4m3Weights, kernels::E4m3Latents>(1, 4, 1, schedules()[4]);
}
