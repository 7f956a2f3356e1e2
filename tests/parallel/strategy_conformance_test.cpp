#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "sim/llm/attention/registry.hpp"
#include "tests/parallel/step_case.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

constexpr unsigned kSeeds = 60;

/// A random step of every strategy by turns.
StepCase step_of(std::uint32_t seed) {
  Random random(seed);
  const auto rows = strategies();
  return random_step(rows[seed % rows.size()], random);
}

double sum_weight_bytes(const OperationList& operations) {
  double sum = 0.0;
  for (const Operation& op : operations) sum += op.work.weight_bytes.value();
  return sum;
}

const Operation& attention_of(const OperationList& block) {
  for (const Operation& op : block) {
    if (op.kind == OperationKind::Attention) return op;
  }
  throw std::logic_error("an attention block has an attention kernel");
}

/// What one GPU of a symmetric group must receive, from what it ends up holding.
double received_bytes(const StepCase& c, std::string_view name) {
  const double tpa = c.layout.tpa;
  const double kvp = c.layout.kvp;
  const double ep = c.layout.ep;
  const double requests = c.batch;
  const double own = requests / c.layout.dp;
  const double hidden = 2.0 * c.model.hidden;
  const double heads = c.attention->query_heads();
  const ScheduleOptions options = c.step().options;
  const double output =  // BF16
      2.0 * (options.merge_before_w_uv ? c.attention->exchanged_size() : c.attention->value_size());
  const double lse = 4.0;  // FP32
  const double head = output + lse;
  // The heads that this GPU merges, from each of the other KVP ranks.
  if (name == "kvp_all_to_all") return (kvp - 1) * own * heads / (tpa * kvp) * head;
  if (name == "kvp_all_gather") return (kvp - 1) * own * heads / tpa * head;
  if (name == "lse_all_gather") return (kvp - 1) * own * heads / tpa * lse;
  if (name == "output_reduce_scatter") return (kvp - 1) * own * heads / (tpa * kvp) * output;
  // The queries of the heads that the other KVP ranks have projected.
  if (name == "query_all_gather") {
    return (kvp - 1) * own * heads / (tpa * kvp) * 2.0 * c.attention->query_size();
  }
  // The tokens of the other attention groups.
  if (name == "ffn_all_gather" || name == "ffn_reduce_scatter" || name == "hidden_all_gather") {
    return (requests - own) * hidden;
  }
  // A token is received once by each rank that holds one of its experts, itself excepted.
  if (name == "moe_dispatch" || name == "moe_combine") {
    // Where all GPUs hold the whole batch, each sends an n-th of it.
    const double tokens = c.layout.dp > 1 ? own : own / c.layout.stage_gpus();
    if (c.options.routing != Routing{}) return tokens * hidden * c.step().active.other_ranks;
    return tokens * hidden * (ep - 1) * (1 - std::pow(1 - 1 / ep, c.model.moe.experts_per_token));
  }
  if (name == "moe_all_gather") return own * hidden * (tpa * kvp - 1) / (tpa * kvp);
  // [B, H] partials of the other expert ranks.
  if (name == "moe_expert_all_gather") return (ep - 1) * requests * hidden;
  if (name == "logits_all_gather") return (c.layout.stage_gpus() - 1) * requests * 8.0;
  FAIL("no rule for the exchange " << name << ": say here what a GPU must receive");
  return 0.0;
}

void check_same(const OperationList& a, const OperationList& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(a[i].name);
    CHECK(a[i].name == b[i].name);
    CHECK(a[i].kind == b[i].kind);
    CHECK(a[i].category == b[i].category);
    CHECK(a[i].work.weight_bytes == b[i].work.weight_bytes);
    CHECK(a[i].work.kv_bytes == b[i].work.kv_bytes);
    CHECK(a[i].work.flops == b[i].work.flops);
    CHECK(a[i].collective.group == b[i].collective.group);
    CHECK(a[i].collective.payload == b[i].collective.payload);
    CHECK(a[i].collective.port_bytes == b[i].collective.port_bytes);
    CHECK(a[i].active_experts == b[i].active_experts);
  }
}

}  // namespace

TEST_CASE("operations are finite, not negative and of groups that the stage can form",
          "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout), c.batch, c.context);
  for (const OperationList& block : c.blocks()) {
    for (const Operation& op : block) {
      CAPTURE(op.name);
      for (const double value :
           {op.work.weight_bytes.value(), op.work.kv_bytes.value(), op.work.flops.value(),
            op.collective.payload.value(), op.collective.port_bytes.value()}) {
        CHECK((std::isfinite(value) && value >= 0.0));
      }
      if (op.kind != OperationKind::Collective) continue;
      CHECK(op.collective.group >= 2);
      CHECK(c.layout.stage_gpus() % op.collective.group == 0);
      CHECK(op.collective.payload.value() > 0.0);
    }
  }
}

