/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/dnnl.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "nn/simd.h"

#include <dnnl.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct weir_dnnl {
    dnnl_stream_t stream;
    void *scratch;
    size_t scratch_bytes;
};

/* A memory object and where it points, so that it is only moved when it must
 * be: moving one costs more than looking. */
struct view {
    dnnl_memory_t memory;
    const void *at;
};

enum pass { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, TRANSPOSE, PASSES };

static const char *const pass_name[PASSES] = {
    "forward",
    "backward data",
    "backward weights",
    "weight reorder",
};

struct weir_dnnl_conv {
    struct weir_dnnl *owner;
    dnnl_primitive_t primitive[PASSES]; /* NULL: not wanted, not needed */
    struct view x, y, dx, dy, w, bias, dw, dbias;
    struct view w_back; /* weights as backward data wants them */
    struct view scratch[PASSES];
    float *w_back_data;
    size_t w_back_bytes;
};

static pthread_once_t engine_once = PTHREAD_ONCE_INIT;
static dnnl_engine_t the_engine;
static dnnl_status_t engine_status;

static void make_engine(void)
{
    engine_status = dnnl_engine_create(&the_engine, dnnl_cpu, 0);
}

static int check(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return 0;
    if (status == dnnl_out_of_memory)
        return WEIR_FAIL(ENOMEM, "oneDNN: %s", what);
    return WEIR_FAIL(WEIR_EENV, "oneDNN: %s: status %d", what, (int)status);
}

static int engine(dnnl_engine_t *out)
{
    pthread_once(&engine_once, make_engine);
    *out = the_engine;
    return check(engine_status, "no CPU engine");
}

/* ---- descriptors ---- */

static dnnl_format_tag_t tag_of(int block, int padded)
{
    switch (block) {
    case 8:
        return dnnl_nCw8c;
    case 16:
        return dnnl_nCw16c;
    default:
        return block == padded ? dnnl_nwc : dnnl_format_tag_undef;
    }
}

static dnnl_memory_desc_t describe(int rank, const int64_t *dims,
                                   dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t d = {0};
    for (int i = 0; i < rank; i++)
        d[i] = dims[i];
    if (dnnl_memory_desc_init_by_tag(&md, rank, d, dnnl_f32, tag))
        memset(&md, 0, sizeof(md));
    return md;
}

static dnnl_memory_desc_t describe_array(const struct weir_layout *l)
{
    int64_t dims[] = {l->batch, l->padded, weir_layout_columns(l)};
    return describe(3, dims, tag_of(l->block, l->padded));
}

/* The four descriptors of one convolution; formats may be open (`any`). */
struct problem {
    dnnl_memory_desc_t x, w, bias, y;
    int kernel;
    bool relu;
};

static dnnl_primitive_attr_t attributes(bool relu)
{
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t ops;
    if (dnnl_primitive_attr_create(&attr))
        return NULL;
    dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (relu && !dnnl_post_ops_create(&ops)) {
        dnnl_post_ops_append_eltwise(ops, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F);
        dnnl_primitive_attr_set_post_ops(attr, ops);
        dnnl_post_ops_destroy(ops);
    }
    return attr;
}

static int select_pass(const struct problem *p, enum pass pass,
                       const_dnnl_primitive_desc_t hint,
                       dnnl_primitive_desc_t *out)
{
    dnnl_convolution_desc_t desc;
    dnnl_dims_t stride = {1}, pad = {p->kernel / 2};
    dnnl_alg_kind_t direct = dnnl_convolution_direct;
    dnnl_engine_t eng;
    dnnl_status_t status;
    if (engine(&eng))
        return -WEIR_EENV;
    if (pass == FORWARD)
        status = dnnl_convolution_forward_desc_init(
            &desc, dnnl_forward_training, direct, &p->x, &p->w, &p->bias, &p->y,
            stride, pad, pad);
    else if (pass == BACKWARD_DATA)
        status = dnnl_convolution_backward_data_desc_init(
            &desc, direct, &p->x, &p->w, &p->y, stride, pad, pad);
    else
        status = dnnl_convolution_backward_weights_desc_init(
            &desc, direct, &p->x, &p->w, &p->bias, &p->y, stride, pad, pad);
    if (status)
        return check(status, pass_name[pass]);
    dnnl_primitive_attr_t attr = attributes(pass == FORWARD && p->relu);
    status = dnnl_primitive_desc_create(out, &desc, attr, eng, hint);
    dnnl_primitive_attr_destroy(attr);
    return check(status, pass_name[pass]);
}

