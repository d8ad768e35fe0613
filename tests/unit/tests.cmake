# SPDX-License-Identifier: BSD-3-Clause
# Formats and kernels follow the processor; test those of older ones too. Not
# under TSan, where it would take minutes to see the same threads again.
set(nn_isas SSE41 AVX2)
if(WEIR_SANITIZER STREQUAL "tsan")
  set(nn_isas)
endif()
foreach(isa ${nn_isas})
  weir_register_test(unit.nn_surrogate_${isa} unit ${CMAKE_COMMAND} -E env DNNL_MAX_CPU_ISA=${isa}
                     $<TARGET_FILE:test_unit_nn_surrogate>)
  weir_register_test(unit.nn_model_${isa} unit ${CMAKE_COMMAND} -E env DNNL_MAX_CPU_ISA=${isa}
                     $<TARGET_FILE:test_unit_nn_model>)
endforeach()
# OpenMP would start a team here unless told otherwise.
weir_register_test(unit.nn_surrogate_omp unit ${CMAKE_COMMAND} -E env OMP_NUM_THREADS=4
                   $<TARGET_FILE:test_unit_nn_surrogate>)

# A stand-in for the header of ITT, which Debian does not have.
target_include_directories(test_unit_trace_itt PRIVATE ${CMAKE_CURRENT_LIST_DIR}/itt)