TEST_CASE("the names of a block's operations are unique", "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout));
  for (const OperationList& block : c.blocks()) {
    std::set<std::string_view> names;
    for (const Operation& op : block) {
      CAPTURE(op.name);
      CHECK_FALSE(op.name.empty());
      CHECK(names.insert(op.name).second);
    }
  }
}

TEST_CASE("every strategy stores at least one whole KV cache", "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout), c.batch);
  const double on_one = attention_of(c.attention_block()).work.kv_bytes.value();
  const double whole = c.batch * c.context *
                       c.attention->kv_elements_per_token(c.attention->kv_heads()) *
                       bytes_per_element(c.precision.kv_cache);
  const double stored = c.layout.stage_gpus() * on_one;
  CHECK(stored >= whole * (1 - 1e-12));
  // Nothing is duplicated while TPA does not exceed the KV heads.
  if (c.attention->kv_heads() % c.layout.tpa == 0) CHECK(stored == Approx(whole).epsilon(1e-12));
}

TEST_CASE("the attention of all GPUs together is that of the batch", "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout), c.batch);
  const double heads = c.attention->query_heads();
  const AttentionShard whole{.requests = static_cast<double>(c.batch),
                             .kv_tokens = c.context,
                             .query_heads = heads,
                             .kv_heads = static_cast<double>(c.attention->kv_heads()),
                             .projected_heads = heads,
                             .value_heads = heads,
                             .output_heads = heads};
  CHECK(c.layout.stage_gpus() * attention_of(c.attention_block()).work.flops.value() ==
        Approx(c.attention->flash_decode(whole, c.precision).work.flops.value()).epsilon(1e-12));
}

TEST_CASE("the GPUs of a stage together hold every weight of attention and dense FFN",
          "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout));
  const double heads = c.attention->query_heads();
  const AttentionShard whole{.requests = 1,
                             .kv_tokens = 1,
                             .query_heads = heads,
                             .kv_heads = static_cast<double>(c.attention->kv_heads()),
                             .projected_heads = heads,
                             .value_heads = heads,
                             .output_heads = heads};
  const auto blocks = c.blocks();
  const double fp4 = 0.5;
  CHECK(c.layout.stage_gpus() * sum_weight_bytes(blocks[0]) >=
        c.attention->weight_elements(whole) * fp4 * (1 - 1e-12));
  if (c.model.dense.layers > 0) {
    CHECK(c.layout.stage_gpus() * sum_weight_bytes(blocks[1]) >=
          3.0 * c.model.hidden * c.model.dense.intermediate * fp4 * (1 - 1e-12));
  }
}

TEST_CASE("what a GPU sends into an exchange equals what it must receive",
          "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout), c.batch);
  for (const OperationList& block : c.blocks()) {
    for (const Operation& op : block) {
      if (op.kind != OperationKind::Collective || op.collective.kind == CollectiveKind::AllReduce)
        continue;
      CAPTURE(op.name);
      CHECK(op.collective.port_bytes.value() == Approx(received_bytes(c, op.name)).epsilon(1e-12));
    }
  }
}

TEST_CASE("an all-reduce carries the hidden states of the tokens that it sums",
          "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout), c.batch);
  const double hidden = 2.0 * c.model.hidden;
  const double own = static_cast<double>(c.batch) / c.layout.dp;
  const std::map<std::string_view, double> tokens{
      {"attn_all_reduce", own},
      {"ffn_all_reduce", c.batch},
      {"moe_all_reduce", c.batch},
      {"embedding_all_reduce", c.batch},
      {"expert_all_reduce",
       moe_exchange_of(c.step().options, c.layout) == MoeExchange::AllGather
           ? c.batch
           : static_cast<double>(c.batch) * c.model.moe.experts_per_token / c.layout.ep}};
  for (const OperationList& block : c.blocks()) {
    for (const Operation& op : block) {
      if (op.kind != OperationKind::Collective || op.collective.kind != CollectiveKind::AllReduce)
        continue;
      CAPTURE(op.name);
      REQUIRE(tokens.contains(op.name));
      CHECK(op.collective.payload.value() == Approx(tokens.at(op.name) * hidden));
    }
  }
}

TEST_CASE("an exchange for HOP-B follows attention exactly where the strategy's row says so",
          "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  Random random(seed);
  StepCase c = default_step(strategies()[seed % strategies().size()], random);
  c.options.exchange = DcpExchange::AllToAll;
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout));
  const OperationList block = c.attention_block();
  bool found = false;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i].kind != OperationKind::Collective) continue;
    if (block[i].collective.start_up != StartUp::KvpExchange) continue;
    found = true;
    REQUIRE(i > 0);
    CHECK(block[i - 1].kind == OperationKind::Attention);
    CHECK(block[i].cut_by_hop_b);
  }
  CHECK(found == (c.entry->hides_exchange && c.layout.kvp > 1));
}