static const char *implementation(const_dnnl_primitive_desc_t pd)
{
    const char *name = "unknown";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    return name;
}

static bool is_slow(const_dnnl_primitive_desc_t pd)
{
    const char *name = implementation(pd);
    return strstr(name, "ref") || strstr(name, "gemm");
}

/* ---- what the processor wants ---- */

/* Forms must be the same for every net of a model, so they are asked for with
 * one batch, whatever a net's own. */
enum { USUAL_BATCH = 4 };

static struct problem open_problem(int in, int out, int kernel, int points)
{
    int64_t x[] = {USUAL_BATCH, in, points + 2 * (kernel / 2)};
    int64_t y[] = {USUAL_BATCH, out, points + 2 * (kernel / 2)};
    int64_t w[] = {out, in, kernel}, b[] = {out};
    return (struct problem){
        .x = describe(3, x, dnnl_format_tag_any),
        .w = describe(3, w, dnnl_format_tag_any),
        .bias = describe(1, b, dnnl_a),
        .y = describe(3, y, dnnl_format_tag_any),
        .kernel = kernel,
        .relu = true,
    };
}

/* Channels per column of an activation format; 0 when it is none of ours. */
static int block_of(const dnnl_memory_desc_t *md)
{
    const dnnl_blocking_desc_t *b = &md->format_desc.blocking;
    if (md->format_kind != dnnl_blocked)
        return 0;
    if (b->inner_nblks == 1 && b->inner_idxs[0] == 1)
        return (int)b->inner_blks[0];
    if (b->inner_nblks == 0 && b->strides[1] == 1)
        return (int)md->dims[1];
    return 0;
}

/* How an open problem of this many channels is solved: the block of its
 * activations (0: not one we use) and whether a pass is slow. */
static int try_channels(int padded, int kernel, int points, int *block,
                        bool *slow)
{
    struct problem p = open_problem(padded, padded, kernel, points);
    dnnl_primitive_desc_t pd[3] = {0};
    int rc = select_pass(&p, FORWARD, NULL, &pd[0]);
    if (rc)
        return rc;
    p.x = *dnnl_primitive_desc_query_md(pd[0], dnnl_query_src_md, 0);
    p.y = *dnnl_primitive_desc_query_md(pd[0], dnnl_query_dst_md, 0);
    *block = block_of(&p.x);
    if (*block != block_of(&p.y) || p.x.padded_dims[1] != padded ||
        *block % WEIR_LANES)
        *block = 0;
    rc = select_pass(&p, BACKWARD_DATA, pd[0], &pd[1]);
    if (!rc)
        rc = select_pass(&p, BACKWARD_WEIGHTS, pd[0], &pd[2]);
    *slow = rc || is_slow(pd[0]) || is_slow(pd[1]) || is_slow(pd[2]);
    for (int i = 0; i < 3; i++)
        dnnl_primitive_desc_destroy(pd[i]);
    return rc;
}

int weir_dnnl_blocking(int channels, int kernel, int points,
                       struct weir_blocking *out)
{
    static const int steps[] = {8, 16, 32};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        int padded = (channels + steps[i] - 1) / steps[i] * steps[i];
        int block = 0;
        bool slow = true;
        int rc = try_channels(padded, kernel, points, &block, &slow);
        if (rc)
            return WEIR_NOTE(rc, "%d channels", padded);
        if (block && !slow) {
            *out = (struct weir_blocking){.padded = padded, .block = block};
            return 0;
        }
    }
    /* Channels last is served everywhere, if not always fast. */
    int padded = (channels + WEIR_LANES - 1) / WEIR_LANES * WEIR_LANES;
    *out = (struct weir_blocking){.padded = padded, .block = padded};
    return 0;
}

