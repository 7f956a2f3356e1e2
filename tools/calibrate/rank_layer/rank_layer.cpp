// Every block, so that each header stands on its own.
#include "tools/calibrate/rank_layer/dense_ffn.hpp"
#include "tools/calibrate/rank_layer/gqa_attention.hpp"
#include "tools/calibrate/rank_layer/linear.hpp"
#include "tools/calibrate/rank_layer/mla_attention.hpp"
#include "tools/calibrate/rank_layer/moe_ffn.hpp"