TEST_CASE("Helix without KV parallelism is tensor parallelism", "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, 20U));
  Random random(seed);
  const ModelSpec& model = random.pick(test_models());
  const auto attention = make_attention(model.attention, model.hidden);
  const int tpa = attention->kv_heads() == 1 ? 1 : random.power_of_two(2);
  const int ep = model.moe.layers > 0 ? random.pick<int>({1, tpa}) : 1;
  const Layout layout{.tpa = tpa, .tpf = tpa / ep, .ep = ep};
  CAPTURE(seed, model.name, to_text(layout));
  const int batch = random.between(1, 64);
  const auto rows = strategies();
  const auto named = [&](std::string_view name) -> const StrategyEntry& {
    return *std::find_if(rows.begin(), rows.end(),
                         [&](const auto& row) { return row.name == name; });
  };
  const StepCase helix(named("helix"), model, layout, batch, 1e6);
  const StepCase tp(named("tp"), model, layout, batch, 1e6);
  const StepCase medha(named("medha"), model, layout, batch, 1e6);
  for (std::size_t b = 0; b < 5; ++b) {
    CAPTURE(b);
    check_same(helix.blocks()[b], tp.blocks()[b]);
    check_same(medha.blocks()[b], tp.blocks()[b]);
  }
}

TEST_CASE("one GPU exchanges nothing", "[parallel][conformance]") {
  for (const StrategyEntry& row : strategies()) {
    for (const ModelSpec& model : test_models()) {
      const auto attention = make_attention(model.attention, model.hidden);
      if (row.get().fault(*attention, model, Layout{})) continue;
      CAPTURE(row.name, model.name);
      for (const OperationList& block : StepCase(row, model, Layout{}, 4, 1e5).blocks()) {
        for (const Operation& op : block) {
          CAPTURE(op.name);
          CHECK(op.kind != OperationKind::Collective);
        }
      }
    }
  }
}

TEST_CASE("the context reaches the attention kernel alone", "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, to_text(c.layout));
  StepCase longer = c;
  longer.context = 3.0 * c.context + 7.0;
  const auto without_kernel = [](std::vector<OperationList> blocks) {
    std::erase_if(blocks[0],
                  [](const Operation& op) { return op.kind == OperationKind::Attention; });
    return blocks;
  };
  const auto blocks = without_kernel(c.blocks());
  const auto of_longer = without_kernel(longer.blocks());
  for (std::size_t b = 0; b < blocks.size(); ++b) check_same(blocks[b], of_longer[b]);
}

TEST_CASE("no number of an operation falls when requests or tokens are added",
          "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, 4 * kSeeds));
  const StepCase c = step_of(seed);
  Random random(seed);
  StepCase larger = c;
  larger.batch += c.layout.dp * random.between(0, 40);
  larger.context += random.between(0, 1'000'000);
  CAPTURE(seed, c.entry->name, to_text(c.layout), c.batch, larger.batch);
  const auto blocks = c.blocks();
  const auto of_larger = larger.blocks();
  // As real numbers they never fall; the last bits of a double may.
  const auto grows = [](double from, double to) { return to >= from * (1.0 - 1e-12); };
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    REQUIRE(blocks[b].size() == of_larger[b].size());
    for (std::size_t i = 0; i < blocks[b].size(); ++i) {
      const Operation& few = blocks[b][i];
      const Operation& many = of_larger[b][i];
      CAPTURE(few.name);
      CHECK(few.name == many.name);
      CHECK(few.kind == many.kind);
      CHECK(few.cut_by_hop_b == many.cut_by_hop_b);
      CHECK(few.collective.group == many.collective.group);
      CHECK(grows(few.work.weight_bytes.value(), many.work.weight_bytes.value()));
      CHECK(grows(few.work.kv_bytes.value(), many.work.kv_bytes.value()));
      CHECK(grows(few.work.flops.value(), many.work.flops.value()));
      CHECK(grows(few.collective.payload.value(), many.collective.payload.value()));
      CHECK(grows(few.collective.port_bytes.value(), many.collective.port_bytes.value()));
    }
  }
}

TEST_CASE("the attention kernel is flash-decode of the strategy's shard",
          "[parallel][conformance]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, to_text(c.layout));
  const OperationList block = c.attention_block();
  CHECK(std::count_if(block.begin(), block.end(), [](const Operation& op) {
          return op.kind == OperationKind::Attention;
        }) == 1);
  const StepInput step = c.step();
  const Operation expected = c.attention->flash_decode(
      attention_shard(step, c.strategy().widths(c.layout, step.options)), c.precision);
  CHECK(attention_of(block).work.kv_bytes == expected.work.kv_bytes);
  CHECK(attention_of(block).work.flops == expected.work.flops);
}
