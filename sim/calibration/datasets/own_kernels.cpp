#include "sim/calibration/datasets/own_kernels.hpp"

#include "sim/calibration/datasets/records.hpp"

namespace helixsim {
namespace {

std::string source_of(const MeasuredRecord& record) {
  return "records of " + record.gpu.name + ", " + record.key.kernel + ", " + record.key.variant;
}

FamilyLabel label_of(const MeasuredRecord& record, std::string_view dtype) {
  return {.op = record.key.kernel, .dtype = std::string(dtype), .kernel = record.key.variant};
}

void add_stream(const MeasuredRecord& record, const DatasetSystem& system, MeasuredRows& rows) {
  const OwnStream stream = own_stream(record);
  FamilyFinder<StreamLaw> families(rows);
  auto& family = families.family(own_family(record.key.kernel, record.key.variant), [&] {
    MeasuredFamily<StreamLaw> one{.label = label_of(record, "all"),
                                  .source = source_of(record),
                                  .plan = stream_plan(stream.element_bytes, system),
                                  .rows = {}};
    one.plan.start.gpu.l2_bytes = 0;  // records are of cold caches
    return one;
  });
  family.rows.push_back({.shape = stream.shape, .seconds = record_seconds(record)});
}

void add_gemm(const std::string& name, const MeasuredRecord& record, const GemmShape& shape,
              const DatasetSystem& system, MeasuredRows& rows) {
  const TableFormat& format = *record_format(record, "w");
  FamilyFinder<GemmLaw> families(rows);
  auto& family = families.family(name, [&] {
    MeasuredFamily<GemmLaw> one = gemm_family(format, system);
    one.label = label_of(record, format.name);
    one.source = source_of(record);
    one.plan.start.gpu.l2_bytes = 0;
    one.plan.start.peak = system.peak(MathRate::Bf16);  // weights are widened in registers
    return one;
  });
  family.rows.push_back({.shape = shape, .seconds = record_seconds(record)});
}

}  // namespace

long long shape_number(const CellKey& key, std::string_view name) {
  const auto found = key.shape.find(std::string(name));
  return found == key.shape.end() ? 0 : found->second;
}

double shape_number(const MeasuredRecord& record, std::string_view name) {
  return static_cast<double>(shape_number(record.key, name));
}

const TableFormat* record_format(const MeasuredRecord& record, std::string_view name) {
  const auto found = record.key.dtype.find(std::string(name));
  if (found == record.key.dtype.end()) return nullptr;
  return find_table_format(found->second == "bf16" ? "bfloat16" : found->second);
}

double record_seconds(const MeasuredRecord& record) {
  return 1e-6 * (record.timing.median_us + record.timing.empty_us);
}

std::string own_family(std::string_view kernel, std::string_view variant) {
  return "own/" + std::string(kernel) + "/" + std::string(variant);
}

OwnStream own_stream(const MeasuredRecord& record) {
  const auto of = [&](std::string_view name) { return shape_number(record, name); };
  const std::string& kernel = record.key.kernel;
  StreamShape shape{.rows = 0.0, .columns = 1.0};
  if (kernel == "rms_norm" || kernel == "swiglu" || kernel == "quantise") {
    shape = {of("m"), of("width")};
  } else if (kernel == "rope_append") {
    shape = {of("b") * (of("qh") + 2.0 * of("kvh")), 128.0};
  } else if (kernel == "mla_append") {
    shape = {of("b") * (of("h") + 1.0), 64.0};
  } else if (kernel == "combine") {
    shape = {of("rows"), of("parts") * of("width")};
  } else if (kernel == "router" || kernel == "order_tokens") {
    shape = {of("m"), of("e")};
  } else if (kernel == "finalise") {
    shape = {of("m"), of("n")};
  }
  const double elements = shape.rows * shape.columns;
  return {.shape = shape, .element_bytes = elements > 0.0 ? record.bytes / elements : 0.0};
}

bool add_own_kernel(const MeasuredRecord& record, const DatasetSystem& system, MeasuredRows& rows) {
  if (record.key.impl != "own") return false;
  const auto of = [&](std::string_view name) { return shape_number(record, name); };
  const std::string& kernel = record.key.kernel;
  const std::string name = own_family(kernel, record.key.variant);
  const bool of_weights = kernel == "gemm" || kernel == "batched_gemm" || kernel == "grouped_gemm";
  if (of_weights && record_format(record, "w") == nullptr) return false;
  if (kernel == "gemm") {
    add_gemm(name, record, {of("m"), of("n"), of("k")}, system, rows);
  } else if (kernel == "grouped_gemm") {
    add_gemm(name, record, {of("me"), of("n"), of("k"), of("e")}, system, rows);
  } else if (kernel == "batched_gemm") {
    const GemmShape shape{of("m"), of("n"), of("k"), of("h")};
    add_gemm(name, record, shape, system, rows);
    if (record_format(record, "w")->name == "bfloat16")
      add_gemm(shape.k < shape.n ? "bmm/w_uk/bfloat16" : "bmm/w_uv/bfloat16", record, shape, system,
               rows);
  } else if (own_stream(record).element_bytes > 0.0) {
    add_stream(record, system, rows);
  } else {
    return false;
  }
  return true;
}

}  // namespace helixsim
