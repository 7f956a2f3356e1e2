#include <catch2/catch.hpp>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/llm/precision_plan.hpp"

using namespace helixsim;
using Catch::Matchers::Equals;

TEST_CASE("one format sets every weight class and a named class only itself", "[llm][precision]") {
  PrecisionPlan plan;
  plan.set_weights("fp8", "--weights");
  plan.set_weights("attention=bf16", "--weights");
  for (const WeightClassEntry& row : weight_classes()) {
    CAPTURE(row.name);
    const bool attention = row.weight_class == WeightClass::Attention;
    CHECK(plan.weight(row.weight_class) == (attention ? Precision::Bf16 : Precision::Fp8));
  }
  CHECK(plan.kv_cache == Precision::Fp4);
}

TEST_CASE("every weight class is set by its own name alone", "[llm][precision][conformance]") {
  CHECK(weight_classes().size() == kWeightClasses);
  for (const WeightClassEntry& row : weight_classes()) {
    PrecisionPlan plan;
    plan.set_weights(std::string(row.name) + "=bf16", "--weights");
    for (const WeightClassEntry& other : weight_classes()) {
      CAPTURE(row.name, other.name);
      const bool same = row.weight_class == other.weight_class;
      CHECK(plan.weight(other.weight_class) == (same ? Precision::Bf16 : Precision::Fp4));
    }
  }
}

TEST_CASE("wrong formats and classes are answered with the nearest name", "[llm][precision]") {
  PrecisionPlan plan;
  CHECK_THROWS_WITH(plan.set_weights("fp5", "--weights"),
                    Equals("--weights: unknown precision \"fp5\"; did you mean \"fp8\"?"));
  CHECK_THROWS_WITH(plan.set_weights("attn=fp8", "--weights"),
                    Catch::StartsWith("--weights: unknown weight class \"attn\""));
  CHECK_THROWS_WITH(plan.set_weights("routr=fp8", "--weights"),
                    Equals("--weights: unknown weight class \"routr\"; did you mean \"router\"?"));
  CHECK_THROWS_AS(plan.set_weights("attention=", "--weights"), ConfigError);
  CHECK_THROWS_AS(plan.set_weights("", "--weights"), ConfigError);
}
