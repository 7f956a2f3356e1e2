#include <catch2/catch.hpp>

#include "sim/calibration/datasets/registry.hpp"
#include "sim/config/config_error.hpp"
#include "tests/calibration/temporary_table.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

MeasuredRows rows_of(const std::string& name, const std::string& text) {
  const TemporaryTable file("gb200/" + name + ".csv", text);
  return read_measurements(file.folder(), gb200());
}

std::string message_of(const std::string& name, const std::string& text) {
  try {
    (void)rows_of(name, text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a row of a GEMM becomes a shape of its family", "[calibration][datasets]") {
  const MeasuredRows rows = rows_of("gemm", "dtype,m,n,k,latency_us\nnvfp4,8,4096,7168,12.5\n");
  const auto& family = of_law<GemmLaw, MeasuredFamily>(rows.families).at("gemm/nvfp4");
  REQUIRE(family.rows.size() == 1);
  CHECK(family.rows[0].shape.n == 4096.0);
  CHECK(family.rows[0].seconds == Approx(12.5e-6));
  CHECK(family.plan.start.weight_bytes == 0.5625);
  CHECK(family.plan.start.peak == 10e15);
  CHECK(family.plan.start.gpu.multiprocessors == 148.0);
}

TEST_CASE("attention is sorted by library, format, group and window", "[calibration][datasets]") {
  const MeasuredRows rows =
      rows_of("generation_attention",
              "kernel,kv_dtype,batch,seq_len,q_heads,kv_heads,head_dim,window_size,latency_us\n"
              "torch_flow,fp8,4,1025,64,8,128,0,20\ntorch_flow,fp8,4,1025,8,8,128,0,20\n"
              "torch_flow,bfloat16,4,1025,64,1,128,128,20\n"
              "torch_flow_flashinfer,fp8,4,1025,64,8,128,0,20\n");
  const auto& families = of_law<AttentionLaw, MeasuredFamily>(rows.families);
  CHECK(families.at("attention/fp8/grouped").rows[0].shape.group == 8.0);
  CHECK(families.at("attention/fp8/mha").rows.size() == 1);
  CHECK(families.at("attention/bfloat16/wide_windowed").rows[0].shape.window == 128.0);
  CHECK(families.at("torch_flow_flashinfer/fp8/grouped").rows.size() == 1);
}

TEST_CASE("collectives are counted in bytes that a GPU sends", "[calibration][datasets]") {
  const MeasuredRows nccl = rows_of("nccl",
                                    "op,dtype,num_gpus,bytes,latency_us\nall_reduce,half,4,1000,9\n"
                                    "all_gather,half,4,1000,9\n");
  const auto& families = of_law<CollectiveLaw, MeasuredFamily>(nccl.families);
  CHECK(families.at("nccl/all_reduce").rows[0].shape.wire_bytes == Approx(1500.0));
  CHECK(families.at("nccl/all_gather").rows[0].shape.wire_bytes == Approx(750.0));
  const MeasuredRows deepep =
      rows_of("deepep_ll",
              "source_version,node_num,num_tokens,hidden,topk,num_experts,dispatch_us,combine_us\n"
              "1,2,10,1000,4,64,11,12\n");
  const auto& both = of_law<CollectiveLaw, MeasuredFamily>(deepep.families);
  const auto& dispatch = both.at("deepep/dispatch/1").rows[0];
  CHECK(dispatch.shape.ranks == 8.0);  // two hosts of four
  CHECK(dispatch.shape.experts == 8.0);
  CHECK(dispatch.shape.wire_bytes == Approx(10 * 1000 * 4 * 7.0 / 8.0));
  CHECK(both.at("deepep/combine/1").rows[0].seconds == Approx(12e-6));
}

TEST_CASE("tables that no law is for are counted, not dropped", "[calibration][datasets]") {
  const MeasuredRows rows = rows_of("dsa_generation_module", "a,latency_us\n1,2\n3,4\n");
  REQUIRE(rows.unpredicted.size() == 1);
  CHECK(rows.unpredicted[0].rows == 2);
  CHECK(rows.unpredicted[0].reason.find("sparse") != std::string::npos);
  CHECK(rows_of("something_new", "a\n1\n").unpredicted[0].reason == "a table that is not known");
}

TEST_CASE("what is wrong in a table of measurements is named", "[calibration][datasets][errors]") {
  CHECK(message_of("gemm", "dtype,m,n,k,latency_us\nnvfp5,8,4096,7168,12.5\n")
            .find("did you mean \"nvfp4\"") != std::string::npos);
  CHECK(message_of("gemm", "dtype,m,n,latency_us\n").find("no column \"k\"") != std::string::npos);
  CHECK(message_of("gemm", "dtype,m,n,k,latency_us\nnvfp4,8,0,7168,12.5\n").find(":2: n") !=
        std::string::npos);
  CHECK(message_of("moe",
                   "kernel,dtype,num_tokens,hidden,inter,topk,num_experts,tp,ep,distribution,"
                   "latency_us\ndeepgemm,fp8_block,1,2048,512,8,256,1,8,zipf,31\n")
            .find("balanced or power_law_ALPHA") != std::string::npos);
  CHECK_THROWS_AS(read_measurements("no such folder", gb200()), ConfigError);
}
