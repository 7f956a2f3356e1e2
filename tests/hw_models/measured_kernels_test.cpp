#include <catch2/catch.hpp>
#include <cmath>

#include "hw_models/kernels/kernel.hpp"
#include "tests/support/random.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

KernelWork gemm_work(Precision format, GemmShape shape) {
  KernelWork work;
  work.kind = KernelKind::Gemm;
  work.math = entry(format).rate;
  work.format = format;
  work.shape = shape;
  work.weight_bytes = Bytes(elements(shape) * bytes_per_element(format));
  work.flops = Flops(2.0 * shape.m * elements(shape));
  return work;
}

KernelWork attention_work(Precision cache, AttentionShape shape) {
  KernelWork work;
  work.kind = KernelKind::Attention;
  work.math = MathRate::Bf16;
  work.format = cache;
  work.shape = shape;
  const double sides = shape.head_size > 512 ? 1.0 : 2.0;
  const double bytes = sides * shape.head_size * bytes_per_element(cache);
  work.kv_bytes = Bytes(shape.batch * shape.kv_tokens * shape.kv_heads * bytes);
  return work;
}

KernelWork experts_work(Precision format, GroupedGemmShape shape) {
  KernelWork work;
  work.kind = KernelKind::GroupedGemm;
  work.math = entry(format).rate;
  work.format = format;
  work.shape = shape;
  work.weight_bytes =
      Bytes(shape.active * 3 * shape.hidden * shape.intermediate * bytes_per_element(format));
  return work;
}

KernelWork random_shaped_work(Random& random) {
  const Precision formats[] = {Precision::Bf16, Precision::Fp8, Precision::Fp8Block,
                               Precision::Nvfp4, Precision::Fp4};
  const Precision format = formats[random.between(0, 4)];
  const auto upto = [&](double most) { return std::floor(std::pow(most, random.unit())); };
  switch (random.between(0, 2)) {
    case 0:
      return gemm_work(format,
                       {upto(4096), upto(65536), upto(65536), random.coin() ? 1 : upto(128)});
    case 1:
      return attention_work(format,
                            {upto(512), upto(4e6), 1.0, upto(128), random.coin() ? 576. : 128.});
    default:
      const double experts = upto(256);
      return experts_work(format, {upto(4096), upto(8192), std::max(1.0, experts * random.unit()),
                                   experts, 7168, 128 * upto(32)});
  }
}

double micros(const Hardware& hardware, const KernelWork& work) {
  return hardware.duration(work).value() * 1e6;
}

Hardware with(const std::string& key, const std::string& value) {
  return gb200_hardware("measured", {{"fidelities.measured.kernels." + key + ".value", value}});
}

const AttentionShape kDecode{8, 8192, 1, 8, 128};

}  // namespace

TEST_CASE("measured kernels of any shape are finite and no faster than the data sheet",
          "[hw_models][measured][property]") {
  const Hardware hardware = gb200_hardware("measured");
  const Hardware remembers = hardware.remembering();
  Random random(11);
  for (int i = 0; i < 3000; ++i) {
    KernelWork work = random_shaped_work(random);
    work.input_ready = random.coin();
    CAPTURE(i, work.shape.index());
    const double time = hardware.duration(work).value();
    CHECK(std::isfinite(time));
    CHECK(time >= (work.hbm_bytes() / hardware.gpu().memory_bandwidth).value() * (1 - 1e-12));
    CHECK(time >= (work.flops / hardware.gpu().peak(work.math)).value() * (1 - 1e-12));
    // Twice: when it is computed and when it is remembered.
    CHECK(remembers.duration(work) == hardware.duration(work));
    CHECK(remembers.duration(work) == hardware.duration(work));
  }
}

