# Sources of a target compiled several at a time (-DCMAKE_UNITY_BUILD=ON; presets asan and tsan, and a build directory that
# the scripts in tools/ make): most of a compiler's work here is reading the same headers. Those below stay alone, for they
# give the same name to things of their own as another source of their target does; a clash that is new stops the build and
# is mended by a better name, or by a line here.
set(trigpoint_alone
  libs/base/tests/time_test.cc
  libs/domain/tests/clusters_laws_test.cc
  libs/domain/tests/decisions_test.cc
  libs/domain/tests/duplicates_measured_test.cc
  libs/domain/tests/feeds_test.cc
  libs/domain/tests/ratings_test.cc
  libs/engine/src/carriage.cc
  libs/engine/src/controls.cc
  libs/engine/tests/succession_test.cc
  libs/events/tests/redact_test.cc
  libs/intake/src/coroners_reports_adapter.cc
  libs/intake/src/cqc_api_adapter.cc
  libs/intake/src/cqc_api_ratings.cc
  libs/intake/src/cqc_changes.cc
  libs/intake/src/cqc_directory_adapter.cc
  libs/intake/src/cqc_latest_ratings_adapter.cc
  libs/intake/src/cqc_rating_history_adapter.cc
  libs/intake/src/json_lines_adapter.cc
  libs/intake/src/lfpse_fhir_adapter.cc
  libs/intake/src/mapped_adapter.cc
  libs/intake/src/nhs_never_events_adapter.cc
  libs/intake/src/nhs_written_complaints_adapter.cc
  libs/intake/src/ods_organisations_adapter.cc
  libs/intake/src/sheet_table.cc
  libs/intake/tests/coroners_reports_adapter_test.cc
  libs/intake/tests/cqc_api_adapter_test.cc
  libs/intake/tests/cqc_directory_adapter_test.cc
  libs/intake/tests/cqc_latest_ratings_adapter_test.cc
  libs/intake/tests/cqc_rating_history_adapter_test.cc
  libs/intake/tests/json_lines_adapter_test.cc
  libs/intake/tests/lfpse_fhir_adapter_test.cc
  libs/intake/tests/mapped_adapter_test.cc
  libs/intake/tests/nhs_never_events_adapter_test.cc
  libs/intake/tests/nhs_written_complaints_adapter_test.cc
  libs/intake/tests/ods_organisations_adapter_test.cc
  libs/intake/tests/sheet_table_test.cc
  libs/log/src/visible_tail.cc
  libs/policy/tests/combination_evidence_test.cc
  libs/policy/tests/council_measures_test.cc
  libs/policy/tests/cross_walk_test.cc
  libs/policy/tests/feeds_test.cc
  libs/policy/tests/lint_test.cc
  libs/policy/tests/measures_visits_test.cc
  libs/policy/tests/obligations_test.cc
  libs/policy/tests/one_incident_test.cc
  libs/policy/tests/oversight_measures_test.cc
  libs/policy/tests/reads_test.cc
  libs/policy/tests/triggers_test.cc
  libs/reports/src/dashboard.cc
  libs/reports/src/panel_list.cc
  libs/reports/src/pre_visit.cc
  libs/reports/src/rapid_quality_review.cc
  libs/reports/src/render_markdown.cc
  libs/reports/src/risk_summit.cc
  libs/store/src/store.cc
  libs/store/tests/local_key_store_test.cc
  libs/testkit/src/expectations.cc
  services/node/backup.cc
  services/notify/tests/taker_test.cc
  services/notify/tests/webhook_config_test.cc
  services/notify/webhook_config.cc
  services/query/erasure.cc
  services/query/list_providers.cc
  services/query/list_recommendations.cc
  services/query/privacy_service.cc
  services/query/protected.cc
  services/query/provider_service.cc
  services/query/timeline.cc
  tests/bench/bench_wire.cc
)

# The directories of this configuration: without tests there are fewer.
set(configured "")
set(to_visit "${PROJECT_SOURCE_DIR}")
while(to_visit)
  list(POP_FRONT to_visit directory)
  list(APPEND configured "${directory}")
  get_property(below DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  list(APPEND to_visit ${below})
endwhile()

foreach(source IN LISTS trigpoint_alone)
  if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${source}")
    message(FATAL_ERROR "cmake/TrigpointTogether.cmake names ${source}, which is not there")
  endif()
  set(directory "${PROJECT_SOURCE_DIR}/${source}")
  while(NOT EXISTS "${directory}/CMakeLists.txt")
    cmake_path(GET directory PARENT_PATH directory)
  endwhile()
  if("${directory}" IN_LIST configured)
    set_source_files_properties("${PROJECT_SOURCE_DIR}/${source}" DIRECTORY "${directory}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endforeach()
