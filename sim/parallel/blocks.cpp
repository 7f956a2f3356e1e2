#include "sim/parallel/blocks.hpp"

namespace helixsim {
namespace {

constexpr double kLseBytes = 4.0;        // one FP32 log-sum-exp a head
constexpr double kBestLogitBytes = 8.0;  // an FP32 value and its index

}  // namespace

AttentionShard attention_shard(const StepInput& step, const Widths& widths) {
  const auto heads = static_cast<double>(step.attention.query_heads());
  const int kv_heads = (step.attention.kv_heads() + step.layout.tpa - 1) / step.layout.tpa;
  return {.requests = static_cast<double>(step.group_batch()),
          .kv_tokens = step.context / step.layout.kvp,
          .query_heads = heads / step.layout.tpa,
          .kv_heads = static_cast<double>(kv_heads),
          .projected_heads = heads / widths.query,
          .value_heads = heads / widths.values,
          .output_heads = heads / widths.output};
}

void add_exchange(std::string_view name, CollectiveKind kind, StartUp start_up, const Group& group,
                  Bytes payload, Bytes port_bytes, OperationList& out) {
  if (group.size <= 1) return;
  out.push_back({.name = name,
                 .kind = OperationKind::Collective,
                 .category = TimeCategory::Communication,
                 .collective = {.kind = kind,
                                .start_up = start_up,
                                .group = group.size,
                                .stride = group.stride,
                                .ranks = group.ranks,
                                .payload = payload,
                                .port_bytes = port_bytes},
                 .cut_by_hop_b = false,
                 .active_experts = 0.0});
}

void add_all_reduce(std::string_view name, std::string_view lone_norm, const Group& group,
                    Bytes payload, OperationList& out) {
  if (group.size <= 1) {
    out.push_back(elementwise(lone_norm));
  } else {
    add_exchange(name, CollectiveKind::AllReduce, StartUp::AllReduce, group, payload, Bytes(), out);
  }
}

void add_local_attention(const StepInput& step, const AttentionShard& shard, OperationList& out) {
  step.attention.before(shard, step.precision, out);
  out.push_back(step.attention.flash_decode(shard, step.precision));
  step.attention.project_values(shard, step.precision, out);
  step.attention.after(shard, step.precision, out);
}

Bytes partial_output_bytes(const StepInput& step) {
  const double heads = static_cast<double>(step.attention.query_heads()) / step.layout.tpa;
  const double bytes_per_head =
      exchanged_size(step) * bytes_per_element(step.precision.activations) + kLseBytes;
  return Bytes(step.group_batch() * heads * bytes_per_head);
}

Bytes lse_bytes(const StepInput& step) {
  const double heads = static_cast<double>(step.attention.query_heads()) / step.layout.tpa;
  return Bytes(step.group_batch() * heads * kLseBytes);
}

int exchanged_size(const StepInput& step) {
  return step.options.merge_before_w_uv ? step.attention.exchanged_size()
                                        : step.attention.value_size();
}

void add_kvp_all_to_all(const StepInput& step, OperationList& out) {
  const int kvp = step.layout.kvp;
  if (kvp == 1) return;
  const bool after_attention = out.back().kind == OperationKind::Attention;
  const Bytes payload = partial_output_bytes(step);
  add_exchange("kvp_all_to_all", CollectiveKind::AllToAll, StartUp::KvpExchange,
               step.layout.kvp_group(), payload, payload * ((kvp - 1.0) / kvp), out);
  out.back().cut_by_hop_b = after_attention;
  out.push_back(elementwise("combine", TimeCategory::Attention));
}

void all_reduce_dense_block(const StepInput& step, const Widths& widths, OperationList& out) {
  dense_ffn(step.model,
            {.tokens = static_cast<double>(step.batch),
             .tpf = widths.dense_ffn,
             .minimum_columns = step.options.minimum_shard_columns},
            step.precision, out);
  add_all_reduce("ffn_all_reduce", "norm2", step.layout.neighbours(widths.dense_ffn),
                 step.hidden_bytes(step.batch), out);
}

void add_embedding(const StepInput& step, int width, OperationList& out) {
  out.push_back(elementwise("embedding"));
  add_all_reduce("embedding_all_reduce", "embedding_norm", step.layout.neighbours(width),
                 step.hidden_bytes(step.batch), out);
}

void add_lm_head(const StepInput& step, OperationList& out) {
  const int width = step.layout.stage_gpus();
  const GemmShape shape{.n = static_cast<double>(step.model.vocabulary) / width,
                        .k = static_cast<double>(step.model.hidden)};
  out.push_back(gemm("lm_head", shape, step.batch, step.precision.weight(WeightClass::LmHead)));
  const Bytes best(step.batch * kBestLogitBytes);
  add_exchange("logits_all_gather", CollectiveKind::AllGather, StartUp::Exchange,
               step.layout.stage_group(), best, best * (width - 1.0), out);
  out.push_back(elementwise("sampling"));
}

}  // namespace helixsim
