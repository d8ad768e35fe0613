/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/dnnl.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "nn/dnnl_version.h"
#include "nn/simd.h"

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
    bool has_bias;
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

static dnnl_format_tag_t tag_of(const struct weir_layout *l)
{
    switch (l->block) {
    case 1:
        return dnnl_nchw;
    case 8:
        return dnnl_nChw8c;
    case 16:
        return dnnl_nChw16c;
    default:
        return l->block == l->padded ? dnnl_nhwc : dnnl_format_tag_undef;
    }
}

/* NULL: cannot be described, or no memory. */
static md_t describe(int rank, const int64_t *dims, dnnl_format_tag_t tag)
{
    md_t md = NULL;
    dnnl_dims_t d = {0};
    for (int i = 0; i < rank; i++)
        d[i] = dims[i];
    return md_create(&md, rank, d, tag) ? NULL : md;
}

static md_t describe_array(const struct weir_layout *l, int batch)
{
    int64_t dims[] = {batch, l->padded, l->rows, weir_layout_columns(l)};
    return describe(4, dims, tag_of(l));
}

/* The four descriptors of one convolution; formats may be open (`any`). */
struct problem {
    md_t x, w, bias, y;
    dnnl_dims_t stride, dilation, before, after; /* dilation counts from 0 */
    bool has_bias, relu;
    float slope;
};

static void problem_free(struct problem *p)
{
    md_free(p->x);
    md_free(p->w);
    md_free(p->bias);
    md_free(p->y);
}

/* Zeros that the output's size asks for after the input. */
static int64_t zeros_after(const struct weir_dnnl_shape *s, int axis)
{
    int in = axis ? weir_layout_columns(&s->in) : s->in.rows;
    int out = axis ? weir_layout_columns(&s->out) : s->out.rows;
    return (int64_t)(out - 1) * s->stride[axis] +
           (int64_t)(s->kernel[axis] - 1) * s->dilation[axis] + 1 - in -
           s->pad[axis];
}

/* With @p batch samples and the weights still open. */
static struct problem problem_of(const struct weir_dnnl_shape *s, int batch)
{
    int64_t w[] = {s->out.padded, s->in.padded, s->kernel[0], s->kernel[1]};
    int64_t bias[] = {s->out.padded};
    struct problem p = {
        .x = describe_array(&s->in, batch),
        .y = describe_array(&s->out, batch),
        .w = describe(4, w, dnnl_format_tag_any),
        .bias = describe(1, bias, dnnl_a),
        .has_bias = s->bias,
        .relu = s->relu,
        .slope = s->slope,
    };
    for (int i = 0; i < 2; i++) {
        p.stride[i] = s->stride[i];
        p.dilation[i] = s->dilation[i] - 1;
        p.before[i] = s->pad[i];
        p.after[i] = zeros_after(s, i);
    }
    return p;
}

static dnnl_primitive_attr_t attributes(bool relu, float slope)
{
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t ops;
    if (dnnl_primitive_attr_create(&attr))
        return NULL;
    dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (relu && !dnnl_post_ops_create(&ops)) {
        md_append_relu(ops, slope);
        dnnl_primitive_attr_set_post_ops(attr, ops);
        dnnl_post_ops_destroy(ops);
    }
    return attr;
}

static dnnl_status_t describe_pass(const struct problem *p, enum pass pass,
                                   const_dnnl_primitive_desc_t hint,
                                   const_dnnl_primitive_attr_t attr,
                                   dnnl_engine_t eng,
                                   dnnl_primitive_desc_t *out)
{
    struct md_conv c = {p->stride, p->dilation, p->before, p->after};
    const_md_t bias = p->has_bias ? p->bias : NULL;
    if (pass == FORWARD)
        return md_conv_forward(out, eng, &c, p->x, p->w, bias, p->y, attr);
    if (pass == BACKWARD_DATA)
        return md_conv_data(out, eng, &c, p->x, p->w, p->y, hint, attr);
    return md_conv_weights(out, eng, &c, p->x, p->w, bias, p->y, hint, attr);
}

