/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/pretty.h"

#include <stdio.h>

const char *weir_pretty_ns(double ns, char text[32])
{
    if (ns < 1e3)
        snprintf(text, 32, "%.0f ns", ns);
    else if (ns < 1e6)
        snprintf(text, 32, "%.1f us", ns * 1e-3);
    else if (ns < 1e9)
        snprintf(text, 32, "%.1f ms", ns * 1e-6);
    else
        snprintf(text, 32, "%.2f s", ns * 1e-9);
    return text;
}
