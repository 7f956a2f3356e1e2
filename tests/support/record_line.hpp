#pragma once

#include <string>

namespace helixsim {

/// A line of a records file, of a made-up H200, as `calibrate run` would leave it. Text members are
/// JSON: `"m":8,"n":512`.
struct RecordLine {
  std::string kernel;
  std::string shape;
  double us = 1.0;  ///< median; p90 is 1 % more
  double bytes = 1.0;
  double empty_us = 1.2;
  std::string variant = "v";
  std::string impl = "own";
  std::string dtype = R"("w":"bf16","kv":"bf16")";

  [[nodiscard]] std::string text() const {
    const std::string time = std::to_string(us);
    return R"({"schema":"helixsim/record/1","kernel":")" + kernel + R"(","variant":")" + variant +
           R"(","impl":")" + impl + R"(","shape":{)" + shape + R"(},"dtype":{)" + dtype +
           R"(},"bytes":)" + std::to_string(bytes) +
           R"(,"flops":1,"mode":"graph_cold","reps":4,"samples":30,"median_us":)" + time +
           ",\"p10_us\":" + time + ",\"p90_us\":" + std::to_string(1.01 * us) +
           ",\"empty_us\":" + std::to_string(empty_us) +
           R"(,"check":{"error":0.001,"ok":true},"gpu":{"name":)" +
           R"("<Made up>","sm":"9.0","sms":132,"l2":50000000,"mem_clk_mhz":3200,"uuid_hash":"0"},)" +
           R"("clk":{"sm_med_mhz":1980,"sm_min_mhz":1980,"power_w":600,"temp_c":50},)" +
           R"("software":{"cuda":"13.0"},"utc":"2026-01-01T00:00:00Z"})" + "\n";
  }
};

inline std::string gemm_shape(int m, int n, int k) {
  return "\"m\":" + std::to_string(m) + ",\"n\":" + std::to_string(n) +
         ",\"k\":" + std::to_string(k);
}

}  // namespace helixsim
