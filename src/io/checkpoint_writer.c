/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/checkpoint_writer.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "io/checkpoint_dir.h"
#include "io/spool.h"
#include "weir/version.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PIECE_BYTES (1u << 20)
#define DEFAULT_PIECES      4
#define TEXT_(x)            #x
#define TEXT(x)             TEXT_(x)

struct weir_checkpoint_writer {
    char *dir;
    int keep;
    struct weir_spool *spool;
};

static int check_options(const struct weir_checkpoint_options *o)
{
    if (o->keep < 1)
        return WEIR_FAIL(EINVAL, "checkpoint: keep is %d, expected 1 or more",
                         o->keep);
    if (o->piece_bytes % WEIR_SAFETENSORS_ALIGN || o->piece_bytes > 1u << 30)
        return WEIR_FAIL(EINVAL,
                         "checkpoint: staging buffers of %zu bytes, expected a "
                         "multiple of %d up to 1 GiB",
                         o->piece_bytes, WEIR_SAFETENSORS_ALIGN);
    if (o->pieces < 0 || o->pieces > 64)
        return WEIR_FAIL(EINVAL,
                         "checkpoint: %d staging buffers, expected up to 64",
                         o->pieces);
    return 0;
}

int weir_checkpoint_writer_create(const struct weir_checkpoint_options *options,
                                  struct weir_checkpoint_writer **out)
{
    int rc = check_options(options);
    if (rc < 0)
        return rc;
    struct weir_checkpoint_writer *w = calloc(1, sizeof(*w));
    if (w)
        w->dir = strdup(options->dir);
    struct weir_spool_options spool = {
        .piece_bytes =
            options->piece_bytes ? options->piece_bytes : DEFAULT_PIECE_BYTES,
        .pieces = options->pieces ? options->pieces : DEFAULT_PIECES,
        .no_uring = options->no_uring,
        .no_direct = options->no_direct,
    };
    rc = w && w->dir ? weir_spool_create(&spool, &w->spool)
                     : WEIR_FAIL(ENOMEM, "checkpoint writer");
    if (rc < 0) {
        weir_checkpoint_writer_destroy(w);
        return rc;
    }
    w->keep = options->keep;
    /* Old checkpoints stay until there is a new one: the newest may be damaged.
     */
    if (weir_checkpoint_delete_temporary(w->dir) < 0)
        weir_log_warn("checkpoint", "%s", weir_err_message());
    *out = w;
    return 0;
}

void weir_checkpoint_writer_destroy(struct weir_checkpoint_writer *w)
{
    if (!w)
        return;
    weir_spool_destroy(w->spool);
    free(w->dir);
    free(w);
}

/* One write: what weir_checkpoint_write() has to undo or hand on. */
struct job {
    const struct weir_checkpoint *c;
    struct weir_safetensors_head head;
    uint32_t *crc; /* in file order */
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    bool released;
    int64_t began, copied; /* ns */
};

static void release(struct job *j)
{
    if (j->released)
        return;
    j->released = true;
    j->copied = weir_now_ns();
    if (j->c->release)
        j->c->release(j->c->ctx);
}

static int choose_paths(const struct weir_checkpoint_writer *w, struct job *j)
{
    const struct weir_checkpoint *c = j->c;
    int rc = c->name ? weir_checkpoint_named_path(w->dir, c->name, j->path)
                     : weir_checkpoint_path(w->dir, c->step, j->path);
    if (rc < 0)
        return rc;
    /* In the same directory, so that rename is atomic; hidden, so that no
     * listing takes it for a checkpoint. */
    const char *slash = strrchr(j->path, '/');
    int n = snprintf(j->temporary, sizeof(j->temporary), "%.*s/.%s.tmp",
                     (int)(slash - j->path), j->path, slash + 1);
    if (n >= PATH_MAX)
        return WEIR_FAIL(ENAMETOOLONG, "checkpoint '%s'", j->path);
    return 0;
}

static int build_head(struct job *j)
{
    const struct weir_checkpoint *c = j->c;
    struct weir_text *meta = calloc(c->n_meta + 1, sizeof(*meta));
    j->crc = calloc(c->n + 1, sizeof(*j->crc));
    if (!meta || !j->crc) {
        free(meta);
        return WEIR_FAIL(ENOMEM, "checkpoint '%s'", j->path);
    }
    meta[0] = (struct weir_text){"weir.format", TEXT(WEIR_CHECKPOINT_FORMAT)};
    for (size_t i = 0; i < c->n_meta; i++)
        meta[1 + i] = c->meta[i];
    int rc = weir_safetensors_head_build(c->tensor, c->n, meta, c->n_meta + 1,
                                         &j->head);
    free(meta);
    return rc;
}

static int write_temporary(struct weir_checkpoint_writer *w, struct job *j)
{
    int rc = weir_spool_open(w->spool, j->temporary, j->head.size,
                             j->head.size + j->head.data_bytes);
    for (size_t i = 0; i < j->head.n && rc == 0; i++) {
        const struct weir_tensor *t = j->c->tensor + j->head.order[i];
        rc = weir_spool_put(w->spool, t->data, t->bytes, j->crc + i);
    }
    if (rc == 0)
        rc = weir_spool_end(w->spool);
    release(j);
    if (rc == 0) {
        weir_safetensors_head_seal(&j->head, j->crc);
        rc = weir_spool_finish(w->spool, j->head.bytes);
    }
    weir_spool_close(w->spool);
    return rc;
}

/* A rename is on disk once its directory is. */
static int sync_directory(const char *path)
{
    char dir[PATH_MAX];
    snprintf(dir, sizeof(dir), "%s", path);
    *strrchr(dir, '/') = '\0';
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return WEIR_FAIL(error, "checkpoint directory '%s'", dir);
    }
    close(fd);
    return 0;
}

static int publish(const struct job *j)
{
    if (rename(j->temporary, j->path) < 0)
        return WEIR_FAIL(errno, "checkpoint '%s'", j->path);
    return sync_directory(j->path);
}

static void fill_report(const struct weir_checkpoint_writer *w,
                        const struct job *j, struct weir_checkpoint_report *r)
{
    r->bytes = j->head.size + j->head.data_bytes;
    r->copied_ns = j->copied - j->began;
    r->total_ns = weir_now_ns() - j->began;
    r->method = weir_spool_method(w->spool);
}

int weir_checkpoint_write(struct weir_checkpoint_writer *w,
                          const struct weir_checkpoint *c,
                          struct weir_checkpoint_report *report)
{
    struct job j = {.c = c, .began = weir_now_ns()};
    int rc = choose_paths(w, &j);
    if (rc == 0)
        rc = build_head(&j);
    if (rc == 0) {
        rc = write_temporary(w, &j);
        if (rc == 0)
            rc = publish(&j);
        if (rc < 0)
            unlink(j.temporary);
    }
    release(&j);
    if (rc == 0 && report)
        fill_report(w, &j, report);
    if (rc == 0 && weir_checkpoint_delete_old(w->dir, w->keep) < 0)
        weir_log_warn("checkpoint", "%s", weir_err_message());
    weir_safetensors_head_free(&j.head);
    free(j.crc);
    return rc;
}