static int usual_weights(const struct weir_dnnl_shape *s,
                         dnnl_memory_desc_t *out)
{
    struct problem p =
        open_problem(s->in.padded, s->out.padded, s->kernel, s->points);
    int64_t x[] = {p.x.dims[0], p.x.dims[1], p.x.dims[2]};
    int64_t y[] = {p.y.dims[0], p.y.dims[1], p.y.dims[2]};
    dnnl_primitive_desc_t pd = NULL;
    p.x = describe(3, x, tag_of(s->in.block, s->in.padded));
    p.y = describe(3, y, tag_of(s->out.block, s->out.padded));
    p.relu = s->relu;
    int rc = select_pass(&p, FORWARD, NULL, &pd);
    if (rc)
        return rc;
    *out = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    dnnl_primitive_desc_destroy(pd);
    /* A form that pads by itself: give the plain one instead. */
    for (int i = 0; i < out->ndims; i++)
        if (out->padded_dims[i] != out->dims[i])
            *out = describe(3, out->dims, dnnl_abc);
    return 0;
}

int weir_dnnl_weights(const struct weir_dnnl_shape *shape,
                      struct weir_form *out)
{
    dnnl_memory_desc_t md;
    int rc = usual_weights(shape, &md);
    if (rc)
        return rc;
    const dnnl_blocking_desc_t *b = &md.format_desc.blocking;
    if (md.format_kind != dnnl_blocked || b->inner_nblks > WEIR_MAX_RANK)
        return WEIR_FAIL(WEIR_EENV, "oneDNN: weights in an unknown format");
    *out = (struct weir_form){
        .blocks = b->inner_nblks,
        .floats = dnnl_memory_desc_get_size(&md) / sizeof(float),
    };
    for (int i = 0; i < md.ndims; i++)
        out->stride[i] = b->strides[i];
    for (int i = 0; i < b->inner_nblks; i++) {
        out->block_dim[i] = (int)b->inner_idxs[i];
        out->block_size[i] = b->inner_blks[i];
    }
    return 0;
}

/* ---- stream and scratch ---- */

