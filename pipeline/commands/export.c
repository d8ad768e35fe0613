/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "nn/onnx.h"
#include "pipeline/session/loaded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A new file: what is there already is not written over. */
static int write_file(const char *path, const struct weir_blob *bytes)
{
    FILE *f = fopen(path, "wxe");
    if (!f && errno == EEXIST) {
        WEIR_FAIL(WEIR_ECONFIG, "'%s' is there already", path);
        return weir_err_hint("take another name, or delete it");
    }
    if (!f)
        return WEIR_FAIL(WEIR_EENV, "%s: %s", path, strerror(errno));
    size_t n = fwrite(bytes->data, 1, bytes->size, f);
    bool whole = n == bytes->size;
    if (fclose(f) == 0 && whole)
        return 0;
    WEIR_FAIL(WEIR_EENV, "%s: %s", path, strerror(errno));
    remove(path);
    return -WEIR_EENV;
}

/* What goes in and what comes out, by the names in the file. */
static const char *interface_of(const struct weir_loaded *l)
{
    const struct weir_inputs *in = weir_predictor_inputs(l->predictor);
    if (in)
        return in->end > 0 ? "parameters, time -> frame"
                           : "parameters -> frame";
    return weir_model_io(weir_predictor_model(l->predictor))->given
               ? "given -> made"
               : "state -> next";
}

static int export_onnx(const struct weir_loaded *l, const char *path)
{
    struct weir_blob bytes;
    int rc = weir_onnx_write(weir_predictor_model(l->predictor),
                             weir_predictor_ensemble(l->predictor),
                             l->info->residual,
                             weir_predictor_inputs(l->predictor), &bytes);
    if (rc == -ENOTSUP)
        return -WEIR_ECONFIG;
    rc = rc ? rc : write_file(path, &bytes);
    weir_blob_free(&bytes);
    if (rc == 0)
        printf("%s: %s of step %llu, %s%s\n", path, l->info->model,
               (unsigned long long)l->info->step, interface_of(l),
               l->info->members > 1 || l->info->evidential ? ", spread" : "");
    return rc;
}

static int export(int argc, char **argv)
{
    struct weir_arguments args;
    struct weir_loaded l;
    int first = weir_arguments_parse(
        &weir_command_export, "OPERANDS onnx weights", argc, argv, &args);
    if (first < 0)
        return first;
    if (first + 1 != argc)
        return weir_usage(&weir_command_export, "which run?");
    if (!args.onnx)
        return weir_usage(&weir_command_export, "--onnx F.onnx is needed");
    int rc = weir_loaded_open(argv[first], args.weights, &l);
    if (rc)
        return rc;
    rc = weir_loaded_knows_states(&l, "onnx");
    rc = rc ? rc : export_onnx(&l, args.onnx);
    weir_loaded_close(&l);
    return rc;
}

const struct weir_command weir_command_export = {
    .name = "export",
    .arguments = "DIR|FILE --onnx F.onnx",
    .summary = "write a surrogate for other programs to run",
    .help =
        "  --onnx F.onnx     ONNX, opset 17, in the solver's units: state "
        "(batch, channels,\n"
        "                    points...) to next; of a model from parameters, "
        "parameters and\n"
        "                    time to frame; of a steady problem, given to "
        "made. Of an\n"
        "                    ensemble the mean, and spread; of densities "
        "spread too\n"
        "  --weights WHICH   best (validation) or newest\n",
    .run = export,
};