static int select_pass(const struct problem *p, enum pass pass,
                       const_dnnl_primitive_desc_t hint,
                       dnnl_primitive_desc_t *out)
{
    dnnl_engine_t eng;
    if (engine(&eng))
        return -WEIR_EENV;
    if (!p->x || !p->w || !p->bias || !p->y)
        return WEIR_FAIL(WEIR_EENV, "oneDNN: %s: cannot describe its arrays",
                         pass_name[pass]);
    dnnl_primitive_attr_t attr =
        attributes(pass == FORWARD && p->relu, p->slope);
    dnnl_status_t status = describe_pass(p, pass, hint, attr, eng, out);
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
enum { USUAL_BATCH = 4, USUAL_POINTS = 32, USUAL_KERNEL = 3 };

/* A convolution of so many channels, all formats open. */
static struct problem open_problem(int channels, int dims)
{
    int64_t kernel = dims == 2 ? USUAL_KERNEL : 1;
    int64_t x[] = {USUAL_BATCH, channels, dims == 2 ? USUAL_POINTS : 1,
                   USUAL_POINTS};
    int64_t w[] = {channels, channels, kernel, USUAL_KERNEL}, b[] = {channels};
    struct problem p = {
        .x = describe(4, x, dnnl_format_tag_any),
        .w = describe(4, w, dnnl_format_tag_any),
        .bias = describe(1, b, dnnl_a),
        .y = describe(4, x, dnnl_format_tag_any),
        .stride = {1, 1},
        .before = {kernel / 2, USUAL_KERNEL / 2},
        .after = {kernel / 2, USUAL_KERNEL / 2},
        .has_bias = true,
        .relu = true,
    };
    return p;
}

/* Channels per column of an activation format; 0 when it is none of ours. */
static int block_of(const_md_t md)
{
    struct md_view v = md_look(md);
    if (!v.blocked)
        return 0;
    if (v.blocks == 1 && v.block_dim[0] == 1)
        return (int)v.block_size[0];
    if (v.blocks == 0 && v.stride[1] == 1)
        return (int)v.dims[1];
    return 0;
}

/* Close the formats of the arrays as the forward pass chose them. */
static int settle(struct problem *p, const_dnnl_primitive_desc_t forward)
{
    md_free(p->x);
    md_free(p->y);
    p->x = p->y = NULL;
    dnnl_status_t status = md_copy(
        &p->x, dnnl_primitive_desc_query_md(forward, dnnl_query_src_md, 0));
    if (!status)
        status = md_copy(
            &p->y, dnnl_primitive_desc_query_md(forward, dnnl_query_dst_md, 0));
    return check(status, "descriptor");
}

static int try_passes(struct problem *p, int *block, bool *slow)
{
    dnnl_primitive_desc_t pd[3] = {0};
    int rc = select_pass(p, FORWARD, NULL, &pd[0]);
    if (rc)
        return rc;
    rc = settle(p, pd[0]);
    if (!rc) {
        *block = block_of(p->x);
        if (*block != block_of(p->y) ||
            md_look(p->x).padded[1] != md_look(p->x).dims[1] ||
            *block % WEIR_LANES)
            *block = 0;
        rc = select_pass(p, BACKWARD_DATA, pd[0], &pd[1]);
    }
    if (!rc)
        rc = select_pass(p, BACKWARD_WEIGHTS, pd[0], &pd[2]);
    *slow = rc || is_slow(pd[0]) || is_slow(pd[1]) || is_slow(pd[2]);
    for (int i = 0; i < 3; i++)
        dnnl_primitive_desc_destroy(pd[i]);
    return rc;
}

/* How an open problem of this many channels is solved: the block of its
 * activations (0: not one we use) and whether a pass is slow. */
static int try_channels(int padded, int dims, int *block, bool *slow)
{
    struct problem p = open_problem(padded, dims);
    int rc = try_passes(&p, block, slow);
    problem_free(&p);
    return rc;
}

int weir_dnnl_blocking(int channels, int dims, struct weir_blocking *out)
{
    static const int steps[] = {8, 16, 32};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        int padded = (channels + steps[i] - 1) / steps[i] * steps[i];
        int block = 0;
        bool slow = true;
        int rc = try_channels(padded, dims, &block, &slow);
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

/* A form that pads by itself will not do. */
static bool pads(const_md_t md)
{
    struct md_view v = md_look(md);
    for (int i = 0; i < v.rank; i++)
        if (v.padded[i] != v.dims[i])
            return true;
    return false;
}

static int usual_weights(const struct weir_dnnl_shape *s, md_t *out)
{
    struct problem p = problem_of(s, USUAL_BATCH);
    dnnl_primitive_desc_t pd = NULL;
    int rc = select_pass(&p, FORWARD, NULL, &pd);
    if (!rc) {
        const_md_t chosen =
            dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
        rc = check(pads(chosen)
                       ? md_create(out, 4, md_look(chosen).dims, dnnl_abcd)
                       : md_copy(out, chosen),
                   "descriptor of weights");
        dnnl_primitive_desc_destroy(pd);
    }
    problem_free(&p);
    return rc;
}

int weir_dnnl_weights(const struct weir_dnnl_shape *shape,
                      struct weir_form *out)
{
    md_t md;
    int rc = usual_weights(shape, &md);
    if (rc)
        return rc;
    struct md_view v = md_look(md);
    if (!v.blocked || v.blocks > WEIR_MAX_RANK) {
        md_free(md);
        return WEIR_FAIL(WEIR_EENV, "oneDNN: weights in an unknown format");
    }
    *out = (struct weir_form){
        .blocks = v.blocks,
        .floats = dnnl_memory_desc_get_size(md) / sizeof(float),
    };
    for (int i = 0; i < v.rank; i++)
        out->stride[i] = v.stride[i];
    for (int i = 0; i < v.blocks; i++) {
        out->block_dim[i] = (int)v.block_dim[i];
        out->block_size[i] = v.block_size[i];
    }
    md_free(md);
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

static int view_create(struct view *v, const_md_t md)
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
    const_md_t scratch =
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
                          const_md_t from, const_md_t to)
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
    dnnl_primitive_attr_t attr = attributes(false, 0.0F);
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
                         const_dnnl_primitive_desc_t hint, int passes)
{
    struct problem open = *p;
    dnnl_primitive_desc_t data = NULL, weights = NULL;
    bool want_data = passes & WEIR_DNNL_DATA;
    bool want_weights = passes & WEIR_DNNL_WEIGHTS;
    int rc = 0;
    open.w = describe(4, md_look(p->w).dims, dnnl_format_tag_any);
    if (want_data)
        rc = select_pass(&open, BACKWARD_DATA, hint, &data);
    if (!rc && want_weights)
        rc = select_pass(p, BACKWARD_WEIGHTS, hint, &weights);
    if (!rc && want_data)
        rc = adopt(c, name, BACKWARD_DATA, data);
    if (!rc && want_weights)
        rc = adopt(c, name, BACKWARD_WEIGHTS, weights);
    if (!rc && want_data)
        rc = plan_transpose(
            c, name, p->w,
            dnnl_primitive_desc_query_md(data, dnnl_query_weights_md, 0));
    md_free(open.w);
    dnnl_primitive_desc_destroy(data);
    dnnl_primitive_desc_destroy(weights);
    return rc;
}

static int plan_views(struct weir_dnnl_conv *c, const struct problem *p)
{
    struct {
        struct view *view;
        const_md_t md;
    } all[] = {
        {&c->x, p->x},  {&c->y, p->y},  {&c->w, p->w},  {&c->bias, p->bias},
        {&c->dx, p->x}, {&c->dy, p->y}, {&c->dw, p->w}, {&c->dbias, p->bias},
    };
    int rc = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all) && !rc; i++)
        rc = view_create(all[i].view, all[i].md);
    return rc;
}

