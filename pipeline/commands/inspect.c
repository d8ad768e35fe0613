/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "io/checkpoint_dir.h"
#include "io/dataset_reader.h"
#include "io/runfile_reader.h"
#include "io/safetensors.h"
#include "pipeline/view/summary.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_shape(const struct weir_tensor *t)
{
    printf("[");
    for (int d = 0; d < t->dims; d++)
        printf("%s%llu", d ? ", " : "", (unsigned long long)t->shape[d]);
    printf("]");
}

/* A list, a line each in the file, on one line. */
static void print_text(const struct weir_text *m)
{
    printf("  %-20s ", m->key);
    for (const char *c = m->value; *c; c++)
        if (*c != '\n' || c[1])
            putchar(*c == '\n' ? ' ' : *c);
    printf("\n");
}

static int inspect_safetensors(const char *path)
{
    struct weir_safetensors *f;
    const struct weir_text *m;
    int rc = weir_safetensors_open(path, &f);
    if (rc)
        return rc;
    printf("%s: safetensors, %zu tensors, %s\n", path,
           weir_safetensors_count(f),
           weir_safetensors_is_sealed(f) ? "every checksum matches"
                                         : "no checksums");
    for (size_t i = 0; (m = weir_safetensors_meta_at(f, i)); i++)
        if (strcmp(m->key, "weir.config") && strcmp(m->key, "weir.crc32"))
            print_text(m);
    for (size_t i = 0; i < weir_safetensors_count(f); i++) {
        const struct weir_tensor *t = weir_safetensors_tensor(f, i);
        printf("  %-32s %-4s ", t->name, weir_dtype_name(t->dtype));
        print_shape(t);
        printf("\n");
    }
    weir_safetensors_close(f);
    return 0;
}

/* The strategy's cost and weights at the last generation. */
static void print_strategy(const struct weir_runfile_reader *r)
{
    uint64_t rows = weir_runfile_reader_rows(r, "generations");
    double cpu, effective;
    if (rows == 0 ||
        weir_runfile_reader_read(r, "generations/cpu", WEIR_F64, rows - 1, 1,
                                 &cpu) ||
        weir_runfile_reader_read(r, "generations/effective", WEIR_F64, rows - 1,
                                 1, &effective))
        return weir_err_clear();
    printf("  %-20s %llu generations, %.3f s of CPU", "strategy",
           (unsigned long long)rows, cpu);
    if (effective > 0)
        printf(", effective sample size %.1f at the last", effective);
    printf("\n");
}

static int inspect_runfile(const char *path)
{
    struct weir_runfile_reader *r;
    const struct weir_runfile_column *c;
    const struct weir_text *a;
    int rc = weir_runfile_reader_open(path, &r);
    if (rc)
        return rc;
    int status = weir_runfile_reader_status(r);
    printf("%s: run file, %s\n", path,
           status ? weir_ending_text((enum weir_ending)status)
                  : "being written, or its writer was killed");
    for (size_t i = 0; (a = weir_runfile_reader_attribute(r, i)); i++)
        if (strcmp(a->key, "config"))
            printf("  %-20s %s\n", a->key, a->value);
    print_strategy(r);
    for (size_t i = 0; (c = weir_runfile_reader_column(r, i)); i++)
        printf("  %-32s %-4s %8llu x %-3u %s%s%s%s\n", c->path,
               c->text ? "text" : weir_dtype_name(c->dtype),
               (unsigned long long)c->rows, c->width, c->help,
               c->unit[0] ? " [" : "", c->unit, c->unit[0] ? "]" : "");
    weir_runfile_reader_close(r);
    return 0;
}

