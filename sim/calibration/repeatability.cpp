#include "sim/calibration/repeatability.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "sim/calibration/log_errors.hpp"

namespace helixsim {

double spread_percent(const MeasuredRecord& record) {
  const Timing& timing = record.timing;
  return timing.median_us > 0.0 ? 100.0 * (timing.p90_us - timing.p10_us) / timing.median_us : 0.0;
}

std::vector<Repeatability> repeatability(std::span<const MeasuredRecord> records) {
  std::map<std::string, Repeatability> kernels;
  std::map<std::string, std::vector<double>> spreads;
  struct Ends {
    double low = 0.0;
    double high = 0.0;
    int records = 0;
  };
  std::map<std::string, std::map<std::string, Ends>> cells;  // of a GPU, by kernel
  for (const MeasuredRecord& record : records) {
    if (!record.check.ok || record.timing.median_us <= 0.0) continue;
    Repeatability& one = kernels[record.key.kernel];
    one.kernel = record.key.kernel;
    if (record.suspect) {
      ++one.suspect;
      continue;
    }
    const double spread = spread_percent(record);
    spreads[record.key.kernel].push_back(spread);
    ++one.records;
    Ends& ends = cells[one.kernel][record.gpu.uuid_hash + ' ' + record.key.text()];
    const double median = record.timing.median_us;
    ends.low = ends.records == 0 ? median : std::min(ends.low, median);
    ends.high = std::max(ends.high, median);
    ++ends.records;
    if (one.worst.empty() || spread > one.worst_percent) {
      one.worst_percent = spread;
      one.worst = record.key.text();
    }
  }
  std::vector<Repeatability> all;
  for (auto& [name, one] : kernels) {
    one.median_percent = quantile(spreads[name], 0.5);
    one.p90_percent = quantile(spreads[name], 0.9);
    std::vector<double> apart;
    for (const auto& [cell, ends] : cells[name]) {
      if (ends.records > 1) apart.push_back(100.0 * (ends.high / ends.low - 1.0));
    }
    one.again = std::ssize(apart);
    one.again_median_percent = quantile(apart, 0.5);
    one.again_p90_percent = quantile(apart, 0.9);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace helixsim