static int plan(struct weir_dnnl_conv *c, const char *name,
                const struct problem *p, int passes)
{
    dnnl_primitive_desc_t forward = NULL;
    int rc = select_pass(p, FORWARD, NULL, &forward);
    if (rc)
        return rc;
    if (passes & WEIR_DNNL_FORWARD)
        rc = adopt(c, name, FORWARD, forward);
    if (!rc)
        rc = plan_views(c, p);
    if (!rc)
        rc = plan_backward(c, name, p, forward, passes);
    dnnl_primitive_desc_destroy(forward);
    return rc;
}

int weir_dnnl_conv_create(struct weir_dnnl *d, const char *name,
                          const struct weir_dnnl_shape *shape, int passes,
                          struct weir_dnnl_conv **conv)
{
    struct weir_dnnl_conv *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "%s", name);
    c->owner = d;
    c->has_bias = shape->bias;
    struct problem p = problem_of(shape, shape->in.batch);
    md_free(p.w);
    p.w = NULL;
    int rc = usual_weights(shape, &p.w);
    if (!rc)
        rc = plan(c, name, &p, passes);
    problem_free(&p);
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
        {DNNL_ARG_DST, point(&c->y, y)},
        {DNNL_ARG_SCRATCHPAD, point(&c->scratch[FORWARD], c->owner->scratch)},
        {DNNL_ARG_BIAS, point(&c->bias, bias)},
    };
    return execute(c, FORWARD, c->has_bias ? 5 : 4, args);
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
        {DNNL_ARG_SCRATCHPAD,
         point(&c->scratch[BACKWARD_WEIGHTS], c->owner->scratch)},
        {DNNL_ARG_DIFF_BIAS, point(&c->dbias, dbias)},
    };
    return execute(c, BACKWARD_WEIGHTS, c->has_bias ? 5 : 4, args);
}

