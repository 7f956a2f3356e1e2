#include "tools/helixsim/accuracy_folder.hpp"

#include "sim/report/layer_table.hpp"
#include "sim/report/validation_html.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {

void write_calibration(OutputFolder& folder, const CalibrationReport& report) {
  folder.write("held_out.csv", held_out_csv(report));
  folder.write("parameters.csv", parameters_csv(report));
  folder.write("calibration.json", calibration_json(report));
  if (!report.records.empty()) folder.write("stream.csv", stream_csv(report));
  if (!report.layers.empty()) folder.write("layers.csv", layer_csv(report.layers));
  folder.write("calibration.html", calibration_html(report));
}

void write_accuracy(OutputFolder& folder, const std::vector<ScoredSystem>& systems) {
  folder.write("accuracy.csv", accuracy_csv(systems));
  folder.write("accuracy.json", accuracy_json(systems));
  const auto page = validation_html(systems);
  if (page) folder.write("validate.html", *page);
  folder.commit();
  if (!page) tell("note: no validate.html: built without the chart library\n");
}

}  // namespace helixsim