int weir_dnnl_create(struct weir_dnnl **out)
{
    dnnl_engine_t eng;
    int rc = engine(&eng);
    if (rc)
        return rc;
    struct weir_dnnl *d = calloc(1, sizeof(*d));
    if (!d)
        return WEIR_FAIL(ENOMEM, "oneDNN: stream");
    rc = check(dnnl_stream_create(&d->stream, eng, dnnl_stream_default_flags),
               "stream");
    if (rc) {
        free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void weir_dnnl_destroy(struct weir_dnnl *d)
{
    if (!d)
        return;
    dnnl_stream_destroy(d->stream);
    free(d->scratch);
    free(d);
}

size_t weir_dnnl_bytes(const struct weir_dnnl *d)
{
    return d->scratch_bytes;
}

static int need_scratch(struct weir_dnnl *d, size_t bytes)
{
    if (bytes <= d->scratch_bytes)
        return 0;
    free(d->scratch);
    d->scratch_bytes = 0;
    d->scratch = weir_array(bytes, 1);
    if (!d->scratch)
        return WEIR_FAIL(ENOMEM, "oneDNN: scratch of %zu bytes", bytes);
    d->scratch_bytes = bytes;
    return 0;
}

/* ---- one convolution ---- */

static int view_create(struct view *v, const dnnl_memory_desc_t *md)
{
    dnnl_engine_t eng;
    int rc = engine(&eng);
    if (rc)
        return rc;
    return check(dnnl_memory_create(&v->memory, md, eng, DNNL_MEMORY_NONE),
                 "memory object");
}

static dnnl_memory_t point(struct view *v, const void *at)
{
    if (v->at != at) {
        /* oneDNN has no memory for reading only. */
        dnnl_memory_set_data_handle(v->memory, (void *)at);
        v->at = at;
    }
    return v->memory;
}

static void report(const char *name, enum pass pass,
                   const_dnnl_primitive_desc_t pd)
{
    weir_log(is_slow(pd) ? WEIR_LOG_INFO : WEIR_LOG_DEBUG, "nn",
             "%s: %s runs on %s%s", name, pass_name[pass], implementation(pd),
             is_slow(pd) ? ", which is slow" : "");
}

/* Make the primitive of a chosen pass and give it its scratch memory. */
static int adopt(struct weir_dnnl_conv *c, const char *name, enum pass pass,
                 const_dnnl_primitive_desc_t pd)
{
    const dnnl_memory_desc_t *scratch =
        dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    int rc = need_scratch(c->owner, dnnl_memory_desc_get_size(scratch));
    if (!rc)
        rc = view_create(&c->scratch[pass], scratch);
    if (!rc)
        rc = check(dnnl_primitive_create(&c->primitive[pass], pd),
                   pass_name[pass]);
    if (!rc && pass != TRANSPOSE)
        report(name, pass, pd);
    return rc;
}

/* Backward data reads the weights in an order of its own. */
static int plan_transpose(struct weir_dnnl_conv *c, const char *name,
                          const dnnl_memory_desc_t *from,
                          const dnnl_memory_desc_t *to)
{
    dnnl_engine_t eng;
    dnnl_primitive_desc_t pd = NULL;
    int rc = engine(&eng);
    if (rc)
        return rc;
    if ((rc = view_create(&c->w_back, to)) || dnnl_memory_desc_equal(from, to))
        return rc;
    c->w_back_bytes = dnnl_memory_desc_get_size(to);
    c->w_back_data = weir_array(c->w_back_bytes, 1);
    if (!c->w_back_data)
        return WEIR_FAIL(ENOMEM, "%s: %zu bytes", name, c->w_back_bytes);
    dnnl_primitive_attr_t attr = attributes(false);
    rc =
        check(dnnl_reorder_primitive_desc_create(&pd, from, eng, to, eng, attr),
              pass_name[TRANSPOSE]);
    dnnl_primitive_attr_destroy(attr);
    if (rc)
        return rc;
    rc = adopt(c, name, TRANSPOSE, pd);
    dnnl_primitive_desc_destroy(pd);
    return rc;
}

static int plan_backward(struct weir_dnnl_conv *c, const char *name,
                         const struct problem *p,
                         const_dnnl_primitive_desc_t hint)
{
    struct problem open = *p;
    dnnl_primitive_desc_t data = NULL, weights = NULL;
    open.w = describe(3, p->w.dims, dnnl_format_tag_any);
    int rc = select_pass(&open, BACKWARD_DATA, hint, &data);
    if (!rc)
        rc = select_pass(p, BACKWARD_WEIGHTS, hint, &weights);
    if (!rc)
        rc = adopt(c, name, BACKWARD_DATA, data);
    if (!rc)
        rc = adopt(c, name, BACKWARD_WEIGHTS, weights);
    if (!rc)
        rc = plan_transpose(
            c, name, &p->w,
            dnnl_primitive_desc_query_md(data, dnnl_query_weights_md, 0));
    dnnl_primitive_desc_destroy(data);
    dnnl_primitive_desc_destroy(weights);
    return rc;
}

static int plan_views(struct weir_dnnl_conv *c, const struct problem *p,
                      bool backward)
{
    struct {
        struct view *view;
        const dnnl_memory_desc_t *md;
    } all[] = {
        {&c->x, &p->x},       {&c->y, &p->y},        {&c->w, &p->w},
        {&c->bias, &p->bias}, {&c->dx, &p->x},       {&c->dy, &p->y},
        {&c->dw, &p->w},      {&c->dbias, &p->bias},
    };
    int rc = 0;
    for (int i = 0; i < (backward ? 8 : 4) && !rc; i++)
        rc = view_create(all[i].view, all[i].md);
    return rc;
}

static int plan(struct weir_dnnl_conv *c, const char *name,
                const struct problem *p, bool backward)
{
    dnnl_primitive_desc_t forward = NULL;
    int rc = select_pass(p, FORWARD, NULL, &forward);
    if (rc)
        return rc;
    rc = adopt(c, name, FORWARD, forward);
    if (!rc)
        rc = plan_views(c, p, backward);
    if (!rc && backward)
        rc = plan_backward(c, name, p, forward);
    dnnl_primitive_desc_destroy(forward);
    return rc;
}

int weir_dnnl_conv_create(struct weir_dnnl *d, const char *name,
                          const struct weir_dnnl_shape *shape,
                          const struct weir_layout *in,
                          const struct weir_layout *out, bool backward,
                          struct weir_dnnl_conv **conv)
{
    int64_t bias[] = {out->padded};
    struct problem p = {
        .x = describe_array(in),
        .y = describe_array(out),
        .bias = describe(1, bias, dnnl_a),
        .kernel = shape->kernel,
        .relu = shape->relu,
    };
    int rc = usual_weights(shape, &p.w);
    if (rc)
        return WEIR_NOTE(rc, "%s", name);
    struct weir_dnnl_conv *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "%s", name);
    c->owner = d;
    rc = plan(c, name, &p, backward);
    if (rc) {
        weir_dnnl_conv_destroy(c);
        return WEIR_NOTE(rc, "%s", name);
    }
    *conv = c;
    return 0;
}

void weir_dnnl_conv_destroy(struct weir_dnnl_conv *c)
{
    if (!c)
        return;
    struct view *views[] = {&c->x,    &c->y,  &c->dx,    &c->dy,    &c->w,
                            &c->bias, &c->dw, &c->dbias, &c->w_back};
    for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
        if (views[i]->memory)
            dnnl_memory_destroy(views[i]->memory);
    for (int i = 0; i < PASSES; i++) {
        if (c->scratch[i].memory)
            dnnl_memory_destroy(c->scratch[i].memory);
        if (c->primitive[i])
            dnnl_primitive_destroy(c->primitive[i]);
    }
    free(c->w_back_data);
    free(c);
}

size_t weir_dnnl_conv_bytes(const struct weir_dnnl_conv *c)
{
    return c->w_back_bytes;
}

static int execute(struct weir_dnnl_conv *c, enum pass pass, int n,
                   const dnnl_exec_arg_t *args)
{
    return check(
        dnnl_primitive_execute(c->primitive[pass], c->owner->stream, n, args),
        pass_name[pass]);
}

int weir_dnnl_conv_forward(struct weir_dnnl_conv *c, const float *x,
                           const float *w, const float *bias, float *y)
{
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, point(&c->x, x)},
        {DNNL_ARG_WEIGHTS, point(&c->w, w)},
        {DNNL_ARG_BIAS, point(&c->bias, bias)},
        {DNNL_ARG_DST, point(&c->y, y)},
        {DNNL_ARG_SCRATCHPAD, point(&c->scratch[FORWARD], c->owner->scratch)},
    };
    return execute(c, FORWARD, 5, args);
}

