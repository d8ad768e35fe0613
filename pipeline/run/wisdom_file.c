/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/wisdom_file.h"

#include "base/err.h"
#include "base/log.h"
#include "io/run_dir.h"
#include "pde/wisdom.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool weir_fftw_measures(const struct weir_options *solver)
{
    for (size_t i = 0; i < solver->n; i++)
        if (!strcmp(solver->declared[i].name, "fftw"))
            return weir_option_int(solver, "fftw") == 1;
    return false;
}

void weir_wisdom_recall_text(const char *text, const char *place)
{
    if (!text || weir_wisdom_import(text) == 0)
        return;
    weir_log_warn("solver", "%s: %s; measured anew", place, weir_err_message());
    weir_err_clear();
}

void weir_wisdom_recall(const char *dir)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof(path), "%s/fftw.wisdom", dir);
    FILE *f = fopen(path, "re");
    if (!f)
        return;
    char *text = NULL;
    size_t room = 0;
    bool any = getdelim(&text, &room, '\0', f) > 0;
    fclose(f);
    weir_wisdom_recall_text(any ? text : "", path);
    free(text);
}

int weir_wisdom_keep(const char *dir)
{
    char *text;
    int rc = weir_wisdom_export(&text);
    if (rc)
        return rc;
    rc = weir_run_dir_write(dir, "fftw.wisdom", text);
    free(text);
    return rc;
}