static int inspect_dataset(struct weir_dataset_reader *r, const char *path)
{
    static const char *const texts[] = {"weir.version", "weir.build",
                                        "weir.starts", "weir.seed", "host"};
    const struct weir_dataset_info *d = weir_dataset_reader_info(r);
    printf("%s: data set of %s, %llu trajectories x %u frames", path, d->name,
           (unsigned long long)d->trajectories, d->frames);
    if (d->missing)
        printf(", %llu of them not simulated yet",
               (unsigned long long)d->missing);
    printf("\n  %-20s %s\n", "equation", d->equation);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        char *text = weir_dataset_reader_text(r, texts[i]);
        if (text)
            printf("  %-20s %s\n", texts[i], text);
        free(text);
    }
    printf("  %-20s %g\n", "dt", d->dt);
    for (int c = 0; c < d->shape.channels; c++) {
        printf("  t0_fields/%-22s %-4s [%llu, %u, %d", d->field[c],
               weir_dtype_name(d->dtype), (unsigned long long)d->trajectories,
               d->frames, d->shape.n[0]);
        if (d->shape.dims == 2)
            printf(", %d", d->shape.n[1]);
        printf("]\n");
    }
    weir_dataset_reader_close(r);
    return 0;
}

/* Either kind of HDF5 file; the message is about run files when it is none. */
static int inspect_hdf5(const char *path)
{
    struct weir_dataset_reader *r;
    int rc = weir_dataset_reader_open(path, &r);
    if (rc == 0)
        return inspect_dataset(r, path);
    return rc == -ENOTSUP ? rc : inspect_runfile(path);
}

/* Its newest checkpoint and its record; either may be missing. */
static int inspect_dir(const char *dir)
{
    char path[PATH_MAX + 16];
    struct weir_safetensors *f;
    uint64_t step;
    int found = weir_checkpoint_open_newest(dir, &f, &step), rc = 0;
    if (found == 0) {
        weir_safetensors_close(f);
        rc = weir_checkpoint_path(dir, step, path);
        rc = rc ? rc : inspect_safetensors(path);
    } else if (found != -ENOENT) {
        rc = found;
    }
    snprintf(path, sizeof(path), "%s/run.h5", dir);
    bool has_record = access(path, F_OK) == 0;
    if (found && rc == 0 && !has_record)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: not the directory of a run", dir);
    if (rc || !has_record)
        return rc;
    printf(found ? "" : "\n");
    return inspect_runfile(path);
}

/* The length of a header of JSON, and its first brace. */
static bool looks_like_safetensors(const unsigned char head[9])
{
    return head[6] == 0 && head[7] == 0 && head[8] == '{';
}

static int expected_files(void)
{
    return weir_err_hint("they are DIR/checkpoints/*.safetensors and "
                         "DIR/run.h5");
}

/* What a file is shows in its first bytes, whatever its name. */
static int inspect_file(const char *path)
{
    static const unsigned char hdf5[] = "\x89HDF\r\n\x1a\n";
    unsigned char head[9] = {0};
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return inspect_dir(path);
    FILE *f = fopen(path, "re");
    if (!f) {
        WEIR_FAIL(WEIR_ECONFIG, "%s: %s", path, strerror(errno));
        return expected_files();
    }
    size_t n = fread(head, 1, sizeof(head), f);
    fclose(f);
    if (n == sizeof(head) && !memcmp(head, hdf5, sizeof(hdf5) - 1))
        return inspect_hdf5(path);
    if (n == sizeof(head) && looks_like_safetensors(head))
        return inspect_safetensors(path);
    WEIR_FAIL(WEIR_ECONFIG, "%s: neither a checkpoint nor a run file", path);
    return expected_files();
}

static int inspect(int argc, char **argv)
{
    struct weir_arguments args;
    int first = weir_arguments_parse(&weir_command_inspect, "OPERANDS", argc,
                                     argv, &args);
    if (first < 0)
        return first;
    if (first == argc)
        return weir_usage(&weir_command_inspect, "which file?");
    int rc = 0;
    for (int i = first; rc == 0 && i < argc; i++)
        rc = inspect_file(argv[i]);
    return rc;
}

const struct weir_command weir_command_inspect = {
    .name = "inspect",
    .arguments = "FILE|DIR...",
    .summary =
        "show what a checkpoint, run file, data set or run directory holds",
    .help = "Of a directory, the newest whole checkpoint and the run file.\n"
            "Checkpoints are verified: every checksum is computed. A run that "
            "goes on is\nnot disturbed.\n",
    .run = inspect,
};