/* ---- matrix product ---- */

int weir_gemm(int rows, int columns, int inner, struct weir_matrix a,
              struct weir_matrix b, float beta, float *c, int step)
{
    return check(dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N',
                            rows, columns, inner, 1.0F, a.at, a.step, b.at,
                            b.step, beta, c, step),
                 "matrix product");
}

/* ---- functions of single numbers ---- */

struct weir_dnnl_map {
    struct weir_dnnl *owner;
    dnnl_primitive_t forward, backward;
    struct view x, y, dx, dy;
};

static dnnl_alg_kind_t algorithm_of(enum weir_function f)
{
    static const dnnl_alg_kind_t kind[] = {
        [WEIR_FUNCTION_RELU] = dnnl_eltwise_relu,
        [WEIR_FUNCTION_GELU] = dnnl_eltwise_gelu_erf,
        [WEIR_FUNCTION_SILU] = dnnl_eltwise_swish,
        [WEIR_FUNCTION_TANH] = dnnl_eltwise_tanh,
        [WEIR_FUNCTION_SIGMOID] = dnnl_eltwise_logistic,
    };
    return kind[f];
}

static int map_plan(struct weir_dnnl_map *m, dnnl_alg_kind_t kind, float alpha,
                    const_md_t md, bool backward)
{
    dnnl_primitive_desc_t ahead = NULL, back = NULL;
    dnnl_engine_t eng;
    int rc = engine(&eng);
    if (rc)
        return rc;
    dnnl_status_t status = md_map_forward(&ahead, eng, kind, md, alpha);
    if (!status)
        status = dnnl_primitive_create(&m->forward, ahead);
    if (!status && backward)
        status = md_map_backward(&back, eng, kind, md, alpha, ahead);
    if (!status && backward)
        status = dnnl_primitive_create(&m->backward, back);
    dnnl_primitive_desc_destroy(ahead);
    dnnl_primitive_desc_destroy(back);
    return check(status, "activation");
}

int weir_dnnl_map_create(struct weir_dnnl *d, enum weir_function f, float slope,
                         size_t n, bool backward, struct weir_dnnl_map **map)
{
    int64_t dims[] = {(int64_t)n};
    md_t md = describe(1, dims, dnnl_a);
    float alpha = f == WEIR_FUNCTION_RELU ? slope : 1.0F;
    struct weir_dnnl_map *m = calloc(1, sizeof(*m));
    if (!m || !md) {
        md_free(md);
        free(m);
        return WEIR_FAIL(ENOMEM, "activation");
    }
    m->owner = d;
    int rc = map_plan(m, algorithm_of(f), alpha, md, backward);
    struct view *views[] = {&m->x, &m->y, &m->dx, &m->dy};
    for (size_t i = 0; i < 4 && !rc; i++)
        rc = view_create(views[i], md);
    md_free(md);
    if (rc) {
        weir_dnnl_map_destroy(m);
        return rc;
    }
    *map = m;
    return 0;
}

void weir_dnnl_map_destroy(struct weir_dnnl_map *m)
{
    if (!m)
        return;
    struct view *views[] = {&m->x, &m->y, &m->dx, &m->dy};
    for (size_t i = 0; i < 4; i++)
        if (views[i]->memory)
            dnnl_memory_destroy(views[i]->memory);
    if (m->forward)
        dnnl_primitive_destroy(m->forward);
    if (m->backward)
        dnnl_primitive_destroy(m->backward);
    free(m);
}

int weir_dnnl_map_forward(struct weir_dnnl_map *m, const float *x, float *y)
{
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, point(&m->x, x)},
        {DNNL_ARG_DST, point(&m->y, y)},
    };
    return check(dnnl_primitive_execute(m->forward, m->owner->stream, 2, args),
                 "activation");
}

int weir_dnnl_map_backward(struct weir_dnnl_map *m, const float *x,
                           const float *dy, float *dx)
{
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, point(&m->x, x)},
        {DNNL_ARG_DIFF_DST, point(&m->dy, dy)},
        {DNNL_ARG_DIFF_SRC, point(&m->dx, dx)},
    };
    return check(dnnl_primitive_execute(m->backward, m->owner->stream, 3, args),
                 "activation");
}