TEST_CASE("kernels that libraries launch as one are remembered as parts of it",
          "[hw_models][measured]") {
  const Hardware hardware = gb200_hardware("measured");
  const Hardware remembers = hardware.remembering();
  for (const Precision format : {Precision::Bf16, Precision::Fp8Block, Precision::Nvfp4}) {
    KernelWork up = experts_work(format, {64, 512, 8, 8, 7168, 2048});
    KernelWork down = up;
    up.part = 2.0 / 3.0;
    down.part = 1.0 / 3.0;
    for (const KernelWork& work : {up, down, up})
      CHECK(remembers.duration(work) == hardware.duration(work));
  }
}

TEST_CASE("costs of collectives are remembered as the laws give them",
          "[hw_models][measured][property]") {
  const Hardware hardware = gb200_hardware("measured");
  const Hardware remembers = hardware.remembering();
  Random random(14);
  std::vector<CollectiveRequest> requests;
  for (int i = 0; i < 500; ++i) {
    const double payload = random.between(0, 1'000'000);
    const bool dispatches = random.coin();
    requests.push_back({.kind = static_cast<CollectiveKind>(random.between(0, 4)),
                        .start_up = static_cast<StartUp>(random.between(0, 3)),
                        .group = random.between(1, 72),
                        .payload = Bytes(payload),
                        .port_bytes = Bytes(payload * random.between(0, 3)),
                        .experts = static_cast<ExpertEnd>(random.between(0, 2)),
                        .local_bytes = Bytes(dispatches ? payload * random.unit() : 0.0),
                        .local_experts = dispatches ? 1.0 * random.between(1, 32) : 0.0});
  }
  for (int i = 0; i < 3000; ++i) {
    const CollectiveRequest& request = random.pick(requests);
    CAPTURE(static_cast<int>(request.kind), request.group, request.payload.value());
    const CollectiveCost expected = hardware.cost(request);
    const CollectiveCost cost = remembers.cost(request);
    CHECK(cost.occupancy == expected.occupancy);
    CHECK(cost.latency == expected.latency);
    CHECK(cost.sent == expected.sent);
    CHECK(cost.algorithm == expected.algorithm);
  }
}

TEST_CASE("the bound of attention that is cut never exceeds its parts",
          "[hw_models][measured][property]") {
  const Hardware hardware = gb200_hardware("measured");
  Random random(12);
  for (int i = 0; i < 500; ++i) {
    const int batch = random.between(1, 64);
    const KernelWork work = attention_work(
        random.coin() ? Precision::Fp8 : Precision::Bf16,
        {1.0 * batch, std::floor(std::pow(1e6, random.unit())), random.coin() ? 1. : 8.,
         random.coin() ? 8. : 16., random.coin() ? 576. : 128.});
    const int chunks = random.between(1, batch);
    CAPTURE(i, batch, chunks);
    Seconds sum;
    for (int chunk = 0; chunk < chunks; ++chunk) {
      const int size = batch / chunks + (chunk < batch % chunks ? 1 : 0);
      sum += hardware.duration(part_of(work, static_cast<double>(size) / batch));
    }
    CHECK(hardware.least_when_cut(work, chunks) <= sum * (1 + 1e-12));
    CHECK(hardware.least_when_cut(work, chunks) <= hardware.least_when_cut(work, chunks + 1));
  }
}

TEST_CASE("rows of one call a graph lose their launch gap, packed rows do not",
          "[hw_models][measured][composition]") {
  const Hardware now = gb200_hardware("measured");
  const Hardware longer = with("launch_gap", "3.4 us");
  const KernelWork attention = attention_work(Precision::Fp8, kDecode);
  const KernelWork gemm = gemm_work(Precision::Nvfp4, {8, 4096, 7168});
  CHECK(micros(longer, attention) == Approx(micros(now, attention) - 1.0));
  CHECK(micros(longer, gemm) == micros(now, gemm));
  const Hardware early = with("programmatic_launch", "true");
  CHECK(micros(early, attention) == Approx(micros(now, attention) - 1.3));
  CHECK(micros(early, gemm) == Approx(micros(now, gemm) - 1.3));
}

