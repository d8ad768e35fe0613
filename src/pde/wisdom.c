/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/wisdom.h"

#include "base/err.h"

#include <fftw3.h>
#include <stdlib.h>
#include <string.h>

/* FFTW's text is from an allocator of its own; the caller gets one to free(). */
int weir_wisdom_export(char **text)
{
    char *fftws = fftw_export_wisdom_to_string();
    *text = fftws ? strdup(fftws) : NULL;
    fftw_free(fftws);
    return *text ? 0 : WEIR_FAIL(ENOMEM, "FFTW wisdom");
}

int weir_wisdom_import(const char *text)
{
    if (fftw_import_wisdom_from_string(text))
        return 0;
    return WEIR_FAIL(WEIR_ECORRUPT,
                     "FFTW wisdom: not of this build of FFTW (%s)",
                     fftw_version);
}

void weir_wisdom_forget(void)
{
    fftw_forget_wisdom();
}
