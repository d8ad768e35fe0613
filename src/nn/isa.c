/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/isa.h"

#include <dnnl.h>
#include <stdio.h>

/* One bit a feature level: the highest one set names the set. */
static const struct {
    int bit;
    const char *name;
} levels[] = {
    {dnnl_cpu_isa_avx512_core_amx, "AVX-512 AMX"},
    {dnnl_cpu_isa_avx512_core_bf16, "AVX-512 BF16"},
    {dnnl_cpu_isa_avx512_core_vnni, "AVX-512 VNNI"},
    {dnnl_cpu_isa_avx512_core, "AVX-512"},
    {dnnl_cpu_isa_avx2, "AVX2"},
    {dnnl_cpu_isa_avx, "AVX"},
    {dnnl_cpu_isa_sse41, "SSE4.1"},
};

const char *weir_isa_name(void)
{
    int have = (int)dnnl_get_effective_cpu_isa();
    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
        if ((have & levels[i].bit) == levels[i].bit)
            return levels[i].name;
    return "generic";
}

const char *weir_engine_version(void)
{
    static _Thread_local char text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof(text), "oneDNN %d.%d.%d", v->major, v->minor,
             v->patch);
    return text;
}