TEST_CASE("quantisation of inputs is counted once", "[hw_models][measured][composition]") {
  const Hardware now = gb200_hardware("measured");
  for (const Precision format : {Precision::Fp8Block, Precision::Nvfp4}) {
    KernelWork work = gemm_work(format, {64, 4096, 7168});
    const double alone = micros(now, work);
    work.input_ready = true;
    CHECK(micros(now, work) < alone - 2.0);
    CHECK(micros(with("quantise_once", "false"), work) == alone);
  }
  KernelWork plain = gemm_work(Precision::Bf16, {64, 4096, 7168});
  const double alone = micros(now, plain);
  plain.input_ready = true;
  CHECK(micros(now, plain) == alone);
}

TEST_CASE("a decode step has no credit for what L2 held in a benchmark",
          "[hw_models][measured][composition]") {
  const KernelWork work = attention_work(Precision::Fp8, {64, 4096, 1, 8, 128});  // 67 MB
  CHECK(micros(gb200_hardware("measured"), work) > micros(with("cold", "false"), work));
}

TEST_CASE("what libraries do within another kernel takes no time of its own",
          "[hw_models][measured][composition]") {
  KernelWork rope;
  CHECK(micros(gb200_hardware("measured"), rope) > 0.0);
  rope.included = true;
  CHECK(micros(gb200_hardware("measured"), rope) == 0.0);
  CHECK(micros(gb200_hardware("paper"), rope) == Approx(2.5));
}

TEST_CASE("measured collectives follow their tables and grow with the group",
          "[hw_models][measured]") {
  const Hardware hardware = gb200_hardware("measured");
  const auto all_reduce = [&](int group, double bytes) {
    return hardware
        .cost({.kind = CollectiveKind::AllReduce, .group = group, .payload = Bytes(bytes)})
        .occupancy.value();
  };
  CHECK(all_reduce(4, 8192) == Approx(4.9e-6).epsilon(0.1));  // as measured
  CHECK(all_reduce(64, 8192) > all_reduce(4, 8192));
  CHECK(all_reduce(4, 1e8) > 10 * all_reduce(4, 8192));
  CHECK(hardware.cost({.kind = CollectiveKind::AllReduce, .group = 4, .payload = Bytes(8192)})
            .algorithm == "all_reduce/trtllm_graph");
  // No rows are of the exchange of partial outputs: its setting stands.
  const CollectiveCost exchange = hardware.cost({.kind = CollectiveKind::AllToAll,
                                                 .start_up = StartUp::KvpExchange,
                                                 .group = 8,
                                                 .payload = Bytes(1e3),
                                                 .port_bytes = Bytes(1e3)});
  CHECK(exchange.occupancy.value() == Approx(15e-6).epsilon(0.05));
}

TEST_CASE("measured kernels and collectives follow the data sheet that a system is given",
          "[hw_models][measured]") {
  const Hardware now = gb200_hardware("measured");
  const Hardware twice = gb200_hardware("measured", {{"gpu.memory.bandwidth.value", "16 TB/s"}});
  const KernelWork read = attention_work(
      Precision::Fp8,
      {.batch = 64, .kv_tokens = 100'000, .kv_heads = 1, .group = 8, .head_size = 128});
  CHECK(now.duration(read) / twice.duration(read) > 1.5);
  const KernelWork gemm = gemm_work(Precision::Nvfp4, {.m = 1, .n = 128, .k = 1024});
  CHECK(twice.duration(gemm) <= now.duration(gemm));

  const CollectiveRequest large{
      .kind = CollectiveKind::AllReduce, .group = 4, .payload = Bytes(1e9)};
  const Hardware linked = gb200_hardware("measured", {{"fabric.link_bandwidth.value", "100 GB/s"}});
  CHECK(now.cost(large).total() / linked.cost(large).total() > 1.8);
}
