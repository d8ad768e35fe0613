/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands.h"

#include "base/err.h"
#include "io/checkpoint_dir.h"
#include "io/runfile_reader.h"
#include "io/safetensors.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void print_shape(const struct weir_tensor *t)
{
    printf("[");
    for (int d = 0; d < t->dims; d++)
        printf("%s%llu", d ? ", " : "", (unsigned long long)t->shape[d]);
    printf("]");
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
            printf("  %-20s %s\n", m->key, m->value);
    for (size_t i = 0; i < weir_safetensors_count(f); i++) {
        const struct weir_tensor *t = weir_safetensors_tensor(f, i);
        printf("  %-32s %-4s ", t->name, weir_dtype_name(t->dtype));
        print_shape(t);
        printf("\n");
    }
    weir_safetensors_close(f);
    return 0;
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
           status ? "closed" : "being written, or its writer was killed");
    for (size_t i = 0; (a = weir_runfile_reader_attribute(r, i)); i++)
        if (strcmp(a->key, "config"))
            printf("  %-20s %s\n", a->key, a->value);
    for (size_t i = 0; (c = weir_runfile_reader_column(r, i)); i++)
        printf("  %-32s %-4s %8llu x %-3u %s%s%s%s\n", c->path,
               c->text ? "text" : weir_dtype_name(c->dtype),
               (unsigned long long)c->rows, c->width, c->help,
               c->unit[0] ? " [" : "", c->unit, c->unit[0] ? "]" : "");
    weir_runfile_reader_close(r);
    return 0;
}

static int inspect_newest(const char *dir)
{
    char path[PATH_MAX];
    struct weir_safetensors *f;
    uint64_t step;
    int rc = weir_checkpoint_open_newest(dir, &f, &step);
    if (rc)
        return rc;
    weir_safetensors_close(f);
    rc = weir_checkpoint_path(dir, step, path);
    return rc ? rc : inspect_safetensors(path);
}

/* What a file is shows in its first bytes, whatever its name. */
static int inspect_file(const char *path)
{
    static const unsigned char hdf5[] = "\x89HDF\r\n\x1a\n";
    unsigned char head[8] = {0};
    struct stat st;
    if (stat(path, &st))
        return WEIR_FAIL(errno, "%s", path);
    if (S_ISDIR(st.st_mode))
        return inspect_newest(path);
    FILE *f = fopen(path, "re");
    if (!f)
        return WEIR_FAIL(errno, "%s", path);
    size_t n = fread(head, 1, sizeof(head), f);
    fclose(f);
    if (n == sizeof(head) && !memcmp(head, hdf5, sizeof(head)))
        return inspect_runfile(path);
    return inspect_safetensors(path);
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
    .arguments = "FILE...",
    .summary = "show what a checkpoint, a run file or a run's directory holds",
    .help = "Checkpoints are verified: every checksum is computed.\n",
    .run = inspect,
};
