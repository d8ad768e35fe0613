# SPDX-License-Identifier: BSD-3-Clause
# Formats and kernels follow the processor; test those of older ones too.
foreach(isa SSE41 AVX2)
  weir_register_test(unit.nn_surrogate_${isa} unit ${CMAKE_COMMAND} -E env DNNL_MAX_CPU_ISA=${isa}
                     $<TARGET_FILE:test_unit_nn_surrogate>)
endforeach()
