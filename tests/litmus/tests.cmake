# SPDX-License-Identifier: BSD-3-Clause
foreach(checker rc11 herd7)
  weir_register_test(litmus.${checker} litmus
    sh ${CMAKE_CURRENT_LIST_DIR}/run.sh ${checker})
endforeach()