static int transpose(struct weir_dnnl_conv *c, const float *w)
{
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_FROM, point(&c->w, w)},
        {DNNL_ARG_TO, point(&c->w_back, c->w_back_data)},
        {DNNL_ARG_SCRATCHPAD, point(&c->scratch[TRANSPOSE], c->owner->scratch)},
    };
    return execute(c, TRANSPOSE, 3, args);
}

int weir_dnnl_conv_backward_data(struct weir_dnnl_conv *c, const float *dy,
                                 const float *w, float *dx)
{
    /* Done each time: keeping the copy would need to know when weights change,
     * and it costs a fiftieth of what follows. */
    if (c->primitive[TRANSPOSE]) {
        int rc = transpose(c, w);
        if (rc)
            return rc;
        w = c->w_back_data;
    }
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_DIFF_DST, point(&c->dy, dy)},
        {DNNL_ARG_WEIGHTS, point(&c->w_back, w)},
        {DNNL_ARG_DIFF_SRC, point(&c->dx, dx)},
        {DNNL_ARG_SCRATCHPAD,
         point(&c->scratch[BACKWARD_DATA], c->owner->scratch)},
    };
    return execute(c, BACKWARD_DATA, 4, args);
}

int weir_dnnl_conv_backward_weights(struct weir_dnnl_conv *c, const float *x,
                                    const float *dy, float *dw, float *dbias)
{
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, point(&c->x, x)},
        {DNNL_ARG_DIFF_DST, point(&c->dy, dy)},
        {DNNL_ARG_DIFF_WEIGHTS, point(&c->dw, dw)},
        {DNNL_ARG_DIFF_BIAS, point(&c->dbias, dbias)},
        {DNNL_ARG_SCRATCHPAD,
         point(&c->scratch[BACKWARD_WEIGHTS], c->owner->scratch)},
    };
    return execute(c, BACKWARD_WEIGHTS, 5, args);
}
